import * as React from 'react';
import type { Axis } from '../model/chart';
import type { Row } from '../model/tree';
import { TreeGridRow } from './TreeGridRow';

export const ROW_HEIGHT_PX = 48;
const MOST_ROWS_HIGH = 12;
const SPARE_ROWS = 4;

interface TreeGridProps {
  rows: Row[];
  axis: Axis | undefined;
  now: number;
  chosen: string | undefined;
  onToggle: (path: string) => void;
  onChoose: (path: string) => void;
  onSight: (keys: ReadonlySet<string>) => void;
}

/**
 * The tree as a treegrid of which only the lines in sight exist. One line is in the tab order; arrows move, open and close; see
 * https://www.w3.org/WAI/ARIA/apg/patterns/treegrid/
 */
export function TreeGrid({ rows, axis, now, chosen, onToggle, onChoose, onSight }: TreeGridProps): React.JSX.Element {
  const [top, setTop] = React.useState(0);
  const [current, setCurrent] = React.useState(0);
  const moved = React.useRef(false);
  const frame = React.useRef<HTMLDivElement>(null);
  const height = Math.min(rows.length, MOST_ROWS_HIGH) * ROW_HEIGHT_PX;
  const focused = Math.min(current, rows.length - 1);
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT_PX) - SPARE_ROWS);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_HEIGHT_PX) + SPARE_ROWS);
  const shown = rows.slice(first, last);
  const keys = shown.map(({ node }) => node.key).join(' ');

  React.useEffect(() => onSight(new Set(keys.split(' '))), [keys]);
  React.useEffect(() => {
    if (!moved.current) return;
    const line = frame.current?.querySelector<HTMLElement>(`[aria-rowindex="${focused + 2}"]`);
    // The line may not exist before the scrolling that shows it.
    if (line) moved.current = false;
    line?.focus({ preventScroll: true });
  });

  function moveTo(index: number): void {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    moved.current = true;
    setCurrent(target);
    const view = frame.current;
    if (!view) return;
    const at = target * ROW_HEIGHT_PX;
    if (at < view.scrollTop) view.scrollTop = at;
    else if (at + ROW_HEIGHT_PX > view.scrollTop + height) view.scrollTop = at + ROW_HEIGHT_PX - height;
    setTop(view.scrollTop);
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    const row = rows[focused];
    if (!row || !(event.target instanceof HTMLElement) || event.target.getAttribute('role') !== 'row') return;
    const acts: Partial<Record<string, () => void>> = {
      ArrowDown: () => moveTo(focused + 1),
      ArrowUp: () => moveTo(focused - 1),
      PageDown: () => moveTo(focused + MOST_ROWS_HIGH),
      PageUp: () => moveTo(focused - MOST_ROWS_HIGH),
      Home: () => moveTo(0),
      End: () => moveTo(rows.length - 1),
      ArrowRight: () => (row.expanded === false ? onToggle(row.node.path) : row.expanded && moveTo(focused + 1)),
      ArrowLeft: () => (row.expanded ? onToggle(row.node.path) : moveTo(parentOf(rows, focused))),
      Enter: () => onChoose(row.node.path),
      ' ': () => onChoose(row.node.path),
    };
    const perform = acts[event.key];
    if (!perform) return;
    event.preventDefault();
    perform();
  }

  return (
    <div role="treegrid" aria-label="What was started" aria-rowcount={rows.length + 1} className="cascade-grid">
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className="cascade-row cascade-head">
          <div role="columnheader">Pipeline or release</div>
          <div role="columnheader">State</div>
          <div role="columnheader" className="cascade-chart">
            <span className="cascade-unseen">Time</span>
            <span aria-hidden="true">
              {axis?.ticks.map(({ percent, label }) => (
                <span key={label} className="cascade-tick" style={{ left: `${percent}%` }}>
                  {label}
                </span>
              ))}
            </span>
          </div>
        </div>
      </div>
      <div
        role="rowgroup"
        ref={frame}
        className="cascade-lines"
        style={{ height }}
        onKeyDown={onKeyDown}
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      >
        <div role="presentation" style={{ height: rows.length * ROW_HEIGHT_PX }} />
        {shown.map((row, offset) => (
          <TreeGridRow
            key={row.node.path}
            row={row}
            index={first + offset}
            axis={axis}
            now={now}
            focusable={first + offset === focused}
            chosen={row.node.path === chosen}
            onToggle={onToggle}
            onChoose={(path) => {
              setCurrent(first + offset);
              onChoose(path);
            }}
          />
        ))}
      </div>
    </div>
  );
}

/** The line above with a lower level; the line itself at the top. */
function parentOf(rows: Row[], index: number): number {
  const level = rows[index]?.level ?? 1;
  for (let above = index - 1; above >= 0; above--) if ((rows[above]?.level ?? level) < level) return above;
  return index;
}

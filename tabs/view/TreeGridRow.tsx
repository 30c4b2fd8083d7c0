import * as React from 'react';
import { barOf, durationText, type Axis } from '../model/chart';
import { reasonsOf, shownOutcome, wordFor, type ChildState, type Outcome } from '../model/childState';
import { safeUrl } from '../model/documents';
import type { Row } from '../model/tree';
import { OutcomeIcon } from './OutcomeIcon';
import { ROW_HEIGHT_PX } from './TreeGrid';

interface TreeGridRowProps {
  row: Row;
  index: number;
  axis: Axis | undefined;
  now: number;
  focusable: boolean;
  chosen: boolean;
  onToggle: (path: string) => void;
  onChoose: (path: string) => void;
}

/** One child: what it is, how far it is and why, and its bar on the common axis. */
export function TreeGridRow({
  row,
  index,
  axis,
  now,
  focusable,
  chosen,
  onToggle,
  onChoose,
}: TreeGridRowProps): React.JSX.Element {
  const { node, level, expanded } = row;
  const { state, ref } = node;
  const outcome = shownOutcome(state);
  const [reason = ''] = reasonsOf(state);
  const url = safeUrl(state.url) ?? safeUrl(ref.url);
  const name = state.name || ref.name;
  return (
    <div
      role="row"
      aria-level={level}
      aria-posinset={row.position}
      aria-setsize={row.setSize}
      aria-expanded={expanded}
      aria-selected={chosen}
      aria-rowindex={index + 2}
      tabIndex={focusable ? 0 : -1}
      className="cascade-row cascade-line"
      style={{ top: index * ROW_HEIGHT_PX, height: ROW_HEIGHT_PX }}
      onClick={() => onChoose(node.path)}
    >
      <div role="gridcell" className="cascade-name" style={{ paddingLeft: 4 + (level - 1) * 20 }}>
        <span
          aria-hidden="true"
          className="cascade-arrow"
          onClick={(event) => {
            event.stopPropagation();
            if (expanded !== undefined) onToggle(node.path);
          }}
        >
          {expanded === undefined ? '' : expanded ? '▾' : '▸'}
        </span>
        <span className="cascade-cut">
          {url ? (
            // Not in the tab order: the details of the line have the same link.
            <a href={url} target="_blank" rel="noreferrer" tabIndex={-1} onClick={(event) => event.stopPropagation()}>
              {name}
            </a>
          ) : (
            name
          )}{' '}
          <span className="cascade-quiet">{state.number || ref.number}</span>
          {ref.item && <span className="cascade-quiet"> · {ref.item}</span>}
          {ref.attempt > 1 && <span className="cascade-quiet"> · attempt {ref.attempt}</span>}
        </span>
      </div>
      <div role="gridcell" className="cascade-state">
        <OutcomeIcon outcome={outcome} />
        <span className="cascade-cut">
          {wordFor(outcome)}
          <span className="cascade-quiet">{durationOf(state, now)}</span>
          {reason && (
            <span className="cascade-reason" title={reason}>
              {reason}
            </span>
          )}
        </span>
      </div>
      <div role="gridcell" className="cascade-chart">
        {axis && <Bars state={state} axis={axis} now={now} />}
        <span className="cascade-unseen">{stagesText(state)}</span>
      </div>
    </div>
  );
}

/** The bar of the child from its queueing on, and over it those of its stages. */
function Bars({ state, axis, now }: { state: ChildState; axis: Axis; now: number }): React.JSX.Element {
  const spans = [
    { key: 'queue', begin: state.queuedAt, end: state.startedAt ?? state.endedAt ?? now, kind: 'queue' },
    { key: 'run', begin: state.startedAt, end: state.endedAt ?? now, kind: kindOf(shownOutcome(state)) },
    ...state.stages.map(({ reference, startedAt, endedAt, outcome }) => ({
      key: `stage ${reference}`,
      begin: startedAt,
      end: endedAt ?? state.endedAt ?? now,
      kind: `${kindOf(outcome)} cascade-stage`,
    })),
  ];
  return (
    <span aria-hidden="true">
      {spans.map(({ key, begin, end, kind }) => {
        const bar = barOf(axis, begin, end);
        return (
          bar && (
            <span
              key={key}
              className={`cascade-bar cascade-${kind}`}
              style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
            />
          )
        );
      })}
    </span>
  );
}

function kindOf(outcome: Outcome): string {
  switch (outcome) {
    case 'failed':
    case 'unknown':
      return 'bad';
    case 'succeeded':
      return 'good';
    case 'partiallySucceeded':
      return 'fair';
    case 'running':
    case 'canceling':
      return 'live';
    case 'waiting':
    case 'canceled':
    case 'skipped':
      return 'still';
  }
}

/** How long it ran or waited, with a leading separator. */
export function durationOf({ queuedAt, startedAt, endedAt }: ChildState, now: number): string {
  const begin = startedAt ?? queuedAt;
  return begin === undefined ? '' : ` · ${durationText((endedAt ?? now) - begin)}`;
}

function stagesText({ stages }: ChildState): string {
  return stages.length
    ? `Stages: ${stages.map(({ title, outcome }) => `${title} ${wordFor(outcome)}`).join(', ')}`
    : 'No stages';
}

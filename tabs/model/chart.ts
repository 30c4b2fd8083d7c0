import type { TreeNode } from './tree';

/** One axis for all bars, in epoch milliseconds. */
export interface Axis {
  from: number;
  to: number;
  ticks: { percent: number; label: string }[];
}

/** Where a bar is drawn, in percent of the axis. */
export interface Bar {
  left: number;
  width: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 30].map((count) => count * DAY),
];
const MOST_TICKS = 6;
const THINNEST_PERCENT = 0.4;

/** The axis from the first start to the last end, or to now where something still runs; undefined before anything was queued. */
export function axisOf(nodes: TreeNode[], now: number): Axis | undefined {
  let [from, to] = [Infinity, -Infinity];
  const visit = ({ state, children }: TreeNode): void => {
    const begin = state.queuedAt ?? state.startedAt;
    if (begin !== undefined) {
      from = Math.min(from, begin);
      to = Math.max(to, state.endedAt ?? now);
    }
    children.forEach(visit);
  };
  nodes.forEach(visit);
  if (from === Infinity) return undefined;
  const length = Math.max(to - from, SECOND);
  return { from, to: from + length, ticks: ticksFor(length) };
}

/** The bar of a span of time; undefined for what has not begun. A short one is still wide enough to be seen. */
export function barOf({ from, to }: Axis, begin: number | undefined, end: number): Bar | undefined {
  if (begin === undefined) return undefined;
  const percent = (at: number): number => (Math.min(Math.max(at, from), to) - from) * (100 / (to - from));
  const width = Math.max(percent(end) - percent(begin), THINNEST_PERCENT);
  return { left: Math.min(percent(begin), 100 - width), width };
}

function ticksFor(length: number): Axis['ticks'] {
  const step =
    STEPS.find((candidate) => length / candidate <= MOST_TICKS) ?? Math.ceil(length / MOST_TICKS / DAY) * DAY;
  const count = Math.floor(length / step);
  return Array.from({ length: count + 1 }, (_, index) => ({
    percent: (index * step * 100) / length,
    label: index === 0 ? '0' : durationText(index * step),
  }));
}

/** `45 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`: two units at most. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.round(ms / SECOND)) * SECOND;
  const [large, small] =
    whole >= DAY
      ? [
          { unit: DAY, name: 'd' },
          { unit: HOUR, name: 'h' },
        ]
      : whole >= HOUR
        ? [
            { unit: HOUR, name: 'h' },
            { unit: MINUTE, name: 'min' },
          ]
        : [
            { unit: MINUTE, name: 'min' },
            { unit: SECOND, name: 's' },
          ];
  const first = Math.floor(whole / large.unit);
  const second = Math.floor((whole % large.unit) / small.unit);
  if (first === 0) return `${second} ${small.name}`;
  return second === 0 ? `${first} ${large.name}` : `${first} ${large.name} ${second} ${small.name}`;
}

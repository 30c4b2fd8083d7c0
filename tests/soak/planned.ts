import { nextPause } from '../../tasks/lib/wait';
import type { Load, Purpose } from './manyChildren';
import { TOKEN_LIVES_MS } from './soak';

const STARTS_A_TURN = 20;
const HURRY_MS = 250;
const TIMELINES_A_LOOK = 5;
const FIRST_TIMELINE_MS = 25_000;
/** Ids of four digits that fit into one address. */
const IDS_A_REQUEST = 340;
const RENEWED_EARLY_MS = 5 * 60_000;

/**
 * The requests that a step should make that starts so many runs and waits for them, where nothing fails: for each look one request for every 340
 * children and five timelines, for each child its start and its last timeline, for each token an assertion of the own organization and the
 * token itself, and two to plan. Answers take no time.
 */
export function planned({ children, durationMs, inputs }: Load): Record<Purpose, number> {
  const pauseMs = Number(inputs?.pollingInterval ?? 15) * 1000;
  const requests = { plan: 2, start: children, look: 0, timeline: 0, token: 2, other: 0 };
  /** When each of those ends that run. */
  let runs = startedAt(0, children, durationMs);
  let left = children - runs.length;
  let unread = 0;
  let now = 0;
  let tokenAt = 0;
  while (runs.length + left + unread > 0) {
    now += left + unread > 0 ? HURRY_MS : nextPause(now, pauseMs);
    if (now - tokenAt >= TOKEN_LIVES_MS - RENEWED_EARLY_MS) {
      requests.token += 2;
      tokenAt = now;
    }
    requests.look += Math.ceil(runs.length / IDS_A_REQUEST);
    const going = runs.filter((endsAt) => endsAt > now);
    unread += runs.length - going.length;
    runs = going;
    const timelines = now >= FIRST_TIMELINE_MS ? Math.min(TIMELINES_A_LOOK, unread + runs.length) : 0;
    requests.timeline += timelines;
    unread -= Math.min(unread, timelines);
    const more = startedAt(now, left, durationMs);
    left -= more.length;
    runs.push(...more);
  }
  return requests;
}

function startedAt(now: number, left: number, durationMs: number): number[] {
  return Array.from({ length: Math.min(left, STARTS_A_TURN) }, () => now + durationMs);
}

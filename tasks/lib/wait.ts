import { ApiError, Canceled, messageOf, UserError } from './errors';
import type { World } from './world';

const MINUTE_MS = 60_000;
/** Looks that all fail for so long end the wait; until then the service may come back. */
const LONGEST_SILENCE_MS = 10 * MINUTE_MS;
const SOON_MS = 250;
const STILL_HERE_MS = 10 * MINUTE_MS;

export interface Waiting {
  /** One look at everything that is waited for. Not called again before it ended. */
  look(): Promise<void>;
  /** True when there is nothing left to wait for; asked before the first look as well. */
  ended(): boolean;
  /** One line for the log every ten minutes. */
  stillWaiting(): string;
  /** The longest pause between two looks. */
  pauseMs: number;
  /** True when the next look should come at once, because only our own bounds held something back. */
  hurry?(): boolean;
  /** Epoch milliseconds; undefined waits as long as the job lives. The last look falls on it. */
  deadline?: number | undefined;
}

/**
 * The only loop of the project: looks until it ended, or until the deadline passed after a last look.
 * A passing fault never ends it. Throws what no waiting can mend (401, 403, 404, bad input), the last error when every look failed
 * for ten minutes on end, and `Canceled`.
 */
export async function wait(waiting: Waiting, world: World): Promise<{ timedOut: boolean }> {
  const { clock, log, signal } = world;
  const begin = clock.now();
  let failingSince: number | undefined;
  let spokeAt = begin;
  for (;;) {
    if (waiting.ended()) return { timedOut: false };
    const before = clock.now();
    if (waiting.deadline !== undefined && before >= waiting.deadline) return { timedOut: true };
    if (before - spokeAt >= STILL_HERE_MS) {
      log.info(waiting.stillWaiting());
      spokeAt = before;
    }
    const pause = waiting.hurry?.() ? SOON_MS : nextPause(before - begin, waiting.pauseMs);
    await clock.sleep(Math.min(pause, (waiting.deadline ?? Infinity) - before), signal);
    try {
      await waiting.look();
      if (failingSince !== undefined) log.info('The service answers again.');
      failingSince = undefined;
    } catch (error) {
      if (!mayPass(error)) throw error;
      failingSince ??= say(log.warning.bind(log), error, clock.now());
      if (clock.now() - failingSince >= LONGEST_SILENCE_MS) throw error;
    }
  }
}

/**
 * Milliseconds until the next look: short at first, because what ends within its first minute shall be noticed within five seconds,
 * then as long as the author allows.
 */
export function nextPause(elapsedMs: number, longestMs: number): number {
  const early =
    elapsedMs < 1000 ? 1000 : elapsedMs < 3000 ? 2000 : elapsedMs < 6000 ? 3000 : elapsedMs < 18_000 ? 4000 : 5000;
  return elapsedMs < MINUTE_MS ? Math.min(early, longestMs) : longestMs;
}

/** False for what waiting cannot mend: a cancel, bad input, no right, no such thing. */
function mayPass(error: unknown): boolean {
  if (error instanceof Canceled || error instanceof UserError) return false;
  return error instanceof ApiError && ![400, 401, 403, 404].includes(error.status) && !isSignInPage(error);
}

function isSignInPage({ status }: ApiError): boolean {
  return status === 203 || status === 302;
}

function say(warning: (text: string) => void, error: unknown, now: number): number {
  warning(`The service could not be asked: ${messageOf(error)} The wait goes on.`);
  return now;
}

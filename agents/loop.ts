import { Canceled, messageOf } from '../tasks/lib/errors';
import type { World } from '../tasks/lib/world';
import type { JsonLog } from './log';

/** What /healthz and /readyz tell. Times are ms since 1970. */
export interface Condition {
  /** The last round that ended well; undefined: none yet. */
  goodAt?: number;
  /** Another instance acts and this one stands by. */
  standsBy: boolean;
  /** The loop goes round, whether its rounds end well or not. */
  turnedAt: number;
}

export interface Looping {
  /** True while anything waits for an agent. */
  round(): Promise<boolean>;
  /** True while this instance is the one that acts. */
  elected(): Promise<boolean>;
  pauses: { shortestMs: number; idleMs: number };
  runOnce: boolean;
  wake: Wake;
  condition: Condition;
  log: JsonLog;
  clock: World['clock'];
  signal: AbortSignal;
}

/** Ends a pause early. */
export class Wake {
  private controller = new AbortController();

  now(): void {
    this.controller.abort();
  }

  /** Sleeps until the time is over, or somebody wakes it; rejects with `Canceled` when the signal aborts. */
  async sleep(ms: number, { clock, signal }: { clock: World['clock']; signal: AbortSignal }): Promise<void> {
    const woken = AbortSignal.any([this.controller.signal, signal]);
    try {
      await clock.sleep(ms, woken);
    } catch (error) {
      if (!(error instanceof Canceled) || signal.aborted) throw error;
    }
    this.controller = new AbortController();
  }
}

/** Looks that a hook asks for come no closer: a long queue has it called for every job, and the service counts every look. */
const leastGapMs = 1000;
/** So long a single pass waits for another instance, which holds its Lease no longer after it died. */
const standByOnceMs = 30_000;

/**
 * Goes round until the signal aborts, or once. The pause is the shortest while anything waits, and doubles up to the idle one while nothing
 * does. A round that fails is told, and tried again after a growing pause.
 */
export async function loop(looping: Looping): Promise<void> {
  const { condition, pauses, clock, signal, log } = looping;
  let pauseMs = pauses.shortestMs;
  const begunAt = clock.now();
  const isStopped = () => signal.aborted;
  while (!isStopped()) {
    try {
      condition.turnedAt = clock.now();
      condition.standsBy = !(await looping.elected());
      const waits = condition.standsBy ? false : await looping.round();
      condition.goodAt = clock.now();
      pauseMs = waits || condition.standsBy ? pauses.shortestMs : longer(pauseMs, pauses);
    } catch (error) {
      if (isStopped()) return;
      if (looping.runOnce) throw error;
      log.say('error', `This look failed: ${messageOf(error)}`);
      pauseMs = longer(pauseMs, pauses);
    }
    if (looping.runOnce && !condition.standsBy) return;
    if (looping.runOnce && clock.now() - begunAt > standByOnceMs) {
      log.say('warn', 'Another instance holds the Lease and does this work; this single pass (RUN_ONCE) ends.');
      return;
    }
    try {
      await looping.wake.sleep(condition.standsBy ? Math.max(pauseMs, 2000) : pauseMs, { clock, signal });
      const gapMs = Math.min(leastGapMs, pauses.shortestMs) - Math.max(0, clock.now() - condition.turnedAt);
      if (gapMs > 0) await clock.sleep(gapMs, signal);
    } catch (error) {
      if (error instanceof Canceled) return;
      throw error;
    }
  }
}

function longer(pauseMs: number, { shortestMs, idleMs }: Looping['pauses']): number {
  return Math.min(Math.max(pauseMs * 2, shortestMs), Math.max(idleMs, shortestMs));
}

import { Canceled } from './errors';
import type { Log } from './log';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends after `ms`, or rejects with `Canceled` as soon as the signal says so. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** All that a task's work touches outside itself, so that a test can stand in for it. */
export interface World {
  clock: Clock;
  log: Log;
  /** Aborts when the step is cancelled. */
  signal: AbortSignal;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new Canceled());
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(new Canceled());
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** The value of `promise`, or a rejection with `Canceled` as soon as the signal aborts; the promise itself goes on. */
export function orCanceled<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Canceled());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

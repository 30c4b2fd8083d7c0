/** Why one attempt at a request gave no usable answer. */
export type Failure =
  /** No connection came about: the server certainly saw nothing. */
  | { kind: 'unreached'; code: string }
  /** The connection broke, or nothing came in time: the server may have done it. */
  | { kind: 'lost'; code: string }
  | { kind: 'status'; status: number; retryAfterMs?: number | undefined };

/** Methods that may be sent again without harm. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Milliseconds until the next attempt, or undefined when there is to be none. `attempt` counts from 1.
 * A call that changes something is repeated only where it certainly did nothing: no connection, or 429.
 */
export function retryDelay(method: string, failure: Failure, attempt: number, attempts = 5): number | undefined {
  if (attempt >= attempts) return undefined;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  switch (failure.kind) {
    case 'unreached':
      return pause;
    case 'lost':
      return SAFE.has(method) ? pause : undefined;
    case 'status': {
      if (!PASSING.has(failure.status)) return undefined;
      if (failure.status !== 429 && !SAFE.has(method)) return undefined;
      return failure.retryAfterMs ?? pause;
    }
  }
}

/** True when the request may have taken effect although no answer says so. */
export function mayHaveHappened(failure: Failure): boolean {
  switch (failure.kind) {
    case 'unreached':
      return false;
    case 'lost':
      return true;
    case 'status':
      return failure.status === 408 || failure.status >= 500;
  }
}

/** `Retry-After` in milliseconds: seconds, or a date. Undefined when there is none or it is none. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (!header) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

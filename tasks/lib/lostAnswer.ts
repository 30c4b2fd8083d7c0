import { ApiError, UserError } from './errors';
import { LostAnswer, NotSignedIn } from './transport';
import type { World } from './world';

/** Nobody can tell whether a start made a child, or which one: nothing more may be started for it. */
export class UnclearStart extends UserError {}

/** How often what nothing answers is asked for at the most. */
export const MOST_STARTS = 3;
/** Servers' clocks and ours may differ by so much beside what their `Date` headers tell. */
export const CLOCKS_MAY_DIFFER_MS = 10_000;
/** A cancelled step leaves an unanswered start so long before it goes and looks for the child itself. */
const PATIENCE_AFTER_CANCEL_MS = 5000;
/** The service may still be at work on the request that it did not answer, so one empty look is not enough. */
const LOOKS_AFTER_MS = [500, 1500, 3000, 5000];

/** True when what was asked for may have happened although no answer says so; a success that cannot be read (cut off, a page in between) counts as well. */
export function isLost(error: unknown): boolean {
  if (error instanceof NotSignedIn) return false;
  return (
    error instanceof LostAnswer ||
    (error instanceof ApiError &&
      (error.status === 408 || error.status >= 500 || [200, 201, 202].includes(error.status)))
  );
}

/** True for the end of a start that may have made a child after all. */
export function mayHaveStarted(error: unknown): boolean {
  return error instanceof UnclearStart || isLost(error);
}

/**
 * What an answer gives. After a cancel it is waited for no longer than a few seconds, then it counts as lost.
 * @param url what the error names as the address.
 */
export async function withPatience<T>(answer: Promise<T>, url: string, { clock, signal }: World): Promise<T> {
  const ended = new AbortController();
  let onAbort: () => void = () => undefined;
  const impatient = new Promise<never>((_, reject) => {
    onAbort = () => {
      const reasons = ['The step was canceled before an answer came.'];
      clock.sleep(PATIENCE_AFTER_CANCEL_MS, ended.signal).then(
        () => reject(new LostAnswer({ method: 'POST', url, status: 0, reasons })),
        () => undefined,
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([answer, impatient]);
  } finally {
    // Hundreds of starts share the signal.
    signal.removeEventListener('abort', onAbort);
    ended.abort();
  }
}

/**
 * Looks several times for what an unanswered request may have made, and gives the candidates of the last look. What is certainly ours ends the looking; anything else
 * could be somebody else's, and ours still to come, so it counts only after the last look. After a cancel there is one look: nothing may be started any more.
 */
export async function lookForLost<T>(
  look: () => Promise<{ fitting: T[]; certain: T[] }>,
  { clock, signal }: World,
): Promise<T[]> {
  const pauses = signal.aborted ? LOOKS_AFTER_MS.slice(0, 1) : LOOKS_AFTER_MS;
  let fitting: T[] = [];
  for (const pause of pauses) {
    await clock.sleep(pause);
    const seen = await look();
    if (seen.certain.length) return seen.certain;
    ({ fitting } = seen);
  }
  return fitting;
}

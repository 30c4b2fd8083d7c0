import { formatLock, parseLock, type Lock } from './lockFile';
import { packageKey } from './lockedPackages';

/**
 * One lock out of two that came from the same one, by what each changed: bases and packages one by one, a run as a whole. Where both
 * changed the same, the later run counts, else ours, which was found out last. Pure. Throws for a text that is no lock.
 */
export function mergeLocks(base: string | undefined, theirs: string, ours: string): string {
  if (theirs === base || theirs === ours) return ours;
  if (ours === base) return theirs;
  const [from, their, our] = [base === undefined ? undefined : parseLock(base), parseLock(theirs), parseLock(ours)];
  const merged: Lock = {
    ...their,
    ...our,
    bases: mergeLists(from?.bases ?? [], their.bases, our.bases, ({ reference, role }) => `${reference} ${role}`),
  };
  const packages = mergeLists(from?.packages ?? [], their.packages ?? [], our.packages ?? [], packageKey);
  if (packages.length > 0 || their.packages || our.packages) merged.packages = packages;
  const built = laterRun(from?.built, their.built, our.built);
  const triggered = laterRun(from?.triggered, their.triggered, our.triggered);
  delete merged.built;
  delete merged.triggered;
  return formatLock({
    ...merged,
    ...(built && { built }),
    // A run that became `built` on one side, or came before it, is not waited for because of the other.
    ...(triggered && triggered.runId > (built?.runId ?? 0) && { triggered }),
  });
}

function mergeLists<T>(base: readonly T[], theirs: readonly T[], ours: readonly T[], keyOf: (item: T) => string): T[] {
  const [from, their, our] = [base, theirs, ours].map((list) => new Map(list.map((item) => [keyOf(item), item])));
  const keys = new Set([...(their?.keys() ?? []), ...(our?.keys() ?? [])]);
  return [...keys].flatMap((key) => {
    const chosen = choose(from?.get(key), their?.get(key), our?.get(key));
    return chosen === undefined ? [] : [chosen];
  });
}

/** What one side changed counts; of two changes ours. */
function choose<T>(base: T | undefined, theirs: T | undefined, ours: T | undefined): T | undefined {
  return isSame(ours, base) ? theirs : ours;
}

function laterRun<T extends { runId: number }>(
  base: T | undefined,
  theirs: T | undefined,
  ours: T | undefined,
): T | undefined {
  const bothChanged = !isSame(theirs, base) && !isSame(ours, base);
  if (bothChanged && theirs && ours) return theirs.runId > ours.runId ? theirs : ours;
  // One side started a new run, while the other only learnt of the old one's end.
  if (bothChanged) return theirs ?? ours;
  return choose(base, theirs, ours);
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

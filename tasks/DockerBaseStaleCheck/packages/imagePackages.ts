import type { LockedPackage } from '../lock/lockedPackages';
import { packageKey, sortPackages } from '../lock/lockedPackages';
import { deciding, type Judgement } from '../verdicts';
import type { CheckedPackage } from './judgePackage';
import type { Unreadable } from './readInstalls';

/** What was found out about the packages of one Dockerfile. */
export interface ImagePackages {
  rows: CheckedPackage[];
  /** What only the build knows. */
  unreadable: Unreadable[];
  /** Why the list that the build left cannot be used. */
  problem: string | undefined;
  /** What the image has, as far as it is known, for the lock. */
  present: LockedPackage[];
  /** What a build of now would have, for a lock that is a first baseline. */
  baseline: LockedPackage[];
  /** What a rebuild of now would change. */
  changes: LockedPackage[];
}

const NAMED = 3;

/** What the packages say of their image, one judgement for all of them: ten changes are one rebuild. Undefined where they say nothing. Pure. */
export function judgementOf({ rows, problem }: ImagePackages): Judgement | undefined {
  if (problem !== undefined) return { verdict: 'unknown', reason: problem };
  const by = (verdict: CheckedPackage['verdict']) => distinct(rows.filter((row) => row.verdict === verdict));
  const stale = by('stale');
  if (stale.length) return { verdict: 'stale', reason: named(stale) };
  const failed = distinct(rows.filter((row) => row.failed));
  if (failed.length) return { verdict: 'unknown', reason: named(failed) };
  const pending = by('pending');
  if (pending.length) return { verdict: 'pending', reason: named(pending) };
  const fresh = by('fresh').length;
  if (!fresh) return undefined;
  return {
    verdict: 'fresh',
    reason: fresh === 1 ? 'its package is the newest that fits' : `its ${fresh} packages are the newest that fit`,
  };
}

/** The judgement of a whole image from that of its base and that of its packages. Pure. */
export function withPackages(base: Judgement, packages: Judgement | undefined): Judgement {
  if (!packages || base.verdict === 'invalid') return base;
  const { verdict, reason } = deciding([base, packages]);
  const joins = base.verdict === packages.verdict || (verdict === 'fresh' && base.verdict !== 'noBase');
  return { ...base, verdict, reason: joins ? `${base.reason}; ${packages.reason}` : reason };
}

/** The packages of a lock after those that are known anew: of managers that were not looked at, the old ones stay. Pure. */
export function nextPackages(
  before: readonly LockedPackage[] | undefined,
  now: readonly LockedPackage[],
  managers: readonly string[],
): LockedPackage[] {
  const others = (before ?? []).filter(({ manager }) => !managers.includes(manager));
  return sortPackages([...others, ...now]);
}

function distinct(rows: readonly CheckedPackage[]): CheckedPackage[] {
  return [...new Map(rows.map((row) => [packageKey(row), row])).values()];
}

function named(rows: readonly CheckedPackage[]): string {
  const rest = rows.length > NAMED ? `; and ${rows.length - NAMED} more packages` : '';
  return (
    rows
      .slice(0, NAMED)
      .map(({ reason }) => reason)
      .join('; ') + rest
  );
}

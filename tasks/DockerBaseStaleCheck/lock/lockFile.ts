import type { ImageDigests } from '../judge/baseImages';
import { packageKey, readLockedPackages, sortPackages, type LockedPackage } from './lockedPackages';

/** Digests by reference, as in `docker.io/library/ubuntu:22.04`. */
export type DigestsByReference = Record<string, ImageDigests>;

export interface LockedBase extends ImageDigests {
  reference: string;
  role: string;
}

/** The lock beside a Dockerfile; its schema is part of the contract. */
export interface Lock {
  version: 1;
  /** What digests are compared with, until `built` knows better. */
  bases: LockedBase[];
  /** What the image was built with on top of its base. */
  packages?: LockedPackage[];
  /** The last run that built the image, with the digests and the packages it was started for. */
  built?: {
    runId: number;
    runNumber: string;
    commit: string;
    digests: DigestsByReference;
    packages?: LockedPackage[];
  };
  /** The run that was started for a change, until it has ended well. `failures`: runs before it that failed one after the other. */
  triggered?: { runId: number; digests: DigestsByReference; packages?: LockedPackage[]; failures?: number };
}

/** What the run of `triggered` came to. */
export interface TriggeredRun {
  status: 'succeeded' | 'failed' | 'running' | 'gone';
  number: string;
  commit: string;
}

/** Reads a lock. Throws an error with the reason for what is none, such as a merge that was left half-way. */
export function parseLock(text: string): Lock {
  const value = objectOf(JSON.parse(text.replace(/^\uFEFF/, ''))) as unknown as Partial<Lock>;
  if (value.version !== 1) throw new Error(`its version is ${JSON.stringify(value.version)}, this program knows 1`);
  const bases = Array.isArray(value.bases) ? value.bases : [];
  if (bases.some((base) => typeof objectOf(base).reference !== 'string' || typeof objectOf(base).digest !== 'string')) {
    throw new Error('one of its bases has no reference or digest');
  }
  for (const name of ['built', 'triggered'] as const)
    if (value[name] !== undefined && !isRun(value[name])) throw new Error(`its '${name}' lacks runId or digests`);
  return {
    ...value,
    version: 1,
    bases: bases.map((base) => ({ ...base, platforms: objectOf(base.platforms) })),
    ...(value.packages && { packages: readLockedPackages(value.packages) }),
    ...(value.built && { built: withReadPackages(value.built) }),
    ...(value.triggered && { triggered: withReadPackages(value.triggered) }),
  };
}

function isRun(run: unknown): boolean {
  const { runId, digests } = objectOf(run) as { runId?: unknown; digests?: unknown };
  const all = Object.values(objectOf(digests));
  return (
    Number.isSafeInteger(runId) &&
    objectOf(digests) === digests &&
    all.every((one) => typeof objectOf(one).digest === 'string')
  );
}

/** The text of a lock: the same for the same content, keys and bases in order, so that two branches merge. */
export function formatLock(lock: Lock): string {
  const bases = [...lock.bases].sort((a, b) => compare(a.reference, b.reference) || compare(a.role, b.role));
  const packages = lock.packages && sortPackages(lock.packages);
  return `${JSON.stringify(sorted({ ...lock, bases, packages }), undefined, 2)}\n`;
}

/** What the image was built with, as far as the lock knows; undefined for an image that it does not name. */
export function lockedDigests(lock: Lock | undefined, reference: string): ImageDigests | undefined {
  const base = lock?.bases.find((one) => one.reference === reference);
  const built = lock?.built?.digests[reference];
  // What the last build did not make may have been taken as it was since.
  return built ? { ...built, platforms: { ...base?.platforms, ...built.platforms } } : base;
}

/** The lock after a look at the run that it waits for: a run that ended well becomes `built`. Pure. */
export function settle(lock: Lock, run: TriggeredRun | undefined): { lock: Lock; running: boolean; failures: number } {
  const { triggered, ...rest } = lock;
  if (!triggered || !run) return { lock, running: false, failures: 0 };
  switch (run.status) {
    case 'succeeded': {
      const { runId, digests, packages = [] } = triggered;
      const built = { runId, runNumber: run.number, commit: run.commit, digests, ...(packages.length && { packages }) };
      const bases = lock.bases.map((base) => ({ ...base, ...digests[base.reference] }));
      const next = { ...rest, bases, built, ...(packages.length && { packages: changed(lock.packages, packages) }) };
      return { lock: next, running: false, failures: 0 };
    }
    case 'failed':
      return { lock, running: false, failures: (triggered.failures ?? 0) + 1 };
    case 'running':
      return { lock, running: true, failures: triggered.failures ?? 0 };
    case 'gone':
      return { lock: rest, running: false, failures: 0 };
  }
}

/** The packages of a lock after those that a build changed. */
function changed(before: readonly LockedPackage[] = [], changes: readonly LockedPackage[]): LockedPackage[] {
  const keys = new Set(changes.map(packageKey));
  return sortPackages([...before.filter((one) => !keys.has(packageKey(one))), ...changes]);
}

function withReadPackages<T extends { packages?: LockedPackage[] }>(part: T): T {
  return part.packages ? { ...part, packages: sortPackages(readLockedPackages(part.packages)) } : part;
}

/** The lock with the bases and platforms that are wanted now: known ones stay, new ones are taken as they are. Pure. */
export function withBases(lock: Lock | undefined, bases: readonly LockedBase[]): Lock {
  const merged = bases.map((base): LockedBase => {
    const known = lock?.bases.find(({ reference }) => reference === base.reference);
    return known ? { ...known, role: base.role, platforms: { ...base.platforms, ...known.platforms } } : base;
  });
  return { ...lock, version: 1, bases: merged };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => compare(a, b)).map(([key, item]) => [key, sorted(item)]));
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function objectOf(value: unknown): Record<string, string> {
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
}

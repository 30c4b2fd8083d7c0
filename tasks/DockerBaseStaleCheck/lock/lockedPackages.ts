import type { Manager } from '../packages/versions/schemes';

/** A package in the lock: what the image was built with. */
export interface LockedPackage {
  manager: Manager;
  name: string;
  version: string;
  /** The constraint as the Dockerfile has it; '' where it leaves the version open. */
  wanted: string;
  /** Read from the Dockerfile, or from the list that the build left. */
  source: 'parsed' | 'observed';
  /** Where the wanted platforms have other versions: the one that this is of. */
  platform?: string;
}

/** By what a package of a lock is the same. */
export function packageKey({
  manager,
  name,
  wanted,
  platform,
}: Pick<LockedPackage, 'manager' | 'name' | 'wanted'> & { platform?: string | undefined }): string {
  return `${manager} ${name} ${wanted}${platform === undefined ? '' : ` ${platform}`}`;
}

/** The packages of a lock that make sense; others came from a hand or from a later version. */
export function readLockedPackages(value: unknown): LockedPackage[] {
  if (!Array.isArray(value)) return [];
  return (value as (Partial<Record<keyof LockedPackage, unknown>> | null)[]).filter(
    (one): one is LockedPackage & Record<string, unknown> =>
      typeof one?.manager === 'string' &&
      typeof one.name === 'string' &&
      typeof one.version === 'string' &&
      typeof one.wanted === 'string' &&
      (one.platform === undefined || typeof one.platform === 'string'),
  );
}

/** In one order, each once, so that two branches merge. */
export function sortPackages(packages: readonly LockedPackage[]): LockedPackage[] {
  const byKey = new Map(packages.map((one) => [packageKey(one), one]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

import { shownDay } from '../judge/dates';
import type { LockedPackage } from '../lock/lockedPackages';
import type { Install } from './install';
import type { Newest } from './NewestVersions';
import { schemeOf } from './versions/schemes';

export type PackageVerdict = 'fresh' | 'pinned' | 'stale' | 'pending' | 'unknown';

/** A package that a Dockerfile installs, with what was found out about it. */
export interface CheckedPackage extends Pick<Install, 'manager' | 'name' | 'line' | 'wanted'> {
  /** Where what is found on the wanted platforms differs: the one that this is of. */
  platform?: string;
  /** What the image was built with. */
  locked?: string;
  newest?: string;
  /** When the newest version appeared, ISO 8601. */
  released?: string;
  source: LockedPackage['source'];
  verdict: PackageVerdict;
  reason: string;
  /** An index that should know was not able to say: then the image's own verdict is open too. */
  failed?: true;
}

export interface PackageOptions {
  now: number;
  maxAgeMs: number;
  cooldownMs: number;
}

/** What is known of a package from earlier builds. */
export interface KnownPackage {
  /** What the last build installed. */
  locked: Pick<LockedPackage, 'version' | 'source'> | undefined;
  /** The version for which the last rebuild was started that went well. */
  tried: string | undefined;
}

/**
 * Judges one install: pinned ones change with the Dockerfile only; with a lock the newest version that fits has to be the locked one;
 * without, it must not have appeared within the time that counts. Pure.
 */
export function judgePackage(
  install: Install,
  newest: Newest | undefined,
  { locked, tried }: KnownPackage,
  options: PackageOptions,
): CheckedPackage {
  const { manager, name, line, wanted } = install;
  const row = { manager, name, line, wanted, source: locked?.source ?? ('parsed' as const) };
  const known = { ...row, ...(locked && { locked: locked.version }) };
  if (newest === undefined)
    return { ...known, locked: locked?.version ?? wanted, verdict: 'pinned', reason: 'the Dockerfile pins it' };
  if (newest.kind !== 'version') {
    const reason = `${name} is not compared: ${newest.reason}`;
    return { ...known, verdict: 'unknown', reason, ...(newest.kind === 'failed' && { failed: true as const }) };
  }
  const { version, released } = newest;
  const found = { ...known, newest: version, ...(released !== undefined && { released }) };
  const change = locked ? changeFrom(install, locked, version) : undefined;
  if (locked && change === undefined)
    return { ...found, verdict: 'fresh', reason: `${name} ${locked.version} is the newest that fits` };
  if (locked && tried === version) {
    const reason = `${name} ${locked.version} stayed although it was rebuilt for ${version}: something else in the image holds it`;
    return { ...found, verdict: 'fresh', reason };
  }
  if (locked) return cooled({ ...found, verdict: 'stale', reason: change ?? '' }, options);
  return judgeAge(install, found, options);
}

/** How the newest version differs from the locked one; undefined where it does not. */
function changeFrom(
  { manager, name, wanted, options }: Install,
  locked: Pick<LockedPackage, 'version' | 'source'>,
  version: string,
): string | undefined {
  if (name === '*')
    return locked.version === version ? undefined : `packages of the distribution changed, and all are upgraded`;
  const order = schemeOf(manager).compare(version, locked.version);
  if (order === 0) return undefined;
  // What is installed may come from a source that was not asked; only what was read from the same index can have been taken back there.
  const isOfIndex = locked.source === 'parsed' && manager !== 'apt' && manager !== 'apk';
  if (order < 0 && !isOfIndex) return undefined;
  return `${name} ${locked.version} -> ${version} fits ${written(manager, { name, wanted, tag: options.tag })}`;
}

function judgeAge(
  install: Install,
  row: Omit<CheckedPackage, 'verdict' | 'reason'>,
  options: PackageOptions,
): CheckedPackage {
  const { manager, name, wanted } = install;
  const at = Date.parse(row.released ?? '');
  if (Number.isNaN(at)) {
    const reason = `${name} is not compared: there is no lock yet, and its index gives no dates`;
    return { ...row, verdict: 'unknown', reason };
  }
  const days = options.maxAgeMs / 86_400_000;
  const isRecent = options.now - at <= options.maxAgeMs;
  const spec = written(manager, { name, wanted, tag: install.options.tag });
  const reason = `${name} ${row.newest ?? ''} of ${shownDay(at)} fits ${spec}, ${isRecent ? 'within' : 'longer ago than'} ${days} day${days === 1 ? '' : 's'}`;
  return isRecent ? cooled({ ...row, verdict: 'stale', reason }, options) : { ...row, verdict: 'fresh', reason };
}

/** A version younger than the cooldown waits, as a base image does; where its index gives no date it cannot. */
function cooled(row: CheckedPackage, { now, cooldownMs }: PackageOptions): CheckedPackage {
  const ends = Date.parse(row.released ?? '') + cooldownMs;
  if (!(ends > now) || cooldownMs === 0) return row;
  return { ...row, verdict: 'pending', reason: `${row.reason}, but is in its cooldown until ${shownDay(ends)}` };
}

/** A package with its constraint as people write it: `numpy>=2`, `typescript@^5`, `curl=7.*`. */
export function written(
  manager: Install['manager'],
  { name, wanted, tag }: { name: string; wanted: string; tag?: string | undefined },
): string {
  if (tag !== undefined) return `${name}@${tag}`;
  if (wanted === '') return name;
  switch (manager) {
    case 'npm':
      return `${name}@${wanted}`;
    case 'apt':
      return /^[<>=]/.test(wanted) ? `${name} (${wanted})` : `${name}=${wanted}`;
    case 'cran':
      return `${name} (${wanted})`;
    case 'conda':
      return /^[\w*]/.test(wanted) ? `${name}=${wanted}` : name + wanted;
    case 'pip':
    case 'apk':
      return name + wanted;
  }
}

import * as alpine from './alpine';
import * as conda from './conda';
import * as cran from './cran';
import * as debian from './debian';
import * as npm from './npm';
import * as pep440 from './pep440';

/** The package managers whose installs are read and compared. */
export type Manager = 'pip' | 'conda' | 'npm' | 'cran' | 'apt' | 'apk';

/** How an ecosystem orders its versions and writes what it wants. Nothing here throws, whatever the text. */
export interface VersionScheme {
  /** Negative, 0 or positive; what is no version sorts before all versions. */
  compare(a: string, b: string): number;
  /** '' wants anything, a bare version exactly that one; a text that is no range fits nothing. */
  fits(version: string, wanted: string): boolean;
  isRange(wanted: string): boolean;
  isPrerelease?(version: string): boolean;
  /** The range itself names a pre-release, and so lets pre-releases in. */
  asksPrerelease?(wanted: string): boolean;
}

const SCHEMES: Readonly<Record<Manager, VersionScheme>> = { pip: pep440, conda, npm, cran, apt: debian, apk: alpine };

/** The version order of a manager. */
export function schemeOf(manager: Manager): VersionScheme {
  return SCHEMES[manager];
}

/**
 * The newest of the versions which fits, undefined if none does. Pre-releases count when asked for by the caller or
 * the range, or when nothing else fits (PEP 440, 'Handling of pre-releases'; here the rule of all managers).
 */
export function newestFitting(
  scheme: VersionScheme,
  versions: readonly string[],
  { wanted = '', prereleases = false }: { wanted?: string; prereleases?: boolean },
): string | undefined {
  const fitting = versions.filter((version) => scheme.fits(version, wanted));
  const stable = fitting.filter((version) => !scheme.isPrerelease?.(version));
  const takesAll = prereleases || scheme.asksPrerelease?.(wanted) === true || stable.length === 0;
  return (takesAll ? fitting : stable).reduce<string | undefined>(
    (newest, version) => (newest === undefined || scheme.compare(version, newest) > 0 ? version : newest),
    undefined,
  );
}

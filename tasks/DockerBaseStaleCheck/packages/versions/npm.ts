import compareVersions from 'semver/functions/compare';
import parse from 'semver/functions/parse';
import satisfies from 'semver/functions/satisfies';
import validRange from 'semver/ranges/valid';
import { compareParsed } from './order';

/** Order of two npm versions (semver 2, build metadata apart); what is no version sorts first. */
export function compare(a: string, b: string): number {
  return compareParsed({ text: a, parsed: read(a) }, { text: b, parsed: read(b) }, (x, y) => compareVersions(x, y));
}

/** Whether a version lies in an npm range; pre-releases only where the range names one of the same version. */
export function fits(version: string, wanted: string): boolean {
  return satisfies(version, wanted, { loose: true });
}

/** Whether a text is a range; a dist-tag (`latest`) is none. */
export function isRange(wanted: string): boolean {
  return validRange(wanted, { loose: true }) !== null;
}

/** A version with a pre-release part. */
export function isPrerelease(version: string): boolean {
  return (parse(version, { loose: true })?.prerelease.length ?? 0) > 0;
}

function read(version: string): string | undefined {
  return parse(version, { loose: true })?.version;
}

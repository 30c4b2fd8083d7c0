import { compareDigits, compareLists, compareParsed, compareText } from './order';

/** A version of https://packaging.python.org/specifications/version-specifiers/; numbers stay digits, of any length. */
interface Version {
  epoch: string;
  release: string[];
  pre: { phase: 'a' | 'b' | 'rc'; number: string } | undefined;
  post: string | undefined;
  dev: string | undefined;
  local: string[] | undefined;
}

interface Specifier {
  operator: string;
  version: Version | undefined;
  prefix: boolean;
  text: string;
}

/** Longer texts are no versions; it bounds what one comparison costs. */
const LONGEST = 500;
const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i;

/** Order of two Python versions (PEP 440); what is no version sorts first. */
export function compare(a: string, b: string): number {
  return compareParsed({ text: a, parsed: parse(a) }, { text: b, parsed: parse(b) }, compareVersions);
}

/** Whether a version lies in a specifier set (`>=1,<2`), pre-releases too; a bare version means exactly this one. */
export function fits(version: string, wanted: string): boolean {
  const specifiers = readSpecifiers(wanted);
  const parsed = parse(version);
  return specifiers?.every((specifier) => fitsOne(version, parsed, specifier)) ?? false;
}

/** Whether a text can be read as a specifier set. */
export function isRange(wanted: string): boolean {
  return readSpecifiers(wanted) !== undefined;
}

/** A pre-release or development release, which pip only takes when asked. */
export function isPrerelease(version: string): boolean {
  const parsed = parse(version);
  return parsed !== undefined && isEarly(parsed);
}

/** Whether a specifier set itself names a pre-release, and so lets pre-releases in. */
export function asksPrerelease(wanted: string): boolean {
  return (readSpecifiers(wanted) ?? []).some(
    ({ operator, version, prefix }) => operator !== '!=' && !prefix && version !== undefined && isEarly(version),
  );
}

function isEarly(version: Version): boolean {
  return version.pre !== undefined || version.dev !== undefined;
}

function parse(text: string): Version | undefined {
  const found = text.length > LONGEST ? null : VERSION.exec(text.trim());
  if (!found) return undefined;
  const [, epoch = '0', release = '', phase, preNumber, dashPost, post, postNumber, dev, devNumber, local] = found;
  return {
    epoch,
    release: release.split('.'),
    pre: phase === undefined ? undefined : { phase: phaseOf(phase), number: preNumber || '0' },
    post: dashPost ?? (post === undefined ? undefined : postNumber || '0'),
    dev: dev === undefined ? undefined : devNumber || '0',
    local: local?.toLowerCase().split(/[-_.]/),
  };
}

function phaseOf(word: string): 'a' | 'b' | 'rc' {
  const first = word[0]?.toLowerCase();
  return first === 'a' || first === 'b' ? first : 'rc';
}

function compareVersions(a: Version, b: Version): number {
  return (
    comparePublic(a, b) ||
    (a.local && b.local ? compareLists(a.local, b.local, compareLocal) : presence(a.local, b.local))
  );
}

function comparePublic(a: Version, b: Version): number {
  return (
    compareDigits(a.epoch, b.epoch) ||
    compareRelease(a.release, b.release) ||
    rankOfPre(a) - rankOfPre(b) ||
    compareDigits(a.pre?.number ?? '0', b.pre?.number ?? '0') ||
    (a.post !== undefined && b.post !== undefined ? compareDigits(a.post, b.post) : presence(a.post, b.post)) ||
    (a.dev !== undefined && b.dev !== undefined ? compareDigits(a.dev, b.dev) : -presence(a.dev, b.dev))
  );
}

/** 1.0.dev1 is before 1.0a1, which is before 1.0; 1.0a1.dev1 stays with 1.0a1. */
function rankOfPre({ pre, post, dev }: Version): number {
  if (pre) return ['a', 'b', 'rc'].indexOf(pre.phase);
  return post === undefined && dev !== undefined ? -1 : 3;
}

function compareRelease(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = compareDigits(a[index] ?? '0', b[index] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function compareLocal(a: string, b: string): number {
  const aIsNumber = /^\d+$/.test(a);
  const bIsNumber = /^\d+$/.test(b);
  if (aIsNumber && bIsNumber) return compareDigits(a, b);
  return aIsNumber === bIsNumber ? compareText(a, b) : aIsNumber ? 1 : -1;
}

function presence(a: unknown, b: unknown): number {
  return Number(a !== undefined) - Number(b !== undefined);
}

function readSpecifiers(wanted: string): Specifier[] | undefined {
  const parts = wanted
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const specifiers = parts.map(readSpecifier);
  return specifiers.every((specifier) => specifier !== undefined) ? specifiers : undefined;
}

function readSpecifier(part: string): Specifier | undefined {
  const operator = /^(===|~=|==|!=|<=|>=|<|>)/.exec(part)?.[0] ?? '';
  const text = part.slice(operator.length).trim();
  if (operator === '===') return text === '' ? undefined : { operator, version: parse(text), prefix: false, text };
  const prefix = text.endsWith('.*');
  const version = parse(prefix ? text.slice(0, -2) : text);
  const specifier = { operator: operator || '==', version, prefix, text };
  return version !== undefined && isSound(specifier, version) ? specifier : undefined;
}

/** The combinations which the specification forbids. */
function isSound({ operator, prefix }: Specifier, version: Version): boolean {
  const isEquality = operator === '==' || operator === '!=';
  if (prefix) return isEquality && !isEarly(version) && version.post === undefined && version.local === undefined;
  if (version.local !== undefined) return isEquality;
  return operator !== '~=' || version.release.length > 1;
}

function fitsOne(text: string, version: Version | undefined, specifier: Specifier): boolean {
  if (specifier.operator === '===') return text.trim().toLowerCase() === specifier.text.toLowerCase();
  const wanted = specifier.version;
  if (version === undefined || wanted === undefined) return false;
  switch (specifier.operator) {
    case '==':
      return equals(version, wanted, specifier.prefix);
    case '!=':
      return !equals(version, wanted, specifier.prefix);
    case '<=':
      return comparePublic(version, wanted) <= 0;
    case '>=':
      return comparePublic(version, wanted) >= 0;
    case '~=':
      return (
        comparePublic(version, wanted) >= 0 && startsWith(version, { ...wanted, release: wanted.release.slice(0, -1) })
      );
    case '<':
      // '<2' leaves out the pre-releases of 2 itself, the first of which would be 2.dev0.
      return comparePublic(version, isEarly(wanted) ? wanted : { ...wanted, dev: '0' }) < 0;
    default:
      return comparePublic(version, wanted) > 0 && !isPostReleaseOf(version, wanted);
  }
}

function equals(version: Version, wanted: Version, prefix: boolean): boolean {
  if (prefix) return startsWith(version, wanted);
  return (wanted.local === undefined ? comparePublic(version, wanted) : compareVersions(version, wanted)) === 0;
}

function startsWith(version: Version, { epoch, release }: Version): boolean {
  const head = release.map((_, index) => version.release[index] ?? '0');
  return compareDigits(version.epoch, epoch) === 0 && compareRelease(head, release) === 0;
}

/** '>1' leaves out 1.post1, unless a post-release is asked for. */
function isPostReleaseOf(version: Version, wanted: Version): boolean {
  if (version.post === undefined || wanted.post !== undefined) return false;
  return comparePublic({ ...version, post: undefined, dev: undefined }, wanted) === 0;
}

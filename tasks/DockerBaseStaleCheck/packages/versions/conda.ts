import { compareDigits, compareParsed, compareText, fitsGlob, holds } from './order';

/** Runs of digits, runs of other text, and `post`, which is after every number. */
type Atom = { number: string } | { text: string } | { post: true };

interface Version {
  main: Atom[][];
  local: Atom[][];
}

const ZERO: Atom = { number: '0' };
const DEEPEST = 32;

/** Order of two conda versions (conda's VersionOrder); a build (`1.2=py39_0`) is not part of it; what is no version sorts first. */
export function compare(a: string, b: string): number {
  const left = parse(withoutBuild(a));
  const right = parse(withoutBuild(b));
  return compareParsed({ text: a, parsed: left }, { text: b, parsed: right }, compareVersions);
}

/**
 * Whether a version (with a build as `1.2=py39_0`, where it is known) lies in the version part of a MatchSpec:
 * `1.2`, `=1.2`, `1.2.*`, `>=1,<2|3`, `~=1.2`, `1.*.1`, `1.2=py39*`. Regular expressions are not read and fit nothing.
 */
export function fits(version: string, wanted: string): boolean {
  const parsed = parse(withoutBuild(version));
  const matches = readWanted(wanted);
  return parsed !== undefined && matches?.({ parsed, text: version.trim() }) === true;
}

/** Whether a text can be read as the version part of a MatchSpec. */
export function isRange(wanted: string): boolean {
  return readWanted(wanted) !== undefined;
}

interface Candidate {
  parsed: Version;
  text: string;
}

type Match = (candidate: Candidate) => boolean;

function withoutBuild(version: string): string {
  return version.trim().split('=', 1)[0] ?? '';
}

function parse(text: string): Version | undefined {
  let version = text.trim().toLowerCase();
  if (!version.includes('_')) version = version.replaceAll('-', '_');
  if (!/^[*.+!_0-9a-z]+$/.test(version)) return undefined;
  const [epoch, rest, ...more] = version.includes('!') ? version.split('!') : ['0', version];
  if (rest === undefined || more.length > 0 || !/^\d+$/.test(epoch ?? '')) return undefined;
  const [main, local, ...locals] = rest.split('+');
  if (locals.length > 0) return undefined;
  const head = components(main ?? '');
  const tail = local === undefined ? [] : components(local);
  return head && tail ? { main: [[{ number: epoch ?? '0' }], ...head], local: tail } : undefined;
}

/** Components between `.` and `_`; a last `_` belongs to its component (openssl's convention). */
function components(text: string): Atom[][] | undefined {
  const parts = text.replace(/_(?!$)/g, '.').split('.');
  if (parts.includes('')) return undefined;
  return parts.map((part) => {
    const atoms = [...part.matchAll(/\d+|\*+|[^\d*]+/g)].map(([run]) => atom(run));
    return /^\d/.test(part) ? atoms : [ZERO, ...atoms];
  });
}

function atom(run: string): Atom {
  if (/^\d/.test(run)) return { number: run };
  // In upper case 'dev' sorts before all other text, which is in lower case.
  return run === 'post' ? { post: true } : { text: run === 'dev' ? 'DEV' : run };
}

function compareVersions(a: Version, b: Version): number {
  return compareParts(a.main, b.main) || compareParts(a.local, b.local);
}

function compareParts(a: readonly Atom[][], b: readonly Atom[][]): number {
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const x = a[part] ?? [];
    const y = b[part] ?? [];
    for (let index = 0; index < Math.max(x.length, y.length); index++) {
      const order = compareAtoms(x[index] ?? ZERO, y[index] ?? ZERO);
      if (order !== 0) return order;
    }
  }
  return 0;
}

function compareAtoms(a: Atom, b: Atom): number {
  if ('number' in a && 'number' in b) return compareDigits(a.number, b.number);
  if ('text' in a && 'text' in b) return compareText(a.text, b.text);
  return Math.sign(rank(a) - rank(b));
}

function rank(part: Atom): number {
  return 'text' in part ? 0 : 'number' in part ? 1 : 2;
}

/** Whether a version begins with another: equal up to its last run, which must be a beginning where it is text. */
function startsWith(version: Version, head: Version): boolean {
  if (head.local.length > 0)
    return compareParts(version.main, head.main) === 0 && beginsWith(version.local, head.local);
  return beginsWith(version.main, head.main);
}

function beginsWith(version: readonly Atom[][], head: readonly Atom[][]): boolean {
  const last = head.length - 1;
  const lastPart = head[last] ?? [];
  const part = version[last] ?? [];
  const run = lastPart.length - 1;
  if (compareParts(version.slice(0, last), head.slice(0, last)) !== 0) return false;
  if (compareParts([part.slice(0, run)], [lastPart.slice(0, run)]) !== 0) return false;
  const wanted = lastPart[run] ?? ZERO;
  const found = part[run] ?? ZERO;
  return 'text' in wanted ? 'text' in found && found.text.startsWith(wanted.text) : compareAtoms(found, wanted) === 0;
}

function readWanted(wanted: string): Match | undefined {
  const text = wanted.trim();
  if (text === '') return () => true;
  const withBuild = /^(={0,2}[^=<>!~|,()\s]+)(?:=|\s+)([\w.*]+)$/.exec(text);
  if (!withBuild) return readAny(text, 0);
  const [, version = '', build = ''] = withBuild;
  const matches = readAny(version, 0);
  return matches && ((candidate) => matches(candidate) && fitsBuild(candidate.text, build));
}

function fitsBuild(version: string, wanted: string): boolean {
  const build = version.split('=')[1];
  return build === undefined || fitsGlob(build, wanted);
}

function readAny(text: string, depth: number): Match | undefined {
  const choices = splitOutside(text, '|')?.map((part) => readAll(part, depth));
  return choices?.every((choice) => choice !== undefined)
    ? (candidate) => choices.some((matches) => matches(candidate))
    : undefined;
}

function readAll(text: string, depth: number): Match | undefined {
  const conditions = splitOutside(text, ',')?.map((part) => readOne(part.trim(), depth));
  return conditions?.every((condition) => condition !== undefined)
    ? (candidate) => conditions.every((matches) => matches(candidate))
    : undefined;
}

/** Parts between a sign, outside of parentheses; undefined where these do not close or go too deep. */
function splitOutside(text: string, sign: string): string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')') depth--;
    if (depth < 0 || depth > DEEPEST) return undefined;
    if (text[at] !== sign || depth > 0) continue;
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  return depth === 0 ? [...parts, text.slice(start)] : undefined;
}

function readOne(text: string, depth: number): Match | undefined {
  if (text.startsWith('(') && text.endsWith(')') && depth < DEEPEST) return readAny(text.slice(1, -1), depth + 1);
  const [, operator = '', bound = ''] = /^(~=|==|!=|<=|>=|=|<|>)?(.*)$/s.exec(text) ?? [];
  if (operator !== '') return readRelation(operator, bound.trim());
  if (bound === '*') return () => true;
  const head = bound.replace(/\.?\*+$/, '');
  if (head.includes('*'))
    return /^[\w.*+!-]+$/.test(bound)
      ? ({ text: version }) => fitsGlob(version.split('=', 1)[0] ?? '', bound)
      : undefined;
  const version = parse(head);
  if (!version) return undefined;
  return head === bound
    ? ({ parsed }) => compareVersions(parsed, version) === 0
    : ({ parsed }) => startsWith(parsed, version);
}

function readRelation(operator: string, bound: string): Match | undefined {
  const isPrefix = bound.endsWith('.*');
  const version = parse(isPrefix ? bound.slice(0, -2) : bound);
  if (!version || (isPrefix && operator === '~=')) return undefined;
  if (operator === '=') return ({ parsed }) => startsWith(parsed, version);
  if (operator === '!=' && isPrefix) return ({ parsed }) => !startsWith(parsed, version);
  if (operator === '~=') {
    const head = { main: version.main.slice(0, -1), local: [] };
    return ({ parsed }) => compareVersions(parsed, version) >= 0 && startsWith(parsed, head);
  }
  return ({ parsed }) => holds(compareVersions(parsed, version), operator);
}

import { Refusal } from './refusal';

/** One position of a pattern: a character, or undefined for any (`?`). */
type Position = string | undefined;

/** The parts of a shell pattern between its stars. */
export type ShellPattern = Position[][];

/** More steps than any real pattern takes; a pattern that needs them all would hang the step. */
const MAX_STEPS = 100_000_000;

/**
 * A pattern of `${name#…}`, `${name%…}` or `${name/…/…}`: `*`, `?`, `\` before these and itself. `\}` and `\/` stand for
 * the plain character. (BuildKit shell/lex.go, convertShellPatternToRegex)
 */
export function readShellPattern(pattern: string): ShellPattern {
  const characters = Array.from(pattern);
  let part: Position[] = [];
  const parts = [part];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (character === '*') {
      part = [];
      parts.push(part);
    } else if (character === '?') {
      part.push(undefined);
    } else if (character === '\\') {
      const next = characters[at + 1];
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') {
        throw new Refusal(`invalid pattern (${pattern}) in substitution: invalid escape '\\${next ?? '\uFFFD'}'`);
      }
      part.push(next);
      at++;
    } else {
      part.push(character);
    }
  }
  return parts;
}

/** The value without the shortest or the longest start that the pattern matches. */
export function withoutPrefix(value: string, pattern: ShellPattern, longest: boolean): string {
  const characters = charactersFor(value, pattern);
  const end = matchEnd(characters, pattern, 0, longest);
  return end < 0 ? value : characters.slice(end).join('');
}

/**
 * The pattern written backwards, escapes before what they escape: how BuildKit reads the pattern of `%`, so that an escape
 * at its end is one of the first character.
 */
export function backwards(pattern: string): string {
  const units = pattern.match(/\\[^]|[^]/gu) ?? [];
  return units.reverse().join('');
}

/** The value without the shortest or the longest end that the pattern, read backwards, matches. */
export function withoutSuffix(value: string, pattern: ShellPattern, longest: boolean): string {
  const characters = charactersFor(value, pattern).reverse();
  const end = matchEnd(characters, pattern, 0, longest);
  return end < 0 ? value : characters.slice(end).reverse().join('');
}

/** The value with the first match, as long as possible, replaced. */
export function replaceFirst(value: string, pattern: ShellPattern, replacement: string): string {
  const characters = charactersFor(value, pattern);
  const match = findMatch(characters, pattern, 0);
  if (!match) return value;
  return characters.slice(0, match[0]).join('') + replacement + characters.slice(match[1]).join('');
}

/**
 * The value with every match replaced. Here, and not in `replaceFirst`, BuildKit lets Go expand `$0`, `$1` and `$name` in
 * the replacement: the match, and nothing.
 */
export function replaceAll(value: string, pattern: ShellPattern, replacement: string): string {
  const characters = charactersFor(value, pattern);
  let result = '';
  let copied = 0;
  let from = 0;
  while (from <= characters.length) {
    const match = findMatch(characters, pattern, from);
    if (!match) break;
    const [start, end] = match;
    result += characters.slice(copied, start).join('');
    // An empty match directly behind the last one does not count.
    if (end > copied || start === 0) result += expandTemplate(replacement, characters.slice(start, end).join(''));
    copied = end;
    from = Math.max(end, from + 1);
  }
  return result + characters.slice(copied).join('');
}

function charactersFor(value: string, pattern: ShellPattern): string[] {
  if (value.length * pattern.reduce((sum, part) => sum + part.length, 0) > MAX_STEPS) {
    throw new Refusal('the pattern and the value of a substitution are too long');
  }
  return Array.from(value);
}

function expandTemplate(replacement: string, match: string): string {
  return replacement.replace(/\$(\$|\{\w+\}|\w+)/g, (_, name: string) => {
    if (name === '$') return '$';
    return /^\{?0+\}?$/.test(name) ? match : '';
  });
}

/** Start and end of the first match at or behind `from`, as long as possible. */
function findMatch(value: readonly string[], pattern: ShellPattern, from: number): [number, number] | undefined {
  const first = pattern[0] ?? [];
  const start = findPart(value, first, from, 1);
  if (start < 0) return undefined;
  const end = matchEnd(value, pattern, start, true);
  return end < 0 ? undefined : [start, end];
}

/**
 * Where the pattern's match that begins at `start` ends, or -1. Each part is taken as early as possible, and the last one
 * as late as possible when the longest match is wanted: that is what leaves the most room, so nothing is tried twice.
 */
function matchEnd(value: readonly string[], pattern: ShellPattern, start: number, longest: boolean): number {
  const [first = [], ...others] = pattern;
  if (!matchesAt(value, first, start)) return -1;
  let end = start + first.length;
  for (const [index, part] of others.entries()) {
    const last = index === others.length - 1;
    const found = last && longest ? findPart(value, part, end, -1) : findPart(value, part, end, 1);
    if (found < 0) return -1;
    end = found + part.length;
  }
  return end;
}

/** The first (direction 1) or last (-1) place at or behind `from` where the part stands, or -1. */
function findPart(value: readonly string[], part: readonly Position[], from: number, direction: 1 | -1): number {
  const last = value.length - part.length;
  for (let at = direction > 0 ? from : last; at >= from && at <= last; at += direction) {
    if (matchesAt(value, part, at)) return at;
  }
  return -1;
}

function matchesAt(value: readonly string[], part: readonly Position[], at: number): boolean {
  if (at + part.length > value.length) return false;
  return part.every((position, index) => position === undefined || position === value[at + index]);
}

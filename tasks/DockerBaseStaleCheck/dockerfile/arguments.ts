import { quote, Refusal } from './refusal';
import { isSpace, trim, trimStart } from './whitespace';

export interface Pair {
  name: string;
  value: string;
}

const BLANKS = /[\t\v\f\r ]+/;

/** The words of a text that is split at blanks, without any quoting. */
export function splitAtBlanks(text: string): string[] {
  return text === '' ? [] : text.split(new RegExp(BLANKS, 'g'));
}

/** The text before and after its first run of blanks. */
export function cutAtBlanks(text: string): [string, string | undefined] {
  const match = BLANKS.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, undefined];
}

/** The `--flags` that the text starts with, without quotes and escapes, and the rest; a lone `--` ends them. */
export function splitFlags(text: string, escape: string): { flags: string[]; rest: string } {
  if (!trimStart(text).startsWith('--') || /^\p{ASCII}*$/u.test(text)) return splitAsciiFlags(text, escape);
  // BuildKit takes flags apart byte by byte, and takes bytes of a character that look like a blank for one.
  const { flags, rest } = splitAsciiFlags(Buffer.from(text).toString('latin1'), escape);
  return { flags, rest: Buffer.from(rest, 'latin1').toString() };
}

function splitAsciiFlags(text: string, escape: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    let word = '';
    let quoteMark = '';
    for (; at < text.length && (quoteMark || !isSpace(text.charAt(at))); at++) {
      const character = text.charAt(at);
      if (quoteMark ? character === quoteMark : character === '"' || character === "'") {
        quoteMark = quoteMark ? '' : character;
      } else if (character === escape) {
        word += text.charAt(++at);
      } else {
        word += character;
      }
    }
    if (word === '--') return { flags, rest: text.slice(at) };
    flags.push(word);
  }
}

/** Words that may be quoted or escaped; quotes and escapes stay in them, as the shell lexer takes them off later. */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quoteMark = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (!quoteMark && isSpace(character)) {
      if (word) words.push(word);
      word = '';
      continue;
    }
    if (character === escape && quoteMark !== "'") {
      // An escape at the very end is dropped.
      if (at + 1 < text.length) word += character + text.charAt(++at);
      continue;
    }
    if (quoteMark ? character === quoteMark : character === '"' || character === "'") {
      quoteMark = quoteMark ? '' : character;
    }
    word += character;
  }
  if (word) words.push(word);
  return words;
}

/** `NAME=value …`, or the old form `NAME value` when the first word has no `=`. */
export function readPairs(rest: string, keyword: 'ENV' | 'LABEL', escape: string): Pair[] {
  const words = splitWords(rest, escape);
  if (words[0] === undefined) return [];
  if (!words[0].includes('=')) {
    const [name, value] = cutAtBlanks(rest);
    if (value === undefined) throw new Refusal(`${keyword} must have two arguments`);
    return [{ name, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) {
      throw new Refusal(`Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`);
    }
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** The strings of a JSON array, or undefined where the text is none; an array with anything but strings is refused. */
export function readJsonArray(rest: string): string[] | undefined {
  if (!trimStart(rest).startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(trimStart(rest));
  } catch {
    return undefined;
  }
  const items = value as unknown[];
  if (!items.every((item) => typeof item === 'string')) {
    throw new Refusal('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return items;
}

export interface SplitLine {
  keyword: string;
  flags: string[];
  rest: string;
}

/** A logical line as keyword, flags and the rest, trimmed. */
export function splitLine(line: string, escape: string): SplitLine {
  const [keyword, after] = cutAtBlanks(trim(line));
  const { flags, rest } = splitFlags(after ?? '', escape);
  return { keyword, flags, rest: trim(rest) };
}

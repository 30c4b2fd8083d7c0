import { Refusal } from './refusal';
import { expandWord } from './shellLex';

export interface Heredoc {
  name: string;
  /** No part of the name was quoted: variables in the text are expanded. */
  expand: boolean;
  /** `<<-`: tabs at the start of each line are dropped. */
  stripTabs: boolean;
  /** The lines up to the terminator, with their newlines, as they stand in the file. */
  text: string;
  /** The line where the text begins. */
  line: number;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** The heredocs that an instruction announces, in order, still without text. */
export function heredocsOfLine(line: string): Heredoc[] {
  return wordsOf(line, { rawQuotes: true, rawEscapes: true }).flatMap((word) => readHeredocWord(word) ?? []);
}

/** `<<NAME`, `<<-NAME`, `<<"NAME"` as a heredoc without text, or undefined where the word is none. */
export function readHeredocWord(word: string): Heredoc | undefined {
  const match = /^\d*<<(-?)([^<]*)$/.exec(word);
  const written = (match?.[2] ?? '').replace(/^[\t\n\f\r ]+/, '');
  if (!match || written === '') return undefined;
  const [name, ...more] = expandWord(written, NOTHING, { keepUnset: true }).words;
  if (name === undefined || more.length > 0) return undefined;
  const raw = wordsOf(written, { rawQuotes: true })[0] ?? '';
  return { name, expand: quotesIn(name) === quotesIn(raw), stripTabs: match[1] === '-', text: '', line: 0 };
}

/** The same for a word of an instruction whose heredocs were read before: a word that cannot be read is none. */
export function heredocWordOrNone(word: string): Heredoc | undefined {
  try {
    return readHeredocWord(word);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The text of a `<<-` heredoc without the tabs at the start of its lines. */
export function withoutLeadingTabs(text: string): string {
  return text.replace(/(^|\n)\t+/g, '$1');
}

function wordsOf(text: string, options: { rawQuotes: boolean; rawEscapes?: boolean }): string[] {
  try {
    return expandWord(text, NOTHING, { ...options, keepUnset: true }).words;
  } catch (error) {
    // A line that cannot be split, with an odd quote for instance, has no heredocs.
    if (error instanceof Refusal) return [];
    throw error;
  }
}

function quotesIn(word: string): number {
  return word.split(/['"]/).length - 1;
}

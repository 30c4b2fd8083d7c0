import type { Word, WordPart } from './shell';
import { fitsGlob } from './versions/order';

/** One argument of a command. Where `unknown` is set it says why the text is not all known; the text then shows the source. */
export interface Field {
  text: string;
  unknown?: string;
}

/** What a shell variable holds: its value, or why that is not known. Undefined is a variable nothing is known of. */
export type Variables = (name: string) => string | { unknown: string } | undefined;

const LONGEST_PATTERN_SUBJECT = 400;
const MOST_BRACES = 256;

/** The arguments that a word becomes: variables filled in, unquoted values split at blanks, `{a,b}` spread as bash does. */
export function expandWord(word: Word, variables: Variables): Field[] {
  return spreadBraces(word).flatMap((one) => expandOne(one, variables));
}

/** The one text that a word stands for where the shell does not split it, as in an assignment. */
export function expandText(word: Word, variables: Variables): Field {
  return word.map((part) => expandPart(part, variables)).reduce(join, { text: '' });
}

function expandOne(word: Word, variables: Variables): Field[] {
  const fields: Field[] = [];
  let open: Field | undefined;
  for (const part of word) {
    const value = expandPart(part, variables);
    const isSplit = part.kind === 'variable' && !part.quoted && value.unknown === undefined;
    const [first = '', ...others] = isSplit ? value.text.split(/[ \t\n]+/) : [value.text];
    const isNothing = isSplit && first === '';
    if (!isNothing) open = join(open ?? { text: '' }, { ...value, text: first });
    for (const other of others) {
      if (open) fields.push(open);
      open = other === '' ? undefined : { text: other };
    }
  }
  return open ? [...fields, open] : fields;
}

function join(a: Field, b: Field): Field {
  const unknown = a.unknown ?? b.unknown;
  return { text: a.text + b.text, ...(unknown !== undefined && { unknown }) };
}

function expandPart(part: WordPart, variables: Variables): Field {
  if (part.kind === 'text') return { text: part.text };
  if (part.kind === 'opaque') return { text: part.source, unknown: `only the build knows ${shorten(part.source)}` };
  const value = variables(part.name);
  const notKnown = (): Field => ({
    text: part.source,
    unknown: typeof value === 'object' ? value.unknown : `the value of $${part.name} is not known`,
  });
  const isSet = typeof value === 'string' && (value !== '' || !part.operator.startsWith(':'));
  switch (part.operator.replace(':', '')) {
    case '-':
    case '=':
      return isSet ? { text: value } : typeof value === 'object' ? notKnown() : expandText(part.argument, variables);
    case '+':
      return isSet ? expandText(part.argument, variables) : typeof value === 'object' ? notKnown() : { text: '' };
    case '':
    case '?':
      return typeof value === 'string' ? { text: value } : notKnown();
    default: {
      const argument = expandText(part.argument, variables);
      const cut =
        typeof value === 'string' && argument.unknown === undefined && edit(value, part.operator, argument.text);
      return typeof cut === 'string' ? { text: cut } : notKnown();
    }
  }
}

/** `#`, `##`, `%`, `%%`, `/`, `//`; undefined where the pattern is more than this reads. */
function edit(value: string, operator: string, argument: string): string | undefined {
  if (value.length > LONGEST_PATTERN_SUBJECT) return undefined;
  if (operator.startsWith('/')) {
    const [pattern = '', replacement = ''] = argument.split('/', 2);
    if (/[*?[\]\\]/.test(pattern) || pattern === '') return undefined;
    return operator === '/' ? value.replace(pattern, () => replacement) : value.replaceAll(pattern, () => replacement);
  }
  if (/[[\]\\]/.test(argument)) return undefined;
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  const fromStart = operator.startsWith('#');
  const cut = lengths.find((length) =>
    fitsGlob(fromStart ? value.slice(0, length) : value.slice(value.length - length), argument),
  );
  if (cut === undefined) return value;
  return fromStart ? value.slice(cut) : value.slice(0, value.length - cut);
}

/** The words that unquoted `{a,b}` stands for; left alone with ranges, nesting, or variables inside of the braces. */
function spreadBraces(word: Word): Word[] {
  const words: Word[] = [word];
  for (let index = 0; index < words.length && words.length < MOST_BRACES;) {
    const parts = words[index] ?? [];
    const at = parts.findIndex((part) => part.kind === 'text' && !part.quoted && BRACES.test(part.text));
    const part = parts[at];
    const found = part?.kind === 'text' ? BRACES.exec(part.text) : null;
    if (!found) {
      index++;
      continue;
    }
    const [, before = '', list = '', after = ''] = found;
    const choices = list.split(',');
    if (choices.length > MOST_BRACES) break;
    const spread = choices.map((choice): Word => {
      const pieces = [before + choice, after].map((text): WordPart => ({ kind: 'text', text, quoted: false }));
      return [...parts.slice(0, at), ...pieces, ...parts.slice(at + 1)];
    });
    words.splice(index, 1, ...spread);
  }
  return words;
}

const BRACES = /^([^{}]*)\{([^{},]*,[^{}]*)\}(.*)$/s;

/** A text for a message: one line, not too long. */
export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

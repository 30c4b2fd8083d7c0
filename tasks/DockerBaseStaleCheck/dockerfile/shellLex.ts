import { quote, Refusal } from './refusal';
import { backwards, readShellPattern, replaceAll, replaceFirst, withoutPrefix, withoutSuffix } from './shellPattern';
import { isSpace } from './whitespace';

export type Environment = ReadonlyMap<string, string>;

export interface LexOptions {
  /** `\`, or a backtick where the file says so. */
  escape?: string;
  /** Quotes stay in the result. */
  rawQuotes?: boolean;
  /** Escapes stay in the result. */
  rawEscapes?: boolean;
  /** `$name` without a value stays as it is written. */
  keepUnset?: boolean;
}

export interface Expansion {
  text: string;
  /** The text split at blanks outside quotes, after expansion. */
  words: string[];
  /** The names that were asked for, with their values. */
  asked: Map<string, string | undefined>;
}

/**
 * How much longer than its source a text may become: longer than any environment variable that Linux would run a command
 * with (MAX_ARG_STRLEN). Without a limit thirty lines of `ARG B=$A$A` fill the memory.
 */
const MAX_GROWTH = 131_072;
const MAX_DEPTH = 500;
const END = '';

/** An expansion that failed because a value is missing (`${name?message}`), not because the text is wrong. */
export class MissingValue extends Refusal {}

/**
 * Quotes, escapes and `$name`, `${name…}` with every modifier, as BuildKit expands a word (shell/lex.go). Throws a Refusal
 * with BuildKit's reason.
 */
export function expandWord(source: string, environment: Environment, options: LexOptions = {}): Expansion {
  const escape = options.escape ?? '\\';
  if (/^[\w./:@-]*$/.test(source)) return { text: source, words: source ? [source] : [], asked: new Map() };
  try {
    return new ShellLex(source, environment, { ...options, escape }).run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const reason = `failed to process ${quote(source)}: ${error.reason}`;
    throw error instanceof MissingValue ? new MissingValue(reason) : new Refusal(reason);
  }
}

interface Scanned {
  text: string;
  words: string[];
}

class ShellLex {
  private readonly characters: string[];
  private at = 0;
  private depth = 0;
  private rawEscapes: boolean;
  private readonly maxLength: number;
  private readonly asked = new Map<string, string | undefined>();
  /** The word that is being made; BuildKit shares it with nested substitutions, which empty it. */
  private word = '';

  constructor(
    source: string,
    private readonly environment: Environment,
    private readonly options: LexOptions & { escape: string },
  ) {
    // Go's scanner steps over a byte-order mark.
    this.characters = Array.from(source.startsWith('\uFEFF') ? source.slice(1) : source);
    this.rawEscapes = options.rawEscapes ?? false;
    this.maxLength = source.length + MAX_GROWTH;
  }

  run(): Expansion {
    return { ...this.scan(END, this.rawEscapes), asked: this.asked };
  }

  private peek(): string {
    return this.characters[this.at] ?? END;
  }

  private next(): string {
    return this.characters[this.at++] ?? END;
  }

  /** Reads to `stop`, which is consumed, or to the end where `stop` is END. */
  private scan(stop: string, rawEscapes: boolean): Scanned {
    if (++this.depth > MAX_DEPTH) throw new Refusal('substitutions are nested too deeply');
    const outerRawEscapes = this.rawEscapes;
    this.rawEscapes = rawEscapes;
    this.word = '';
    const words: string[] = [];
    let text = '';
    let inWord = false;

    const add = (piece: string) => {
      this.word += piece;
      inWord = true;
    };
    const addSplit = (piece: string) => {
      for (const character of piece) {
        if (!isSpace(character)) add(character);
        else if (inWord && this.word !== '') {
          words.push(this.word);
          this.word = '';
          inWord = false;
        }
      }
    };

    for (;;) {
      const character = this.peek();
      if (character === END && stop !== END) {
        throw new Refusal(`unexpected end of statement while looking for matching ${stop}`);
      }
      if (character === stop) break;
      if (text.length > this.maxLength) throw new Refusal('the text becomes too long when it is expanded');
      const special = this.special(character);
      if (special !== undefined) {
        text += special;
        if (character === '$') addSplit(special);
        else add(special);
        continue;
      }
      this.at++;
      if (character !== this.options.escape) {
        text += character;
        addSplit(character);
        continue;
      }
      if (this.rawEscapes) {
        text += character;
        add(character);
      }
      const escaped = this.next();
      text += escaped;
      if (escaped !== END) add(escaped);
    }
    this.at++;
    this.depth--;
    this.rawEscapes = outerRawEscapes;
    if (this.word !== '') words.push(this.word);
    this.word = '';
    return { text, words };
  }

  private special(character: string): string | undefined {
    switch (character) {
      case '$':
        return this.dollar();
      case '<':
        return this.possibleHeredoc();
      case "'":
        return this.singleQuoted();
      case '"':
        return this.doubleQuoted();
      default:
        return undefined;
    }
  }

  private singleQuoted(): string {
    const start = this.at + 1;
    const end = this.characters.indexOf("'", start);
    this.at = end < 0 ? this.characters.length : end + 1;
    if (end < 0) throw new Refusal('unexpected end of statement while looking for matching single-quote');
    const content = this.characters.slice(start, end).join('');
    return this.options.rawQuotes ? `'${content}'` : content;
  }

  private doubleQuoted(): string {
    this.at++;
    let content = '';
    for (;;) {
      const character = this.peek();
      if (content.length > this.maxLength) throw new Refusal('the text becomes too long when it is expanded');
      if (character === END) {
        throw new Refusal('unexpected end of statement while looking for matching double-quote');
      } else if (character === '$') {
        content += this.dollar();
        continue;
      }
      this.at++;
      if (character === '"') return this.options.rawQuotes ? `"${content}"` : content;
      if (character !== this.options.escape) {
        content += character;
        continue;
      }
      if (this.rawEscapes) content += character;
      const escaped = this.peek();
      if (escaped === END) continue;
      // Only these three can be escaped between double quotes; before anything else the escape stays.
      if (escaped === '"' || escaped === '$' || escaped === this.options.escape) content += this.next();
      else content += character;
    }
  }

  /** `<<` keeps the blanks behind it, so that `<< EOF` is one word. */
  private possibleHeredoc(): string {
    this.at++;
    if (this.peek() !== '<') return '<';
    this.at++;
    let blanks = '';
    while (this.peek() === ' ' || this.peek() === '\t' || this.peek() === '\r') blanks += this.next();
    return `<<${blanks}`;
  }

  private dollar(): string {
    this.at++;
    if (this.peek() !== '{') {
      const name = this.name();
      if (name === '') return '$';
      const value = this.lookUp(name);
      return value ?? (this.options.keepUnset ? `$${name}` : '');
    }
    this.at++;
    const first = this.peek();
    if (first === END) throw new Refusal("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new Refusal('syntax error: bad substitution');
    return this.substitution(this.name());
  }

  private substitution(name: string): string {
    let modifier = this.next();
    if (modifier === '}') {
      const value = this.lookUp(name);
      return value ?? (this.options.keepUnset ? `\${${name}}` : '');
    }
    if (modifier === '/') return this.replacement(name);
    const emptyIsUnset = modifier === ':';
    if (emptyIsUnset) modifier = this.next();
    const written = `${emptyIsUnset ? ':' : ''}${modifier || '\uFFFD'}`;
    const isPattern = modifier === '#' || modifier === '%';
    const unsupported = () => new Refusal(`unsupported modifier (${written}) in substitution`);
    if (emptyIsUnset ? isPattern : !'+-?#%'.includes(modifier || 'x')) throw unsupported();

    const word = this.scanTo('}', "syntax error: missing '}'", isPattern);
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset) return `\${${name}${written}${word}}`;
    const absent = value === undefined || (emptyIsUnset && value === '');
    switch (modifier) {
      case '-':
        return absent ? word : value;
      case '+':
        return absent ? '' : word;
      case '?':
        if (!absent) return value;
        throw new MissingValue(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
      case '#':
      case '%': {
        const longest = word.startsWith(modifier);
        const pattern = longest ? word.slice(1) : word;
        return modifier === '#'
          ? withoutPrefix(value ?? '', readShellPattern(pattern), longest)
          : withoutSuffix(value ?? '', readShellPattern(backwards(pattern)), longest);
      }
      default:
        throw unsupported();
    }
  }

  private replacement(name: string): string {
    const all = this.peek() === '/';
    if (all) this.at++;
    const pattern = this.scanTo('/', "syntax error: missing '/' in ${}", true);
    const replacement = this.scanTo('}', "syntax error: missing '}'", true);
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return (all ? replaceAll : replaceFirst)(value ?? '', readShellPattern(pattern), replacement);
  }

  private scanTo(stop: string, missing: string, rawEscapes: boolean): string {
    try {
      return this.scan(stop, rawEscapes).text;
    } catch (error) {
      if (error instanceof Refusal && this.peek() === END) throw new Refusal(missing);
      throw error;
    }
  }

  /** A name, a number, or one of the special parameters; '' where there is none. */
  private name(): string {
    const first = this.peek();
    if (/\p{Nd}/u.test(first)) return this.takeWhile(/\p{Nd}/u);
    if (first !== END && '@*#?-$!0'.includes(first)) return this.next();
    return this.takeWhile(/[\p{L}\p{Nd}_]/u);
  }

  private takeWhile(pattern: RegExp): string {
    const start = this.at;
    while (this.peek() !== END && pattern.test(this.peek())) this.at++;
    return this.characters.slice(start, this.at).join('');
  }

  private lookUp(name: string): string | undefined {
    const value = this.environment.get(name);
    this.asked.set(name, value);
    return value;
  }
}

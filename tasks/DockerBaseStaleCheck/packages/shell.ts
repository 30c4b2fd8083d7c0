/** A piece of a word: text, a variable with its `${…}` operator, or what only a running shell knows. */
export type WordPart =
  | { kind: 'text'; text: string; quoted: boolean }
  | { kind: 'variable'; name: string; operator: string; argument: Word; quoted: boolean; source: string }
  | { kind: 'opaque'; source: string; quoted: boolean };

export type Word = readonly WordPart[];

export interface ShellCommand {
  kind: 'command';
  words: Word[];
  assignments: { name: string; value: Word }[];
  /** Bodies of the here-documents that it reads. */
  input: { text: string; expand: boolean }[];
  /** Files that it writes with `>` or `>>`. */
  output: Word[];
  /** The command whose output it reads, when it stands after `|`. */
  pipedFrom: ShellCommand | undefined;
  conditional: boolean;
  source: string;
}

export interface ShellGroup {
  kind: 'group';
  nodes: ShellNode[];
  subshell: boolean;
  conditional: boolean;
  /** Set for the body of a loop; the variable is '' where the loop has none of its own. */
  loopVariable: string | undefined;
}

export type ShellNode = ShellCommand | ShellGroup;

export interface Heredoc {
  name: string;
  /** False where the name was quoted: the text is taken as it stands. */
  expand: boolean;
  text: string;
}

const DEEPEST = 40;
const TESTS = /^(?:\[{1,2}|test|which|type|grep|egrep|!)$|^command$/;
const ENDS_WORD = new Set([' ', '\t', '\n', '\r', ';', '&', '|', '(', ')', '<', '>']);

/**
 * Reads shell text into its commands (POSIX shell command language, and bash's usual additions), with nothing expanded.
 * `heredocs` are bodies that stand apart from the text, in order; without them they are taken from its next lines.
 * Never throws: `complete` is false where a quote or a block does not close or the text nests too deep, and the nodes
 * are what was read until there.
 */
export function parseShell(text: string, heredocs: readonly Heredoc[] = []): { nodes: ShellNode[]; complete: boolean } {
  const reader = new ShellReader(text, heredocs);
  const nodes = reader.list([]);
  return { nodes, complete: reader.complete && reader.atEnd() };
}

class ShellReader {
  complete = true;
  private at = 0;
  private depth = 0;
  private nextHeredoc = 0;
  private pending: { delimiter: string; dash: boolean; expand: boolean; into: ShellCommand['input'] }[] = [];

  constructor(
    private readonly text: string,
    private readonly heredocs: readonly Heredoc[],
  ) {}

  atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Commands until the end, a `)` or one of the reserved words. */
  list(until: readonly string[]): ShellNode[] {
    const nodes: ShellNode[] = [];
    if (++this.depth > DEEPEST) this.giveUp();
    let conditional = false;
    let operator = ';';
    for (;;) {
      this.skipBlanks(operator !== ';');
      if (this.atEnd() || this.text[this.at] === ')' || until.includes(this.plainWord())) break;
      const start = this.at;
      const separator = /^(?:;;&?|;&|&&|\|\||[;&\n])/.exec(this.text.slice(start, start + 3))?.[0];
      if (separator !== undefined) {
        if (separator.startsWith(';;') || separator === ';&') break;
        this.at += separator.length;
        operator = separator.length === 2 ? separator : ';';
        if (separator === '\n') this.readPendingHeredocs();
        if (operator === ';') conditional = false;
        continue;
      }
      const isConditional: boolean = operator === '||' || (operator === '&&' && conditional);
      this.pipeline(isConditional, nodes);
      // After a test, `&&` and `||` are an 'if' in short.
      conditional ||= TESTS.test(/^\S*/.exec(this.text.slice(start, start + 12))?.[0] ?? '');
      operator = ';';
      if (this.at === start) this.at++;
    }
    this.depth--;
    return nodes;
  }

  private pipeline(conditional: boolean, nodes: ShellNode[]): void {
    let pipedFrom: ShellCommand | undefined;
    for (;;) {
      this.skipBlanks(pipedFrom !== undefined);
      while (/^(?:!|time)$/.test(this.plainWord())) {
        this.at += this.plainWord().length;
        this.skipBlanks(false);
      }
      const start = this.at;
      const node = this.command(conditional, pipedFrom);
      if (node.kind === 'command') node.source = this.text.slice(start, this.at).trim();
      nodes.push(node);
      this.skipBlanks(false);
      if (this.text[this.at] !== '|' || this.text[this.at + 1] === '|') return;
      this.at += this.text[this.at + 1] === '&' ? 2 : 1;
      pipedFrom = node.kind === 'command' ? node : lastCommand(node);
    }
  }

  private command(conditional: boolean, pipedFrom: ShellCommand | undefined): ShellNode {
    if (this.text.startsWith('((', this.at)) {
      this.skipUntil('))');
      return this.group([], { conditional });
    }
    if (this.text[this.at] === '(') {
      this.at++;
      const nodes = this.list([]);
      this.expect(')');
      return this.withRedirections(this.group(nodes, { conditional, subshell: true }));
    }
    const word = this.plainWord();
    switch (word) {
      case '{':
        return this.withRedirections(this.group(this.block('{', '}'), { conditional }));
      case 'if':
        return this.withRedirections(this.ifCommand(conditional));
      case 'while':
      case 'until': {
        const condition = this.block(word, 'do');
        const body = this.group(this.block('', 'done'), { conditional: true, loopVariable: '' });
        return this.withRedirections(this.group([...condition, body], { conditional }));
      }
      case 'for':
      case 'select':
        return this.withRedirections(this.forCommand(word, conditional));
      case 'case':
        return this.withRedirections(this.caseCommand(conditional));
      case 'function':
        this.at += word.length;
        this.skipBlanks(false);
        this.at += /^[^\s(){}]*(?:\s*\(\s*\))?\s*/.exec(this.text.slice(this.at))?.[0].length ?? 0;
        return this.nested(() => this.command(conditional, undefined));
      default:
        return this.simpleCommand(conditional, pipedFrom);
    }
  }

  /** What stands between two reserved words, both of them taken. */
  private block(opening: string, closing: string): ShellNode[] {
    this.at += opening.length;
    const nodes = this.list([closing]);
    this.expect(closing);
    return nodes;
  }

  private ifCommand(conditional: boolean): ShellGroup {
    const nodes = this.block('if', 'then');
    for (;;) {
      nodes.push(this.group(this.list(['elif', 'else', 'fi']), { conditional: true }));
      const word = this.plainWord();
      this.at += word.length;
      if (word === 'elif') nodes.push(this.group(this.block('', 'then'), { conditional: true }));
      else if (word !== 'else') {
        if (word !== 'fi') this.complete = false;
        return this.group(nodes, { conditional });
      }
    }
  }

  private forCommand(word: string, conditional: boolean): ShellGroup {
    this.at += word.length;
    this.skipBlanks(false);
    const head = /^[A-Za-z_]\w*/.exec(this.text.slice(this.at))?.[0] ?? '';
    if (this.text.startsWith('((', this.at)) this.skipUntil('))');
    this.at += head.length;
    while (!this.atEnd() && this.plainWord() !== 'do') this.skipOne();
    return this.group(this.block('do', 'done'), { conditional, loopVariable: head });
  }

  private caseCommand(conditional: boolean): ShellGroup {
    this.at += 'case'.length;
    while (!this.atEnd() && this.plainWord() !== 'in') this.skipOne();
    this.at += 'in'.length;
    const nodes: ShellNode[] = [];
    for (;;) {
      this.skipBlanks(true);
      if (this.atEnd() || this.plainWord() === 'esac') break;
      while (!this.atEnd() && this.text[this.at] !== ')') this.skipOne();
      this.expect(')');
      nodes.push(this.group(this.list(['esac']), { conditional: true }));
      this.at += /^(?:;;&?|;&)?/.exec(this.text.slice(this.at, this.at + 3))?.[0].length ?? 0;
    }
    this.expect('esac');
    return this.group(nodes, { conditional });
  }

  private simpleCommand(conditional: boolean, pipedFrom: ShellCommand | undefined): ShellNode {
    const command: ShellCommand = {
      kind: 'command',
      words: [],
      assignments: [],
      input: [],
      output: [],
      pipedFrom,
      conditional,
      source: '',
    };
    const isTest = this.plainWord() === '[[';
    for (;;) {
      this.skipBlanks(isTest);
      const character = this.text[this.at];
      if (character === undefined) break;
      if (isTest && this.plainWord() === ']]') {
        this.at += 2;
        break;
      }
      if (this.redirection(command)) continue;
      if (ENDS_WORD.has(character) && this.peek(/[<>]\(/y) === '') {
        if (character === '(' && command.words.length === 1 && /^\(\s*\)/.test(this.text.slice(this.at))) {
          this.at = this.text.indexOf(')', this.at) + 1;
          this.skipBlanks(true);
          return this.nested(() => this.command(conditional, undefined));
        }
        if (!isTest) break;
        this.at++;
        continue;
      }
      const assignment = command.words.length > 0 ? null : /^([A-Za-z_]\w*)\+?=/.exec(this.text.slice(this.at));
      if (assignment) this.at += assignment[0].length;
      const word = this.word();
      if (assignment) command.assignments.push({ name: assignment[1] ?? '', value: word });
      else command.words.push(word);
    }
    return command;
  }

  private withRedirections(group: ShellGroup): ShellGroup {
    const sink: Pick<ShellCommand, 'input' | 'output'> = { input: [], output: [] };
    do this.skipBlanks(false);
    while (this.redirection(sink));
    return group;
  }

  private redirection(command: Pick<ShellCommand, 'input' | 'output'>): boolean {
    const head = this.text.slice(this.at, this.at + 24);
    const found = /^(?:\d*|&)(<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)/.exec(head);
    const operator = found?.[1];
    if (!found || operator === undefined || /^\d*[<>]\(/.test(head) || /^&<|^&>[&|]/.test(head)) return false;
    this.at += found[0].length;
    this.skipBlanks(false);
    const target = this.word();
    if (operator === '<<' || operator === '<<-')
      this.heredoc(target, { dash: operator === '<<-', into: command.input });
    if (operator.startsWith('>') && operator !== '>&') command.output.push(target);
    return true;
  }

  private heredoc(target: Word, { dash, into }: { dash: boolean; into: ShellCommand['input'] }): void {
    const apart = this.heredocs[this.nextHeredoc];
    if (apart) {
      this.nextHeredoc++;
      into.push({ text: apart.text, expand: apart.expand });
      return;
    }
    const delimiter = target.map((part) => (part.kind === 'text' ? part.text : part.source)).join('');
    this.pending.push({ delimiter, dash, expand: !target.some(({ quoted }) => quoted), into });
  }

  private readPendingHeredocs(): void {
    for (const { delimiter, dash, expand, into } of this.pending.splice(0)) {
      const lines: string[] = [];
      while (!this.atEnd()) {
        const end = this.text.indexOf('\n', this.at);
        const line = this.text.slice(this.at, end < 0 ? undefined : end);
        this.at = end < 0 ? this.text.length : end + 1;
        const bare = dash ? line.replace(/^\t+/, '') : line;
        if (bare === delimiter) break;
        lines.push(bare);
      }
      into.push({ text: lines.map((line) => `${line}\n`).join(''), expand });
    }
  }

  /** A word up to an unquoted blank or operator. */
  private word(): Word {
    const parts: WordPart[] = [];
    while (!this.atEnd()) {
      const character = this.text[this.at] ?? '';
      if (this.peek(/[<>]\(/y) !== '') parts.push(this.substitution(2, ')'));
      else if (ENDS_WORD.has(character)) break;
      else if (character === "'") parts.push({ kind: 'text', text: this.singleQuoted(), quoted: true });
      else if (character === '"') parts.push(...this.doubleQuoted());
      else if (this.peek(/\$['"]/y) !== '') this.at++;
      else if (character === '$' || character === '`') parts.push(this.expansion(false));
      else if (character === '\\') {
        const next = this.text[this.at + 1] ?? '';
        this.at += 2;
        if (next !== '\n') parts.push({ kind: 'text', text: next, quoted: true });
      } else parts.push({ kind: 'text', text: this.run(/[^\s;&|()<>'"$`\\]+/y), quoted: false });
    }
    return parts;
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) this.complete = false;
    const text = this.text.slice(this.at + 1, end < 0 ? undefined : end);
    this.at = end < 0 ? this.text.length : end + 1;
    return text;
  }

  private doubleQuoted(): WordPart[] {
    this.at++;
    const parts: WordPart[] = [{ kind: 'text', text: '', quoted: true }];
    while (!this.atEnd() && this.text[this.at] !== '"') {
      const character = this.text[this.at];
      if (character === '$' || character === '`') parts.push(this.expansion(true));
      else if (character === '\\') {
        const next = this.text[this.at + 1] ?? '';
        const text = next === '\n' ? '' : /["$`\\]/.test(next) ? next : `\\${next}`;
        parts.push({ kind: 'text', text, quoted: true });
        this.at += 2;
      } else parts.push({ kind: 'text', text: this.run(/[^"$`\\]+/y), quoted: true });
    }
    this.expect('"');
    return parts;
  }

  private expansion(quoted: boolean): WordPart {
    const next = this.text.slice(this.at, this.at + 3);
    if (next.startsWith('`')) return { ...this.substitution(1, '`'), quoted };
    if (next === '$((') return { ...this.substitution(3, '))'), quoted };
    if (next.startsWith('$(')) return { ...this.substitution(2, ')'), quoted };
    if (next.startsWith('${')) return this.braced(quoted);
    const name = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(this.text.slice(this.at, this.at + 256));
    if (!name) {
      this.at++;
      return { kind: 'text', text: '$', quoted };
    }
    this.at += name[0].length;
    return { kind: 'variable', name: name[1] ?? '', operator: '', argument: [], quoted, source: name[0] };
  }

  private braced(quoted: boolean): WordPart {
    const start = this.at;
    this.at += 2;
    const form = /^(#?)([A-Za-z_]\w*|[0-9@*#?$!-])(:?[-=+?]|##|#|%%|%|\/\/|\/)?/.exec(
      this.text.slice(this.at, this.at + 256),
    );
    if (!form) return this.opaqueUntilBrace(start, quoted);
    const [head, length = '', name = '', operator = ''] = form;
    this.at += head.length;
    if (operator === '' && this.text[this.at] !== '}') return this.opaqueUntilBrace(start, quoted);
    const argument = this.nested(() => this.bracedArgument(quoted));
    this.expect('}');
    const source = this.text.slice(start, this.at);
    if (length !== '') return { kind: 'opaque', source, quoted };
    return { kind: 'variable', name, operator, argument, quoted, source };
  }

  private bracedArgument(quoted: boolean): WordPart[] {
    const argument: WordPart[] = [];
    while (!this.atEnd() && this.text[this.at] !== '}') {
      const character = this.text[this.at];
      if (character === '"') argument.push(...this.doubleQuoted());
      else if (character === "'" && !quoted) argument.push({ kind: 'text', text: this.singleQuoted(), quoted: true });
      else if (character === '$' || character === '`') argument.push(this.expansion(quoted));
      else if (character === '\\') {
        argument.push({ kind: 'text', text: this.text[this.at + 1] ?? '', quoted: true });
        this.at += 2;
      } else argument.push({ kind: 'text', text: this.run(quoted ? /[^}"$`\\]+/y : /[^}'"$`\\]+/y), quoted });
    }
    return argument;
  }

  private opaqueUntilBrace(start: number, quoted: boolean): WordPart {
    this.skipUntil('}');
    return { kind: 'opaque', source: this.text.slice(start, this.at), quoted };
  }

  /** `$(…)`, backticks, `<(…)`: taken whole, with their quotes and parentheses. */
  private substitution(opening: number, closing: string): WordPart {
    const start = this.at;
    this.at += opening;
    let open = 0;
    while (!this.atEnd() && !(open === 0 && this.text.startsWith(closing, this.at))) {
      const character = this.text[this.at];
      if (closing !== '`' && character === '(') open++;
      if (closing !== '`' && character === ')') open--;
      if (closing !== '`' && character === "'") this.singleQuoted();
      else if (closing !== '`' && character === '"') this.nested(() => this.doubleQuoted());
      else this.at += character === '\\' ? 2 : 1;
    }
    this.expect(closing);
    return { kind: 'opaque', source: this.text.slice(start, this.at), quoted: false };
  }

  private group(nodes: ShellNode[], options: Partial<ShellGroup>): ShellGroup {
    return { kind: 'group', nodes, subshell: false, conditional: false, loopVariable: undefined, ...options };
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > DEEPEST) this.giveUp();
    const result = read();
    this.depth--;
    return result;
  }

  /** The word here if it has nothing but plain signs, as a reserved word must. */
  private plainWord(): string {
    const word = this.peek(/[A-Za-z0-9_{}![\]]{1,12}/y);
    const next = this.text[this.at + word.length];
    return next === undefined || ENDS_WORD.has(next) ? word : '';
  }

  private peek(form: RegExp): string {
    form.lastIndex = this.at;
    return form.exec(this.text)?.[0] ?? '';
  }

  private run(form: RegExp): string {
    const found = this.peek(form) || (this.text[this.at] ?? '');
    this.at += found.length;
    return found;
  }

  private skipOne(): void {
    const before = this.at;
    this.skipBlanks(true);
    if (this.at > before) return;
    if (ENDS_WORD.has(this.text[this.at] ?? '')) this.at++;
    else this.word();
  }

  /** Blanks, continuations, comments; line ends too where a command may go on after them. */
  private skipBlanks(lineEnds: boolean): void {
    for (;;) {
      this.at += this.peek(/(?:[^\S\n]|\\\r?\n)+/y).length;
      if (this.text[this.at] === '#' && /^$|[\s;&|()]/.test(this.text[this.at - 1] ?? '')) {
        this.at += this.peek(/[^\n]*/y).length;
      } else if (lineEnds && this.text[this.at] === '\n') {
        this.at++;
        this.readPendingHeredocs();
      } else return;
    }
  }

  private skipUntil(closing: string): void {
    const end = this.text.indexOf(closing, this.at);
    if (end < 0) this.giveUp();
    else this.at = end + closing.length;
  }

  private expect(closing: string): void {
    if (this.text.startsWith(closing, this.at)) this.at += closing.length;
    else this.giveUp();
  }

  private giveUp(): void {
    this.complete = false;
    this.at = this.text.length;
  }
}

function lastCommand(group: ShellGroup): ShellCommand | undefined {
  const last = group.nodes.at(-1);
  return last?.kind === 'group' ? lastCommand(last) : last;
}

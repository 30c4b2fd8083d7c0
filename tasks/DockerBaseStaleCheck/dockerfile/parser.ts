import { readJsonArray, readPairs, splitAtBlanks, splitLine, splitWords, type Pair, type SplitLine } from './arguments';
import { directiveReader } from './directives';
import { heredocsOfLine, type Heredoc } from './heredocs';
import { atLine, Refusal } from './refusal';
import { isSpace, trimEndOf, trimStart } from './whitespace';

/** One instruction as it is written; what its words mean is the concern of `instructions.ts`. */
export interface WrittenInstruction {
  /** As written, in any case. */
  keyword: string;
  flags: string[];
  args: string[];
  /** Of ENV and LABEL, in the place of `args`. */
  pairs: Pair[];
  /** The arguments were a JSON array. */
  json: boolean;
  heredocs: Heredoc[];
  /** The logical line: continuations joined, comments inside dropped. */
  original: string;
  line: number;
  /** The last line, heredoc bodies included. */
  endLine: number;
}

export interface WrittenDockerfile {
  escape: string;
  instructions: WrittenInstruction[];
}

/** Go's bufio.MaxScanTokenSize: BuildKit reads no longer line, its newline included. */
const MAX_LINE_BYTES = 65_536;

/**
 * Splits a Dockerfile into instructions as BuildKit's parser does (frontend/dockerfile/parser): directives, byte-order
 * mark, continuations, comments and blank lines inside them, heredocs. Throws a Refusal.
 */
export function parseDockerfile(text: string): WrittenDockerfile {
  if (text === '') throw new Refusal('the Dockerfile cannot be empty');
  const { lines, tooLong } = physicalLines(text);
  const readDirective = directiveReader();
  const instructions: WrittenInstruction[] = [];
  let escape = '\\';
  let at = 0;
  if (lines[0]?.startsWith('\uFEFF')) lines[0] = lines[0].slice(1);

  /** The next line without its end and, where the line is a comment, without anything. */
  const nextLine = (stripStart: boolean): string => {
    const bare = trimNewline(lines[at++] ?? '');
    const line = stripStart ? trimStart(bare) : bare;
    const directive = atLine(at, false, () => readDirective(line));
    if (directive?.name === 'escape') escape = atLine(at, false, () => checkEscape(directive.value));
    return isComment(line) ? '' : line;
  };

  while (at < lines.length) {
    const first = cutContinuation(nextLine(true), escape);
    const line = at;
    if (!first.continues && first.content === '') continue;
    let original = first.content;
    let { continues } = first;
    while (continues && at < lines.length) {
      const next = nextLine(false);
      if (trimStart(next) === '') continue;
      const more = cutContinuation(next, escape);
      original += more.content;
      continues = more.continues;
    }
    const { arguments: written, heredocKeyword } = atLine(line, false, () => readArguments(original, escape));
    const heredocs = heredocKeyword && original.includes('<<') ? atLine(line, false, () => readHeredocs(original)) : [];
    instructions.push({ ...written, heredocs, original, line, endLine: at });
  }
  if (instructions.length === 0) throw new Refusal('file with no instructions', at);
  if (tooLong) throw new Refusal(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES - 1}`, at + 1);
  return { escape, instructions };

  function readHeredocs(source: string): Heredoc[] {
    return heredocsOfLine(source).map((heredoc) => {
      const start = at;
      for (;;) {
        if (at >= lines.length) throw new Refusal('unterminated heredoc');
        const bare = trimNewline(lines[at++] ?? '');
        if ((heredoc.stripTabs ? bare.replace(/^\t+/, '') : bare) === heredoc.name) break;
      }
      return { ...heredoc, line: start + 1, text: lines.slice(start, at - 1).join('') };
    });
  }
}

/** Lines with their newline, up to the first one that is too long. */
function physicalLines(text: string): { lines: string[]; tooLong: boolean } {
  const lines: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start) + 1;
    const line = text.slice(start, end || text.length);
    // A last line without newline needs one byte of room more.
    if (line.length * 3 >= MAX_LINE_BYTES && Buffer.byteLength(line) + (end ? 0 : 1) > MAX_LINE_BYTES) {
      return { lines, tooLong: true };
    }
    lines.push(line);
    start = end || text.length;
  }
  return { lines, tooLong: false };
}

function checkEscape(value: string): string {
  if (value !== '\\' && value !== '`') throw new Refusal(`invalid escape token '${value}' does not match \` or \\`);
  return value;
}

function trimNewline(line: string): string {
  return trimEndOf(line, (character) => character === '\r' || character === '\n');
}

function isComment(line: string): boolean {
  let at = 0;
  while (at < line.length && isSpace(line.charAt(at))) at++;
  return line.charAt(at) === '#';
}

/**
 * The line without the escape at its end that continues it, if it has one. Of two escapes at the end none continues; of
 * three neither, as BuildKit looks one character back only.
 */
function cutContinuation(line: string, escape: string): { content: string; continues: boolean } {
  const bare = trimEndOf(line, (character) => character === ' ' || character === '\t');
  const continues = bare.endsWith(escape) && bare.charAt(bare.length - 2) !== escape;
  return continues ? { content: bare.slice(0, -1), continues } : { content: line, continues };
}

type Arguments = Pick<WrittenInstruction, 'keyword' | 'flags' | 'args' | 'pairs' | 'json'>;

interface ReadArguments {
  arguments: Arguments;
  /** Heredocs are looked for in this instruction. */
  heredocKeyword: boolean;
}

/** ONBUILD in ONBUILD is refused anyway: no need to follow it to the bottom of the stack. */
const MAX_TRIGGERS = 20;

function readArguments(line: string, escape: string, depth = 0): ReadArguments {
  const split = splitLine(line, escape);
  const keyword = split.keyword.toLowerCase();
  if (keyword === 'onbuild' && split.rest !== '' && depth < MAX_TRIGGERS) {
    const trigger = readArguments(split.rest, escape, depth + 1);
    const { keyword: triggerKeyword, args, json } = trigger.arguments;
    // Of the trigger only its own JSON form decides about heredocs; ONBUILD itself has none.
    return {
      arguments: { ...plain(split), args: [triggerKeyword, ...args] },
      heredocKeyword: isHeredocKeyword(triggerKeyword) && !json,
    };
  }
  const read = { ...plain(split), ...readWords(keyword, split.rest, escape) };
  return { arguments: read, heredocKeyword: isHeredocKeyword(keyword) && !read.json };
}

function plain({ keyword, flags }: SplitLine): Arguments {
  return { keyword, flags, args: [], pairs: [], json: false };
}

function isHeredocKeyword(keyword: string): boolean {
  return ['add', 'copy', 'run'].includes(keyword.toLowerCase());
}

function readWords(keyword: string, rest: string, escape: string): Partial<Arguments> {
  switch (keyword) {
    case 'env':
      return { pairs: readPairs(rest, 'ENV', escape) };
    case 'label':
      return { pairs: readPairs(rest, 'LABEL', escape) };
    case 'arg':
      return { args: splitWords(rest, escape) };
    case 'from':
    case 'expose':
      return { args: splitAtBlanks(rest) };
    case 'add':
    case 'copy':
    case 'volume':
      return jsonOr(rest, splitAtBlanks);
    case 'run':
    case 'cmd':
    case 'entrypoint':
    case 'shell':
      return jsonOr(rest, whole);
    case 'healthcheck':
      return readHealthcheck(rest);
    default:
      return { args: whole(rest) };
  }
}

function whole(rest: string): string[] {
  return rest === '' ? [] : [rest];
}

function jsonOr(rest: string, read: (rest: string) => string[]): Partial<Arguments> {
  const items = readJsonArray(rest);
  return items ? { args: items, json: true } : { args: read(rest) };
}

function readHealthcheck(rest: string): Partial<Arguments> {
  let end = 0;
  while (end < rest.length && !isSpace(rest.charAt(end))) end++;
  if (end === 0) return { args: [] };
  const command = jsonOr(trimStart(rest.slice(end)), whole);
  return { ...command, args: [rest.slice(0, end), ...(command.args ?? [])] };
}

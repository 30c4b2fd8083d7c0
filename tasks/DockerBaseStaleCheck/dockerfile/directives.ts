import { Refusal } from './refusal';
import { trimEndOf, trimStart } from './whitespace';

export interface Directive {
  name: 'syntax' | 'escape' | 'check';
  value: string;
}

/** Go's `\s` inside a regular expression. */
function isPatternSpace(character: string): boolean {
  return character !== '' && '\t\n\f\r '.includes(character);
}

/**
 * A reader of the parser directives at the head of a file, to be called with each line until it has seen the last one:
 * an ordinary comment, an unknown key, a blank line and an instruction end the block. Throws on a repeated directive.
 * (BuildKit parser/directives.go)
 */
export function directiveReader(commentMark: '#' | '//' = '#'): (line: string) => Directive | undefined {
  const seen = new Set<string>();
  let done = false;
  return (line) => {
    if (done) return undefined;
    const directive = line.startsWith(commentMark) ? readDirective(line.slice(commentMark.length)) : undefined;
    if (!directive) {
      done = true;
      return undefined;
    }
    if (seen.has(directive.name)) throw new Refusal(`only one ${directive.name} parser directive can be used`);
    seen.add(directive.name);
    return directive;
  };
}

function readDirective(comment: string): Directive | undefined {
  const match = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=/.exec(trimStart(comment));
  const name = match?.[1]?.toLowerCase();
  if (!match || (name !== 'syntax' && name !== 'escape' && name !== 'check')) return undefined;
  const rest = trimStart(comment).slice(match[0].length);
  if (rest === '') return undefined;
  let start = 0;
  // The last character belongs to the value even if it is a blank: the value cannot be empty.
  while (start < rest.length - 1 && isPatternSpace(rest.charAt(start))) start++;
  return { name, value: trimEndOf(rest.slice(start), isPatternSpace) || rest.slice(-1) };
}

/**
 * The frontend image that the file asks for, and the line: `# syntax=` in the first lines, else `// syntax=`, else a JSON
 * file's `syntax`. A first line that starts with `#!` is stepped over. (BuildKit parser.DetectSyntax)
 */
export function detectSyntax(text: string): { written: string; line: number } | undefined {
  let body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let skipped = 0;
  if (body.startsWith('#!')) {
    const end = body.indexOf('\n');
    body = end < 0 ? '' : body.slice(end + 1);
    skipped = 1;
  }
  return syntaxIn(body, '#', skipped) ?? syntaxIn(body, '//', skipped) ?? syntaxOfJson(body);
}

function syntaxIn(body: string, mark: '#' | '//', skipped: number): { written: string; line: number } | undefined {
  const read = directiveReader(mark);
  let start = 0;
  for (let line = skipped + 1; start < body.length; line++) {
    const end = body.indexOf('\n', start);
    const content = body.slice(start, end < 0 ? body.length : end);
    try {
      const directive = read(content.endsWith('\r') ? content.slice(0, -1) : content);
      if (!directive) return undefined;
      if (directive.name === 'syntax') return { written: directive.value.split(' ', 1)[0] ?? '', line };
    } catch {
      // A repeated directive is the parser's to refuse.
      return undefined;
    }
    if (end < 0) return undefined;
    start = end + 1;
  }
  return undefined;
}

function syntaxOfJson(body: string): { written: string; line: number } | undefined {
  if (!trimStart(body).startsWith('{')) return undefined;
  try {
    const value = (JSON.parse(body) as { syntax?: unknown }).syntax;
    return typeof value === 'string' ? { written: value, line: 1 } : undefined;
  } catch {
    return undefined;
  }
}

/** A value in R code as far as it stands there: texts (with their names, as in `c(CRAN = '…')`), a word such as NULL or TRUE, or unknown. */
export type RValue =
  | { kind: 'texts'; items: { name: string; text: string }[] }
  | { kind: 'word'; text: string }
  | { kind: 'unknown'; source: string };

/** A call with its arguments in order; the name is without the package (`remotes::install_github`). */
export interface RCall {
  name: string;
  args: { name: string; value: RValue }[];
}

interface Token {
  kind: 'text' | 'name' | 'sign';
  text: string;
  at: number;
}

const DEEPEST = 60;
const TOKEN =
  /\s+|#[^\n]*|[rR]"\(([^]*?)\)"|"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|((?:[A-Za-z.][\w.]*:::?)?[A-Za-z.][\w.]*)|(<<?-|->|==|[^])/gy;

/**
 * All calls in R code, the inner ones before the outer, each as often as it stands there. Names that are assigned
 * texts (`p <- c('a', 'b')`) are known afterwards; nothing is run. Never throws.
 */
export function readRCalls(code: string): RCall[] {
  const tokens = tokenize(code);
  const reading: Reading = { tokens, at: 0, depth: 0, calls: [], variables: new Map(), code };
  while (reading.at < tokens.length) {
    const name = tokens[reading.at];
    const next = tokens[reading.at + 1];
    if (name?.kind === 'name' && next?.kind === 'sign' && ['<-', '=', '<<-'].includes(next.text)) {
      reading.at += 2;
      reading.variables.set(name.text, readValue(reading));
    } else {
      readValue(reading);
      // What ends no value (`;`, `}`) is stepped over.
      if (reading.at < tokens.length) reading.at++;
    }
  }
  return reading.calls;
}

interface Reading {
  tokens: Token[];
  at: number;
  depth: number;
  calls: RCall[];
  variables: Map<string, RValue>;
  code: string;
}

function tokenize(code: string): Token[] {
  const tokens: Token[] = [];
  for (const found of code.matchAll(TOKEN)) {
    const [, raw, double, single, name, sign] = found;
    const text = raw ?? (double ?? single)?.replace(/\\([^])/g, '$1');
    if (text !== undefined) tokens.push({ kind: 'text', text, at: found.index });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at: found.index });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at: found.index });
  }
  return tokens;
}

/** Reads tokens up to the end of an argument or of a line of thought; only a value which stands alone is known. */
function readValue(reading: Reading): RValue {
  const start = reading.tokens[reading.at]?.at ?? 0;
  let value: RValue | undefined;
  let count = 0;
  let open = 0;
  for (; reading.at < reading.tokens.length; count++) {
    const token = reading.tokens[reading.at];
    const sign = token?.kind === 'sign' ? token.text : '';
    if (open === 0 && /^[,);}]$/.test(sign)) break;
    if (count > 0 && open === 0 && isAssignment(reading)) break;
    if (/^[([{]$/.test(sign)) open++;
    if (/^[)\]}]$/.test(sign)) open--;
    const next = readOne(reading);
    value = count === 0 ? next : undefined;
  }
  return value ?? { kind: 'unknown', source: reading.code.slice(start, reading.tokens[reading.at]?.at).trim() };
}

function isAssignment({ tokens, at }: Reading): boolean {
  return tokens[at]?.kind === 'name' && /^<<?-$/.test(tokens[at + 1]?.text ?? '') && tokens[at + 1]?.kind === 'sign';
}

function readOne(reading: Reading): RValue {
  const token = reading.tokens[reading.at++];
  if (!token) return { kind: 'unknown', source: '' };
  if (token.kind === 'text') return { kind: 'texts', items: [{ name: '', text: token.text }] };
  const next = reading.tokens[reading.at];
  if (token.kind === 'name' && next?.kind === 'sign' && next.text === '(') return readCall(reading, token.text);
  if (token.kind === 'name') return reading.variables.get(token.text) ?? { kind: 'word', text: token.text };
  return { kind: 'unknown', source: token.text };
}

function readCall(reading: Reading, written: string): RValue {
  const name = written.replace(/^.*:/, '');
  const args: RCall['args'] = [];
  reading.at++;
  if (++reading.depth > DEEPEST) reading.at = reading.tokens.length;
  while (reading.at < reading.tokens.length && !isSign(reading, ')')) {
    if (isSign(reading, ',') || isSign(reading, ';') || isSign(reading, '}')) {
      reading.at++;
      continue;
    }
    const [first, second] = reading.tokens.slice(reading.at, reading.at + 2);
    const isNamed = first?.kind !== 'sign' && second?.kind === 'sign' && second.text === '=';
    if (isNamed) reading.at += 2;
    args.push({ name: isNamed ? (first?.text ?? '') : '', value: readValue(reading) });
  }
  reading.at++;
  reading.depth--;
  reading.calls.push({ name, args });
  return /^(?:c|list|unlist|as\.character)$/.test(name) ? joined(args) : { kind: 'unknown', source: `${written}(…)` };
}

function isSign({ tokens, at }: Reading, sign: string): boolean {
  return tokens[at]?.kind === 'sign' && tokens[at].text === sign;
}

function joined(args: RCall['args']): RValue {
  const items: { name: string; text: string }[] = [];
  for (const { name, value } of args) {
    if (value.kind === 'unknown' || (value.kind === 'word' && value.text !== 'NULL')) {
      return { kind: 'unknown', source: value.kind === 'word' ? value.text : value.source };
    }
    if (value.kind === 'texts') items.push(...value.items.map((item) => ({ ...item, name: item.name || name })));
  }
  return { kind: 'texts', items };
}

/** A value in R code as far as it stands there: texts (with their names, as in `c(CRAN = '…')`), a word such as NULL or TRUE, or unknown. */
export type RValue =
  | { kind: 'texts'; items: { name: string; text: string }[] }
  | { kind: 'word'; text: string }
  | { kind: 'unknown'; source: string };

/** A call with its arguments in order; of `remotes::install_github(…)` the package is `remotes`. */
export interface RCall {
  package: string;
  name: string;
  args: { name: string; value: RValue }[];
}

interface Token {
  kind: 'text' | 'name' | 'sign';
  text: string;
  at: number;
  startsLine: boolean;
}

const LONGEST = 50_000;
const DEEPEST = 60;
const TOKEN =
  /\s+|#[^\n]*|[rR]"\(([^]*?)\)"|"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|((?:[A-Za-z.][\w.]*:::?)?[A-Za-z.][\w.]*)|(<<?-|->|==|[^])/gy;

/**
 * All calls in R code, the inner ones before the outer, each as often as it stands there. Names that are assigned
 * texts (`p <- c('a', 'b')`) are known afterwards; nothing is run. Never throws; code that is very long has no calls.
 */
export function readRCalls(code: string): RCall[] {
  const tokens = code.length > LONGEST ? [] : tokenize(code);
  const reading: Reading = { tokens, at: 0, depth: 0, nesting: 0, calls: [], variables: new Map(), code };
  while (reading.at < tokens.length) {
    const name = tokens[reading.at];
    reading.at++;
    if (name?.kind === 'name' && isSign(reading, '=')) assign(reading, name.text);
    else if (name?.kind !== 'sign') {
      reading.at--;
      readValue(reading);
    }
  }
  return reading.calls;
}

interface Reading {
  tokens: Token[];
  at: number;
  /** Calls that are open: in them a line's end ends nothing. */
  depth: number;
  /** Assignments that are open. */
  nesting: number;
  calls: RCall[];
  variables: Map<string, RValue>;
  code: string;
}

function tokenize(code: string): Token[] {
  const tokens: Token[] = [];
  let startsLine = true;
  for (const found of code.matchAll(TOKEN)) {
    const [all, raw, double, single, name, sign] = found;
    const text = raw ?? (double ?? single)?.replace(/\\([^])/g, '$1') ?? name ?? sign;
    const kind = name !== undefined ? 'name' : sign !== undefined ? 'sign' : 'text';
    if (text !== undefined) tokens.push({ kind, text, at: found.index, startsLine });
    startsLine = text === undefined && (startsLine || all.includes('\n'));
  }
  return tokens;
}

/** Reads up to the end of an argument or of a line; only a value which stands alone is known. */
function readValue(reading: Reading): RValue {
  const start = reading.tokens[reading.at]?.at ?? 0;
  let value: RValue | undefined;
  let open = 0;
  for (let count = 0; reading.at < reading.tokens.length; count++) {
    const token = reading.tokens[reading.at];
    const sign = token?.kind === 'sign' ? token.text : '';
    if (open === 0 && /^[,);}]$/.test(sign)) break;
    if (count > 0 && open === 0 && reading.depth === 0 && token?.startsLine) break;
    if (/^[([{]$/.test(sign)) open++;
    if (/^[)\]}]$/.test(sign)) open--;
    const next = readOne(reading);
    value = count === 0 ? next : undefined;
  }
  return value ?? { kind: 'unknown', source: reading.code.slice(start, reading.tokens[reading.at]?.at).trim() };
}

function readOne(reading: Reading): RValue {
  const token = reading.tokens[reading.at++];
  if (!token) return { kind: 'unknown', source: '' };
  if (token.kind === 'text') return { kind: 'texts', items: [{ name: '', text: token.text }] };
  if (token.kind === 'sign') return { kind: 'unknown', source: token.text };
  if (isSign(reading, '(')) return readCall(reading, token.text);
  if (isSign(reading, '<-') || isSign(reading, '<<-')) return assign(reading, token.text);
  return reading.variables.get(token.text) ?? { kind: 'word', text: token.text };
}

function assign(reading: Reading, name: string): RValue {
  reading.at++;
  if (++reading.nesting > DEEPEST) reading.at = reading.tokens.length;
  const value = readValue(reading);
  reading.nesting--;
  reading.variables.set(name, value);
  return value;
}

function readCall(reading: Reading, written: string): RValue {
  const [, from = '', name = written] = /^(?:([\w.]+):::?)?([\w.]+)$/.exec(written) ?? [];
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
  reading.calls.push({ package: from, name, args });
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

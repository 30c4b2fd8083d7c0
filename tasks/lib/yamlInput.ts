import type * as Yaml from 'yaml';
import type { Document, Node, Scalar } from 'yaml';
import { UserError } from './errors';
import { text as withoutMacro, type Read } from './inputs';

/**
 * A value of a YAML input. Scalars keep the author's own writing, so that `1.10`, `007` and `12e4567` arrive as they were typed;
 * `plain` says that there were no quotes, which is what makes `true` a boolean in JSON.
 */
export type YamlValue =
  | { kind: 'scalar'; text: string; plain: boolean }
  | { kind: 'list'; items: YamlValue[] }
  | { kind: 'map'; entries: Map<string, YamlValue> };

export type YamlMap = Map<string, YamlValue>;

type Visit = typeof Yaml.visit;

const NAME_AND_VALUE = /^[A-Za-z_][\w.-]*=/;
const JSON_WORDS = new Set(['true', 'false', 'null']);
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const MOST_NODES = 200_000;
const DEEPEST = 200;

/** A map; or `name=value` lines, when every line that is not blank is one. */
export async function readYamlMap(read: Read, name: string): Promise<YamlMap> {
  const text = read(name);
  if (text === undefined) return new Map();
  const lines = (restoreIndentation(text) ?? text).split(/\r?\n/).filter((line) => line.trim());
  if (lines.every((line) => NAME_AND_VALUE.test(line))) return readLines(lines, name);
  const value = await readYaml(text, name);
  // Nothing but comments, as in a block whose entries were commented out.
  if (value.kind === 'scalar' && value.plain && !value.text) return new Map();
  if (value.kind !== 'map')
    throw new UserError(`${name}: a YAML map 'name: value' is wanted, this is a ${value.kind}.`);
  return value.entries;
}

/** A YAML list of scalars, or names separated by commas or lines. */
export async function readNames(read: Read, name: string): Promise<string[]> {
  const text = read(name);
  if (text === undefined) return [];
  if (!/^(- |\[|\{.*:.*\}$)/s.test(text)) {
    const names = text
      .split(/[,\n]/)
      .map((item) => item.trim())
      .filter(Boolean);
    for (const item of names) withoutMacro(() => item, name);
    return names;
  }
  const value = await readYaml(text, name);
  if (value.kind !== 'list') throw new UserError(`${name}: a list is wanted, this is a ${value.kind}.`);
  return value.items.map((item) => {
    if (item.kind !== 'scalar')
      throw new UserError(`${name}: a list of names is wanted, one of its items is a ${item.kind}.`);
    return item.text;
  });
}

/** Any YAML. Throws `UserError` with line and column for what is none, or has a key twice. */
export async function readYaml(text: string, name: string): Promise<YamlValue> {
  // Loaded on demand: most of what a task does before its first request needs no YAML.
  const yaml = await import('yaml');
  const parse = (source: string) =>
    yaml.parseDocument(source, { schema: 'failsafe', uniqueKeys: true, prettyErrors: false, strict: true });
  let document = parse(text);
  if (document.errors.length || foldsFirstLine(document, text, yaml.visit)) {
    const mended = restoreIndentation(text);
    const second = mended === undefined ? undefined : parse(mended);
    if (second && !second.errors.length) document = second;
  }
  const wrong = (offset: number, why: string) => {
    const { line, column } = position(text, offset);
    return new UserError(`${name}: no valid YAML at line ${line}, column ${column}: ${why}`);
  };
  const [error] = document.errors;
  if (error) throw wrong(error.pos[0], reason(error.code, error.message));
  let nodes = 0;
  let depth = 0;
  const convert = (node: unknown): YamlValue => {
    if (++nodes > MOST_NODES) throw new UserError(`${name}: more than ${MOST_NODES} values.`);
    // An alias may stand for what it stands in.
    if (depth >= DEEPEST) throw new UserError(`${name}: values are nested more than ${DEEPEST} deep.`);
    depth++;
    const value = converted(node);
    depth--;
    return value;
  };
  const converted = (node: unknown): YamlValue => {
    const resolved = yaml.isAlias(node) ? node.resolve(document) : node;
    if (yaml.isAlias(node) && !resolved)
      throw wrong(node.range?.[0] ?? 0, `there is no anchor '&${node.source}'; quote a text that starts with '*'.`);
    if (yaml.isMap(resolved)) {
      return {
        kind: 'map',
        entries: new Map(resolved.items.map((pair) => [keyText(pair.key, name), convert(pair.value)])),
      };
    }
    if (yaml.isSeq(resolved)) return { kind: 'list', items: resolved.items.map(convert) };
    const scalar = resolved as Scalar | null | undefined;
    const plain = scalar?.type === undefined || scalar.type === 'PLAIN';
    const written = scalar?.value;
    return { kind: 'scalar', text: typeof written === 'string' ? written : '', plain };
  };
  return convert(document.contents);
}

/** The value as one text: a scalar as it was written, a list or map as JSON. Undefined for a plain `null`: not given. */
export function textOfValue(value: YamlValue): string | undefined {
  if (value.kind !== 'scalar') return jsonOfValue(value);
  return value.plain && value.text === 'null' ? undefined : value.text;
}

/** JSON text in which digits stay as they were written; what is no JSON number is a string. */
export function jsonOfValue(value: YamlValue): string {
  switch (value.kind) {
    case 'scalar':
      return value.plain && (JSON_WORDS.has(value.text) || JSON_NUMBER.test(value.text))
        ? value.text
        : JSON.stringify(value.text);
    case 'list':
      return `[${value.items.map(jsonOfValue).join(',')}]`;
    case 'map':
      return `{${[...value.entries].map(([key, item]) => `${JSON.stringify(key)}:${jsonOfValue(item)}`).join(',')}}`;
  }
}

/** Names to texts; values that are a plain `null` are left out. */
export function textsOf(map: YamlMap): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of map) {
    const text = textOfValue(value);
    if (text !== undefined) texts[key] = text;
  }
  return texts;
}

function readLines(lines: string[], name: string): YamlMap {
  const map: YamlMap = new Map();
  for (const [index, line] of lines.entries()) {
    const at = line.indexOf('=');
    const key = line.slice(0, at);
    if (map.has(key)) throw new UserError(`${name}: line ${index + 1}: the name '${key}' stands twice.`);
    map.set(key, { kind: 'scalar', text: line.slice(at + 1), plain: false });
  }
  return map;
}

function keyText(key: unknown, name: string): string {
  const value = (key as Scalar | null)?.value;
  if (typeof value !== 'string' && value !== null)
    throw new UserError(`${name}: a key must be a name, not a list or a map.`);
  return value ?? '';
}

/**
 * The agent trims inputs, so a block that was indented as a whole arrives with its first line at column 1 only. YAML then takes the
 * second line for a continuation of the first value: sometimes an error, sometimes a silent 'a - b'.
 */
function foldsFirstLine(document: Document, text: string, visit: Visit): boolean {
  const firstEnd = text.indexOf('\n');
  if (firstEnd < 0) return false;
  let folds = false;
  visit(document, {
    Scalar(_, node: Node & { type?: string }) {
      const [from = 0, to = 0] = node.range ?? [];
      if (node.type === 'PLAIN' && from < firstEnd && to > firstEnd + 1 && text.slice(firstEnd, to).trim())
        folds = true;
    },
  });
  return folds;
}

/** The text with the indentation of its other lines taken away; undefined where the first line did not lose any. */
function restoreIndentation(text: string): string | undefined {
  const [first = '', ...rest] = text.split(/\r?\n/);
  // Tabs are no indentation in YAML: what they were meant to say is not ours to guess.
  const indents = rest.filter((line) => line.trim()).map((line) => / */.exec(line)?.[0].length ?? 0);
  const common = Math.min(...indents);
  if (!indents.length || common === 0 || first.startsWith(' ')) return undefined;
  return [first, ...rest.map((line) => line.slice(common))].join('\n');
}

function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

function reason(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'a key stands twice.';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins.';
  if (message.includes('call stack')) return 'values are nested too deep.';
  return `${message.replace(/\s+/g, ' ').trim().replace(/\.$/, '')}.`;
}

import { isMap, textOf } from './json';

/** Gives the value behind a dotted name such as `parameters.image`, and runs the functions that know the run (`succeeded`). */
export interface ExpressionContext {
  lookUp(path: string[]): unknown;
  call?(name: string, args: unknown[]): unknown;
}

interface Scanner {
  text: string;
  at: number;
}

/**
 * Evaluates an expression of Azure Pipelines (`and(succeeded(), eq(variables['x'], 'y'))`); names and texts compare without
 * regard to case as the service does. Throws an Error that names what it cannot read.
 * https://learn.microsoft.com/azure/devops/pipelines/process/expressions
 */
export function evaluate(text: string, context: ExpressionContext): unknown {
  const scanner: Scanner = { text, at: 0 };
  const value = readValue(scanner, context);
  skipBlanks(scanner);
  if (scanner.at < text.length) throw new Error(`Unexpected symbol: '${text.slice(scanner.at)}' within '${text}'`);
  return value;
}

/** What counts as true: everything but false, 0, null and the empty text. */
export function isTruthy(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return value !== false && value !== 0 && value !== null && value !== undefined;
}

/** How a value is written where an expression stands inside a text. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(value) : textOf(value);
}

function skipBlanks(scanner: Scanner): void {
  while (/\s/.test(scanner.text.charAt(scanner.at))) scanner.at++;
}

function take(scanner: Scanner, pattern: RegExp): string | undefined {
  skipBlanks(scanner);
  const match = pattern.exec(scanner.text.slice(scanner.at));
  if (match?.index !== 0) return undefined;
  scanner.at += match[0].length;
  return match[0];
}

function readValue(scanner: Scanner, context: ExpressionContext): unknown {
  const quoted = take(scanner, /'(?:[^']|'')*'/);
  if (quoted !== undefined) return quoted.slice(1, -1).replaceAll("''", "'");
  const number = take(scanner, /-?\d+(\.\d+)*/);
  if (number !== undefined) return /^-?\d+(\.\d+)?$/.test(number) ? Number(number) : number;
  const name = take(scanner, /[A-Za-z_][\w-]*/);
  if (name === undefined) {
    throw new Error(`Unexpected symbol: '${scanner.text.slice(scanner.at)}' within '${scanner.text}'`);
  }
  if (take(scanner, /\(/) !== undefined) return callFunction(name, readArguments(scanner, context), context);
  switch (name.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      return context.lookUp(readPath(name, scanner, context));
  }
}

function readArguments(scanner: Scanner, context: ExpressionContext): unknown[] {
  const args: unknown[] = [];
  if (take(scanner, /\)/) !== undefined) return args;
  for (;;) {
    args.push(readValue(scanner, context));
    const next = take(scanner, /[,)]/);
    if (next === ')') return args;
    if (next === undefined) throw new Error(`Expected ',' or ')' within '${scanner.text}'`);
  }
}

function readPath(first: string, scanner: Scanner, context: ExpressionContext): string[] {
  const path = [first];
  for (;;) {
    const dotted = take(scanner, /\.[A-Za-z_][\w-]*/);
    if (dotted !== undefined) {
      path.push(dotted.slice(1));
      continue;
    }
    if (take(scanner, /\[/) === undefined) return path;
    path.push(printed(readValue(scanner, context)));
    if (take(scanner, /\]/) === undefined) throw new Error(`Expected ']' within '${scanner.text}'`);
  }
}

function same(left: unknown, right: unknown): boolean {
  if (typeof left === 'number') return left === Number(right);
  if (typeof left === 'boolean')
    return left === (typeof right === 'boolean' ? right : printed(right).toLowerCase() === 'true');
  return printed(left).toLowerCase() === printed(right).toLowerCase();
}

function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number') return left - Number(right);
  return printed(left).toLowerCase().localeCompare(printed(right).toLowerCase());
}

const functions: Record<string, (args: unknown[]) => unknown> = {
  and: (args) => args.every(isTruthy),
  or: (args) => args.some(isTruthy),
  not: ([value]) => !isTruthy(value),
  xor: ([left, right]) => isTruthy(left) !== isTruthy(right),
  eq: ([left, right]) => same(left, right),
  ne: ([left, right]) => !same(left, right),
  gt: ([left, right]) => compare(left, right) > 0,
  ge: ([left, right]) => compare(left, right) >= 0,
  lt: ([left, right]) => compare(left, right) < 0,
  le: ([left, right]) => compare(left, right) <= 0,
  in: ([value, ...list]) => list.some((item) => same(value, item)),
  notin: ([value, ...list]) => !list.some((item) => same(value, item)),
  contains: ([text, part]) => printed(text).toLowerCase().includes(printed(part).toLowerCase()),
  startswith: ([text, part]) => printed(text).toLowerCase().startsWith(printed(part).toLowerCase()),
  endswith: ([text, part]) => printed(text).toLowerCase().endsWith(printed(part).toLowerCase()),
  containsvalue: ([list, value]) =>
    (isMap(list) ? Object.values(list) : Array.isArray(list) ? (list as unknown[]) : []).some((item) =>
      same(item, value),
    ),
  coalesce: (args) => args.find((value) => printed(value) !== ''),
  lower: ([text]) => printed(text).toLowerCase(),
  upper: ([text]) => printed(text).toUpperCase(),
  trim: ([text]) => printed(text).trim(),
  length: ([value]) => (Array.isArray(value) ? value.length : printed(value).length),
  join: ([separator, list]) => (Array.isArray(list) ? list.map(printed).join(printed(separator)) : printed(list)),
  replace: ([text, from, to]) => printed(text).replaceAll(printed(from), printed(to)),
  split: ([text, separator]) => printed(text).split(printed(separator)),
  format: ([text, ...values]) =>
    printed(text).replace(/\{(\d+)\}/g, (_, index: string) => printed(values[Number(index)])),
  converttojson: ([value]) => JSON.stringify(value, null, 2),
};

function callFunction(name: string, args: unknown[], context: ExpressionContext): unknown {
  const known = functions[name.toLowerCase()];
  if (known) return known(args);
  const value = context.call?.(name.toLowerCase(), args);
  if (value === undefined) throw new Error(`Unrecognized value: '${name}'`);
  return value;
}

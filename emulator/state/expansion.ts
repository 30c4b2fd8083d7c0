import { evaluate, isTruthy, printed, type ExpressionContext } from './expression';
import { isMap, type Json } from './json';

type Scope = Record<string, unknown>;

const directive = /^\$\{\{\s*(if|elseif|else|each|insert)\b\s*(.*?)\s*\}\}$/s;
const wholeExpression = /^\$\{\{([^}]*(?:\}[^}]+)*)\}\}$/s;
const innerExpression = /\$\{\{(.*?)\}\}/gs;

/**
 * Carries out the `${{ }}` expressions of a parsed YAML document, with `if`, `elseif`, `else`, `each` and `insert`.
 * Throws an Error for an expression that cannot be read.
 * https://learn.microsoft.com/azure/devops/pipelines/process/template-expressions
 */
export function expand(node: unknown, scope: Scope): unknown {
  if (typeof node === 'string') return expandText(node, scope);
  if (Array.isArray(node)) return expandList(node as unknown[], scope);
  if (isMap(node)) return expandMap(node, scope);
  return node;
}

function contextOf(scope: Scope): ExpressionContext {
  return {
    lookUp(path) {
      let value: unknown = scope;
      for (const key of path) {
        if (!isMap(value) && !Array.isArray(value)) return undefined;
        const names = Object.keys(value);
        const name = names.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
        value = name === undefined ? undefined : (value as Json)[name];
      }
      return value;
    },
  };
}

function expandText(text: string, scope: Scope): unknown {
  const whole = wholeExpression.exec(text.trim());
  if (whole?.[1] !== undefined && !whole[1].includes('${{')) return evaluate(whole[1].trim(), contextOf(scope));
  return text.replace(innerExpression, (_, inner: string) => printed(evaluate(inner.trim(), contextOf(scope))));
}

interface Directive {
  kind: string;
  rest: string;
  body: unknown;
}

function directiveOf(key: string, body: unknown): Directive | undefined {
  const match = directive.exec(key);
  return match ? { kind: match[1] ?? '', rest: match[2] ?? '', body } : undefined;
}

/** The bodies that a directive stands for, with the scope that each is to be expanded in. */
function chosen(found: Directive, scope: Scope, previousTaken: boolean): { body: unknown; scope: Scope }[] {
  switch (found.kind) {
    case 'if':
      return isTruthy(evaluate(found.rest, contextOf(scope))) ? [{ body: found.body, scope }] : [];
    case 'elseif':
      return !previousTaken && isTruthy(evaluate(found.rest, contextOf(scope))) ? [{ body: found.body, scope }] : [];
    case 'else':
      return previousTaken ? [] : [{ body: found.body, scope }];
    case 'each': {
      const [name = '', list = ''] = found.rest.split(/\s+in\s+/);
      const items = evaluate(list, contextOf(scope));
      const values = isMap(items)
        ? Object.entries(items).map(([key, value]) => ({ key, value }))
        : Array.isArray(items)
          ? (items as unknown[])
          : [];
      return values.map((value) => ({ body: found.body, scope: { ...scope, [name]: value } }));
    }
    default:
      return [{ body: found.body, scope }];
  }
}

function expandList(list: unknown[], scope: Scope): unknown[] {
  const out: unknown[] = [];
  let taken = false;
  for (const item of list) {
    const only = isMap(item) ? Object.entries(item) : [];
    const first = only[0];
    const found = only.length === 1 && first ? directiveOf(first[0], first[1]) : undefined;
    if (!found) {
      out.push(expand(item, scope));
      continue;
    }
    const bodies = chosen(found, scope, taken);
    taken = bodies.length > 0 || (found.kind !== 'if' && taken);
    for (const { body, scope: inner } of bodies) {
      const expanded = expand(body, inner);
      if (Array.isArray(expanded)) out.push(...(expanded as unknown[]));
      else out.push(expanded);
    }
  }
  return out;
}

function expandMap(map: Json, scope: Scope): Json {
  const out: Json = {};
  let taken = false;
  for (const [key, value] of Object.entries(map)) {
    const found = directiveOf(key, value);
    if (!found) {
      out[printed(expandText(key, scope))] = expand(value, scope);
      continue;
    }
    const bodies = chosen(found, scope, taken);
    taken = bodies.length > 0 || (found.kind !== 'if' && taken);
    for (const { body, scope: inner } of bodies) {
      const expanded = expand(body, inner);
      if (isMap(expanded)) Object.assign(out, expanded);
    }
  }
  return out;
}

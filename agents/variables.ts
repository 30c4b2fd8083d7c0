import { parseDocument } from 'yaml';

/** Variables by name, and what was wrong with them so far: one sentence each, with the name, the value and what to change. */
export interface Variables {
  values: Readonly<Record<string, string | undefined>>;
  problems: string[];
}

/** The text of a variable without the blanks around it; undefined when it is not set or empty. */
export function text({ values }: Variables, name: string): string | undefined {
  return values[name]?.trim() || undefined;
}

export function requiredText(variables: Variables, name: string, what: string): string {
  const value = text(variables, name);
  if (value === undefined) variables.problems.push(`${name} is not set: give it ${what}.`);
  return value ?? '';
}

/** A text that has to match as a whole. `what` completes the sentence 'write …'. */
export function matching(
  variables: Variables,
  name: string,
  rule: { pattern: RegExp; what: string; fallback: string },
): string {
  const value = text(variables, name) ?? rule.fallback;
  if (rule.pattern.test(value)) return value;
  refuse(variables, name, rule.what);
  return rule.fallback;
}

export function wholeNumber(
  variables: Variables,
  name: string,
  rule: { fallback: number; min: number; max: number },
): number {
  const value = text(variables, name);
  if (value === undefined) return rule.fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (number >= rule.min && number <= rule.max) return number;
  refuse(variables, name, `a whole number from ${rule.min} to ${rule.max}`);
  return rule.fallback;
}

export function decimalNumber(
  variables: Variables,
  name: string,
  rule: { fallback: number; min: number; max: number },
): number {
  const value = text(variables, name);
  if (value === undefined) return rule.fallback;
  const number = /^\d{1,6}(\.\d{1,3})?$/.test(value) ? Number(value) : NaN;
  if (number >= rule.min && number <= rule.max) return number;
  refuse(variables, name, `a number from ${rule.min} to ${rule.max}`);
  return rule.fallback;
}

export function flag(variables: Variables, name: string): boolean {
  const value = text(variables, name)?.toLowerCase() ?? '0';
  if (['1', 'true', 'yes'].includes(value)) return true;
  if (!['0', 'false', 'no'].includes(value)) refuse(variables, name, '1 or 0');
  return false;
}

/** One of the options, without regard to case. The record gives each accepted spelling its meaning. */
export function choice<T>(variables: Variables, name: string, rule: { options: Record<string, T>; fallback: T }): T {
  const value = text(variables, name)?.toLowerCase();
  if (value === undefined) return rule.fallback;
  const option = Object.entries(rule.options).find(([spelling]) => spelling.toLowerCase() === value);
  if (option) return option[1];
  refuse(variables, name, `one of ${Object.keys(rule.options).join(', ')}`);
  return rule.fallback;
}

/** Says what is wrong with a variable. Never called for one that holds a secret: the sentence shows the value. */
export function refuse(variables: Variables, name: string, what: string): void {
  variables.problems.push(`${name} is '${text(variables, name) ?? ''}': write ${what}.`);
}

/**
 * The variables of a YAML file, as they are written there: `1e3` stays `1e3`, a list is joined by commas. Keys that are no variable are
 * told, for they are misspelt ones.
 */
export function readVariablesFile(path: string, content: string, known: readonly string[]): Variables {
  const problems: string[] = [];
  const document = parseDocument(content, { schema: 'failsafe' });
  const [error] = document.errors;
  if (error) return { values: {}, problems: [`${path} is not YAML: ${error.message.split('\n')[0] ?? ''}.`] };
  const root: unknown = document.toJS();
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    return { values: {}, problems: [`${path} is not a list of 'NAME: value' lines.`] };
  }
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(root) as [string, unknown][]) {
    if (!known.includes(name))
      problems.push(`${path} sets ${name}, which is not a variable of the orchestrator: correct or remove it.`);
    else if (typeof value === 'string') values[name] = value;
    else if (Array.isArray(value)) values[name] = value.map(String).join(',');
    else problems.push(`${path} gives ${name} a map: write a text or a list.`);
  }
  return { values, problems };
}

import type { TaskJson } from './taskJson';

/** One comparison of a rule. */
export interface Predicate {
  name: string;
  operator: string;
  value: string;
}

const SIGNS = /([A-Za-z0-9 ]+)([!=<>]+)([A-Za-z0-9. ]+)/;
const WORDS = /([A-Za-z0-9 ]+?) (Not)?(Contains|StartsWith|EndsWith) ([A-Za-z0-9. ]+)/;

/** A rule as the classic editor splits it: on `&&` if there is one, else on `||`; it knows no parentheses and never both. */
export function splitRule(rule: string): { every: boolean; predicates: string[] } {
  const every = rule.includes('&&');
  return { every, predicates: rule.split(every ? '&&' : '||').map((predicate) => predicate.trim()) };
}

/** As the editor reads it: the part of the text that fits; `x != ""` has the blank before the quotes as its value. */
export function readPredicate(text: string): (Predicate & { whole: boolean }) | undefined {
  const words = WORDS.exec(text);
  const match = words ?? SIGNS.exec(text);
  if (!match) return undefined;
  const [part, name = '', ...rest] = match;
  const [operator = '', value = ''] = words ? [`${rest[0] ?? ''}${rest[1] ?? ''}`, rest[2] ?? ''] : rest;
  return { name: name.trim(), operator: operator.trim(), value: value.trim(), whole: part === text };
}

/** What the editor makes of a predicate and the value of its input. */
export function holds({ operator, value: expected }: Pick<Predicate, 'operator' | 'value'>, actual: string): boolean {
  const [is, wanted] = [actual.toLowerCase(), expected.toLowerCase()];
  switch (operator) {
    case '=':
    case '==':
      return is === wanted;
    case '!=':
      return is !== wanted;
    case '<':
      return is < wanted;
    case '>':
      return is > wanted;
    case '<=':
      return is <= wanted;
    case '>=':
      return is >= wanted;
    // Only what is looked for is lower-cased here.
    case 'Contains':
      return actual.includes(wanted);
    case 'NotContains':
      return !actual.includes(wanted);
    case 'StartsWith':
      return is.startsWith(wanted);
    case 'NotStartsWith':
      return !is.startsWith(wanted);
    case 'EndsWith':
      return is.endsWith(wanted);
    case 'NotEndsWith':
      return !is.endsWith(wanted);
    default:
      return false;
  }
}

/** Names of the inputs that the editor shows for these values, laid over the defaults. */
export function visibleInputs(task: TaskJson, values: Record<string, string>): string[] {
  const inputs = new Map(task.inputs.map((input) => [input.name, input]));
  const groups = new Map((task.groups ?? []).map((group) => [group.name, group]));
  const ruleHolds = (rule: string | undefined): boolean => {
    if (!rule) return true;
    const { every, predicates } = splitRule(rule);
    const read = predicates.map(readPredicate);
    // A rule that names an unknown input hides; a hidden input fits no predicate.
    if (read.some((predicate) => !predicate || !inputs.has(predicate.name))) return false;
    const answers = read.map((predicate) => {
      const input = inputs.get(predicate?.name ?? '');
      if (!predicate || !input || !isVisible(input.name)) return false;
      return holds(predicate, values[input.name] ?? String(input.defaultValue ?? ''));
    });
    return every ? answers.every(Boolean) : answers.some(Boolean);
  };
  const isVisible = (name: string): boolean => {
    const input = inputs.get(name);
    return ruleHolds(input?.visibleRule) && ruleHolds(groups.get(input?.groupName ?? '')?.visibleRule);
  };
  return task.inputs.map(({ name }) => name).filter(isVisible);
}

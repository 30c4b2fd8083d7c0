import { evaluate, isTruthy } from './expression';
import { isGood } from './results';

/** What a condition can ask about: the results of what it depends on, whether the run is being canceled, the variables. */
export interface ConditionFacts {
  dependencies: Record<string, string>;
  canceled: boolean;
  variables: Record<string, string>;
}

/**
 * Whether a stage, job or step runs. Without a condition it is `succeeded()`. A condition of one's own that names no status
 * function holds even for a canceled run, as documented; one that cannot be read is false.
 * https://learn.microsoft.com/azure/devops/pipelines/process/conditions
 */
export function holds(condition: string | undefined, facts: ConditionFacts): boolean {
  if (condition === undefined || condition.trim() === '') return statusFunction('succeeded', [], facts) === true;
  try {
    return isTruthy(
      evaluate(condition, {
        lookUp: (path) => lookUp(path, facts),
        call: (name, args) => statusFunction(name, args, facts),
      }),
    );
  } catch {
    return false;
  }
}

function lookUp(path: string[], facts: ConditionFacts): unknown {
  const [root = '', name = '', field = ''] = path;
  const find = (map: Record<string, string>): string | undefined =>
    Object.entries(map).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (root.toLowerCase() === 'variables') return find(facts.variables);
  if (/^(stageD|d)ependencies$/i.test(root) && field.toLowerCase() === 'result')
    return capitalized(find(facts.dependencies));
  return undefined;
}

function capitalized(result: string | undefined): string | undefined {
  return result === undefined ? undefined : result.charAt(0).toUpperCase() + result.slice(1);
}

function statusFunction(name: string, args: unknown[], facts: ConditionFacts): boolean | undefined {
  const asked = args.map((arg) => (typeof arg === 'string' ? arg.toLowerCase() : ''));
  const results = Object.entries(facts.dependencies)
    .filter(([key]) => asked.length === 0 || asked.includes(key.toLowerCase()))
    .map(([, result]) => result);
  switch (name) {
    case 'always':
      return true;
    case 'canceled':
      return facts.canceled;
    case 'succeeded':
      return !facts.canceled && results.every(isGood);
    case 'failed':
      return !facts.canceled && results.includes('failed');
    case 'succeededorfailed':
      return !facts.canceled && results.every((result) => isGood(result) || result === 'failed');
    default:
      return undefined;
  }
}

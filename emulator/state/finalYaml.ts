import { stringify } from 'yaml';
import { isMap, textOf, type Json } from './json';

/** What the short forms of a step stand for; the service's preview shows the tasks. */
const longForms: Record<string, (value: string) => Json> = {
  script: (script) => ({ task: 'CmdLine@2', inputs: { script } }),
  bash: (script) => ({ task: 'Bash@3', inputs: { targetType: 'inline', script } }),
  pwsh: (script) => ({ task: 'PowerShell@2', inputs: { targetType: 'inline', script, pwsh: true } }),
  powershell: (script) => ({ task: 'PowerShell@2', inputs: { targetType: 'inline', script } }),
};

/** The text that a preview gives for an expanded document. */
export function finalYamlOf(document: Json): string {
  return stringify(withTasks(document));
}

function withTasks(node: unknown): unknown {
  if (Array.isArray(node)) return (node as unknown[]).map(withTasks);
  if (!isMap(node)) return node;
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => [
    key,
    key === 'steps' && Array.isArray(value) ? (value as unknown[]).map(longForm) : withTasks(value),
  ]);
  return Object.fromEntries(entries);
}

function longForm(step: unknown): unknown {
  if (!isMap(step)) return step;
  const [short] = Object.keys(longForms).filter((key) => key in step);
  const long = short === undefined ? undefined : longForms[short]?.(textOf(step[short]));
  if (short === undefined || !long) return step;
  const others = Object.entries(step).filter(([key]) => key !== short);
  return { ...long, ...Object.fromEntries(others) };
}

import { UserError } from '../tasks/lib/errors';
import { nearest } from '../tasks/lib/nearest';
import { choicesOf, isConnection, type Input, type Task } from './tasks';

/** What was asked for on the command line and in the environment. */
export interface Options {
  /** By the input's own name; only what was given. */
  inputs: Map<string, string>;
  /** Output variables as JSON on standard output. */
  json: boolean;
  /** Another exit status when the task succeeded with issues. */
  strict: boolean;
  /** As with system.debug in a pipeline. */
  debug: boolean;
}

export const SWITCHES = ['json', 'strict', 'debug'] as const;

/**
 * The inputs of a task from options (`--name value`, `--name=value`, `--flag`, `--no-flag`) over `CASCADE_<NAME>` variables; names
 * and aliases without regard to case. Throws `UserError` for what the task does not have and for values that it cannot take.
 */
export function readOptions(task: Task, args: string[], environment: NodeJS.ProcessEnv): Options {
  const byName = inputsByName(task);
  const inputs = fromEnvironment(byName, environment);
  const switches = new Set<string>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, written = '', attached] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(arg) ?? [];
    if (!written) throw new UserError(`'${arg}' is no option; every input is given as --name value.`);
    const lower = written.toLowerCase();
    const input = byName.get(lower);
    const negated = lower.startsWith('no-') ? byName.get(lower.slice(3)) : undefined;
    if (input) set(inputs, input, written, attached ?? following(input, written, rest, byName));
    else if (negated?.type === 'boolean' && attached === undefined) set(inputs, negated, written, 'false');
    else if (SWITCHES.some((name) => name === lower) && attached === undefined) switches.add(lower);
    else throw unknownOption(task, written, [...byName.values()]);
  }
  return {
    inputs,
    json: switches.has('json'),
    strict: switches.has('strict'),
    debug: switches.has('debug') || environment.SYSTEM_DEBUG?.toLowerCase() === 'true',
  };
}

function inputsByName({ inputs }: Task): Map<string, Input> {
  return new Map(
    inputs.flatMap((input) => [input.name, ...(input.aliases ?? [])].map((name) => [name.toLowerCase(), input])),
  );
}

/** Empty variables count as not set: a shell cannot easily tell them apart. */
function fromEnvironment(byName: Map<string, Input>, environment: NodeJS.ProcessEnv): Map<string, string> {
  const inputs = new Map<string, string>();
  for (const [name, input] of byName) {
    const variable = `CASCADE_${name.toUpperCase()}`;
    const value = environment[variable];
    if (value) set(inputs, input, variable, value);
  }
  return inputs;
}

/** The value behind an option; a boolean needs none. */
function following(input: Input, written: string, rest: string[], byName: Map<string, Input>): string {
  const next = rest[0];
  if (input.type === 'boolean') return /^(true|false)$/i.test(next ?? '') ? (rest.shift() ?? '') : 'true';
  const isOption = next?.startsWith('--') && byName.has(next.slice(2).split('=')[0]?.toLowerCase() ?? '');
  if (next === undefined || isOption)
    throw new UserError(`--${written} needs a value; one that looks like an option is written --${written}=value.`);
  return rest.shift() ?? '';
}

function set(inputs: Map<string, string>, input: Input, written: string, value: string): void {
  if (isConnection(input)) {
    throw new UserError(
      `${written}: a service connection exists in a pipeline only; here give --organization, and a token in AZURE_DEVOPS_EXT_PAT.`,
    );
  }
  const choices = input.type === 'boolean' ? ['true', 'false'] : choicesOf(input);
  if (value && choices.length && !choices.some((choice) => choice.toLowerCase() === value.toLowerCase()))
    throw new UserError(`${written}: '${value}' is none of ${choices.join(', ')}.`);
  inputs.set(input.name, value);
}

function unknownOption(task: Task, written: string, inputs: Input[]): UserError {
  const names = [...new Set(inputs)].filter((input) => !isConnection(input)).map(({ name }) => name);
  const close = nearest(written.replace(/^no-/, ''), [...names, ...SWITCHES], 3);
  return new UserError(
    `${task.name} has no option --${written}; the nearest are ${close.map((name) => `--${name}`).join(', ')}.`,
  );
}

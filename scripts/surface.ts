import fs from 'node:fs';
import path from 'node:path';

/** What pipelines name and rely on, of one input. */
export interface InputSurface {
  type: string;
  default: string;
  required: boolean;
  aliases: string[];
  /** Values to choose from; empty where any text may stand. */
  options: string[];
}

/** What pipelines name and rely on, of one task. */
export interface TaskSurface {
  id: string;
  version: string;
  minimumAgentVersion: string;
  handlers: string[];
  inputs: Record<string, InputSurface>;
  outputs: string[];
  /** Variables that the agent lets the task set; a name with * at its end stands for all that begin so. */
  settable: string[];
}

export interface Surface {
  /** publisher.id, by which an organization has installed it. */
  extension: string;
  contributions: string[];
  tasks: Record<string, TaskSurface>;
}

interface TaskJson {
  id: string;
  name: string;
  version: { Major: number; Minor: number; Patch: number };
  minimumAgentVersion: string;
  inputs: {
    name: string;
    type: string;
    defaultValue?: string | boolean;
    required?: boolean;
    aliases?: string[];
    options?: Record<string, string>;
  }[];
  outputVariables?: { name: string }[];
  restrictions?: { settableVariables?: { allowed: string[] } };
  execution: Record<string, unknown>;
}

/** What the project at `root` promises to pipelines that use it. */
export function surfaceOf(root: string): Surface {
  const manifest = readJson<{ publisher: string; id: string; contributions: { id: string }[] }>(
    path.join(root, 'vss-extension.json'),
  );
  const tasks = taskFiles(root).map((file) => readJson<TaskJson>(file));
  return {
    extension: `${manifest.publisher}.${manifest.id}`,
    contributions: manifest.contributions.map(({ id }) => id).sort(),
    tasks: Object.fromEntries(tasks.map((task) => [task.name, taskSurface(task)])),
  };
}

function taskFiles(root: string): string[] {
  return fs
    .readdirSync(path.join(root, 'tasks'))
    .map((folder) => path.join(root, 'tasks', folder, 'task.json'))
    .filter((file) => fs.existsSync(file));
}

function taskSurface(task: TaskJson): TaskSurface {
  const { Major, Minor, Patch } = task.version;
  return {
    id: task.id,
    version: `${Major}.${Minor}.${Patch}`,
    minimumAgentVersion: task.minimumAgentVersion,
    handlers: Object.keys(task.execution).sort(),
    inputs: Object.fromEntries(
      task.inputs.map(({ name, type, defaultValue = '', required = false, aliases = [], options = {} }) => [
        name,
        { type, default: String(defaultValue), required, aliases, options: Object.keys(options) },
      ]),
    ),
    outputs: (task.outputVariables ?? []).map(({ name }) => name).sort(),
    settable: (task.restrictions?.settableVariables?.allowed ?? []).toSorted(),
  };
}

/**
 * What of a released surface a pipeline would miss in today's, a sentence each. More inputs, aliases, options and outputs are no loss;
 * nor is anything within a task whose Major is a new one, because pipelines name the Major that they use.
 */
export function lossesSince(released: Surface, today: Surface): string[] {
  const ids = released.extension === today.extension ? [] : [`The extension was ${released.extension}.`];
  const contributions = missing(released.contributions, today.contributions).map((id) => `Contribution ${id} is gone.`);
  const tasks = Object.entries(released.tasks).flatMap(([name, before]) => {
    const now = today.tasks[name];
    if (!now) return [`Task ${name} is gone.`];
    return taskLosses(before, now).map((loss) => `${name}: ${loss}`);
  });
  return [...ids, ...contributions, ...tasks];
}

function taskLosses(before: TaskSurface, now: TaskSurface): string[] {
  const [oldVersion, newVersion] = [numbers(before.version), numbers(now.version)];
  if (before.id !== now.id) return [`its id was ${before.id}.`];
  if (compare(newVersion, oldVersion) < 0)
    return [`version ${now.version} is lower than the released ${before.version}.`];
  if (newVersion[0] !== oldVersion[0]) return [];
  const added = Object.entries(now.inputs).filter(([name]) => !before.inputs[name]);
  return [
    ...missing(before.handlers, now.handlers).map((handler) => `handler ${handler} is gone.`),
    ...missing(before.outputs, now.outputs).map((output) => `output ${output} is gone.`),
    ...missing(before.settable, now.settable).map((name) => `it may not set ${name} any more.`),
    ...(compare(numbers(now.minimumAgentVersion), numbers(before.minimumAgentVersion)) > 0
      ? [`it wants agent ${now.minimumAgentVersion}; ${before.minimumAgentVersion} was enough.`]
      : []),
    ...Object.entries(before.inputs).flatMap(([name, input]) =>
      inputLosses(input, now.inputs[name]).map((loss) => `input ${name} ${loss}`),
    ),
    ...added
      .filter(([, input]) => input.required && !input.default)
      .map(([name]) => `input ${name} is new and required, without a default.`),
  ];
}

function inputLosses(before: InputSurface, now: InputSurface | undefined): string[] {
  if (!now) return ['is gone.'];
  return [
    ...(before.type === now.type ? [] : [`was a ${before.type}, and is a ${now.type}.`]),
    ...(before.default === now.default ? [] : [`had the default '${before.default}', and has '${now.default}'.`]),
    ...(now.required && !before.required ? ['was not required.'] : []),
    ...missing(before.aliases, now.aliases).map((alias) => `has lost its alias ${alias}.`),
    ...missing(before.options, now.options).map((option) => `has lost its option ${option}.`),
  ];
}

function missing(before: string[], now: string[]): string[] {
  return before.filter((each) => !now.includes(each));
}

function numbers(version: string): number[] {
  return version.split('.').map(Number);
}

function compare(a: number[], b: number[]): number {
  const index = a.findIndex((part, at) => part !== b[at]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
}

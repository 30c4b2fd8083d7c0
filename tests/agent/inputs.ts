import { join, resolve } from 'node:path';
import { type Endpoint, endpointIds } from './endpoints';
import type { Job } from './job';
import { environmentName, expandMacros } from './jobVariables';
import type { TaskDefinition, TaskInput } from './taskDefinition';

export interface ResolvedInputs {
  /** By the name in task.json, or as given where task.json has no such input. */
  values: Map<string, string>;
  /** The connections that the values of connectedService inputs name. */
  endpoints: Endpoint[];
  /** What the agent would not say, although it is hardly meant: inputs that the task does not have, macros left as written. */
  problems: string[];
}

/** Makes the inputs of a step as service and agent do: aliases, defaults, trimming, macros, paths (TaskRunner.RunAsyncInternal). */
export function resolveInputs(
  definition: TaskDefinition,
  given: Record<string, string | undefined>,
  job: Job,
): ResolvedInputs {
  const declared = definition.inputs ?? [];
  const problems: string[] = [];
  const values = new Map<string, string>();
  for (const input of declared) values.set(input.name, defaultOf(input));
  const taken = new Set<string>();
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const input = declared.find((candidate) => isNamed(candidate, key.trim()));
    const name = input?.name ?? key.trim();
    if (input === undefined) problems.push(`The task has no input '${key}'.`);
    if (taken.has(name)) throw new Error(`The input '${name}' is given twice, by name and by alias.`);
    taken.add(name);
    const sent = isConnection(input) ? connectionIds(value, job.endpoints) : value;
    values.set(name, sent.trim());
  }
  for (const [name, value] of values) {
    const expanded = expandMacros(job.variables.expand(value), (macro) => job.agentEnvironment[macro]);
    values.set(name, expanded);
    const left = /\$\([^)]+\)/.exec(expanded);
    if (left !== null) problems.push(`The input '${name}' keeps ${left[0]}: there is no such variable.`);
  }
  for (const input of declared.filter(({ type }) => type?.toLowerCase() === 'filepath')) {
    values.set(input.name, resolve(rootOfPaths(job), values.get(input.name) ?? ''));
  }
  return { values, endpoints: namedEndpoints(declared, values, job, problems), problems };
}

/** INPUT_* for every input, empty and hidden ones too. */
export function inputEnvironment(values: Map<string, string>): Record<string, string> {
  return Object.fromEntries([...values].map(([name, value]) => [`INPUT_${environmentName(name)}`, value]));
}

function defaultOf({ defaultValue = '' }: TaskInput): string {
  return String(defaultValue).trim();
}

function isNamed({ name, aliases = [] }: TaskInput, key: string): boolean {
  return [name, ...aliases].some((candidate) => candidate.toLowerCase() === key.toLowerCase());
}

function isConnection(input: TaskInput | undefined): boolean {
  return input?.type?.toLowerCase().startsWith('connectedservice:') === true;
}

/** The service puts ids for the names of connections before it sends the job, so macros in them come too late. */
function connectionIds(value: string, endpoints: Endpoint[]): string {
  return value
    .split(',')
    .map((part) => endpoints.find(({ name }) => name.toLowerCase() === part.trim().toLowerCase())?.id ?? part)
    .join(',');
}

function namedEndpoints(declared: TaskInput[], values: Map<string, string>, job: Job, problems: string[]): Endpoint[] {
  const found = new Set<Endpoint>();
  for (const input of declared.filter(isConnection)) {
    const value = values.get(input.name) ?? '';
    const endpoints = endpointIds(value).map((id) => job.endpoints.find((endpoint) => endpoint.id === id));
    for (const endpoint of endpoints) if (endpoint !== undefined) found.add(endpoint);
    if (value !== '' && (endpoints.length === 0 || endpoints.includes(undefined))) {
      problems.push(`The input '${input.name}' names no connection of the job: '${value}'.`);
    }
  }
  return [...found];
}

/** Relative paths start here; an empty one becomes this folder itself. */
function rootOfPaths(job: Job): string {
  const inRelease = job.variables.get('system.hosttype')?.toLowerCase() === 'release';
  const name = inRelease ? 'system.artifactsDirectory' : 'build.sourcesDirectory';
  return job.variables.get(name) ?? join(job.folder, '_work');
}

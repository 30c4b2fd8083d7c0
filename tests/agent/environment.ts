import { delimiter } from 'node:path';
import { type Endpoint, endpointEnvironment, systemConnectionEnvironment } from './endpoints';
import { inputEnvironment } from './inputs';
import type { Job } from './job';
import { environmentName, expandMacros } from './jobVariables';
import type { TaskVariables } from './stepRecord';

export interface StepEnvironment {
  job: Job;
  /** `env:` of the step, before macros are expanded. */
  env: Record<string, string>;
  inputs: Map<string, string>;
  endpoints: Endpoint[];
  taskVariables: TaskVariables;
}

/** The whole environment of the task's process, in the agent's order: later wins, so a variable wins over `env:` of the step. */
export function processEnvironment(step: StepEnvironment): Record<string, string> {
  const { job } = step;
  const environment: Record<string, string> = {
    ...job.agentEnvironment,
    ...stepVariables(step),
    ...jobVariables(job),
    ...inputEnvironment(step.inputs),
  };
  for (const endpoint of step.endpoints) Object.assign(environment, endpointEnvironment(endpoint));
  if (job.systemConnection) Object.assign(environment, systemConnectionEnvironment(job.systemConnection));
  for (const [name, { value }] of step.taskVariables) {
    environment[`VSTS_TASKVARIABLE_${environmentName(name)}`] = value;
  }
  if (job.prependedPaths.length > 0) {
    const path = job.variables.get('PATH') ?? environment.PATH ?? '';
    environment.PATH = [...job.prependedPaths.toReversed(), path].join(delimiter);
  }
  return { ...environment, TF_BUILD: 'True' };
}

function stepVariables({ job, env }: StepEnvironment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name.trim(),
      expandMacros(job.variables.expand(value.trim()), (macro) => job.agentEnvironment[macro]),
    ]),
  );
}

/** Public variables under their own names; secret ones only as SECRET_*, which task-lib takes away at once. */
function jobVariables(job: Job): Record<string, string> {
  const result: Record<string, string> = {};
  const names: { public: string[]; secret: string[] } = { public: [], secret: [] };
  for (const { name, value, secret, preserveCase } of job.variables.all()) {
    const formatted = preserveCase ? name.replaceAll(/[. ]/g, '_') : environmentName(name);
    if (!secret && name.toLowerCase() === 'agent.jobstatus') result[name] = value;
    result[secret ? `SECRET_${formatted}` : formatted] = value;
    names[secret ? 'secret' : 'public'].push(name);
  }
  result.VSTS_PUBLIC_VARIABLES = JSON.stringify(names.public);
  result.VSTS_SECRET_VARIABLES = JSON.stringify(names.secret);
  return result;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobOptions } from './agent';
import { processEnvironment } from './environment';
import { resolveInputs } from './inputs';
import type { StepRecord } from './stepRecord';
import { type Stage, type TaskDefinition, chooseHandler, isEndOfLife } from './taskDefinition';

/** How to start the process of a step. */
export interface Preparation {
  handler: string;
  node: string;
  target: string;
  workingDirectory: string;
  /** Made anew for each try: what an earlier one has set is in it. */
  environment: () => Record<string, string>;
}

/**
 * Everything before the process starts, in the agent's order (TaskRunner.RunAsyncInternal). Throws what fails the step there;
 * undefined when the step is skipped because a run for a fork may not use connections.
 */
export function prepare(
  options: JobOptions,
  stage: Stage,
  definition: TaskDefinition,
  record: StepRecord,
): Preparation | undefined {
  const { job } = record;
  const chosen = chooseHandler(definition, stage);
  if (chosen === undefined) throw new Error('The current operating system is not capable of running this task.');
  if (isEndOfLife(chosen.handler)) record.problems.push(`The handler ${chosen.handler} is end-of-life.`);
  const inputs = resolveInputs(definition, options.inputs ?? {}, job);
  record.problems.push(...inputs.problems);
  const isFork = job.variables.isTrue('system.restrictSecrets') && job.variables.isTrue('system.pullRequest.isFork');
  if (isFork && inputs.endpoints.length > 0) return undefined;
  const target = join(options.taskFolder, chosen.target);
  if (!existsSync(target)) throw new Error(`File not found: '${target}'`);
  const env = options.env ?? {};
  const { taskVariables } = record;
  return {
    handler: chosen.handler,
    node: options.node ?? process.execPath,
    target,
    workingDirectory:
      chosen.workingDirectory ?? job.variables.get('system.defaultWorkingDirectory') ?? job.tempDirectory,
    environment: () =>
      processEnvironment({ job, env, inputs: inputs.values, endpoints: inputs.endpoints, taskVariables }),
  };
}

/** Variables that exist while the step runs. */
export function stepVariables(definition: TaskDefinition, displayName: string, name: string): Record<string, string> {
  return {
    'task.displayname': displayName,
    'task.publishTelemetry': 'False',
    'system.taskInstanceId': 'c5b9a5a1-7c0e-5f0e-8d5f-6b1f5d2f9a10',
    'system.taskDisplayName': displayName,
    'system.taskInstanceName': name,
  };
}

/** What the log of each step begins with. */
export function heading(definition: TaskDefinition): string[] {
  const { version } = definition;
  const rule = '='.repeat(78);
  return [
    rule,
    `Task         : ${definition.friendlyName ?? definition.name}`,
    `Description  : ${definition.description ?? ''}`,
    `Version      : ${version.Major}.${version.Minor}.${version.Patch}`,
    `Author       : ${definition.author ?? ''}`,
    `Help         : ${definition.helpUrl ?? definition.helpMarkDown ?? ''}`,
    rule,
  ];
}

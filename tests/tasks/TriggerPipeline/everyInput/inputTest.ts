import assert from 'node:assert/strict';
import type { StepResult } from '../../../agent/agent';
import { startOrganization, type Organization, type StepInputs, type StepOptions } from '../organization';

/** How one input of task.json is shown to do what it is for, and to say what is wrong when it is used wrongly. */
export interface InputTest {
  /** What it does, and a step that shows it. */
  use: [does: string, test: () => Promise<void>];
  misuse: Misuse;
}

/** A step that uses the input wrongly: nothing is started, and one sentence says what is wrong. */
export interface Misuse {
  inputs: StepInputs;
  says: RegExp;
  options?: StepOptions;
  /** Where the step runs; an organization with the pipeline 'rebuild' unless given. */
  where?: () => Promise<Organization>;
}

export type InputTests = Record<string, InputTest>;

export const HOUR_MS = 3_600_000;

/** An organization with the pipeline 'rebuild' as given. */
export async function withPipeline(pipeline: Parameters<Organization['add']>[0] = {}): Promise<Organization> {
  const organization = await startOrganization();
  organization.add(pipeline);
  return organization;
}

/** Runs a step that has to succeed. */
export async function succeed(
  organization: Organization,
  inputs: StepInputs,
  options: StepOptions = {},
): Promise<StepResult> {
  const step = await organization.run(inputs, options);
  assert.equal(step.result, 'Succeeded', step.message);
  return step;
}

export async function assertRefused({ inputs, says, options, where = withPipeline }: Misuse): Promise<void> {
  const organization = await where();
  const before = organization.runs.length;
  const step = await organization.run(inputs, options);
  assert.equal(step.result, 'Failed');
  assert.match(step.message ?? '', says);
  assert.doesNotMatch(step.message ?? '', /defect of the task|\n/, 'it is a sentence, not a stack');
  assert.equal(organization.runs.length, before, 'nothing is started');
}

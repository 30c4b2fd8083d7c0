import type { Call } from '../../../emulator/calls';
import type { Emulator, EmulatorOptions } from '../../../emulator/server';
import type { NewPipeline } from '../../../emulator/state/EmulatorState';
import type { Run } from '../../../emulator/state/runs';
import { startTaskOrganization, type TaskOrganization } from '../organization';

export { closeOrganizations, fastTime, issuesOf, logOf, PROJECT, proper, sleep, until } from '../organization';
export type { StepInputs, StepOptions } from '../organization';

/** Steps are given the pipeline 'rebuild' unless their inputs name another. */
export interface Organization extends TaskOrganization {
  /** Adds a pipeline whose tasks take no time; 'rebuild' unless named. */
  add(pipeline?: Partial<NewPipeline>): ReturnType<Emulator['state']['addPipeline']>;
  /** The runs that were queued by now. */
  runs: Run[];
  /** Requests that start something. */
  starts(): Call[];
}

export const STEP = 'rebuild';

export async function startOrganization(options: EmulatorOptions = {}): Promise<Organization> {
  const task = { name: 'TriggerPipeline', stepName: STEP, inputs: { pipeline: 'rebuild' } };
  const organization = await startTaskOrganization(task, options);
  const { state, calls } = organization.emulator;
  return {
    ...organization,
    add: (pipeline = {}) => state.addPipeline({ name: 'rebuild', script: { durationMs: 0 }, ...pipeline }),
    runs: state.runs,
    starts: () => calls.filter(({ method, path }) => method === 'POST' && /\/(builds|runs)(\?|$)/.test(path)),
  };
}

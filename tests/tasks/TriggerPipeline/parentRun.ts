import { recordsOf } from '../../../emulator/state/timeline';
import type { Run } from '../../../emulator/state/runs';
import type { StepResult } from '../../agent/agent';
import { buildVariables, type BuildRun } from '../../agent/systemVariables';
import { PROJECT, type Organization, type StepOptions } from './organization';

/** A parent run that exists in the emulator: its steps' attachments can be read back by jobs elsewhere. */
export interface ParentRun {
  run: Run;
  /** Options of a step in a job of this run. */
  step(where?: BuildRun): StepOptions;
  /** Puts what a step attached into the run, at the record of an attempt of its job. */
  publish(step: StepResult, attempt?: number): void;
}

export function startParent({ emulator }: Organization, yaml?: string): ParentRun {
  const { state } = emulator;
  const pipeline = state.addPipeline({ name: 'parent', script: { durationMs: 3_600_000 }, ...(yaml ? { yaml } : {}) });
  const run = state.queue(pipeline);
  return {
    run,
    step: (where = {}) => ({
      variables: buildVariables({
        ...{ collectionUri: emulator.url, project: PROJECT, runId: run.id, runNumber: run.number },
        ...{ definitionId: pipeline.id, ...where },
      }),
    }),
    publish: (step, attempt = 1) => {
      const job = recordsOf(run, state.now)?.find(({ type }) => type === 'Job');
      // Records of an earlier attempt have ids of their own, which the newest timeline does not hold.
      const recordId = attempt === 1 ? job?.id : undefined;
      for (const { type, name, content } of step.attachments)
        state.addAttachment(run, { type, name, content, ...(recordId === undefined ? {} : { recordId }) });
    },
  };
}

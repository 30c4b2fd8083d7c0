import { requestedFor } from '../lib/requestedFor';
import { needsRunsApi } from '../lib/runs/request';
import type { World } from '../lib/world';
import type { StartInputs } from './inputs';
import type { Context } from './triggerPipeline';

/** The person in whose name the runs are queued: the builds API takes one. */
export function personOf(inputs: StartInputs, context: Context, { log }: World): string | undefined {
  const byRunsApi = inputs.runs.every(
    ({ run }) => run.stages.length > 0 || run.stagesToSkip.length > 0 || needsRunsApi({ ...run, stagesToSkip: [] }),
  );
  return requestedFor(inputs.requestedFor, context, {
    ...{ begin: 'The runs are requested', elsewhere: 'they are started', log },
    refusal: byRunsApi ? 'runs with selected stages, resources or secret variables take no other name' : undefined,
  });
}

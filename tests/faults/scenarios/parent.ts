import { recordsOf } from '../../../emulator/state/timeline';
import type { Run } from '../../../emulator/state/runs';
import { ATTACHMENT_TYPE, type RegisteredChild } from '../../../tasks/lib/register';
import { buildVariables, type BuildRun } from '../../agent/systemVariables';
import { PROJECT, type World } from '../world';

export const PARENT_YAML = `
parameters:
  - { name: image, type: string, default: none }
steps: [{ script: make }]
`;

/** A parent run that exists in the organization. */
export function startParent({ emulator: { state, url } }: World): {
  run: Run;
  variables(where?: BuildRun): Record<string, string>;
} {
  const pipeline = state.addPipeline({ name: 'parent', yaml: PARENT_YAML, script: { durationMs: 3_600_000 } });
  const run = state.queue(pipeline, { templateParameters: { image: 'r-base' } });
  const own = { collectionUri: url, project: PROJECT, runId: run.id, runNumber: run.number, definitionId: pipeline.id };
  return { run, variables: (where = {}) => buildVariables({ ...own, ...where }) };
}

/** What a step of another job, or of an earlier attempt of this one, attached to the parent: these runs are its children. */
export function publishRegister(
  { emulator: { state, url } }: World,
  { parent, step, children, attempt = 1 }: { parent: Run; step: string; children: Run[]; attempt?: number },
): void {
  const job = recordsOf(parent, state.now)?.find(({ type }) => type === 'Job');
  const registered = children.map((run, index): RegisteredChild => ({
    ...{ organization: url, project: PROJECT, kind: 'run', id: run.id, name: run.pipeline.name, number: run.number },
    ...{ url: `${url}${PROJECT}/_build/results?buildId=${run.id}`, attempt: 1, result: '' },
    item: children.length > 1 ? ['a', 'b', 'c'][index]! : '',
  }));
  const content = JSON.stringify({ version: 1, task: 'TriggerPipeline', step, children: registered });
  const recordId = attempt === 1 ? job?.id : undefined;
  state.addAttachment(parent, {
    ...{ type: ATTACHMENT_TYPE, name: step, content },
    ...(recordId === undefined ? {} : { recordId }),
  });
}

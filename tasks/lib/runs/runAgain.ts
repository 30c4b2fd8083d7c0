import type { AzureDevOps, Place } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import type { World } from '../world';
import { title, type Child } from './child';
import { NO_STAGES } from './timeline';
import { BUILDS, type Build, type TimelineRecord } from './wire';

const STAGES: Place = { area: 'build', id: 'b8aac6c9-744b-46e1-88fc-3550969f9313', name: 'stages of a run' };

/**
 * Runs the failed stages of a run again, with the state and parameters of the first time; of a pipeline without stages its failed
 * jobs. True when something runs again, also when somebody else was quicker. What a person rejected is not run again: it would ask the
 * same people once more. See notes/running-failed-stages-again.md.
 * https://learn.microsoft.com/rest/api/azure/devops/build/stages/update
 */
export async function runFailedStagesAgain(
  azureDevOps: AzureDevOps,
  child: Child,
  records: TimelineRecord[],
  world: World,
): Promise<boolean> {
  const stages = records.filter(
    ({ type, result }) => type === 'Stage' && (result === 'failed' || result === 'canceled'),
  );
  const rejected = stages.filter(({ id }) => wasRejected(id, records)).map(({ name = '' }) => name);
  if (rejected.length) {
    world.log.info(
      `${title(child)}: nothing of it is run again, because an approval of stage ${rejected.join(', ')} was rejected. ${child.url}`,
    );
    return false;
  }
  const names = stages.map((stage) => stage.identifier ?? stage.refName ?? stage.name ?? '');
  try {
    if (names.length) for (const name of names) await updateStage(azureDevOps, child, name, 'retry');
    else
      await azureDevOps.call('PATCH', BUILDS, {
        route: { project: child.project, buildId: child.id },
        query: { retry: true },
        body: {},
        repeatable: true,
        attempts: 3,
      });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) throw error;
    if (await goesOn(azureDevOps, child, world)) {
      world.log.info(`${title(child)}: somebody else runs its failed stages again. ${child.url}`);
      return true;
    }
    world.log.warning(`${title(child)}: its failed stages could not be run again. ${messageOf(error)} ${child.url}`);
    return false;
  }
  const shown = names.filter((name) => name !== NO_STAGES).join(', ');
  world.log.info(`${title(child)}: ${shown ? `stage ${shown} runs` : 'its failed jobs run'} again. ${child.url}`);
  return true;
}

function wasRejected(stageId: string, records: TimelineRecord[]): boolean {
  const checkpoints = records.filter(({ type, parentId }) => type === 'Checkpoint' && parentId === stageId);
  return records.some(
    ({ type, parentId, result }) =>
      type === 'Checkpoint.Approval' && result === 'failed' && checkpoints.some(({ id }) => id === parentId),
  );
}

/** True for a run that has not ended, or no longer, or another time than we saw: somebody ran it again, or a request of ours whose answer was lost. */
async function goesOn(azureDevOps: AzureDevOps, { project, id, progress }: Child, { signal }: World): Promise<boolean> {
  const { value } = await azureDevOps.call<Build>('GET', BUILDS, { route: { project, buildId: id }, signal });
  const { status, finishTime } = value;
  return status !== undefined && (status !== 'completed' || finishTime !== progress.finishTime);
}

/**
 * Asks the service to run, retry or cancel one stage of a run. What runs again already is refused, so that to ask twice does no harm
 * where the first answer was lost.
 */
export async function updateStage(
  azureDevOps: AzureDevOps,
  { project, id }: Pick<Child, 'project' | 'id'>,
  stage: string,
  state: 'run' | 'retry' | 'cancel',
): Promise<void> {
  await azureDevOps.call('PATCH', STAGES, {
    route: { project, buildId: id, stageRefName: stage },
    body: { state, forceRetryAllJobs: false, ...(state === 'retry' && { retryDependencies: true }) },
    repeatable: state !== 'run',
    attempts: 3,
  });
}

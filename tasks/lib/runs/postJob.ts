import type { Agent } from '../agent';
import type { AzureDevOps } from '../azureDevOps';
import { flag } from '../inputs';
import { UnclearStart } from '../lostAnswer';
import { leftovers, type RegisteredChild } from '../register';
import { cancelRuns } from './cancel';
import type { Child } from './child';
import { findLostRun, type LostStart } from './lostAnswer';
import type { RunRequest } from './request';
import type { StartedRun } from './start';
import type { Verdict } from '../verdict';
import type { World } from '../world';

/**
 * Runs at the end of the job: cancels what a step that was killed, or that no signal reached, could not cancel. A step that ended by
 * itself leaves nothing to do here.
 */
export async function cancelLeftovers(agent: Agent, connect: () => AzureDevOps, world: World): Promise<Verdict> {
  const left = leftovers(agent);
  const runs = (left?.children ?? []).filter(({ result }) => !result).map(childOf);
  if (!left || !flag((name) => agent.input(name), 'cancelWithParent', true) || runs.length + left.open.length === 0) {
    return { result: 'Succeeded', message: 'This step left nothing to cancel.' };
  }
  const azureDevOps = connect();
  const known = new Set(left.children.map(({ id }) => id));
  for (const { request, sentAt } of left.open) {
    const { pipeline, project } = request as RunRequest;
    const found = await find(azureDevOps, { request: request as RunRequest, sentAt, known: () => known }, world);
    if (found) {
      known.add(found.id);
      const { id, number, url } = found;
      runs.push(
        childOf({
          organization: azureDevOps.account.url,
          project,
          kind: 'run',
          id,
          name: pipeline.name,
          number,
          url,
          item: '',
          attempt: 1,
          result: '',
        }),
      );
    }
  }
  if (!runs.length) return { result: 'Succeeded', message: 'This step left nothing to cancel.' };
  world.log.info(`The step was stopped before it could cancel ${runs.length} run(s); that is done now.`);
  await cancelRuns(azureDevOps, runs, world.log);
  return {
    result: 'Succeeded',
    message: `Canceled what a stopped step left running: ${runs.map(({ number }) => number).join(', ')}.`,
  };
}

/** What cannot be told apart is said and left alone; the others are cancelled all the same. */
async function find(azureDevOps: AzureDevOps, lost: LostStart, world: World): Promise<StartedRun | undefined> {
  try {
    return await findLostRun(azureDevOps, lost, world);
  } catch (error) {
    if (!(error instanceof UnclearStart)) throw error;
    world.log.warning(error.message);
    return undefined;
  }
}

function childOf({ result, ...rest }: RegisteredChild): Child {
  return { ...rest, branch: '', commit: '', stages: [], given: [], progress: { status: result, stages: [] } };
}

import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import { flag } from '../lib/inputs';
import { leftovers } from '../lib/register';
import type { ReleaseChild } from '../lib/releases/child';
import { findLostRelease, releaseUrl } from '../lib/releases/create';
import type { ReleaseRequest } from '../lib/releases/request';
import { cancelReleases, readRelease } from '../lib/releases/stages';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';

const NOTHING: Verdict = { result: 'Succeeded', message: 'This step left nothing to cancel.' };

/**
 * Runs at the end of the job: cancels what a step that was killed, or that no signal reached, could not cancel. Only releases that this
 * step created: of others it cannot know which stages were its own.
 */
export async function cancelLeftovers(agent: Agent, connect: () => AzureDevOps, world: World): Promise<Verdict> {
  const left = leftovers(agent);
  const action = agent.input('action')?.toLowerCase() ?? 'create';
  if (!left || action !== 'create' || !flag((name) => agent.input(name), 'cancelWithParent', true)) return NOTHING;
  const known = left.children.filter(({ result }) => !result);
  if (known.length + left.open.length === 0) return NOTHING;
  const azureDevOps = connect();
  const releases = await azureDevOps.releaseHost();
  const found: ReleaseChild[] = [];
  for (const { project, id, name, number, url } of known) {
    const { environments = [] } = await readRelease(releases, { project, id }, { attempts: 3 });
    found.push({ ...empty(azureDevOps, project), id, definition: name, name: number, url, environments });
  }
  const ids = new Set(left.children.map(({ id }) => id));
  for (const { request, sentAt } of left.open) {
    const { project, definition } = request as ReleaseRequest;
    const lost = await findLostRelease(releases, { request: request as ReleaseRequest, sentAt, known: ids }, world);
    if (!lost) continue;
    const { id, name = '', environments = [] } = lost;
    const url = releaseUrl(azureDevOps, project, lost);
    found.push({ ...empty(azureDevOps, project), id, definition: definition.name, name, url, environments });
  }
  if (!found.length) return NOTHING;
  world.log.info(`The step was stopped before it could cancel ${found.length} release(s); that is done now.`);
  await cancelReleases(releases, found, world);
  return {
    result: 'Succeeded',
    message: `Canceled what a stopped step left running: ${found.map(({ name }) => name).join(', ')}.`,
  };
}

function empty({ account }: AzureDevOps, project: string): ReleaseChild {
  return {
    ...{ organization: account.url, project, id: 0, definition: '', name: '', url: '', attempt: 1, cancels: 'all' },
    ...{ stages: [], plans: new Map(), toDeploy: [], stageVariables: {}, given: [], environments: [] },
  };
}

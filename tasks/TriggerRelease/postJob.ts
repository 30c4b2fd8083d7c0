import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import { flag } from '../lib/inputs';
import { readParent } from '../lib/parent';
import { leftovers } from '../lib/register';
import { unreadChild, type ReleaseChild } from '../lib/releases/child';
import { findLostRelease, releaseUrl } from '../lib/releases/create';
import type { ReleaseRequest } from '../lib/releases/request';
import { cancelReleases, findRelease } from '../lib/releases/stages';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { isDeployment } from './deployment';

const NOTHING: Verdict = { result: 'Succeeded', message: 'This step left nothing to cancel.' };

/**
 * Runs at the end of the job: cancels what a step that was killed, or that no signal reached, could not cancel: releases that it created, those of the
 * same parent that it waited for, and of other releases the stages that it began.
 */
export async function cancelLeftovers(agent: Agent, connect: () => AzureDevOps, world: World): Promise<Verdict> {
  const left = leftovers(agent);
  if (!left || !flag((name) => agent.input(name), 'cancelWithParent', true)) return NOTHING;
  const action = agent.input('action')?.toLowerCase() ?? 'create';
  const followed = action === 'create' || action === 'wait' ? left.children.filter(({ result }) => !result) : [];
  const begun = left.open.flatMap(({ request }) => (isDeployment(request) ? [request] : []));
  const created = left.open.filter(({ item }) => item === '');
  if (followed.length + begun.length + created.length === 0) return NOTHING;
  const azureDevOps = connect();
  const releases = await azureDevOps.releaseHost();
  const found: ReleaseChild[] = [];
  const parent = readParent(agent);
  const organization = azureDevOps.account.url;
  for (const { project, id, name, number, url } of followed) {
    const release = await findRelease(releases, { project, id }, { attempts: 3 });
    if (!release || (action === 'wait' && !release.tags?.includes(parent?.tag ?? ''))) continue;
    const { environments = [] } = release;
    found.push({ ...unreadChild(organization, project), id, definition: name, name: number, url, environments });
  }
  for (const { project, id, definition, name, url, stages } of begun) {
    const release = await findRelease(releases, { project, id }, { attempts: 3 });
    if (!release) continue;
    const { environments = [] } = release;
    found.push({ ...unreadChild(organization, project), id, definition, name, url, environments, cancels: stages });
  }
  const ids = new Set(left.children.map(({ id }) => id));
  for (const { request, sentAt } of created) {
    const wanted = request as ReleaseRequest;
    const lost = await findLostRelease(releases, { request: wanted, sentAt, known: () => Promise.resolve(ids) }, world);
    if (!lost) continue;
    const { id, name = '', environments = [] } = lost;
    const { project, definition } = wanted;
    const url = releaseUrl(azureDevOps, project, lost);
    found.push({ ...unreadChild(organization, project), id, definition: definition.name, name, url, environments });
  }
  if (!found.length) return NOTHING;
  world.log.info(`The step was stopped before it could cancel ${found.length} release(s); that is done now.`);
  await cancelReleases(releases, found, world);
  return {
    result: 'Succeeded',
    message: `Canceled what a stopped step left running: ${found.map(({ name }) => name).join(', ')}.`,
  };
}

import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import { messageOf } from '../lib/errors';
import { flag } from '../lib/inputs';
import { readParent } from '../lib/parent';
import { leftovers } from '../lib/register';
import { unreadChild, type ReleaseChild } from '../lib/releases/child';
import { findLostRelease, releaseUrl } from '../lib/releases/create';
import type { ReleaseRequest } from '../lib/releases/request';
import { cancelReleases, findRelease } from '../lib/releases/stages';
import type { Release } from '../lib/releases/wire';
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
  // What cannot be looked at is said; it keeps nothing else from being cancelled.
  let unread = 0;
  const orSaid = async (reading: Promise<Release | undefined>, where: string) => {
    try {
      return await reading;
    } catch (error) {
      unread += 1;
      world.log.error(`${where}: could not be looked at, so it is not cancelled. ${messageOf(error)}`);
      return undefined;
    }
  };
  for (const { project, id, name, number, url } of followed) {
    const release = await orSaid(findRelease(releases, { project, id }, { attempts: 3 }), `${name} ${number} ${url}`);
    if (!release || (action === 'wait' && !release.tags?.includes(parent?.tag ?? ''))) continue;
    const { environments = [] } = release;
    found.push({ ...unreadChild(organization, project), id, definition: name, name: number, url, environments });
  }
  for (const { project, id, definition, name, url, stages } of begun) {
    const release = await orSaid(
      findRelease(releases, { project, id }, { attempts: 3 }),
      `${definition} ${name} ${url}`,
    );
    if (!release) continue;
    const { environments = [] } = release;
    found.push({ ...unreadChild(organization, project), id, definition, name, url, environments, cancels: stages });
  }
  const ids = new Set(left.children.map(({ id }) => id));
  for (const { request, sentAt } of created) {
    const wanted = request as ReleaseRequest;
    const looking = findLostRelease(releases, { request: wanted, sentAt, known: () => Promise.resolve(ids) }, world);
    const lost = await orSaid(looking, `A release of ${wanted.definition.name} ${wanted.definition.url}`);
    if (!lost) continue;
    const { id, name = '', environments = [] } = lost;
    const { project, definition } = wanted;
    const url = releaseUrl(azureDevOps, project, lost);
    found.push({ ...unreadChild(organization, project), id, definition: definition.name, name, url, environments });
  }
  if (!found.length && !unread) return NOTHING;
  world.log.info(`The step was stopped before it could cancel ${found.length} release(s); that is done now.`);
  await cancelReleases(releases, found, world);
  if (unread) {
    return {
      result: 'Failed',
      message: `${unread} release(s) of a stopped step could not be looked at and may go on; the log names them.`,
    };
  }
  return {
    result: 'Succeeded',
    message: `Canceled what a stopped step left running: ${found.map(({ name }) => name).join(', ')}.`,
  };
}

import { ApiError, Canceled, messageOf } from '../lib/errors';
import { mayHaveStarted } from '../lib/lostAnswer';
import { childrenOf, readParentRegister, takeOnEarlierAttempts } from '../lib/parentRegister';
import { registered, title, type ReleaseChild } from '../lib/releases/child';
import { createRelease, findLostRelease, releaseUrl } from '../lib/releases/create';
import { releaseEnd } from '../lib/releases/releaseEnd';
import { withoutSecrets, type ReleaseRequest } from '../lib/releases/request';
import { findRelease } from '../lib/releases/stages';
import type { Release } from '../lib/releases/wire';
import { inWords } from '../lib/verdict';
import type { World } from '../lib/world';
import type { PlannedRelease } from './planRelease';
import type { Context } from './triggerRelease';

/** The release of an earlier attempt of this step, where it still counts, or a new one; never two for one intent. */
export async function ownRelease(
  planned: PlannedRelease,
  context: Context,
  world: World,
): Promise<{ child: ReleaseChild; isNew: boolean }> {
  const { azureDevOps, register } = context;
  await takeOnEarlierAttempts(context, { task: 'TriggerRelease', kind: 'release' }, world);
  const taken = await takenUp(planned, context, world);
  if (taken) return { child: taken, isNew: false };
  const releases = await azureDevOps.releaseHost();
  const { request } = planned;
  const known = () => notOurs(context, world);
  const open = register.earlier.open.find(({ item }) => item === '');
  const lost =
    open &&
    (await findLostRelease(releases, { request: open.request as ReleaseRequest, sentAt: open.sentAt, known }, world));
  if (world.signal.aborted && !lost) throw new Canceled();
  const sentAt = world.clock.now() + releases.transport.serverAheadMs;
  register.starting({ request: withoutSecrets(request), sentAt, item: '' });
  const release = lost ?? (await created(request, known, context, world));
  const child = childOf(planned, release, context);
  register.put([registered(child)]);
  register.answered('');
  const given = child.given.length ? ` with ${child.given.join(', ')}` : '';
  const how = lost ? 'Took on' : request.draft ? 'Created the draft' : 'Created';
  const versions = (release.artifacts ?? [])
    .map(({ alias = '', definitionReference }) => `${alias} ${definitionReference?.version?.name ?? ''}`)
    .join(', ');
  world.log.info(`${how} ${title(child)}${versions && ` of ${versions}`}${given}. ${child.url}`);
  return { child, isNew: true };
}

async function created(
  request: ReleaseRequest,
  known: () => Promise<Set<number>>,
  { azureDevOps, register }: Context,
  world: World,
): Promise<Release> {
  try {
    return await createRelease(await azureDevOps.releaseHost(), request, known, world);
  } catch (error) {
    // What may have made a release after all stays noted, so that the next attempt looks for it first.
    if (!mayHaveStarted(error)) register.answered('');
    throw error;
  }
}

/** Releases of earlier attempts, and of the other steps of this parent. Where those cannot be read, the marks have to do. */
async function notOurs({ agent, own, parent, register }: Context, world: World): Promise<Set<number>> {
  const ids = new Set(register.earlier.children.map(({ id }) => id));
  if (!parent) return ids;
  try {
    const documents = await readParentRegister(own(), { agent, parent }, world);
    for (const { id } of childrenOf(documents, 'release')) ids.add(id);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    world.log.debug(`The register of ${parent.name} cannot be read: ${messageOf(error)}`);
  }
  return ids;
}

/** One that runs is waited for, one that succeeded is kept; for one that failed, was canceled or deleted a new one is due. */
async function takenUp(
  planned: PlannedRelease,
  context: Context,
  { log, signal }: World,
): Promise<ReleaseChild | undefined> {
  const { azureDevOps, register } = context;
  const earlier = register.earlier.children.findLast(
    ({ kind, organization }) => kind === 'release' && organization === azureDevOps.account.url,
  );
  // Only for one that is gone: to create another one because an answer is missing would be worse than to fail.
  const release = earlier && (await findRelease(await azureDevOps.releaseHost(), earlier, { signal }));
  if (release?.releaseDefinition?.id !== planned.request.definition.id) return undefined;
  const child = { ...childOf(planned, release, context), attempt: earlier?.attempt ?? 1 };
  const isDraft = planned.request.draft && release.status?.toLowerCase() === 'draft';
  const end = releaseEnd(release, { stages: child.stages, plans: child.plans });
  if (!isDraft && end.ended && end.result !== 'succeeded' && end.result !== 'partiallySucceeded') return undefined;
  child.toDeploy = child.toDeploy.filter((name) =>
    release.environments?.some((one) => one.name === name && one.status?.toLowerCase() === 'notstarted'),
  );
  const what = isDraft ? 'the draft is kept' : end.ended ? `it ${inWords(end.result)}` : 'it is waited for';
  log.info(`${title(child)} was created by an earlier attempt of this step: ${what}. ${child.url}`);
  return child;
}

function childOf(planned: PlannedRelease, release: Release, { azureDevOps, register }: Context): ReleaseChild {
  const { request } = planned;
  return {
    organization: azureDevOps.account.url,
    project: request.project,
    id: release.id,
    definition: request.definition.name,
    name: release.name ?? String(release.id),
    url: releaseUrl(azureDevOps, request.project, release),
    attempt: Math.max(0, ...register.earlier.children.map(({ attempt }) => attempt)) + 1,
    stages: planned.stages,
    plans: new Map(planned.plans),
    toDeploy: [...planned.toDeploy],
    stageVariables: {},
    proceeds: 'whenBegunByOthers',
    cancels: 'all',
    given: [...Object.keys(request.variables), ...request.stageVariables.flatMap((one) => Object.keys(one.variables))],
    createdOn: release.createdOn,
    environments: release.environments ?? [],
  };
}

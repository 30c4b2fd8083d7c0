import { UserError } from '../lib/errors';
import { takeOnEarlierAttempts } from '../lib/parentRegister';
import type { RegisteredChild } from '../lib/register';
import { title, unreadChild, type ReleaseChild } from '../lib/releases/child';
import { releaseUrl } from '../lib/releases/create';
import { isMoving } from '../lib/releases/releaseEnd';
import { checkRights } from '../lib/releases/rights';
import { cancelReleases, findRelease, readRelease } from '../lib/releases/stages';
import { unknownStage } from '../lib/releases/request';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { planDeployment } from './deployment';
import { findReleases, type ReleaseReference } from './findReleases';
import { follow, heldReport } from './follow';
import type { ExistingInputs } from './inputs';
import { checkWaitFor } from './planRelease';
import { Report } from './report';
import type { Context } from './triggerRelease';

/** Deploys stages of releases that exist, waits for them, cancels them, or approves what is pending of them. */
export async function existingReleases(inputs: ExistingInputs, context: Context, world: World): Promise<Verdict> {
  const references = (await takenUp(inputs, context, world)) ?? (await findReleases(inputs, context, world));
  const children: ReleaseChild[] = [];
  for (const reference of references) children.push(await readChild(reference, inputs, context, world));
  world.log.info(
    `${children.length} release(s): ${children.map((child) => `${title(child)} ${child.url}`).join(' , ')}`,
  );
  switch (inputs.action) {
    case 'approve':
      return await approveAll(inputs, children, context, world);
    case 'cancel':
      return await cancelAll(inputs, children, context, world);
    case 'wait':
      return await follow(inputs.waiting, { children }, context, world);
    case 'deploy':
      return await deployAll(inputs, children, context, world);
  }
}

/** A retry goes on with the release that the earlier attempt of the step deployed, whatever is the latest by now. */
async function takenUp(
  { action, release }: ExistingInputs,
  context: Context,
  world: World,
): Promise<ReleaseReference[] | undefined> {
  if (action !== 'deploy' || release?.toLowerCase() !== 'latest') return undefined;
  await takeOnEarlierAttempts(context, { task: 'TriggerRelease', kind: 'release' }, world);
  const { earlier } = context.register;
  const here = earlier.children.filter(
    ({ kind, organization }) => kind === 'release' && organization === context.azureDevOps.account.url,
  );
  return here.length ? here.map(({ project, id }) => ({ project, id })) : undefined;
}

async function deployAll(
  inputs: ExistingInputs,
  children: ReleaseChild[],
  context: Context,
  world: World,
): Promise<Verdict> {
  for (const child of children) planDeployment(inputs, child, context, world);
  if (inputs.dryRun) {
    for (const child of children) await checkDeployments(child, context, world);
    for (const child of children)
      world.log.info(`${title(child)}: ${child.toDeploy.join(', ') || 'nothing'} would be deployed. ${child.url}`);
    return { result: 'Succeeded', message: 'Checked; nothing was deployed (dryRun).' };
  }
  return await follow(inputs.waiting, { children }, context, world);
}

async function checkDeployments(child: ReleaseChild, { azureDevOps }: Context, world: World): Promise<void> {
  const { project, definition: name, definitionId: id, path, url, environments, toDeploy } = child;
  if (id === undefined) return;
  const deploys = environments
    .filter((environment) => toDeploy.includes(environment.name))
    .map(({ definitionEnvironmentId = 0, name }) => ({ id: definitionEnvironmentId, name }));
  await checkRights(azureDevOps, { project, definition: { id, name, path, url }, create: false, deploys }, world);
}

/** What had ended before it could be canceled is no failure; what goes on is. */
async function cancelAll(
  inputs: ExistingInputs,
  children: ReleaseChild[],
  context: Context,
  world: World,
): Promise<Verdict> {
  const releases = await context.azureDevOps.releaseHost();
  const named = inputs.levels.flat();
  const moving = children.filter(({ environments }) => environments.some(isMoving));
  for (const child of children) {
    child.cancels = named.length ? named : 'all';
    child.stages = child.environments
      .filter((one) => isMoving(one) && (!named.length || named.some((name) => same(name, one.name))))
      .map(({ name }) => name);
    if (!child.stages.length) {
      world.log.info(`${title(child)}: no stage is being deployed. ${child.url}`);
      child.result = 'succeeded';
    }
  }
  const open = moving.filter(({ result }) => !result);
  const refused = await cancelReleases(releases, open, world);
  if (refused) {
    new Report(context, world.log).end(children);
    return { result: 'Failed', message: `${refused} stage(s) could not be canceled; see the errors above.` };
  }
  const ignore = { onCanceled: 'ignore', onFailure: 'ignore', onPartialSuccess: 'ignore' } as const;
  const waiting = { ...inputs.waiting, ...ignore, retryFailedStages: 0 };
  if (open.length) return await follow(waiting, { children }, context, world);
  new Report(context, world.log).end(children);
  return { result: 'Succeeded', message: 'There was nothing to cancel: no stage is being deployed.' };
}

async function approveAll(
  { waiting }: ExistingInputs,
  children: ReleaseChild[],
  context: Context,
  world: World,
): Promise<Verdict> {
  const held = await heldReport(waiting, context, world);
  let given = 0;
  for (const child of children) given += await held.approvePending(child);
  new Report(context, world.log).end(children);
  if (given) return { result: 'Succeeded', message: `${given} approval(s) given.` };
  return {
    result: 'Failed',
    message: `Nothing was approved: no approval is pending that this identity may give. ${children.map(({ url }) => url).join(' , ')}`,
  };
}

async function readChild(
  { project, id, registered }: ReleaseReference,
  inputs: ExistingInputs,
  context: Context,
  world: World,
): Promise<ReleaseChild> {
  const { azureDevOps, parent } = context;
  const releases = await azureDevOps.releaseHost();
  const options = { signal: world.signal };
  const found = registered && (await findRelease(releases, registered, options));
  if (registered && !found) return deleted(registered);
  const release = found ?? (await readRelease(releases, { project, id }, options));
  const named = inputs.levels.flat();
  const { name = String(id), environments = [] } = release;
  const known = { owner: name, environments, url: releaseUrl(azureDevOps, project, release) };
  const unknown = named.find((one) => !environments.some((environment) => same(environment.name, one)));
  if (unknown !== undefined && inputs.action !== 'approve') throw new UserError(unknownStage('stages', unknown, known));
  if (inputs.action === 'wait' || inputs.action === 'deploy') checkWaitFor(inputs.waiting, named, known);
  const own = parent !== undefined && (release.tags ?? []).includes(parent.tag);
  return {
    organization: azureDevOps.account.url,
    project,
    id,
    definition: release.releaseDefinition?.name ?? 'release',
    definitionId: release.releaseDefinition?.id,
    path: release.releaseDefinition?.path,
    ...{ name, url: known.url },
    attempt: 1,
    stages: inputs.action === 'wait' ? named : [],
    plans: new Map(),
    toDeploy: [],
    stageVariables: inputs.stageVariables,
    proceeds: 'whenBegunByOthers',
    // Only what this parent started is cancelled with it.
    cancels: own ? 'all' : [],
    given: [],
    createdOn: release.createdOn,
    environments,
    status: release.status,
  };
}

/** One that an earlier step created and somebody deleted counts as failed; the others are waited for all the same. */
function deleted({ organization, project, id, name, number, url, attempt }: RegisteredChild): ReleaseChild {
  const known = { id, definition: name, name: number, url, attempt, cancels: [] };
  return { ...unreadChild(organization, project), ...known, result: 'failed', reason: 'it was deleted' };
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

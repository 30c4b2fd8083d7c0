import { UserError } from '../lib/errors';
import { title, type ReleaseChild } from '../lib/releases/child';
import { releaseUrl } from '../lib/releases/create';
import { HeldReport } from '../lib/releases/held';
import { isMoving } from '../lib/releases/releaseEnd';
import { cancelReleases, readRelease } from '../lib/releases/stages';
import type { Release } from '../lib/releases/wire';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { follow, heldOptions } from './createAndFollow';
import { planDeployment } from './deployment';
import { findReleases, type ReleaseReference } from './findReleases';
import type { ExistingInputs } from './inputs';
import { Report } from './report';
import type { Context } from './triggerRelease';

/** Deploys stages of releases that exist, waits for them, cancels them, or approves what is pending of them. */
export async function existingReleases(inputs: ExistingInputs, context: Context, world: World): Promise<Verdict> {
  const references = await findReleases(inputs, context, world);
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

async function deployAll(
  inputs: ExistingInputs,
  children: ReleaseChild[],
  context: Context,
  world: World,
): Promise<Verdict> {
  for (const child of children) planDeployment(inputs, child, context, world);
  if (inputs.dryRun) {
    for (const child of children)
      world.log.info(`${title(child)}: ${child.toDeploy.join(', ') || 'nothing'} would be deployed. ${child.url}`);
    return { result: 'Succeeded', message: 'Checked; nothing was deployed (dryRun).' };
  }
  return await follow(inputs.waiting, { children }, context, world);
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
  const releases = await context.azureDevOps.releaseHost();
  const held = new HeldReport(releases, heldOptions(waiting, context), world);
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
  { project, id }: ReleaseReference,
  inputs: ExistingInputs,
  context: Context,
  world: World,
): Promise<ReleaseChild> {
  const { azureDevOps, parent } = context;
  const release = await readRelease(await azureDevOps.releaseHost(), { project, id }, { signal: world.signal });
  const stages = inputs.action === 'wait' ? inputs.levels.flat() : [];
  checkStages(stages, release, releaseUrl(azureDevOps, project, release));
  const own = parent !== undefined && (release.tags ?? []).includes(parent.tag);
  return {
    organization: azureDevOps.account.url,
    project,
    id,
    definition: release.releaseDefinition?.name ?? 'release',
    name: release.name ?? String(id),
    url: releaseUrl(azureDevOps, project, release),
    attempt: 1,
    stages,
    plans: new Map(),
    toDeploy: [],
    stageVariables: inputs.stageVariables,
    // Only what this parent started is cancelled with it.
    cancels: own ? 'all' : [],
    given: [],
    createdOn: release.createdOn,
    environments: release.environments ?? [],
    status: release.status,
  };
}

function checkStages(wanted: string[], { environments = [], name = '' }: Release, url: string): void {
  const unknown = wanted.find((one) => !environments.some((environment) => same(environment.name, one)));
  if (unknown !== undefined)
    throw new UserError(
      `stages: ${name} has no stage '${unknown}'. Its stages: ${environments.map((one) => one.name).join(', ') || 'none'}. ${url}`,
    );
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

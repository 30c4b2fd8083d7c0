import { Canceled } from '../lib/errors';
import { endOf, registered, title, type ReleaseChild } from '../lib/releases/child';
import { createRelease, findLostRelease, releaseUrl } from '../lib/releases/create';
import { HeldReport } from '../lib/releases/held';
import { releaseEnd } from '../lib/releases/releaseEnd';
import { withoutSecrets, type ReleaseRequest } from '../lib/releases/request';
import { cancelReleases, deployStage, readRelease } from '../lib/releases/stages';
import { ReleaseWatch, turnOf } from '../lib/releases/watch';
import { TAGS, type Release } from '../lib/releases/wire';
import { addTags } from '../lib/tags';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { WaitingInputs } from '../lib/waitingInputs';
import type { World } from '../lib/world';
import type { CreateInputs } from './inputs';
import { planRelease, type PlannedRelease } from './planRelease';
import { Report } from './report';
import type { Context } from './triggerRelease';

/** Looks everything up, creates the release, deploys what is the step's own to deploy, waits, and says what the end makes of the step. */
export async function createAndFollow(inputs: CreateInputs, context: Context, world: World): Promise<Verdict> {
  const planned = await planRelease(inputs, context, world);
  if (inputs.dryRun) return dryRun(planned, world);
  const child = await childFor(planned, context, world);
  return await follow(inputs.waiting, { children: [child], draft: inputs.draft }, context, world);
}

/** Follows releases to their end; when the step is cancelled, cancels what is its own. */
export async function follow(
  waiting: WaitingInputs,
  { children, draft }: { children: ReleaseChild[]; draft?: boolean },
  context: Context,
  world: World,
): Promise<Verdict> {
  const releases = await context.azureDevOps.releaseHost();
  const report = new Report(context, world.log);
  try {
    report.changed(children);
    if (world.signal.aborted) throw new Canceled();
    if (draft) for (const child of children) child.result ??= 'started';
    else if (!waiting.waitForCompletion) for (const child of children) await deployFirst(releases, child, world);
    const held = new HeldReport(releases, heldOptions(waiting, context), world);
    await new ReleaseWatch(releases, children, { waiting, held, changed: () => report.changed(children) }, world).run();
  } catch (error) {
    if (error instanceof Canceled) await cancelOwn(waiting, children, context, world);
    throw error;
  } finally {
    world.log.group(
      'Releases',
      children.map((child) => `${child.result ?? 'started'}  ${title(child)}  ${child.url}`),
    );
    report.end(children);
  }
  return verdictOf(children.map(endOf), waiting);
}

/** What approvals are answered with. */
export function heldOptions(
  { approvals, approvalComment }: WaitingInputs,
  { parent }: Context,
): { approvals: 'wait' | 'approve'; approvalComment: string } {
  return { approvals, approvalComment: approvalComment.replaceAll('<parent link>', parent?.url ?? 'Pipeline Cascade') };
}

async function cancelOwn(
  { cancelWithParent }: WaitingInputs,
  children: ReleaseChild[],
  { azureDevOps, register }: Context,
  world: World,
): Promise<void> {
  const own = children.filter(({ result, cancels }) => !result && cancels.length > 0);
  if (!cancelWithParent) {
    for (const child of own) world.log.info(`${title(child)} goes on, because cancelWithParent is false. ${child.url}`);
    return;
  }
  register.canceling();
  await cancelReleases(await azureDevOps.releaseHost(), own, world);
}

/** Without waiting only those stages can be deployed that need not wait for others. */
async function deployFirst(
  releases: Awaited<ReturnType<Context['azureDevOps']['releaseHost']>>,
  child: ReleaseChild,
  world: World,
): Promise<void> {
  if (child.toDeploy.length) {
    const due = turnOf(child, await readRelease(releases, child));
    for (const environment of due) await deployStage(releases, child, environment, world);
    const left = child.toDeploy.filter((name) => !due.some((one) => one.name.toLowerCase() === name.toLowerCase()));
    if (left.length)
      world.log.warning(
        `${title(child)}: ${left.join(', ')} would be deployed after other stages, for which this step does not wait (waitForCompletion is false). ${child.url}`,
      );
    child.toDeploy = [];
  }
  child.result ??= 'started';
}

/** The release of an earlier attempt of this step, where it still counts, or a new one. */
async function childFor(planned: PlannedRelease, context: Context, world: World): Promise<ReleaseChild> {
  const { azureDevOps, register } = context;
  const releases = await azureDevOps.releaseHost();
  const { request } = planned;
  const taken = await takenUp(planned, context, world);
  if (taken) return taken;
  const known = new Set(register.earlier.children.map(({ id }) => id));
  const open = register.earlier.open.find(({ item }) => item === '');
  const lost =
    open &&
    (await findLostRelease(releases, { request: open.request as ReleaseRequest, sentAt: open.sentAt, known }, world));
  const sentAt = world.clock.now() + releases.transport.serverAheadMs;
  if (world.signal.aborted) throw new Canceled();
  register.starting({ request: withoutSecrets(request), sentAt, item: '' });
  const release = lost ?? (await createRelease(releases, request, known, world));
  const child = childOf(planned, release, context);
  register.put([registered(child)]);
  register.answered('');
  const given = child.given.length ? ` with ${child.given.join(', ')}` : '';
  const how = lost ? 'Took on' : request.draft ? 'Created the draft' : 'Created';
  const versions = (release.artifacts ?? [])
    .map(({ alias = '', definitionReference }) => `${alias} ${definitionReference?.version?.name ?? ''}`)
    .join(', ');
  world.log.info(`${how} ${title(child)}${versions && ` of ${versions}`}${given}. ${child.url}`);
  const { project, id, url } = child;
  await addTags(releases, { place: TAGS, route: { project, releaseId: id }, url }, { tags: request.tags, world });
  return child;
}

/** One that runs is waited for, one that succeeded is kept; for one that failed or was canceled a new one is due. */
async function takenUp(
  planned: PlannedRelease,
  { azureDevOps, register, ...context }: Context,
  { log, signal }: World,
): Promise<ReleaseChild | undefined> {
  const releases = await azureDevOps.releaseHost();
  const earlier = register.earlier.children.findLast(({ kind }) => kind === 'release');
  if (!earlier) return undefined;
  const release = await readRelease(releases, earlier, { signal }).catch(() => undefined);
  if (release?.releaseDefinition?.id !== planned.request.definition.id) return undefined;
  const child = { ...childOf(planned, release, { azureDevOps, register, ...context }), attempt: earlier.attempt };
  const end = releaseEnd(release, { stages: child.stages, plans: child.plans });
  if (end.ended && end.result !== 'succeeded' && end.result !== 'partiallySucceeded') return undefined;
  child.toDeploy = child.toDeploy.filter((name) =>
    release.environments?.some((one) => one.name === name && one.status?.toLowerCase() === 'notstarted'),
  );
  const what = end.ended ? `it ${end.result}` : 'it is waited for';
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
    cancels: 'all',
    given: [...Object.keys(request.variables), ...request.stageVariables.flatMap((one) => Object.keys(one.variables))],
    createdOn: release.createdOn,
    environments: release.environments ?? [],
  };
}

function dryRun({ request, stages }: PlannedRelease, { log }: World): Verdict {
  const { definition, artifacts, variables } = request;
  const versions = artifacts.map(({ alias, version }) => `${alias} ${version.name ?? version.id ?? ''}`);
  const given = Object.keys(variables);
  const parts = [
    stages.length && `its stages ${stages.join(', ')}`,
    versions.length && `the artifacts ${versions.join(', ')}`,
    given.length && `the variables ${given.join(', ')}`,
  ].filter(Boolean);
  log.info(
    `A release of ${definition.name} would be created${parts.length ? ` with ${parts.join('; ')}` : ''}. ${definition.url}`,
  );
  return { result: 'Succeeded', message: 'Checked; no release was created (dryRun).' };
}

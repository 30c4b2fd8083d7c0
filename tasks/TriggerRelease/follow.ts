import { ownAgentOf } from '../lib/agentWait';
import { Canceled } from '../lib/errors';
import { endOf, title, type ReleaseChild } from '../lib/releases/child';
import { deployStages, turnOf, warnOfUndeployed, type DeploymentNotes } from '../lib/releases/deploying';
import { HeldReport } from '../lib/releases/held';
import { cancelReleases, readRelease } from '../lib/releases/stages';
import { ReleaseWatch } from '../lib/releases/watch';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { WaitingInputs } from '../lib/waitingInputs';
import { orCanceled, type World } from '../lib/world';
import { forgetDeployment, noteDeployment } from './deployment';
import { Report } from './report';
import type { Context } from './triggerRelease';

/**
 * Follows releases to their end; when the step is cancelled, cancels what is its own.
 * @param beside what else belongs to the start: a step that does not wait goes on only when that is done, so that until then a cancel reaches
 * its releases.
 */
export async function follow(
  waiting: WaitingInputs,
  { children, draft, beside }: { children: ReleaseChild[]; draft?: boolean; beside?: Promise<void> | undefined },
  context: Context,
  world: World,
): Promise<Verdict> {
  const releases = await context.azureDevOps.releaseHost();
  const report = new Report(context, world.log);
  const step = { register: context.register, clock: world.clock };
  const notes: DeploymentNotes = {
    deploying: (child, stage) => noteDeployment(child, stage, step),
    notBegun: (child, stage) => forgetDeployment(child, stage, step),
  };
  try {
    report.changed(children);
    if (world.signal.aborted) throw new Canceled();
    if (!waiting.waitForCompletion && !draft)
      for (const child of children) await deployFirst(child, notes, context, world);
    if (!waiting.waitForCompletion || draft) {
      await orCanceled(beside ?? Promise.resolve(), world.signal);
      for (const child of children) child.result ??= 'started';
    }
    const held = await heldReport(waiting, context, world);
    const changed = () => report.changed(children);
    await new ReleaseWatch(releases, children, { waiting, held, notes, changed }, world).run();
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

/** Says what holds a stage, and answers approvals where that is wanted. */
export async function heldReport(waiting: WaitingInputs, context: Context, world: World): Promise<HeldReport> {
  const { agent, azureDevOps, parent } = context;
  const { approvals, approvalComment, onDeadlock } = waiting;
  return new HeldReport(
    { azureDevOps, releases: await azureDevOps.releaseHost() },
    {
      ...{ approvals, onDeadlock },
      approvalComment: approvalComment.replaceAll('<parent link>', parent?.url ?? 'Pipeline Cascade'),
      ownAgent: ownAgentOf(agent, parent?.organization === azureDevOps.account.url),
    },
    world,
  );
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
  child: ReleaseChild,
  notes: DeploymentNotes,
  { azureDevOps }: Context,
  world: World,
): Promise<void> {
  const releases = await azureDevOps.releaseHost();
  if (child.toDeploy.length && !child.result) {
    const environments = turnOf(child, await readRelease(releases, child));
    await deployStages(releases, child, { environments, notes }, world);
    warnOfUndeployed(child, 'waitForCompletion is false', world);
  }
  // What was begun while the cancel came is still this step's to cancel.
  if (world.signal.aborted) throw new Canceled();
  if (child.refusal !== undefined) Object.assign(child, { result: 'failed', reason: child.refusal });
}

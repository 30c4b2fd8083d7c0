import type { AzureDevOps } from '../azureDevOps';
import { Canceled } from '../errors';
import type { World } from '../world';
import { title, type ReleaseChild } from './child';
import { attemptOf, releaseEnd } from './releaseEnd';
import { deployStage, type Beginning } from './stages';
import type { Condition, Environment, Release } from './wire';

/** Kept with the step, so that whoever finds it killed knows what it began. */
export interface DeploymentNotes {
  /** Before a stage is asked for. */
  deploying(child: ReleaseChild, stage: string): void;
  /** The stage was not begun by this step after all. */
  notBegun(child: ReleaseChild, stage: string): void;
}

/** The condition of a stage that waits for nothing. */
export const AT_ONCE: Condition = { name: 'ReleaseStarted', conditionType: 'event', value: '' };

/** Stages that the step deploys itself and that nothing before them holds any more. */
export function turnOf(child: ReleaseChild, release: Release): Environment[] {
  const wanted = child.toDeploy.map((name) => name.toLowerCase());
  const { stages } = releaseEnd(release, { stages: child.toDeploy, plans: child.plans });
  const due = stages.filter(({ standing }) => standing === 'due').map(({ name }) => name);
  return child.toDeploy.length
    ? (release.environments ?? []).filter(({ name }) => wanted.includes(name.toLowerCase()) && due.includes(name))
    : [];
}

/**
 * Deploys stages of a release side by side, each with its own end: one that is refused keeps no other from being deployed and waited for.
 * Sets what of them counts, and `refusal`. Throws `Canceled` after a cancel and, after all of them have their answer, where one could not be asked for.
 * @param proceeds as the release says, unless given.
 */
export async function deployStages(
  releases: AzureDevOps,
  child: ReleaseChild,
  {
    environments,
    notes,
    proceeds = child.proceeds,
  }: { environments: Environment[]; notes: DeploymentNotes; proceeds?: ReleaseChild['proceeds'] },
  world: World,
): Promise<void> {
  // A cancel may have come since the last look; nothing is begun after it.
  if (world.signal.aborted && environments.length) throw new Canceled();
  for (const { name } of environments) notes.deploying(child, name);
  const asked = await Promise.allSettled(
    environments.map(async (environment) => ({
      environment,
      beginning: await deployStage(releases, child, environment, world),
    })),
  );
  for (const one of asked) {
    if (one.status === 'rejected') continue;
    const { environment, beginning } = one.value;
    if (beginning.kind !== 'begun') notes.notBegun(child, environment.name);
    takeOn({ child, environment, proceeds }, beginning, world);
  }
  const failed = asked.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  if (child.refusal === undefined) return;
  // What was to come behind it does not; only what has begun is waited for.
  const left = child.toDeploy.splice(0);
  ignore(child, left, { result: 'failed', reason: child.refusal });
}

/** Says which stages are left, because the step does not wait for those before them. */
export function warnOfUndeployed(child: ReleaseChild, because: string, { log }: Pick<World, 'log'>): void {
  const left = child.toDeploy.splice(0);
  if (left.length)
    log.warning(
      `${title(child)}: ${left.join(', ')} would be deployed after other stages, for which this step does not wait (${because}). ${child.url}`,
    );
}

function takeOn(
  {
    child,
    environment,
    proceeds,
  }: { child: ReleaseChild; environment: Environment; proceeds: ReleaseChild['proceeds'] },
  beginning: Beginning,
  { log }: World,
): void {
  const { name } = environment;
  const key = name.toLowerCase();
  const where = `${title(child)}: stage ${name}`;
  child.toDeploy = child.toDeploy.filter((one) => one.toLowerCase() !== key);
  const plan = child.plans.get(key) ?? {};
  const begun = { ...plan, fromAttempt: attemptOf(environment) + 1 };
  switch (beginning.kind) {
    case 'begun':
      child.plans.set(key, begun);
      return;
    case 'others':
      child.plans.set(key, begun);
      if (proceeds === 'never') {
        child.refusal ??= `stage ${name} is being deployed by somebody else. With proceedWhenSkipped: true that deployment is waited for`;
        ignore(child, [name], { result: 'failed', reason: child.refusal });
      } else log.info(`${where} is being deployed by somebody else; that deployment is waited for. ${child.url}`);
      return;
    case 'refused':
      if (proceeds === 'always' && beginning.allowed) {
        log.info(`${where} is left out: ${beginning.reason} ${child.url}`);
        free(child, key);
        ignore(child, [name], { result: 'skipped', reason: 'none of its stages could be deployed' });
        return;
      }
      // Nothing else starts it.
      child.plans.set(key, { ...plan, conditions: [] });
      child.refusal ??= `stage ${name} could not be deployed: ${beginning.reason}`;
      return;
    default:
      beginning satisfies never;
  }
}

/** What waits for the stage waits for what else there is. */
function free(child: ReleaseChild, key: string): void {
  const isIt = ({ name = '', conditionType }: Condition) =>
    conditionType === 'environmentState' && name.toLowerCase() === key;
  for (const [stage, plan] of child.plans) {
    if (!plan.conditions?.some(isIt)) continue;
    const rest = plan.conditions.filter((one) => !isIt(one));
    child.plans.set(stage, { ...plan, conditions: rest.length ? rest : [AT_ONCE] });
  }
}

/** Stages that do not count any more; with the last one the release has its end, because no stage by name would mean all of them. */
function ignore(child: ReleaseChild, names: string[], end: Pick<ReleaseChild, 'result' | 'reason'>): void {
  if (!child.stages.length) return;
  const keys = names.map((name) => name.toLowerCase());
  child.stages = child.stages.filter((name) => !keys.includes(name.toLowerCase()));
  if (!child.stages.length) Object.assign(child, end);
}

import { UserError } from '../lib/errors';
import { title, type ReleaseChild } from '../lib/releases/child';
import { attemptOf, isMoving } from '../lib/releases/releaseEnd';
import { checkSettable, unknownStage } from '../lib/releases/request';
import type { Condition, Environment } from '../lib/releases/wire';
import type { World } from '../lib/world';
import type { ExistingInputs } from './inputs';
import type { Context } from './triggerRelease';

const AT_ONCE: Condition[] = [{ name: 'ReleaseStarted', conditionType: 'event', value: '' }];
/** Succeeded, or partially succeeded. */
const GOOD = '132';

/**
 * Sets what of the release is deployed, in which order, and what counts. Throws `UserError` for a stage that is unknown, deployed
 * already or cannot be deployed; with `proceedWhenSkipped` such a stage is left out, and one that runs is waited for.
 */
export function planDeployment(inputs: ExistingInputs, child: ReleaseChild, { register }: Context, world: World): void {
  const status = child.status?.toLowerCase();
  if (status === 'draft' || status === 'abandoned')
    throw new UserError(
      `${title(child)} is ${status === 'draft' ? 'a draft' : status}: nothing of it can be deployed. ${child.url}`,
    );
  checkVariables(inputs, child);
  // What an earlier attempt of this step deployed is kept.
  const again = register.earlier.children.some(({ id, kind }) => kind === 'release' && id === child.id);
  let before: string[] = [];
  for (const level of inputs.levels) {
    const conditions = before.length
      ? before.map((name) => ({ name, conditionType: 'environmentState', value: GOOD }))
      : AT_ONCE;
    const names: string[] = [];
    for (const wanted of level) {
      const environment = find(child, wanted);
      if (!environment) throw new UserError(unknownStage('stages', wanted, { ...child, owner: title(child) }));
      const counts = addStage({ child, environment, conditions }, { again, ...inputs }, world);
      if (counts) names.push(environment.name);
    }
    if (names.length) before = names;
  }
  child.cancels = [...child.toDeploy];
  if (!child.stages.length)
    Object.assign(child, { result: 'skipped', reason: 'none of its stages was to be deployed' });
}

/** True when the stage counts for the end. */
function addStage(
  { child, environment, conditions }: { child: ReleaseChild; environment: Environment; conditions: Condition[] },
  { again, proceedWhenSkipped }: { again: boolean; proceedWhenSkipped: boolean },
  { log }: World,
): boolean {
  const { name, status = '' } = environment;
  const deployed = ['succeeded', 'partiallysucceeded'].includes(status.toLowerCase());
  const moving = isMoving(environment);
  if ((deployed || moving) && !again && !proceedWhenSkipped) {
    throw new UserError(
      `stages: ${title(child)}: stage ${name} is ${deployed ? 'deployed already' : `being deployed (${status})`}. With proceedWhenSkipped: true that is no error. ${child.url}`,
    );
  }
  if (deployed && !again) {
    log.info(`${title(child)}: stage ${name} is left out: it is deployed already.`);
    return false;
  }
  const kept = deployed || moving;
  child.stages.push(name);
  child.plans.set(name.toLowerCase(), { conditions, fromAttempt: attemptOf(environment) + (kept ? 0 : 1) });
  if (!kept) child.toDeploy.push(name);
  return true;
}

function checkVariables({ stageVariables }: ExistingInputs, child: ReleaseChild): void {
  for (const [stage, variables] of Object.entries(stageVariables)) {
    const found = find(child, stage);
    if (!found) throw new UserError(unknownStage('stageVariables', stage, { ...child, owner: title(child) }));
    checkSettable(variables, found.variables, {
      ...{ place: `stageVariables: ${stage}`, owner: `stage '${found.name}'`, url: child.url },
    });
  }
}

function find({ environments }: ReleaseChild, wanted: string): Environment | undefined {
  return environments.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
}

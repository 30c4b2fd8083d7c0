import { UserError } from '../lib/errors';
import { title, type ReleaseChild } from '../lib/releases/child';
import { AT_ONCE } from '../lib/releases/deploying';
import { attemptOf, isMoving } from '../lib/releases/releaseEnd';
import { checkSettable, unknownStage } from '../lib/releases/request';
import type { Condition, Environment } from '../lib/releases/wire';
import type { World } from '../lib/world';
import type { ExistingInputs } from './inputs';
import type { Context } from './triggerRelease';

/** Succeeded, or partially succeeded. */
const GOOD = '132';

/**
 * Sets what of the release is deployed, in which order, and what counts. Throws `UserError` for a stage that is unknown, deployed
 * already or cannot be deployed; with `proceedWhenSkipped` such a stage is left out, and one that runs is waited for.
 */
export function planDeployment(inputs: ExistingInputs, child: ReleaseChild, { register }: Context, world: World): void {
  const status = child.status?.toLowerCase();
  if (status === 'draft' || status === 'abandoned') {
    const is = status === 'draft' ? 'is a draft' : `is ${status}`;
    if (!inputs.proceedWhenSkipped)
      throw new UserError(`${title(child)} ${is}: nothing of it can be deployed. ${child.url}`);
    Object.assign(child, { result: 'skipped', reason: `it ${is}, nothing of it can be deployed` });
    return;
  }
  checkVariables(inputs, child);
  // What an earlier attempt of this step deployed is kept.
  const again = register.earlier.children.some(({ id, kind }) => kind === 'release' && id === child.id);
  child.proceeds = inputs.proceedWhenSkipped ? 'always' : again ? 'whenBegunByOthers' : 'never';
  let before: string[] = [];
  for (const level of inputs.levels) {
    const conditions = before.length
      ? before.map((name) => ({ name, conditionType: 'environmentState', value: GOOD }))
      : [AT_ONCE];
    const names: string[] = [];
    for (const wanted of level) {
      const environment = find(child, wanted);
      if (!environment) throw new UserError(unknownStage('stages', wanted, { ...child, owner: title(child) }));
      const counts = addStage({ child, environment, conditions }, { again, ...inputs }, world);
      if (counts) names.push(environment.name);
    }
    if (names.length) before = names;
  }
  // Only what this step begins is cancelled with it, and what an earlier attempt of it began and that still moves.
  const begun = register.earlier.open.flatMap(({ request }) =>
    isDeployment(request) && request.id === child.id ? request.stages : [],
  );
  child.cancels = begun.filter((name) => child.environments.some((one) => one.name === name && isMoving(one)));
  if (!child.stages.length)
    Object.assign(child, { result: 'skipped', reason: 'none of its stages was to be deployed' });
}

/** What the register keeps of a deployment while the step lives: the stages of a release that somebody else created which this step began. */
export interface Deployment {
  project: string;
  id: number;
  /** Definition and name of the release. */
  definition: string;
  name: string;
  url: string;
  stages: string[];
}

export function isDeployment(request: unknown): request is Deployment {
  return Array.isArray((request as Partial<Deployment> | null)?.stages) && 'id' in (request as object);
}

/** Notes, before it is asked for, that a stage is this step's own: whoever finds the step killed can cancel it. */
export function noteDeployment(child: ReleaseChild, stage: string, step: NotingStep): void {
  if (child.cancels === 'all' || child.cancels.includes(stage)) return;
  child.cancels = [...child.cancels, stage];
  keep(child, step);
}

/** The stage is not this step's own after all. */
export function forgetDeployment(child: ReleaseChild, stage: string, step: NotingStep): void {
  if (child.cancels === 'all') return;
  child.cancels = child.cancels.filter((name) => name !== stage);
  keep(child, step);
}

interface NotingStep {
  register: Context['register'];
  clock: World['clock'];
}

function keep({ project, id, definition, name, url, cancels }: ReleaseChild, { register, clock }: NotingStep): void {
  const item = `deploy ${id}`;
  register.answered(item);
  if (cancels === 'all' || !cancels.length) return;
  const request: Deployment = { project, id, definition, name, url, stages: cancels };
  register.starting({ request, sentAt: clock.now(), item });
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

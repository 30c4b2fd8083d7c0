import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf, UserError } from '../errors';
import type { World } from '../world';
import { title, type ReleaseChild } from './child';
import { isLost } from '../lostAnswer';
import { attemptOf, isMoving } from './releaseEnd';
import { ENVIRONMENTS, RELEASES, type Environment, type Release } from './wire';

const CANCEL_TIMEOUT_MS = 3000;
const MOST_TRIES = 3;
/** A stage that is due may begin while others are being canceled. */
const LATE_BEGIN_MS = 700;

/** The whole of a release. */
export async function readRelease(
  releases: AzureDevOps,
  { project, id }: { project: string; id: number },
  { signal, attempts, timeoutMs }: { signal?: AbortSignal; attempts?: number; timeoutMs?: number } = {},
): Promise<Release> {
  const { value } = await releases.call<Release>('GET', RELEASES, {
    route: { project, releaseId: id },
    signal,
    attempts,
    timeoutMs,
  });
  if (!Number.isSafeInteger(value.id)) {
    const reasons = ['The answer is no release: it has no id.'];
    throw new ApiError({
      method: 'GET',
      url: `${releases.account.url}_apis/release/releases/${id}`,
      status: 200,
      reasons,
    });
  }
  return value;
}

/**
 * Deploys a stage, unless it is being deployed already. A request whose answer was lost is sent again only where the stage did not
 * begin. Not tied to the cancel signal. Throws `UserError` with the service's reasons when it refuses.
 * https://learn.microsoft.com/rest/api/azure/devops/release/releases/update-release-environment
 * @returns false when somebody else had begun it.
 */
export async function deployStage(
  releases: AzureDevOps,
  child: ReleaseChild,
  environment: Environment,
  world: World,
): Promise<boolean> {
  const before = attemptOf(environment);
  const variables = Object.entries(child.stageVariables).find(
    ([name]) => name.toLowerCase() === environment.name.toLowerCase(),
  )?.[1];
  const body = { status: 'inProgress', comment: 'Pipeline Cascade', ...(variables && { variables }) };
  for (let attempt = 1; ; attempt++) {
    try {
      await releases.call('PATCH', ENVIRONMENTS, {
        route: { project: child.project, releaseId: child.id, environmentId: environment.id },
        body,
      });
      world.log.info(`${title(child)}: stage ${environment.name} is deployed. ${child.url}`);
      return true;
    } catch (error) {
      const now = (await readRelease(releases, child)).environments?.find(({ id }) => id === environment.id);
      if (now && (isMoving(now) || attemptOf(now) > before)) {
        const how = isLost(error) ? 'its answer was lost, but it has begun' : 'it was begun already';
        world.log.info(`${title(child)}: stage ${environment.name}: ${how}. ${child.url}`);
        return isLost(error);
      }
      if (isLost(error) && attempt < MOST_TRIES && !world.signal.aborted) continue;
      throw new UserError(
        `${title(child)}: stage ${environment.name} could not be deployed: ${messageOf(error)} ${child.url}`,
        { cause: error },
      );
    }
  }
}

/**
 * Asks the service to cancel what moves of these releases, all at once, and says for each stage whether that was accepted; gives the
 * number of those for which it was not. Never throws. Not tied to the step's own signal.
 * @param which stages of a release; unless told, those that are the step's own.
 */
export async function cancelReleases(
  releases: AzureDevOps,
  children: ReleaseChild[],
  { log, clock }: World,
  which: (child: ReleaseChild) => 'all' | string[] = ({ cancels }) => cancels,
): Promise<number> {
  const refused = await Promise.all(
    children.map(async (child) => {
      const asked = new Set<number>();
      let failed = 0;
      const cancelMoving = async (environments: Environment[]) => {
        const moving = environments.filter((one) => isMoving(one) && isAmong(which(child), one) && !asked.has(one.id));
        for (const { id } of moving) asked.add(id);
        const results = await Promise.all(moving.map((one) => cancelStage(releases, child, one, log)));
        failed += results.filter((accepted) => !accepted).length;
      };
      // What the last look showed is asked for at once, what began since then after another look.
      const known = cancelMoving(child.environments);
      for (const pause of [0, LATE_BEGIN_MS]) {
        if (pause) await clock.sleep(pause);
        try {
          const release = await readRelease(releases, child, { attempts: 2, timeoutMs: CANCEL_TIMEOUT_MS });
          child.environments = release.environments ?? [];
          await cancelMoving(child.environments);
        } catch (error) {
          log.warning(`${title(child)}: its stages could not be read: ${messageOf(error)} ${child.url}`);
        }
        // A stage that nothing holds may begin after all.
        if (asked.size && child.environments.some(isMoving)) break;
      }
      await known;
      if (!asked.size)
        log.info(`${title(child)}: no stage is being deployed, there is nothing to cancel. ${child.url}`);
      return failed;
    }),
  );
  return refused.reduce((sum, count) => sum + count, 0);
}

async function cancelStage(
  releases: AzureDevOps,
  child: ReleaseChild,
  { id, name }: Environment,
  log: World['log'],
): Promise<boolean> {
  try {
    await releases.call('PATCH', ENVIRONMENTS, {
      route: { project: child.project, releaseId: child.id, environmentId: id },
      body: { status: 'canceled', comment: 'Canceled with its parent by Pipeline Cascade' },
      repeatable: true,
      attempts: 3,
      timeoutMs: CANCEL_TIMEOUT_MS,
    });
    log.info(`${title(child)}: stage ${name}: cancellation accepted. ${child.url}`);
    return true;
  } catch (error) {
    // Where an answer was lost, the next request is refused because the first one did it.
    const now = { attempts: 1, timeoutMs: CANCEL_TIMEOUT_MS };
    const release = await readRelease(releases, child, now).catch(() => undefined);
    const stage = release?.environments?.find((one) => one.id === id);
    if (stage && !isMoving(stage)) {
      log.info(`${title(child)}: stage ${name} has ended (${stage.status ?? ''}). ${child.url}`);
      return true;
    }
    log.error(`${title(child)}: stage ${name} could not be canceled, it goes on. ${messageOf(error)} ${child.url}`);
    return false;
  }
}

/** The stages that count: what is asked for by name, or all. */
export function counted({ stages }: ReleaseChild): 'all' | string[] {
  return stages.length ? stages : 'all';
}

function isAmong(stages: 'all' | string[], { name }: Environment): boolean {
  return stages === 'all' || stages.some((one) => one.toLowerCase() === name.toLowerCase());
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError, Canceled, messageOf } from '../errors';
import type { World } from '../world';
import { title, type ReleaseChild } from './child';
import { isLost, lookForLost, withPatience } from '../lostAnswer';
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

/** The whole of a release, or undefined where there is none of that id any more. Another project, or one that cannot be seen, is an error as ever. */
export async function findRelease(...read: Parameters<typeof readRelease>): Promise<Release | undefined> {
  try {
    return await readRelease(...read);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
    throw error;
  }
}

/** How asking for the deployment of a stage ended. */
export type Beginning =
  | { kind: 'begun' }
  /** Somebody else had begun it. */
  | { kind: 'others' }
  /** With the service's reasons; not `allowed` is a matter of rights, anything else of the stage. */
  | { kind: 'refused'; reason: string; allowed: boolean };

/**
 * Deploys a stage. A request whose answer was lost is sent again only where the stage did not begin. Not tied to the cancel signal, because
 * what it began is to be cancelled; once that was given an answer is waited for a few seconds and nothing is sent again (throws `Canceled`).
 * https://learn.microsoft.com/rest/api/azure/devops/release/releases/update-release-environment
 */
export async function deployStage(
  releases: AzureDevOps,
  child: ReleaseChild,
  environment: Environment,
  world: World,
): Promise<Beginning> {
  const { log, signal } = world;
  const { id, name } = environment;
  const variables = Object.entries(child.stageVariables).find(
    ([stage]) => stage.toLowerCase() === name.toLowerCase(),
  )?.[1];
  const body = { status: 'inProgress', comment: 'Pipeline Cascade', ...(variables && { variables }) };
  const hasBegun = async () => {
    const now = (await readRelease(releases, child)).environments?.find((one) => one.id === id);
    return now !== undefined && (isMoving(now) || attemptOf(now) > attemptOf(environment));
  };
  for (let attempt = 1; ; attempt++) {
    try {
      const route = { project: child.project, releaseId: child.id, environmentId: id };
      await withPatience(releases.call('PATCH', ENVIRONMENTS, { route, body }), child.url, world);
      log.info(`${title(child)}: stage ${name}: its deployment is asked for. ${child.url}`);
      return { kind: 'begun' };
    } catch (error) {
      if (!isLost(error)) {
        if (!(error instanceof ApiError)) throw error;
        if (await hasBegun()) return { kind: 'others' };
        return { kind: 'refused', reason: messageOf(error), allowed: ![401, 403].includes(error.status) };
      }
      const look = async () => ({ certain: (await hasBegun()) ? [id] : [], fitting: [] });
      if ((await lookForLost(look, world)).length) {
        log.info(
          `${title(child)}: stage ${name}: the answer to its deployment was lost, but it has begun. ${child.url}`,
        );
        return { kind: 'begun' };
      }
      if (signal.aborted) throw new Canceled();
      if (attempt >= MOST_TRIES) return { kind: 'refused', reason: messageOf(error), allowed: false };
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

/** True for one of these stages, whatever the case of its name. */
export function isAmong(stages: 'all' | string[], { name }: Environment): boolean {
  return stages === 'all' || stages.some((one) => one.toLowerCase() === name.toLowerCase());
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf, UserError } from '../errors';
import { isLost, MOST_STARTS, withPatience } from '../lostAnswer';
import { made, NotSignedIn } from '../transport';
import type { World } from '../world';
import type { Claims } from './claims';
import { explainRefusal } from './explain';
import { findLostRun } from './lostAnswer';
import { buildBody, needsRunsApi, runBody, type RunRequest } from './request';
import { asTag } from './references';
import { BUILDS, type Build } from './wire';

/** What a start gave. */
export interface StartedRun {
  id: number;
  number: string;
  url: string;
  branch: string;
  commit: string;
  queueTime: string;
  /** Tags that the service put on it when it was queued. */
  tags: string[];
  /** Found again after the answer to its start was lost. */
  adopted: boolean;
}

/** The answer of the runs API. */
interface Run {
  id: number;
  name?: string;
  createdDate?: string;
  resources?: { repositories?: Record<string, { refName?: string; version?: string }> };
  _links?: { web?: { href?: string } };
}

/**
 * Starts one run, and never two for one request: a start whose answer was lost is looked for before it is sent again.
 * Not tied to the cancel signal, because its answer holds the id that cancelling needs.
 * Throws `UserError` with the service's reasons and what the pipeline declares when the service refuses.
 */
export async function startRun(
  azureDevOps: AzureDevOps,
  request: RunRequest,
  claims: Claims,
  world: World,
): Promise<StartedRun> {
  for (let start = 1; ; start++) {
    const sentAt = world.clock.now() + azureDevOps.transport.serverAheadMs;
    claims.sent(request);
    try {
      const run = await claims.answerOf(withPatience(post(azureDevOps, request), request.pipeline.url, world));
      claims.settled(request);
      return run;
    } catch (error) {
      if (!isLost(error)) {
        claims.settled(request);
        return await refused(azureDevOps, { request, error, claims }, world);
      }
      world.log.warning(
        `The answer to the start of ${request.pipeline.name} was lost (${messageOf(error)}). Looking for the run it may have made.`,
      );
      const found = await findLostRun(azureDevOps, claims.lostStart(request, sentAt), world);
      if (found && claims.claim(found.id)) {
        claims.settled(request);
        world.log.info(`Found it: ${request.pipeline.name} ${found.number} is taken on. ${found.url}`);
        return found;
      }
      if (start >= MOST_STARTS || world.signal.aborted) throw error;
      world.log.info('It made none, so it is sent again.');
    }
  }
}

async function post(azureDevOps: AzureDevOps, request: RunRequest): Promise<StartedRun> {
  const { pipeline, project } = request;
  if (needsRunsApi(request)) {
    const path = `${encodeURIComponent(project)}/_apis/pipelines/${pipeline.id}/runs`;
    const { value: answer } = await azureDevOps.rest<Run>('POST', path, { body: runBody(request) });
    const value = made(answer, azureDevOps.account.url + path);
    const self = value.resources?.repositories?.self;
    return {
      id: value.id,
      number: value.name ?? String(value.id),
      url: value._links?.web?.href ?? webUrl(azureDevOps, project, value.id),
      branch: self?.refName ?? request.branch ?? '',
      commit: self?.version ?? '',
      queueTime: value.createdDate ?? '',
      tags: [],
      adopted: false,
    };
  }
  const { value } = await azureDevOps.call<Build>('POST', BUILDS, { route: { project }, body: buildBody(request) });
  return startedFrom(azureDevOps, project, made(value, `${azureDevOps.account.url}_apis/build/builds`));
}

/** A build of the service as what a start gives. */
export function startedFrom(azureDevOps: AzureDevOps, project: string, build: Build): StartedRun {
  return {
    id: build.id,
    number: build.buildNumber ?? String(build.id),
    url: build._links?.web?.href ?? webUrl(azureDevOps, project, build.id),
    branch: build.sourceBranch ?? '',
    commit: build.sourceVersion ?? '',
    queueTime: build.queueTime ?? '',
    tags: build.tags ?? [],
    adopted: false,
  };
}

/** The web page of a run, where the service did not say it. */
export function webUrl(azureDevOps: AzureDevOps, project: string, id: number): string {
  return `${azureDevOps.account.url}${encodeURIComponent(project)}/_build/results?buildId=${id}`;
}

/** A refusal certainly started nothing: what remains is a tag of that name, or to say why. */
async function refused(
  azureDevOps: AzureDevOps,
  { request, error, claims }: { request: RunRequest; error: unknown; claims: Claims },
  world: World,
): Promise<StartedRun> {
  if (!(error instanceof ApiError) || error instanceof NotSignedIn || error.status < 400) throw error;
  const tag = await asTag(azureDevOps, request, world.signal);
  if (tag?.branch) {
    world.log.info(`There is no branch '${tag.branch.slice('refs/tags/'.length)}', but a tag: ${tag.branch} is used.`);
    return startRun(azureDevOps, tag, claims, world);
  }
  throw new UserError(await explainRefusal(azureDevOps, request, error), { cause: error });
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError, Canceled, messageOf, UserError } from '../errors';
import { LostAnswer, made } from '../transport';
import type { World } from '../world';
import type { Claims } from './claims';
import { explainRefusal } from './explain';
import { findLostRun, UnclearStart } from './lostAnswer';
import { buildBody, needsRunsApi, runBody, type RunRequest } from './request';
import { asTag } from './references';
import { BUILDS, TAGS, type Build } from './wire';

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

/** A cancelled step leaves an unanswered start so long before it goes and looks for the run itself. */
const PATIENCE_AFTER_CANCEL_MS = 5000;
const MOST_STARTS = 3;

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
    try {
      return await claims.answerOf(withPatience(post(azureDevOps, request), world));
    } catch (error) {
      if (!isLost(error)) return await refused(azureDevOps, { request, error, claims }, world);
      world.log.warning(
        `The answer to the start of ${request.pipeline.name} was lost (${messageOf(error)}). Looking for the run it may have made.`,
      );
      const found = await findLostRun(azureDevOps, { request, sentAt, known: () => claims.taken() }, world);
      if (found && claims.claim(found.id)) {
        world.log.info(`Found it: ${request.pipeline.name} ${found.number} is taken on. ${found.url}`);
        return found;
      }
      if (start >= MOST_STARTS || world.signal.aborted) throw error;
      world.log.info('It made none, so it is sent again.');
    }
  }
}

/** Puts the tags on a run that the queueing call could not give it. A refusal is one warning. */
export async function addTags(
  azureDevOps: AzureDevOps,
  run: { project: string; id: number; url: string },
  tags: string[],
  world: World,
): Promise<void> {
  try {
    await azureDevOps.call('POST', TAGS, {
      route: { project: run.project, buildId: run.id },
      body: tags,
      repeatable: true,
      attempts: 3,
      signal: world.signal,
    });
  } catch (error) {
    if (error instanceof Canceled) return;
    world.log.warning(`The tags ${tags.join(', ')} could not be put on ${run.url}: ${messageOf(error)}`);
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

/** True for the end of a start that may have made a run after all. */
export function mayHaveStarted(error: unknown): boolean {
  return error instanceof UnclearStart || isLost(error);
}

/** True when the run may exist although no answer says so. */
function isLost(error: unknown): boolean {
  return (
    error instanceof LostAnswer ||
    (error instanceof ApiError && (error.status === 408 || error.status >= 500 || isNoAnswer(error)))
  );
}

/** A success that cannot be read (cut off, a page in between) may have started the run as well. */
function isNoAnswer({ status }: ApiError): boolean {
  return status === 200 || status === 201 || status === 202;
}

/** After a cancel an answer is waited for no longer than a few seconds, then it counts as lost. */
async function withPatience(answer: Promise<StartedRun>, { clock, signal }: World): Promise<StartedRun> {
  const ended = new AbortController();
  const impatient = new Promise<never>((_, reject) => {
    const onAbort = () => {
      clock.sleep(PATIENCE_AFTER_CANCEL_MS, ended.signal).then(
        () =>
          reject(
            new LostAnswer({
              method: 'POST',
              url: 'http://start/',
              status: 0,
              reasons: ['The step was canceled before an answer came.'],
            }),
          ),
        () => undefined,
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([answer, impatient]);
  } finally {
    ended.abort();
  }
}

/** A refusal certainly started nothing: what remains is a tag of that name, or to say why. */
async function refused(
  azureDevOps: AzureDevOps,
  { request, error, claims }: { request: RunRequest; error: unknown; claims: Claims },
  world: World,
): Promise<StartedRun> {
  if (!(error instanceof ApiError) || error.status < 400) throw error;
  const tag = await asTag(azureDevOps, request, world.signal);
  if (tag?.branch) {
    world.log.info(`There is no branch '${tag.branch.slice('refs/tags/'.length)}', but a tag: ${tag.branch} is used.`);
    return startRun(azureDevOps, tag, claims, world);
  }
  throw new UserError(await explainRefusal(azureDevOps, request, error), { cause: error });
}

import { listed } from '../answerShape';
import type { AzureDevOps } from '../azureDevOps';
import { ApiError, Canceled, messageOf, UserError } from '../errors';
import { LostAnswer, made } from '../transport';
import type { World } from '../world';
import { releaseBody, type ReleaseRequest } from './request';
import { RELEASES, TAGS, type Release } from './wire';

const PATIENCE_AFTER_CANCEL_MS = 5000;
const MOST_STARTS = 3;
/** The service may still be at work on the request that it did not answer, so one empty look is not enough. */
const LOOKS_AFTER_MS = [500, 1500, 3000, 5000];
const CLOCKS_MAY_DIFFER_MS = 10_000;
const MOST_RELEASES = 100;

/**
 * Creates one release, and never two for one request: one whose answer was lost is looked for before it is asked for again.
 * Not tied to the cancel signal, because its answer holds the id that cancelling needs.
 * Throws `UserError` with the service's reasons when it refuses.
 */
export async function createRelease(
  releases: AzureDevOps,
  request: ReleaseRequest,
  known: Set<number>,
  world: World,
): Promise<Release> {
  const { definition, project } = request;
  for (let start = 1; ; start++) {
    const sentAt = world.clock.now() + releases.transport.serverAheadMs;
    try {
      const posted = releases.call<Release>('POST', RELEASES, { route: { project }, body: releaseBody(request) });
      return made((await withPatience(posted, world)).value, `${releases.account.url}_apis/release/releases`);
    } catch (error) {
      if (!isLost(error)) {
        if (!(error instanceof ApiError) || error.status < 400) throw error;
        throw new UserError(`No release of '${definition.name}' was created: ${error.message} ${definition.url}`, {
          cause: error,
        });
      }
      world.log.warning(
        `The answer to the creation of a release of ${definition.name} was lost (${messageOf(error)}). Looking for the release it may have made.`,
      );
      const found = await findLostRelease(releases, { request, sentAt, known }, world);
      if (found) {
        world.log.info(
          `Found it: ${definition.name} ${found.name ?? ''} is taken on. ${releaseUrl(releases, project, found)}`,
        );
        return found;
      }
      if (start >= MOST_STARTS || world.signal.aborted) throw error;
      world.log.info('It made none, so it is sent again.');
    }
  }
}

/**
 * The release that a creation without an answer made: of this definition, created since then with this description, these artifacts
 * and variables. Exactly one is taken on; undefined when there is none; several cannot be told apart and are an error with all links.
 */
export async function findLostRelease(
  releases: AzureDevOps,
  { request, sentAt, known }: { request: ReleaseRequest; sentAt: number; known: Set<number> },
  world: World,
): Promise<Release | undefined> {
  const pauses = world.signal.aborted ? LOOKS_AFTER_MS.slice(0, 1) : LOOKS_AFTER_MS;
  let fitting: Release[] = [];
  for (const pause of pauses) {
    await world.clock.sleep(pause);
    fitting = (await releasesSince(releases, request, sentAt)).filter(
      (release) => !known.has(release.id) && fits(release, request),
    );
    // A description that names the parent is nobody else's.
    if (fitting.length && request.parentUrl && request.description.includes(request.parentUrl)) break;
  }
  const [only, ...others] = fitting;
  if (only && others.length) {
    throw new UserError(
      `The answer to the creation of a release of '${request.definition.name}' was lost, and ${fitting.length} releases could be the one it made: ${fitting.map((one) => releaseUrl(releases, request.project, one)).join(' , ')}. Nothing more is created; look at them and abandon what is not wanted.`,
    );
  }
  return only;
}

/** Puts tags on a release. A refusal is one warning. */
export async function addReleaseTags(
  releases: AzureDevOps,
  release: { project: string; id: number; url: string },
  tags: string[],
  world: World,
): Promise<void> {
  if (!tags.length) return;
  try {
    await releases.call('POST', TAGS, {
      route: { project: release.project, releaseId: release.id },
      body: tags,
      repeatable: true,
      attempts: 3,
      signal: world.signal,
    });
  } catch (error) {
    if (error instanceof Canceled) return;
    world.log.warning(`The tags ${tags.join(', ')} could not be put on ${release.url}: ${messageOf(error)}`);
  }
}

/** The web page of a release. */
export function releaseUrl(azureDevOps: AzureDevOps, project: string, { id, _links }: Release): string {
  const page = `${azureDevOps.account.url}${encodeURIComponent(project)}/_releaseProgress?_a=release-pipeline-progress&releaseId=${id}`;
  return _links?.web?.href ?? page;
}

/** True when what was asked for may have happened although no answer says so. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof LostAnswer ||
    (error instanceof ApiError &&
      (error.status === 408 || error.status >= 500 || [200, 201, 202].includes(error.status)))
  );
}

async function releasesSince(
  releases: AzureDevOps,
  { project, definition }: ReleaseRequest,
  sentAt: number,
): Promise<Release[]> {
  const query = {
    definitionId: definition.id,
    minCreatedTime: new Date(sentAt - CLOCKS_MAY_DIFFER_MS).toISOString(),
    queryOrder: 'descending',
    $expand: 'environments,artifacts,variables,tags',
    $top: MOST_RELEASES,
  };
  try {
    const { value } = await releases.call<{ value?: Release[] }>('GET', RELEASES, { route: { project }, query });
    const since = sentAt - CLOCKS_MAY_DIFFER_MS;
    return listed(value).filter(({ createdOn }) => !createdOn || Date.parse(createdOn) >= since);
  } catch (error) {
    throw new UserError(
      `The answer to the creation of a release of '${definition.name}' was lost, and its releases cannot be looked at (${messageOf(error)}). It may exist: see ${definition.url} .`,
      { cause: error },
    );
  }
}

/** Whether a release is what was asked for. What the service does not tell does not speak against it. */
function fits(release: Release, request: ReleaseRequest): boolean {
  const otherParent = release.tags?.some((tag) => tag.startsWith('cascade-parent-') && !request.tags.includes(tag));
  const versions = new Map(
    (release.artifacts ?? []).map(({ alias, definitionReference }) => [alias, definitionReference?.version?.id]),
  );
  return (
    !otherParent &&
    (release.description ?? request.description) === request.description &&
    request.artifacts.every(({ alias, version }) => (versions.get(alias) ?? version.id) === version.id) &&
    Object.entries(request.variables).every(
      ([name, { value, isSecret }]) => isSecret || (release.variables?.[name]?.value ?? value) === value,
    )
  );
}

/** After a cancel an answer is waited for no longer than a few seconds, then it counts as lost. */
async function withPatience<T>(answer: Promise<T>, { clock, signal }: World): Promise<T> {
  const ended = new AbortController();
  const impatient = new Promise<never>((_, reject) => {
    const onAbort = () => {
      const reasons = ['The step was canceled before an answer came.'];
      clock.sleep(PATIENCE_AFTER_CANCEL_MS, ended.signal).then(
        () => reject(new LostAnswer({ method: 'POST', url: 'releases', status: 0, reasons })),
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

import { listed } from '../answerShape';
import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf, UserError } from '../errors';
import { CLOCKS_MAY_DIFFER_MS, isLost, lookForLost, MOST_STARTS, UnclearStart, withPatience } from '../lostAnswer';
import { made } from '../transport';
import type { World } from '../world';
import { MARK, releaseBody, type ReleaseRequest } from './request';
import { RELEASES, type Release } from './wire';

const MOST_RELEASES = 100;

/**
 * Creates one release, and never two for one request: one whose answer was lost is looked for before it is asked for again.
 * Not tied to the cancel signal, because its answer holds the id that cancelling needs.
 * Throws `UserError` with the service's reasons when it refuses.
 */
export async function createRelease(
  releases: AzureDevOps,
  request: ReleaseRequest,
  known: () => Promise<Set<number>>,
  world: World,
): Promise<Release> {
  const { definition, project } = request;
  for (let start = 1; ; start++) {
    const sentAt = world.clock.now() + releases.transport.serverAheadMs;
    try {
      const posted = releases.call<Release>('POST', RELEASES, { route: { project }, body: releaseBody(request) });
      return made((await withPatience(posted, definition.url, world)).value, definition.url);
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
 * The release that a creation without an answer made: the one with its mark. A service that keeps no marks shows releases without: of those one of
 * this definition, created since then with this description, these artifacts and variables, that is nobody else's. Undefined when there is none; several
 * cannot be told apart and are an error with all links. See notes/finding-a-release-again.md.
 */
export async function findLostRelease(
  releases: AzureDevOps,
  { request, sentAt, known }: { request: ReleaseRequest; sentAt: number; known: () => Promise<Set<number>> },
  world: World,
): Promise<Release | undefined> {
  const fitting = await lookForLost(async () => {
    const seen = await releasesSince(releases, request, sentAt);
    const certain = seen.filter((release) => markOf(release) === request.mark);
    const others = certain.length ? new Set<number>() : await known();
    return { certain, fitting: seen.filter((release) => !others.has(release.id) && fits(release, request)) };
  }, world);
  const [only, ...others] = fitting;
  if (only && others.length) {
    throw new UnclearStart(
      `The answer to the creation of a release of '${request.definition.name}' was lost, and ${fitting.length} releases could be the one it made: ${fitting.map((one) => releaseUrl(releases, request.project, one)).join(' , ')}. Nothing more is created; look at them and abandon what is not wanted.`,
    );
  }
  return only;
}

/** The web page of a release. */
export function releaseUrl(azureDevOps: AzureDevOps, project: string, { id, _links }: Release): string {
  const page = `${azureDevOps.account.url}${encodeURIComponent(project)}/_releaseProgress?_a=release-pipeline-progress&releaseId=${id}`;
  return _links?.web?.href ?? page;
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
    propertyFilters: MARK,
    $top: MOST_RELEASES,
  };
  try {
    const { value } = await releases.call<{ value?: Release[] }>('GET', RELEASES, { route: { project }, query });
    const since = sentAt - CLOCKS_MAY_DIFFER_MS;
    return listed(value).filter(({ createdOn }) => !createdOn || Date.parse(createdOn) >= since);
  } catch (error) {
    throw new UnclearStart(
      `The answer to the creation of a release of '${definition.name}' was lost, and its releases cannot be looked at (${messageOf(error)}). It may exist: see ${definition.url} .`,
      { cause: error },
    );
  }
}

/** Whether a release is what was asked for. What the service does not tell does not speak against it. */
function fits(release: Release, request: ReleaseRequest): boolean {
  const mark = markOf(release);
  if (mark !== undefined) return mark === request.mark;
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

/** The mark of the request that made a release; undefined where there is none, or where the service does not show it. */
function markOf({ properties }: Release): string | undefined {
  const value = properties?.[MARK];
  if (typeof value === 'string') return value;
  const text = (value as { $value?: unknown } | null | undefined)?.$value;
  return typeof text === 'string' ? text : undefined;
}

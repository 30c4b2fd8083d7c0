import type { AzureDevOps } from '../lib/azureDevOps';
import { UserError } from '../lib/errors';
import { decodedSegment } from '../lib/organizationUrl';
import { childrenOf, readParentRegister } from '../lib/parentRegister';
import type { RegisteredChild } from '../lib/register';
import { findDefinition } from '../lib/releases/definition';
import { fullBranch } from '../lib/releases/versions';
import { findRelease } from '../lib/releases/stages';
import { RELEASES, type Release } from '../lib/releases/wire';
import type { World } from '../lib/world';
import type { ExistingInputs, LatestFilters } from './inputs';
import type { Context } from './triggerRelease';

export interface ReleaseReference {
  project: string;
  id: number;
  /** Where it comes from the register: it may have been deleted since then. */
  registered?: RegisteredChild;
}

const RELEASES_A_PAGE = 100;
const MOST_PAGES = 10;

/** Which releases the inputs mean; nothing means what earlier steps of this parent registered. Throws `UserError` for none. */
export async function findReleases(
  inputs: ExistingInputs,
  context: Context,
  world: World,
): Promise<ReleaseReference[]> {
  const { release } = inputs;
  if (release === undefined) return await registeredReleases(context, world);
  if (release.toLowerCase() === 'latest') return [await latestRelease(inputs, context, world)];
  const words = release
    .split(/[,\n]/)
    .map((word) => word.trim())
    .filter(Boolean);
  const found: ReleaseReference[] = [];
  for (const word of words) found.push(await reference(word, inputs, context, world));
  return found.filter(({ id }, index) => found.findIndex((other) => other.id === id) === index);
}

async function registeredReleases(
  { agent, own, parent, azureDevOps }: Context,
  world: World,
): Promise<ReleaseReference[]> {
  if (!parent)
    throw new UserError(
      "release: there is no parent run whose releases could be meant; give an id, a name, a link or 'latest'.",
    );
  const documents = await readParentRegister(own(), { agent, parent }, world);
  const all = childrenOf(documents, 'release');
  const here = all.filter(({ organization }) => organization === azureDevOps.account.url);
  if (here.length < all.length)
    world.log.info(
      `${all.length - here.length} release(s) of other organizations are left to steps with a connection to them.`,
    );
  if (here.length) return here.map((registered) => ({ project: registered.project, id: registered.id, registered }));
  throw new UserError(
    `release: no earlier step of ${parent.name} created a release in ${azureDevOps.account.url}. Give an id, a name, a link or 'latest'. ${parent.url}`,
  );
}

/** An id, a link, or a name. */
async function reference(
  word: string,
  { project, definition }: ExistingInputs,
  { azureDevOps }: Context,
  { signal }: World,
): Promise<ReleaseReference> {
  const releases = await azureDevOps.releaseHost(signal);
  if (URL.canParse(word) && /^https?:/.test(word)) return linked(word, project, azureDevOps);
  if (/^\d{1,9}$/.test(word) && (await findRelease(releases, { project, id: Number(word) }, { signal })))
    return { project, id: Number(word) };
  const definitionId = definition && (await findDefinition(releases, project, definition, signal)).id;
  const { value } = await releases.call<{ value?: Release[] }>('GET', RELEASES, {
    route: { project },
    query: { searchText: word, definitionId, $top: RELEASES_A_PAGE },
    signal,
  });
  const all = value.value ?? [];
  const [only, ...others] = all.filter(({ name = '' }) => name.toLowerCase() === word.toLowerCase());
  if (only && !others.length) return { project, id: only.id };
  const names = (list: Release[]) =>
    list.map(({ id, name = '', releaseDefinition }) => `${releaseDefinition?.name ?? ''} ${name} (${id})`).join(', ');
  throw new UserError(
    only
      ? `release: '${word}' names several releases of project '${project}': ${names([only, ...others])}. Give the id, or the definition.`
      : `release: project '${project}' has no release '${word}' that ${azureDevOps.account.credentialName} may see.${all.length ? ` Similar: ${names(all.slice(0, 5))}.` : ''}`,
  );
}

function linked(word: string, project: string, { account }: AzureDevOps): ReleaseReference {
  const url = new URL(word);
  const base = new URL(account.url);
  const id = url.searchParams.get('releaseId') ?? '';
  if (!/^\d{1,9}$/.test(id))
    throw new UserError(`release: '${word}' is no link to a release (…/_releaseProgress?…&releaseId=…).`);
  if (url.origin !== base.origin || !url.pathname.toLowerCase().startsWith(base.pathname.toLowerCase()))
    throw new UserError(
      `release: '${word}' is of another organization than ${account.url}, which the connection is for.`,
    );
  const [segment = ''] = url.pathname.slice(base.pathname.length).split('/');
  return { project: segment && !segment.startsWith('_') ? decodedSegment(segment) : project, id: Number(id) };
}

/** The newest release of the definition that fits the filters. */
async function latestRelease(
  { project, definition = '', latest }: ExistingInputs,
  { azureDevOps }: Context,
  { signal }: World,
): Promise<ReleaseReference> {
  const releases = await azureDevOps.releaseHost(signal);
  const { id: definitionId, name } = await findDefinition(releases, project, definition, signal);
  let continuationToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { value, headers } = await releases.call<{ value?: Release[] }>('GET', RELEASES, {
      route: { project },
      query: {
        ...{ definitionId, continuationToken, queryOrder: 'descending', $top: RELEASES_A_PAGE },
        tagFilter: latest.tags.join(','),
        sourceBranchFilter: latest.branch && fullBranch(latest.branch),
        $expand: 'environments,artifacts,tags',
      },
      signal,
    });
    const found = (value.value ?? []).find((release) => fits(release, latest));
    if (found) return { project, id: found.id };
    const next = headers['x-ms-continuationtoken'];
    continuationToken = Array.isArray(next) ? next[0] : next;
    if (!continuationToken) break;
  }
  const filters = [
    latest.tags.length && `tags ${latest.tags.join(', ')}`,
    latest.branch && `branch ${latest.branch}`,
    latest.artifactVersion && `version ${latest.artifactVersion} of its primary artifact`,
    ...latest.stageStatus.map(({ stage, status }) => `${stage}=${status}`),
  ].filter(Boolean);
  throw new UserError(
    `release: '${name}' has no release${filters.length ? ` with ${filters.join(', ')}` : ''} that ${azureDevOps.account.credentialName} may see.`,
  );
}

function fits(release: Release, { tags, artifactVersion, stageStatus }: LatestFilters): boolean {
  if (release.status && release.status.toLowerCase() !== 'active') return false;
  const own = release.tags?.map((tag) => tag.toLowerCase());
  if (own && !tags.every((tag) => own.includes(tag.toLowerCase()))) return false;
  const primary = release.artifacts?.find(({ isPrimary }) => isPrimary) ?? release.artifacts?.[0];
  const { id, name } = primary?.definitionReference?.version ?? {};
  if (artifactVersion && artifactVersion !== id && artifactVersion.toLowerCase() !== name?.toLowerCase()) return false;
  return stageStatus.every(({ stage, status }) =>
    release.environments?.some(
      (one) => one.name.toLowerCase() === stage.toLowerCase() && one.status?.toLowerCase() === status.toLowerCase(),
    ),
  );
}

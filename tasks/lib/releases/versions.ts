import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf, UserError } from '../errors';
import { BUILDS, type Build } from '../runs/wire';
import { ARTIFACT_VERSIONS, type ArtifactVersion, type Definition, type ReleaseArtifact } from './wire';

/** A version as the author names it. */
export type WantedVersion =
  | { kind: 'text'; text: string }
  | {
      kind: 'latest';
      branch: string | undefined;
      tag: string | undefined;
    }
  | { kind: 'build'; id: number }
  | { kind: 'commit'; commit: string; branch: string | undefined };

/** The versions that the service offers of one artifact. */
interface Offered {
  alias?: string;
  versions?: ArtifactVersion[] | null;
  defaultVersion?: ArtifactVersion | null;
  errorMessage?: string | null;
}

interface Hosts {
  /** The organization, for builds and repositories. */
  azureDevOps: AzureDevOps;
  releases: AzureDevOps;
  signal: AbortSignal;
}

const MOST_NAMED = 20;

/**
 * The versions of `artifacts`, looked up: aliases against the definition, versions against what the service offers, and for builds and
 * Azure Repos against the builds and branches themselves, of which the service offers the newest only. Throws `UserError` for an unknown
 * alias or version that lists what there is.
 */
export async function findVersions(
  hosts: Hosts,
  { project, definition, url }: { project: string; definition: Definition; url: string },
  wanted: Map<string, WantedVersion>,
): Promise<{ alias: string; version: ArtifactVersion }[]> {
  if (!wanted.size) return [];
  const artifacts = definition.artifacts ?? [];
  for (const alias of wanted.keys()) {
    if (!artifactOf(artifacts, alias)) {
      throw new UserError(
        `artifacts: '${definition.name}' has no artifact with the alias '${alias}'. It has: ${artifacts.map((one) => `${one.alias ?? ''} (${one.type ?? 'unknown type'})`).join(', ') || 'none'}. ${url}`,
      );
    }
  }
  const { value } = await hosts.releases.call<{ artifactVersions?: Offered[] }>('GET', ARTIFACT_VERSIONS, {
    route: { project },
    query: { releaseDefinitionId: definition.id },
    signal: hosts.signal,
  });
  const found: { alias: string; version: ArtifactVersion }[] = [];
  for (const [name, version] of wanted) {
    const artifact = artifactOf(artifacts, name) ?? {};
    const offered = (value.artifactVersions ?? []).find(({ alias }) => same(alias, name)) ?? {};
    found.push({
      alias: artifact.alias ?? name,
      version: await findVersion(hosts, { artifact, offered, project }, version),
    });
  }
  return found;
}

interface Source {
  artifact: ReleaseArtifact;
  offered: Offered;
  project: string;
}

async function findVersion(hosts: Hosts, source: Source, wanted: WantedVersion): Promise<ArtifactVersion> {
  const type = source.artifact.type?.toLowerCase();
  const fromList = ofList(source.offered, wanted);
  // The newest of a branch or tag is the service's to say only where it keeps branches itself.
  if (type === 'build' && wanted.kind !== 'commit') {
    const build = (wanted.kind === 'latest' ? undefined : fromList) ?? (await buildVersion(hosts, source, wanted));
    if (build) return build;
  } else if (fromList) return fromList;
  const unlisted =
    type === 'git' || type === 'tfsgit' ? await gitVersion(hosts, source, wanted) : olderVersion(type, source, wanted);
  if (unlisted) return unlisted;
  const { versions, errorMessage } = source.offered;
  const known = (versions ?? []).map(({ name, id }) => name || id || '').filter(Boolean);
  const rest = known.length > MOST_NAMED ? ` and ${known.length - MOST_NAMED} more` : '';
  throw new UserError(
    `artifacts: '${source.artifact.alias ?? ''}' has no version ${inWords(wanted)}. It has: ${known.slice(0, MOST_NAMED).join(', ') || 'none'}${rest}.${errorMessage ? ` The service says: ${errorMessage}` : ''}`,
  );
}

/** Of what the service offers: by id, then by name, then by commit, branch or tag. */
function ofList({ versions, defaultVersion }: Offered, wanted: WantedVersion): ArtifactVersion | undefined {
  const all = versions ?? [];
  switch (wanted.kind) {
    case 'build':
      return all.find(({ id }) => id === String(wanted.id));
    case 'commit':
      return all.find(
        ({ id, sourceVersion, sourceBranch }) =>
          isCommit(wanted.commit, sourceVersion ?? id) && (!wanted.branch || sameBranch(sourceBranch, wanted.branch)),
      );
    case 'latest': {
      if (wanted.tag)
        return all.find(({ name, sourceBranch }) => same(name, wanted.tag) || sameTag(sourceBranch, wanted.tag));
      if (wanted.branch) return all.find(({ sourceBranch }) => sameBranch(sourceBranch, wanted.branch));
      return defaultVersion ?? all[0];
    }
    case 'text': {
      const { text } = wanted;
      return (
        all.find(({ id }) => id === text) ??
        all.find(({ name }) => name === text) ??
        all.find(({ name }) => same(name, text)) ??
        all.find(({ id, sourceVersion }) => isCommit(text, sourceVersion ?? id)) ??
        all.find(({ sourceBranch }) => sameTag(sourceBranch, text) || sameBranch(sourceBranch, text))
      );
    }
  }
}

/** A build that the short list does not hold any more, or the newest good one of a branch or with a tag. */
async function buildVersion(hosts: Hosts, source: Source, wanted: WantedVersion): Promise<ArtifactVersion | undefined> {
  const reference = source.artifact.definitionReference ?? {};
  const definitions = reference.definition?.id ?? '';
  const route = { project: reference.project?.id || reference.project?.name || source.project };
  const list = async (query: Record<string, string | number | undefined>) => {
    const { value } = await hosts.azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, {
      route,
      query: { definitions, $top: 1, queryOrder: 'finishTimeDescending', ...query },
      signal: hosts.signal,
    });
    return value.value?.[0];
  };
  switch (wanted.kind) {
    case 'latest': {
      const { branch, tag } = wanted;
      const build = await list({
        resultFilter: 'succeeded,partiallySucceeded',
        branchName: branch && fullBranch(branch),
        tagFilters: tag,
      });
      return build && versionOfBuild(build);
    }
    case 'build':
    case 'text': {
      const text = wanted.kind === 'build' ? String(wanted.id) : wanted.text;
      const byId = /^\d{1,9}$/.test(text) ? await readBuild(hosts, route, Number(text)) : undefined;
      const fits = byId && (!definitions || definitions.split(',').includes(String(byId.definition?.id)));
      const build = fits
        ? byId
        : wanted.kind === 'text'
          ? ((await list({ buildNumber: text })) ??
            (await list({ tagFilters: text, resultFilter: 'succeeded,partiallySucceeded' })))
          : undefined;
      return build && versionOfBuild(build);
    }
    case 'commit':
      return undefined;
  }
}

async function readBuild(hosts: Hosts, route: { project: string }, buildId: number): Promise<Build | undefined> {
  try {
    const { value } = await hosts.azureDevOps.call<Build | undefined>('GET', BUILDS, {
      route: { ...route, buildId },
      signal: hosts.signal,
    });
    return value;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** A full commit id is taken as it is; of a branch or tag of Azure Repos its newest commit. */
async function gitVersion(hosts: Hosts, source: Source, wanted: WantedVersion): Promise<ArtifactVersion | undefined> {
  if (wanted.kind === 'build') return undefined;
  const branch = wanted.kind === 'commit' || wanted.kind === 'latest' ? wanted.branch : undefined;
  const commit = wanted.kind === 'commit' ? wanted.commit : wanted.kind === 'text' ? wanted.text : '';
  if (/^[0-9a-f]{40}$/i.test(commit))
    return { id: commit, name: commit.slice(0, 8), ...(branch && { sourceBranch: fullBranch(branch) }) };
  const tag = wanted.kind === 'latest' ? wanted.tag : undefined;
  const name = wanted.kind === 'text' ? wanted.text : (branch ?? tag);
  if (!name || wanted.kind === 'commit') return undefined;
  const kinds = branch ? ['heads'] : tag ? ['tags'] : ['tags', 'heads'];
  const reference = source.artifact.definitionReference ?? {};
  const project = reference.project?.id || reference.project?.name || source.project;
  const repository = reference.definition?.id ?? '';
  const short = name.replace(/^refs\/(heads|tags)\//, '');
  for (const kind of kinds) {
    const path = `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(repository)}/refs`;
    try {
      const { value } = await hosts.azureDevOps.rest<{
        value?: { name?: string; objectId?: string; peeledObjectId?: string }[];
      }>('GET', path, {
        query: { filter: `${kind}/${short}`, peelTags: true },
        signal: hosts.signal,
      });
      const found = (value.value ?? []).find((one) => one.name === `refs/${kind}/${short}`);
      const id = found?.peeledObjectId ?? found?.objectId;
      if (id) return { id, name: id.slice(0, 8), sourceBranch: `refs/${kind}/${short}` };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new UserError(
        `artifacts: '${source.artifact.alias ?? ''}': the references of its repository cannot be read: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
  return undefined;
}

/** A commit of GitHub, and a changeset that is older than the newest, may be taken although the short list does not hold it any more. */
function olderVersion(
  type: string | undefined,
  { offered }: Source,
  wanted: WantedVersion,
): ArtifactVersion | undefined {
  const text = wanted.kind === 'commit' ? wanted.commit : wanted.kind === 'text' ? wanted.text : '';
  const branch = wanted.kind === 'commit' && wanted.branch ? { sourceBranch: wanted.branch } : {};
  if (type === 'github' && /^[0-9a-f]{40}$/i.test(text)) return { id: text, name: text.slice(0, 7), ...branch };
  const newest = Math.max(0, ...(offered.versions ?? []).map(({ id }) => Number(id) || 0));
  if (type === 'tfvc' && /^\d{1,9}$/.test(text) && Number(text) <= newest) return { id: text, name: text };
  return undefined;
}

/** A build as the version of a build artifact. */
export function versionOfBuild(build: Build): ArtifactVersion {
  return {
    id: String(build.id),
    name: build.buildNumber ?? String(build.id),
    ...(build.sourceBranch && { sourceBranch: build.sourceBranch }),
    ...(build.sourceVersion && { sourceVersion: build.sourceVersion }),
    ...(build.definition?.id !== undefined && { definitionId: String(build.definition.id) }),
    ...(build.definition?.name && { definitionName: build.definition.name }),
  };
}

/** The artifact of an alias, without regard to case. */
export function artifactOf(artifacts: ReleaseArtifact[], alias: string): ReleaseArtifact | undefined {
  return artifacts.find((one) => one.alias === alias) ?? artifacts.find((one) => same(one.alias, alias));
}

function inWords(wanted: WantedVersion): string {
  switch (wanted.kind) {
    case 'text':
      return `'${wanted.text}'`;
    case 'build':
      return `of build ${wanted.id}`;
    case 'commit':
      return `of commit '${wanted.commit}'${wanted.branch ? ` on ${wanted.branch}` : ''}`;
    case 'latest':
      return `that is the newest good one${wanted.branch ? ` of branch '${wanted.branch}'` : ''}${wanted.tag ? ` with tag '${wanted.tag}'` : ''}`;
  }
}

/** `refs/heads/main` for `main`; references of any kind stay. */
export function fullBranch(branch: string): string {
  return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
}

function isCommit(wanted: string, commit: string | undefined): boolean {
  return /^[0-9a-f]{7,40}$/i.test(wanted) && (commit?.toLowerCase().startsWith(wanted.toLowerCase()) ?? false);
}

function sameBranch(one = '', wanted = ''): boolean {
  return one !== '' && fullBranch(one) === fullBranch(wanted);
}

function sameTag(one = '', wanted = ''): boolean {
  return one !== '' && one.replace('refs/tags/', '') === wanted.replace('refs/tags/', '');
}

function same(one = '', other = ''): boolean {
  return one !== '' && one.toLowerCase() === other.toLowerCase();
}

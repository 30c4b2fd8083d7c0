import type { AzureDevOps, Place } from '../azureDevOps';
import { ApiError, UserError } from '../errors';
import { nearest } from '../nearest';

/** What is needed to know of a pipeline before it is started. */
export interface Pipeline {
  id: number;
  name: string;
  /** Folder, as in `\images`. */
  path: string;
  yaml: boolean;
  url: string;
  project: string;
  /** As in `refs/heads/main`; where the service names none, it decides itself. */
  defaultBranch: string | undefined;
  repository: { id: string; type: string; name: string | undefined };
  /** Path of the root YAML in the repository. */
  yamlFile: string | undefined;
}

interface Definition {
  id: number;
  name: string;
  path?: string;
  queueStatus?: string;
  type?: string;
  process?: { type?: number; yamlFilename?: string };
  repository?: { id?: string; type?: string; name?: string; defaultBranch?: string };
  project?: { name?: string };
  _links?: { web?: { href?: string } };
}

const DEFINITIONS: Place = { area: 'build', id: 'dbeaf647-6167-421a-bda9-c9327b25e2e6', name: 'build definitions' };
const NAMES_TO_COMPARE = 1000;

/**
 * The pipeline of an id, a name or a path (`\folder\name`, `/folder/name`), without regard to case. Nothing that is disabled or
 * paused is given back: a paused one would queue for ever. Throws `UserError` with the paths of several, or the nearest names of none.
 * https://learn.microsoft.com/rest/api/azure/devops/build/definitions/get
 */
export async function findPipeline(
  azureDevOps: AzureDevOps,
  project: string,
  wanted: string,
  { signal, anyState = false }: { signal?: AbortSignal; anyState?: boolean } = {},
): Promise<Pipeline> {
  const byId = /^\d{1,9}$/.test(wanted)
    ? await readDefinition(azureDevOps, project, Number(wanted), signal)
    : undefined;
  const definition = byId ?? (await findByName(azureDevOps, project, wanted, signal));
  const pages = `${azureDevOps.account.url}${encodeURIComponent(project)}/_build?definitionId=${definition.id}`;
  const url = definition._links?.web?.href ?? pages;
  const state = definition.queueStatus?.toLowerCase();
  if (!anyState && (state === 'disabled' || state === 'paused')) {
    const why = state === 'paused' ? 'a run of it would wait in the queue for ever' : 'it takes no new runs';
    throw new UserError(
      `The pipeline '${definition.name}' is ${state}: ${why}. Enable it under ${url} > Edit > Settings.`,
    );
  }
  return {
    id: definition.id,
    name: definition.name,
    path: definition.path ?? '\\',
    yaml: definition.process?.type === 2 || Boolean(definition.process?.yamlFilename),
    url,
    project: definition.project?.name ?? project,
    defaultBranch: definition.repository?.defaultBranch,
    repository: {
      id: definition.repository?.id ?? '',
      type: definition.repository?.type ?? '',
      name: definition.repository?.name,
    },
    yamlFile: definition.process?.yamlFilename,
  };
}

async function readDefinition(
  azureDevOps: AzureDevOps,
  project: string,
  id: number,
  signal?: AbortSignal,
): Promise<Definition | undefined> {
  try {
    const { value } = await azureDevOps.call<Definition>('GET', DEFINITIONS, {
      route: { project, definitionId: id },
      signal,
    });
    return value;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
    throw error;
  }
}

async function findByName(
  azureDevOps: AzureDevOps,
  project: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<Definition> {
  const segments = wanted.split(/[\\/]/).filter(Boolean);
  // A name may hold a slash of its own, so a text that does not start with one is tried as a whole first.
  const isPath = /^[\\/]/.test(wanted);
  const name = isPath ? (segments.at(-1) ?? '') : wanted;
  const folder = isPath ? `\\${segments.slice(0, -1).join('\\')}` : undefined;
  if (!name) throw new UserError(`pipeline: '${wanted}' names a folder, not a pipeline.`);
  const fits = (definition: Definition) =>
    same(definition.name, name) && (folder === undefined || same(definition.path ?? '\\', folder));
  const found = (await listDefinitions(azureDevOps, project, { name }, signal)).filter(fits);
  const [only, ...others] = found;
  if (only && !others.length) {
    const whole = await readDefinition(azureDevOps, project, only.id, signal);
    if (whole) return whole;
  }
  if (only) {
    throw new UserError(
      `pipeline: '${wanted}' names ${found.length} pipelines of project '${project}': ${found.map(pathOf).join(', ')}. Give the one you mean with its path or id.`,
    );
  }
  const all = await listDefinitions(azureDevOps, project, { $top: NAMES_TO_COMPARE }, signal);
  const near = nearest(wanted, all.map(pathOf));
  throw new UserError(
    `pipeline: project '${project}' has no pipeline '${wanted}' that ${azureDevOps.account.credentialName} may see.${near.length ? ` The nearest: ${near.join(', ')}.` : ''}`,
  );
}

async function listDefinitions(
  azureDevOps: AzureDevOps,
  project: string,
  query: { name?: string; $top?: number },
  signal?: AbortSignal,
): Promise<Definition[]> {
  const { value } = await azureDevOps.call<{ value?: Definition[] }>('GET', DEFINITIONS, {
    route: { project },
    query,
    signal,
  });
  return value.value ?? [];
}

function pathOf({ path = '\\', name }: Definition): string {
  return `${path.endsWith('\\') ? path : `${path}\\`}${name}`;
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

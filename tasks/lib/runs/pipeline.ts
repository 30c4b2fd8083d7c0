import type { AzureDevOps, Place } from '../azureDevOps';
import { UserError } from '../errors';
import { findByName } from '../findByName';

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
 * The pipeline of an id, a name or a path; see `findByName`. Nothing that is disabled or paused is given back: a paused one would queue
 * for ever.
 * https://learn.microsoft.com/rest/api/azure/devops/build/definitions/get
 */
export async function findPipeline(
  azureDevOps: AzureDevOps,
  project: string,
  wanted: string,
  { signal, anyState = false }: { signal?: AbortSignal; anyState?: boolean } = {},
): Promise<Pipeline> {
  const definition = await findBuildDefinition(azureDevOps, project, wanted, signal);
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

async function findBuildDefinition(
  azureDevOps: AzureDevOps,
  project: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<Definition> {
  const list = async (query: { name?: string; $top?: number }) => {
    const call = { route: { project }, query, signal };
    return (await azureDevOps.call<{ value?: Definition[] }>('GET', DEFINITIONS, call)).value.value ?? [];
  };
  const read = async (id: number) =>
    (await azureDevOps.call<Definition>('GET', DEFINITIONS, { route: { project, definitionId: id }, signal })).value;
  return await findByName(
    wanted,
    { read, named: (name) => list({ name }), all: () => list({ $top: NAMES_TO_COMPARE }) },
    { input: 'pipeline', thing: 'pipeline', project, account: azureDevOps.account },
  );
}

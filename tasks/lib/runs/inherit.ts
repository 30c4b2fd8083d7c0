import type { AzureDevOps } from '../azureDevOps';
import { messageOf } from '../errors';
import type { Parent } from '../parent';
import type { Pipeline } from './pipeline';
import { BUILDS, type Build } from './wire';
import type { World } from '../world';
import type { Variable } from '../variables';
import type { Resources } from './request';

/** What a child may take from the run that starts it. */
export type Inherited = 'parameters' | 'debug' | 'repositories' | 'pipelines';

/** What a child may take from the parent run; empty where the parent has none of it. */
export interface Inheritance {
  parameters: Record<string, string>;
  variables: Record<string, Variable>;
  /** By alias; `self` is the parent's own repository. */
  repositories: Record<string, { refName?: string; version?: string; id?: string }>;
  pipelines: NonNullable<Resources['pipelines']>;
}

interface Run {
  resources?: {
    repositories?: Record<string, { repository?: { id?: string }; refName?: string; version?: string }>;
    pipelines?: Record<string, { runId?: number; version?: string; pipeline?: { id?: number } }>;
  };
}

export const NOTHING: Inheritance = { parameters: {}, variables: {}, repositories: {}, pipelines: {} };

/**
 * Reads what is to be inherited from the run in which this step executes, one request for parameters and one for resources.
 * A release has none of it but `debug`. It lies in this organization, wherever the child is started. What cannot be read is said and left out.
 */
export async function readInheritance(
  wanted: Inherited[],
  { own, parent, debug }: { own: () => AzureDevOps; parent: Parent | undefined; debug: boolean },
  world: World,
): Promise<Inheritance> {
  if (!wanted.length) return NOTHING;
  const variables: Inheritance['variables'] =
    wanted.includes('debug') && debug ? { 'system.debug': { value: 'true', isSecret: false } } : {};
  if (parent?.kind !== 'run') return { ...NOTHING, variables };
  try {
    const azureDevOps = own();
    const parameters = wanted.includes('parameters') ? await readParameters(azureDevOps, parent, world) : {};
    const needsRun = wanted.includes('repositories') || wanted.includes('pipelines');
    const run = needsRun ? await readRun(azureDevOps, parent, world) : {};
    return {
      parameters,
      variables,
      repositories: wanted.includes('repositories') ? repositoriesOf(run) : {},
      pipelines: wanted.includes('pipelines') ? pipelinesOf(run) : {},
    };
  } catch (error) {
    world.log.warning(`inherit: this run cannot be read, so nothing of it is handed on. ${messageOf(error)}`);
    return { ...NOTHING, variables };
  }
}

/** The repositories as they fit one child: aliases that it declares, and `self` only where both are the same repository. */
export function repositoriesFor(
  inheritance: Inheritance,
  pipeline: Pipeline,
  aliases: string[],
): NonNullable<Resources['repositories']> {
  const own = Object.entries(inheritance.repositories).filter(([alias, { id }]) =>
    alias === 'self' ? id === pipeline.repository.id : aliases.includes(alias),
  );
  return Object.fromEntries(
    own.map(([alias, { refName, version }]) => [alias, { ...(refName && { refName }), ...(version && { version }) }]),
  );
}

async function readParameters(
  azureDevOps: AzureDevOps,
  { project, id }: Parent,
  { signal }: World,
): Promise<Record<string, string>> {
  const { value } = await azureDevOps.call<Build>('GET', BUILDS, { route: { project, buildId: id }, signal });
  return Object.fromEntries(
    Object.entries(value.templateParameters ?? {}).map(([name, given]) => [
      name,
      typeof given === 'string' ? given : JSON.stringify(given),
    ]),
  );
}

async function readRun(azureDevOps: AzureDevOps, parent: Parent, { signal }: World): Promise<Run> {
  const { value: build } = await azureDevOps.call<Build>('GET', BUILDS, {
    route: { project: parent.project, buildId: parent.id },
    signal,
  });
  const path = `${encodeURIComponent(parent.project)}/_apis/pipelines/${build.definition?.id ?? 0}/runs/${parent.id}`;
  const { value } = await azureDevOps.rest<Run>('GET', path, { signal });
  return value;
}

function repositoriesOf({ resources }: Run): Inheritance['repositories'] {
  return Object.fromEntries(
    Object.entries(resources?.repositories ?? {}).map(([alias, { repository, refName, version }]) => [
      alias,
      { ...(refName && { refName }), ...(version && { version }), ...(repository?.id && { id: repository.id }) },
    ]),
  );
}

function pipelinesOf({ resources }: Run): Inheritance['pipelines'] {
  return Object.fromEntries(
    Object.entries(resources?.pipelines ?? {}).map(([alias, { runId, version }]) => [
      alias,
      { ...(runId !== undefined && { runId }), ...(version !== undefined && { version }) },
    ]),
  );
}

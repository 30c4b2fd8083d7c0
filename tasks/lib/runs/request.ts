import { withoutValuesOfSecrets, type Variable } from '../variables';
import type { Pipeline } from './pipeline';

/** Everything that one run is started with. */
export interface RunRequest {
  pipeline: Pipeline;
  project: string;
  /** Full reference name, or undefined for the pipeline's default branch. */
  branch: string | undefined;
  /** The author wrote a bare name: where there is no such branch, a tag of that name is meant. */
  branchMayBeTag: boolean;
  commit: string | undefined;
  parameters: Record<string, string>;
  variables: Record<string, Variable>;
  /** Reference names of the stages to leave out. */
  stagesToSkip: string[];
  resources: Resources;
  tags: string[];
  /** Id of the person in whose name the run is queued; undefined for the connection's own identity. */
  requestedFor: string | undefined;
  queueId: number | undefined;
  demands: { name: string; value?: string }[];
}

/** Versions of the resources that the pipeline declares, by kind and alias. */
export interface Resources {
  pipelines?: Record<string, { version?: string; runId?: number }>;
  repositories?: Record<string, { refName?: string; version?: string }>;
  containers?: Record<string, { version: string }>;
  packages?: Record<string, { version: string }>;
  builds?: Record<string, { version: string }>;
}

/** The runs API takes stages, resources and secret variables; all else goes through the builds API, which takes classic pipelines too. */
export function needsRunsApi({
  stagesToSkip,
  variables,
  resources,
}: Pick<RunRequest, 'stagesToSkip' | 'variables' | 'resources'>): boolean {
  return (
    stagesToSkip.length > 0 ||
    Object.keys(resources).length > 0 ||
    Object.values(variables).some(({ isSecret }) => isSecret)
  );
}

/** Body of `POST build/builds`. https://learn.microsoft.com/rest/api/azure/devops/build/builds/queue */
export function buildBody(request: RunRequest): Record<string, unknown> {
  const variables = Object.fromEntries(Object.entries(request.variables).map(([name, { value }]) => [name, value]));
  return {
    definition: { id: request.pipeline.id },
    ...(request.branch && { sourceBranch: request.branch }),
    ...(request.commit && { sourceVersion: request.commit }),
    // Variables travel as JSON inside a text; template parameters as a map of their own.
    ...(Object.keys(variables).length && { parameters: JSON.stringify(variables) }),
    ...(Object.keys(request.parameters).length && { templateParameters: request.parameters }),
    ...(request.requestedFor && { requestedFor: { id: request.requestedFor } }),
    ...(request.queueId !== undefined && { queue: { id: request.queueId } }),
    ...(request.demands.length && { demands: request.demands }),
    ...(request.tags.length && { tags: request.tags }),
  };
}

/** Body of `POST pipelines/{id}/runs`. https://learn.microsoft.com/rest/api/azure/devops/pipelines/runs/run-pipeline */
export function runBody(request: RunRequest): Record<string, unknown> {
  const self = {
    ...(request.branch && { refName: request.branch }),
    ...(request.commit && { version: request.commit }),
  };
  const repositories = { ...(Object.keys(self).length && { self }), ...request.resources.repositories };
  const resources = { ...request.resources, ...(Object.keys(repositories).length && { repositories }) };
  return {
    ...(request.stagesToSkip.length && { stagesToSkip: request.stagesToSkip }),
    ...(Object.keys(request.parameters).length && { templateParameters: request.parameters }),
    ...(Object.keys(request.variables).length && { variables: request.variables }),
    ...(Object.keys(resources).length && { resources }),
  };
}

/** The request as it may be kept in a file: without the values of secrets. */
export function withoutSecrets(request: RunRequest): RunRequest {
  return { ...request, variables: withoutValuesOfSecrets(request.variables) };
}

/** `main` and `refs/heads/main` are branches, `refs/tags/v1` a tag, `refs/pull/7/merge` a pull request. */
export function fullReference(branch: string): string {
  return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
}

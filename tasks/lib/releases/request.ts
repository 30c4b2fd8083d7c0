import { UserError } from '../errors';
import { withoutValuesOfSecrets, type Variable } from '../variables';
import type { ArtifactVersion, Definition, ReleaseVariable } from './wire';

/** Name of the extended property that holds `mark`. */
export const MARK = 'PipelineCascade';

/** A release of which everything was looked up. */
export interface ReleaseRequest {
  project: string;
  definition: { id: number; name: string; url: string };
  description: string;
  artifacts: { alias: string; version: ArtifactVersion }[];
  variables: Record<string, Variable>;
  /** By id of the stage in the definition. */
  stageVariables: { definitionEnvironmentId: number; variables: Record<string, Variable> }[];
  /** Names of the stages that nothing but a hand, or this step, shall start. */
  manual: string[];
  tags: string[];
  draft: boolean;
  /** Id of the person it is created for. */
  createdFor: string | undefined;
  /** Kept with the release: by it, and by nothing else for certain, a release is known as the one that this request made. */
  mark: string;
}

/** Body of `POST release/releases`. https://learn.microsoft.com/rest/api/azure/devops/release/releases/create */
export function releaseBody(request: ReleaseRequest): Record<string, unknown> {
  const { definition, description, artifacts, variables, stageVariables, manual, draft, createdFor, mark } = request;
  return {
    definitionId: definition.id,
    description,
    reason: 'manual',
    isDraft: draft,
    properties: { [MARK]: mark },
    ...(artifacts.length && {
      artifacts: artifacts.map(({ alias, version }) => ({ alias, instanceReference: version })),
    }),
    ...(Object.keys(variables).length && { variables }),
    ...(stageVariables.length && { environmentsMetadata: stageVariables }),
    ...(manual.length && { manualEnvironments: manual }),
    ...(createdFor !== undefined && { createdFor: { id: createdFor } }),
  };
}

/** The request as it may be kept in a file: without the values of secrets. */
export function withoutSecrets(request: ReleaseRequest): ReleaseRequest {
  return {
    ...request,
    variables: withoutValuesOfSecrets(request.variables),
    stageVariables: request.stageVariables.map((one) => ({ ...one, variables: withoutValuesOfSecrets(one.variables) })),
  };
}

/** Throws `UserError` for a variable that is not declared, or may not be set when a release is created. */
export function checkSettable(
  given: Record<string, Variable>,
  declared: Record<string, ReleaseVariable> | undefined,
  { place, owner, url }: { place: string; owner: string; url: string },
): void {
  const entries = Object.entries(declared ?? {});
  const settable = entries.filter(([, { allowOverride }]) => allowOverride).map(([name]) => name);
  const known = (name: string) => entries.find(([one]) => one.toLowerCase() === name.toLowerCase());
  const rest = `Settable ${settable.length ? `are ${settable.join(', ')}` : 'is none'}. ${url}`;
  for (const name of Object.keys(given)) {
    const found = known(name);
    if (!found) throw new UserError(`${place}: ${owner} has no variable '${name}'. ${rest}`);
    if (!found[1].allowOverride) {
      throw new UserError(
        `${place}: '${name}' of ${owner} may not be set at release time: tick 'Settable at release time' for it in the definition. ${rest}`,
      );
    }
  }
}

/** Stage variables by the stage's id in the definition, checked. */
export function stageVariablesOf(
  given: Record<string, Record<string, Variable>>,
  definition: Definition,
  url: string,
): ReleaseRequest['stageVariables'] {
  return Object.entries(given).map(([stage, variables]) => {
    const environments = definition.environments ?? [];
    const found = environments.find(({ name }) => name.toLowerCase() === stage.toLowerCase());
    if (!found)
      throw new UserError(unknownStage('stageVariables', stage, { owner: definition.name, environments, url }));
    checkSettable(variables, found.variables, {
      place: `stageVariables: ${stage}`,
      owner: `stage '${found.name}'`,
      url,
    });
    return { definitionEnvironmentId: found.id, variables };
  });
}

/** The sentence for a stage that is not there. */
export function unknownStage(
  place: string,
  stage: string,
  { owner, environments, url }: { owner: string; environments: { name: string }[]; url: string },
): string {
  return `${place}: '${owner}' has no stage '${stage}'. Its stages: ${environments.map(({ name }) => name).join(', ') || 'none'}. ${url}`;
}

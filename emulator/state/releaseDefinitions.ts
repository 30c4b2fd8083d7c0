import type { Identity } from './identity';
import type { Pipeline } from './pipelines';
import type { Project } from './projects';
import type { OtherSource } from './releaseArtifacts';
import type { Repository } from './repositories';
import { declaredVariables, type DeclaredVariable, type VariableGiven } from './rootYaml';
import type { TaskScript, WorkScript } from './script';

/** A stage of a release definition. */
export interface EnvironmentPlan {
  id: number;
  name: string;
  rank: number;
  /** What deploys it: creating the release, the success of other stages, or only a person. */
  trigger: 'release' | 'stages' | 'manual';
  after: string[];
  /** Whether a partially succeeded stage is good enough to go on. */
  alsoAfterPartial: boolean;
  preApprovers: string[];
  postApprovers: string[];
  /** Name of the agent queue of its job. */
  queue: string | undefined;
  /** As in `gpu -equals a100`. */
  demands: string[];
  variables: Record<string, DeclaredVariable>;
}

export interface ArtifactSource {
  alias: string;
  isPrimary: boolean;
  pipeline?: Pipeline;
  repository?: Repository;
  other?: OtherSource;
}

export interface ReleaseDefinition {
  id: number;
  name: string;
  path: string;
  project: Project;
  createdAt: number;
  createdBy: Identity;
  disabled: boolean;
  deleted: boolean;
  environments: EnvironmentPlan[];
  artifacts: ArtifactSource[];
  variables: Record<string, DeclaredVariable>;
  script?: ReleaseScriptSource;
}

export interface EnvironmentScript extends WorkScript {
  tasks?: TaskScript[];
  gates?: { durationMs: number; result?: 'succeeded' | 'failed' };
  /** A manual intervention before the tasks. */
  intervention?: { instructions: string };
  /** Waits so long behind another deployment. */
  queuedMs?: number;
}

export interface ReleaseScript extends EnvironmentScript {
  environments?: Record<string, EnvironmentScript>;
}

export interface ReleaseScriptQuestion {
  releaseId: number;
  definition: string;
  environment: string;
  attempt: number;
  variables: Record<string, string>;
}

export type ReleaseScriptSource = ReleaseScript | ((question: ReleaseScriptQuestion) => ReleaseScript);

export interface NewEnvironment {
  name: string;
  /** Names of the stages before; an empty list: with the release; left out: the one before it in the list. */
  after?: string[];
  manual?: boolean;
  alsoAfterPartial?: boolean;
  preApprovers?: string[];
  postApprovers?: string[];
  queue?: string;
  demands?: string[];
  variables?: Record<string, VariableGiven>;
}

/** The script for one attempt of one stage, with what it inherits from the whole. */
export function environmentScript(
  source: ReleaseScriptSource | undefined,
  question: ReleaseScriptQuestion,
): EnvironmentScript {
  const { environments, ...whole } = (typeof source === 'function' ? source(question) : source) ?? {};
  return { ...whole, ...environments?.[question.environment] };
}

export function plansOf(stages: NewEnvironment[], definitionId: number): EnvironmentPlan[] {
  return stages.map((stage, index) => {
    const before = stages[index - 1];
    const after = stage.after ?? (before ? [before.name] : []);
    return {
      id: definitionId * 10 + index + 1,
      name: stage.name,
      rank: index + 1,
      trigger: stage.manual === true ? 'manual' : after.length > 0 ? 'stages' : 'release',
      after,
      alsoAfterPartial: stage.alsoAfterPartial ?? false,
      preApprovers: stage.preApprovers ?? [],
      postApprovers: stage.postApprovers ?? [],
      queue: stage.queue,
      demands: stage.demands ?? [],
      variables: declaredVariables(stage.variables ?? {}),
    };
  });
}

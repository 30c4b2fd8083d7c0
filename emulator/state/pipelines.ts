import type { Identity } from './identity';
import { guidOf } from './ids';
import type { Project } from './projects';
import type { Repository } from './repositories';
import { declaredVariables, type DeclaredVariable, type JobPlan, type StagePlan, type VariableGiven } from './rootYaml';
import type { ScriptSource } from './script';

export type QueueStatus = 'enabled' | 'paused' | 'disabled';

export interface Pipeline {
  id: number;
  name: string;
  /** `\` or `\folder\folder`. */
  folder: string;
  project: Project;
  kind: 'yaml' | 'classic';
  revision: number;
  createdAt: number;
  queueStatus: QueueStatus;
  repository: Repository;
  yamlFile: string;
  defaultBranch: string;
  variables: Record<string, DeclaredVariable>;
  queueId: number;
  demands: string[];
  authoredBy: Identity;
  tags: string[];
  script?: ScriptSource;
  /** Jobs of a classic pipeline, or stages where there is no YAML to read them from. */
  stages: StagePlan[];
  deleted: boolean;
}

export interface NewStage {
  name: string;
  displayName?: string;
  dependsOn?: string[];
  condition?: string;
  isSkippable?: boolean;
  manual?: boolean;
  jobs?: string[];
}

/** One job of a classic pipeline: 'Agent job 1' with its reference name. */
export function classicJob(): JobPlan {
  const step = { refName: 'CmdLine_1', displayName: 'Command Line Script', continueOnError: false };
  return {
    name: 'Phase_1',
    displayName: 'Agent job 1',
    dependsOn: [],
    continueOnError: false,
    demands: [],
    steps: [{ ...step, task: { id: guidOf('task/CmdLine'), name: 'CmdLine', version: '2.250.1' } }],
  };
}

export function hiddenStage(): StagePlan {
  return {
    name: '__default',
    displayName: '__default',
    dependsOn: [],
    isSkippable: false,
    manual: false,
    jobs: [classicJob()],
  };
}

/** YAML text for stages that are given as data, so that everything is read the same way. */
export function yamlFor(options: {
  parameters?: { name: string; type?: string; default?: unknown; values?: unknown[] }[];
  stages?: NewStage[];
}): string {
  const stages = (options.stages ?? []).map((stage) => ({
    stage: stage.name,
    ...(stage.displayName === undefined ? {} : { displayName: stage.displayName }),
    ...(stage.dependsOn === undefined ? {} : { dependsOn: stage.dependsOn }),
    ...(stage.condition === undefined ? {} : { condition: stage.condition }),
    ...(stage.isSkippable === undefined ? {} : { isSkippable: stage.isSkippable }),
    ...(stage.manual === true ? { trigger: 'manual' } : {}),
    jobs: (stage.jobs ?? ['job']).map((job) => ({ job, steps: [{ script: `echo ${job}` }] })),
  }));
  const body = stages.length > 0 ? { stages } : { steps: [{ script: 'echo hello' }] };
  return JSON.stringify({ parameters: options.parameters ?? [], ...body }, null, 2);
}

/** `\folder` of what a person writes as folder, images/sub or \images\sub. */
export function folderPath(folder: string | undefined): string {
  return `\\${(folder ?? '').replaceAll('/', '\\').replace(/^\\+|\\+$/g, '')}`;
}

export interface NewPipeline {
  /** Name of the project; the first one where it is left out. */
  project?: string;
  name: string;
  folder?: string;
  id?: number;
  kind?: 'yaml' | 'classic';
  /** Root YAML text. Without it one is made from `parameters` and `stages`. */
  yaml?: string;
  yamlFile?: string;
  parameters?: { name: string; type?: string; default?: unknown; values?: unknown[] }[];
  stages?: NewStage[];
  variables?: Record<string, VariableGiven>;
  queueStatus?: QueueStatus;
  /** Short or full name of the branch. */
  defaultBranch?: string;
  /** Name of the repository; one of the project's own name where it is left out. */
  repository?: string;
  queue?: string;
  demands?: string[];
  script?: ScriptSource;
}

interface PipelinePlace {
  id: number;
  project: Project;
  repository: Repository;
  yamlFile: string;
  branch: string;
  queueId: number;
  at: number;
  owner: Identity;
}

export function pipelineFrom(options: NewPipeline, place: PipelinePlace): Pipeline {
  const kind = options.kind ?? 'yaml';
  return {
    id: place.id,
    name: options.name,
    folder: folderPath(options.folder),
    project: place.project,
    kind,
    revision: 1,
    createdAt: place.at,
    queueStatus: options.queueStatus ?? 'enabled',
    repository: place.repository,
    yamlFile: place.yamlFile,
    defaultBranch: `refs/heads/${place.branch}`,
    variables: declaredVariables(options.variables ?? {}),
    queueId: place.queueId,
    demands: options.demands ?? [],
    authoredBy: place.owner,
    tags: [],
    ...(options.script === undefined ? {} : { script: options.script }),
    stages: kind === 'classic' ? [hiddenStage()] : [],
    deleted: false,
  };
}

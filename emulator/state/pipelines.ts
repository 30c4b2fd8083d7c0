import type { Identity } from './identity';
import { guidOf } from './ids';
import type { Project } from './projects';
import type { Repository } from './repositories';
import type { DeclaredVariable, JobPlan, StagePlan } from './rootYaml';
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

import type { RunEvent } from './events';
import { guidOf } from './ids';
import type { Identity } from './identity';
import type { Pipeline } from './pipelines';
import { play, type Progress } from './progress';
import type { StagePlan } from './rootYaml';
import { scriptFor, type ArtifactScript, type AttachmentScript, type IssueScript, type RunScript } from './script';

/** What a person or a client chose for the `resources` of the run. */
export interface ChosenResources {
  repositories: Record<string, { refName: string; version: string }>;
  pipelines: Record<string, { version: string; runId?: number; pipeline?: Pipeline }>;
  containers: Record<string, { version: string }>;
  builds: Record<string, { version: string }>;
  packages: Record<string, { version: string }>;
}

export interface Run {
  id: number;
  pipeline: Pipeline;
  number: string;
  queueTime: number;
  branch: string;
  commit: string;
  /** Variables given when it was queued, and which of them are secret. */
  variables: Record<string, string>;
  secrets: string[];
  templateParameters: Record<string, unknown>;
  reason: string;
  requestedFor: Identity;
  requestedBy: Identity;
  tags: string[];
  properties: Record<string, string>;
  demands: string[];
  queueId: number;
  planId: string;
  timelineId: string;
  stages: StagePlan[];
  stagesToSkip: string[];
  resources: ChosenResources;
  finalYaml: string;
  /** Waits until the pipeline is no longer paused. */
  held: boolean;
  /** When a held run was let go. */
  releasedAt?: number;
  events: RunEvent[];
  /** Put there by hand, besides those of the script. */
  artifacts: ArtifactScript[];
  attachments: AttachmentScript[];
  keepForever: boolean;
  deletedAt?: number;
  retainedByRelease: boolean;
  /** What the timeline looked like at the last look: only then can a record be said to have changed. */
  /** Issues that somebody else than a task put on records, by their id. */
  issues?: Map<string, IssueScript[]>;
  seen: { changeId: number; records: Map<string, { text: string; changeId: number }> };
}

export interface NewRunParts extends Pick<
  Run,
  | 'id'
  | 'pipeline'
  | 'number'
  | 'queueTime'
  | 'branch'
  | 'commit'
  | 'templateParameters'
  | 'reason'
  | 'requestedFor'
  | 'requestedBy'
  | 'tags'
  | 'demands'
  | 'queueId'
  | 'stages'
  | 'stagesToSkip'
  | 'resources'
  | 'finalYaml'
> {
  organization: string;
  variables: Record<string, { value: string; isSecret: boolean }>;
}

/** A run that has just been queued. */
export function runFrom({ organization, variables, ...parts }: NewRunParts): Run {
  const planId = guidOf(`${organization}/plan/${parts.id}`);
  return {
    ...parts,
    tags: [...parts.tags],
    variables: Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value])),
    secrets: Object.keys(variables).filter((name) => variables[name]?.isSecret),
    properties: {},
    planId,
    timelineId: planId,
    held: parts.pipeline.queueStatus === 'paused',
    events: [],
    artifacts: [],
    attachments: [],
    keepForever: false,
    retainedByRelease: false,
    seen: { changeId: 0, records: new Map() },
  };
}

export type RunStatus = 'notStarted' | 'inProgress' | 'cancelling' | 'completed';

/** The run at one moment. Times in epoch ms; result and finish time only once it is completed. */
export interface RunView {
  status: RunStatus;
  result: string | undefined;
  startTime: number | undefined;
  finishTime: number | undefined;
  /** The words for the wire, where the script has its own. */
  statusWord: string;
  resultWord: string | undefined;
}

export function scriptOf(run: Run, stage: string | undefined, attempt: number): RunScript {
  return scriptFor(run.pipeline.script, {
    runId: run.id,
    pipeline: run.pipeline.name,
    branch: run.branch,
    parameters: run.templateParameters,
    variables: run.variables,
    ...(stage === undefined ? {} : { stage }),
    attempt,
  });
}

const played = new WeakMap<Run, { events: number; releasedAt: number | undefined; progress: Progress }>();

/** The run from its beginning to its end as things stand; played again when something was done to it. */
export function progressOf(run: Run): Progress {
  const known = played.get(run);
  if (known?.events === run.events.length && known.releasedAt === run.releasedAt) return known.progress;
  const from = run.held ? (run.releasedAt ?? Infinity) : run.queueTime;
  const progress = play({
    planId: run.planId,
    stages: run.stages,
    stagesToSkip: run.stagesToSkip,
    beginAt: from + (scriptOf(run, undefined, 1).queuedMs ?? 0),
    events: run.events,
    variables: { 'Build.SourceBranch': run.branch, 'Build.Reason': run.reason, ...run.variables },
    script: (stage, attempt) => scriptOf(run, stage, attempt),
  });
  played.set(run, { events: run.events.length, releasedAt: run.releasedAt, progress });
  return progress;
}

export function viewOf(run: Run, now: number): RunView {
  const progress = progressOf(run);
  const status = statusAt(run, progress, now);
  const ended = status === 'completed';
  const result = ended ? progress.result : undefined;
  const wire = scriptOf(run, undefined, 1).wire;
  return {
    status,
    result,
    startTime: progress.startAt < now || ended ? progress.startAt : undefined,
    finishTime: ended ? progress.finishAt : undefined,
    statusWord: ended ? status : (wire?.status ?? status),
    resultWord: ended ? (wire?.result ?? result) : undefined,
  };
}

function statusAt(run: Run, progress: Progress, now: number): RunStatus {
  if (progress.finishAt <= now) return 'completed';
  const lastRetry = run.events.findLast((event) => event.kind === 'retry')?.at ?? 0;
  if (run.events.some((event) => event.kind === 'cancel' && event.at >= lastRetry)) return 'cancelling';
  // A run is still to start in the moment in which it is queued: the answer to queueing always says so.
  return progress.startAt < now ? 'inProgress' : 'notStarted';
}

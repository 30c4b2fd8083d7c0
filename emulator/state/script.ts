/** What a piece of a run does. On a run, a stage or a job it holds for everything below that says nothing itself. */
export interface WorkScript {
  /** How long each task takes; default 1000. */
  durationMs?: number;
  /** How the last task of each job ends: succeeded, succeededWithIssues, failed, canceled, skipped, or any word. */
  result?: string;
  issues?: IssueScript[];
  /** Lines of the step's log. */
  log?: string[];
  /** From the moment the job could run until an agent takes it; default 0. */
  waitsForAgentMs?: number | 'never';
  /** From the request to cancel until what runs has stopped; default 1000. */
  cancelTakesMs?: number | 'never';
}

export interface IssueScript {
  type: 'error' | 'warning';
  message: string;
  category?: string;
  data?: Record<string, string>;
}

export interface TaskScript extends WorkScript {
  name: string;
  refName?: string;
  /** `always()` and the like; a task without one runs while nothing before it failed. */
  condition?: string;
  continueOnError?: boolean;
}

export interface JobScript extends WorkScript {
  /** In place of the tasks of the YAML; without them those of the YAML run as `durationMs` and `result` say. */
  tasks?: TaskScript[];
  /** Name of the agent. */
  worker?: string;
}

export type CheckScript =
  | {
      type: 'approval';
      approvers: string[];
      instructions?: string;
      minRequired?: number;
      /** After this time the first approvers approve by themselves. */
      approvedAfterMs?: number;
      /** After this time the stage is skipped; default never. */
      timesOutAfterMs?: number;
    }
  | { type: 'taskCheck'; name: string; durationMs: number; result?: 'succeeded' | 'failed' }
  | { type: 'authorization'; resource: { type: string; id: string; name: string } };

export interface StageScript extends WorkScript {
  checks?: CheckScript[];
  jobs?: Record<string, JobScript>;
}

export interface ArtifactScript {
  name: string;
  type?: 'PipelineArtifact' | 'Container' | 'FilePath';
  /** Path inside the artifact → content. */
  files: Record<string, string>;
  /** Job that publishes it when it ends; without one it is there when the run ends. */
  job?: string;
}

export interface AttachmentScript {
  type: string;
  name: string;
  content: string;
  /** Record of the timeline that it is attached to; one of its own unless given. */
  recordId?: string;
}

export interface RunScript extends WorkScript {
  /** From queueing until the service begins with the run; default 0. */
  queuedMs?: number;
  /** By reference name. */
  stages?: Record<string, StageScript>;
  /** By name, for a pipeline without stages. */
  jobs?: Record<string, JobScript>;
  artifacts?: ArtifactScript[];
  attachments?: AttachmentScript[];
  /** Words on the wire whatever the stages say, to see what a client makes of words that it does not know. */
  wire?: { status?: string; result?: string };
  /** Records that stand in the timeline as they are. */
  extraRecords?: Record<string, unknown>[];
}

/** What a script function is told: the run, and for which attempt of which stage it is asked. */
export interface ScriptQuestion {
  runId: number;
  pipeline: string;
  branch: string;
  parameters: Record<string, unknown>;
  variables: Record<string, string>;
  /** Undefined where the question is about the run as a whole. */
  stage?: string;
  attempt: number;
}

export type ScriptSource = RunScript | ((question: ScriptQuestion) => RunScript);

export function scriptFor(source: ScriptSource | undefined, question: ScriptQuestion): RunScript {
  return (typeof source === 'function' ? source(question) : source) ?? {};
}

/** The inner piece over what it inherits; `result`, `issues` and `log` go along, they take effect at the last task. */
export function inherit<Inner extends WorkScript>(outer: WorkScript, inner: Inner | undefined): WorkScript & Inner {
  const { durationMs, result, issues, log, waitsForAgentMs, cancelTakesMs } = outer;
  const given = { durationMs, result, issues, log, waitsForAgentMs, cancelTakesMs };
  const inherited = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...inherited, ...inner } as WorkScript & Inner;
}

import { type Job, type JobSetup, createJob, setJobStatus } from './job';
import type { TaskResult } from './result';
import { type Leaks, type RawLine, findLeaks } from './secretCheck';
import type { StepRecord, TaskVariables } from './stepRecord';
import { StepRun } from './stepRun';
import type { Stage } from './taskDefinition';
import type { ProcessStart, TaskProcess, WaitingTimes } from './taskProcess';

/** A step, and the job it runs in. */
export interface JobOptions extends JobSetup {
  /** Folder of the task as it was in the .vsix: it holds task.json. */
  taskFolder: string;
  /** By name or alias. */
  inputs?: Record<string, string | undefined>;
  /** Path of the node binary; the one that runs this unless given. */
  node?: string;
  /** `env:` of the step. */
  env?: Record<string, string>;
  /** `name:` of the step. */
  stepName?: string;
  displayName?: string;
  /** The job of an earlier step. Its variables, connections and folders hold; those in these options are then not looked at. */
  job?: Job;
  continueOnError?: boolean;
  retryCountOnTaskFailure?: number;
  /** The step's `timeoutInMinutes`, in milliseconds. */
  timeoutMs?: number;
  times?: Partial<WaitingTimes>;
  /** Starts the process of each try; a real one unless given. */
  startProcess?: (start: ProcessStart) => TaskProcess;
  /** Looks for secrets in the output; true unless given. */
  strictSecrets?: boolean;
}

type Recorded =
  | ('log' | 'issues' | 'commands' | 'variables' | 'outputs' | 'secrets')
  | ('attachments' | 'summaries' | 'tags' | 'artifacts' | 'progress' | 'message' | 'buildNumber');

/** What became of a step. `issues` and `log` are masked, everything else is as the task gave it. */
export interface StepResult extends Leaks, Pick<StepRecord, Recorded> {
  result: TaskResult;
  /** As the agent sees it: 128 and the signal's number when a signal ended the process. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The handler of task.json that was taken; undefined where there was none to run. */
  handler: string | undefined;
  /** Both streams line by line, in the order of arrival. */
  raw: RawLine[];
  /** Names of outputs and variables that the step set as secrets. */
  secretNames: string[];
  taskVariables: Record<string, string>;
  details: Record<string, string>[];
  /** Mistakes that the agent passes over, such as an input that the task does not have; they fail nothing. */
  prematureProblems: string[];
  /** The job, for a further step. */
  job: Job;
  options: JobOptions;
}

export interface RunningStep {
  /** Of the process that runs now; undefined between two tries and where none could be started. */
  readonly pid: number | undefined;
  readonly job: Job;
  /** Cancels the job: SIGINT, then SIGTERM, then SIGKILL. Resolves when the step has ended, as the next two do. */
  cancel: () => Promise<StepResult>;
  /** What the agent does when the step's time is over: the same signals, another result. */
  timeOut: () => Promise<StepResult>;
  /** Kills the process without a word, as a system does that is out of memory. */
  kill: () => Promise<StepResult>;
  /** Calls back for each raw line, those that are there first. */
  onLine: (listener: (line: RawLine) => void) => void;
  /** Calls back for each line of the log as a person sees it, those that are there first. */
  onLog: (listener: (line: string) => void) => void;
  finished: Promise<StepResult>;
}

/** Starts a task as a step of a job. Throws for a folder without task.json; what fails in an agent fails the step. */
export async function startStep(options: JobOptions): Promise<RunningStep> {
  return begin(options, options.job ?? createJob(options), 'execution', new Map());
}

/** Runs a task as a step of a job, to its end. */
export async function runStep(options: JobOptions): Promise<StepResult> {
  return (await startStep(options)).finished;
}

/**
 * Runs the post-job part of the task of a step that has ended: same inputs, same task variables, and the job's status as it
 * is by now (a canceled step has canceled the job) or as given. Fails where the task has no such part.
 */
export async function runPostJob(step: StepResult, changes: { jobStatus?: TaskResult } = {}): Promise<StepResult> {
  const { job, options } = step;
  if (changes.jobStatus !== undefined) setJobStatus(job, changes.jobStatus);
  const shared: TaskVariables = new Map(
    Object.entries(step.taskVariables).map(([name, value]) => [name, { value, secret: false, readOnly: false }]),
  );
  return begin(options, job, 'postjobexecution', shared).finished;
}

function begin(options: JobOptions, job: Job, stage: Stage, taskVariables: TaskVariables): RunningStep {
  const run = new StepRun(options, job, stage, taskVariables);
  const finished = run.run().then((result) => report(run, result));
  return {
    get pid() {
      return run.process?.pid;
    },
    job,
    finished,
    cancel: () => {
      run.stop('canceled');
      return finished;
    },
    timeOut: () => {
      run.stop('timedOut');
      return finished;
    },
    kill: () => {
      run.process?.kill();
      return finished;
    },
    onLine: (listener) => {
      run.raw.forEach((line) => listener(line));
      run.lineListeners.push(listener);
    },
    onLog: (listener) => {
      run.record.log.forEach((line) => listener(line));
      run.record.logListeners.push(listener);
    },
  };
}

function report(run: StepRun, result: TaskResult): StepResult {
  const { record, raw, options, handler } = run;
  const found = options.strictSecrets === false ? { leaks: [], debugLeaks: [] } : findLeaks(record, raw);
  record.job.secrets.push(...record.secrets.map((value) => ({ name: `a secret of the step '${record.name}'`, value })));
  const { log, issues, commands, variables, outputs, secrets, attachments, summaries, tags, artifacts } = record;
  return {
    ...{ result, raw, options, handler, job: record.job },
    ...{ log, issues, commands, variables, outputs, secrets, attachments, summaries, tags, artifacts },
    ...run.end,
    ...found,
    message: record.message,
    progress: record.progress,
    buildNumber: record.buildNumber,
    secretNames: [...record.secretNames],
    taskVariables: Object.fromEntries([...record.taskVariables].map(([name, { value }]) => [name, value])),
    details: [...record.details.values()],
    prematureProblems: record.problems,
  };
}

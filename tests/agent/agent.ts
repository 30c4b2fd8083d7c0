import { join } from 'node:path';
import { processEnvironment } from './environment';
import { resolveInputs } from './inputs';
import { type Job, type JobSetup, createJob } from './job';
import { processLine } from './outputLine';
import { type TaskResult, mergeResults } from './result';
import { type Leaks, type RawLine, findLeaks } from './secretCheck';
import { StepRecord, type TaskVariables } from './stepRecord';
import { type Stage, type TaskDefinition, chooseHandler, isEndOfLife, readTaskDefinition } from './taskDefinition';
import { type ProcessEnd, type TaskProcess, type WaitingTimes, startProcess } from './taskProcess';

/** A step, and the job it runs in. */
export interface JobOptions extends JobSetup {
  /** Folder of the task as it was in the .vsix: it holds task.json. */
  taskFolder: string;
  /** By name or alias. */
  inputs?: Record<string, string | undefined>;
  /** Path of the node binary; the one that runs this. */
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
  times?: Partial<WaitingTimes> & {
    /** Before try n (1 is the first repetition); n² seconds. */
    retryMs?: (n: number) => number;
  };
  /** Looks for secrets in the output; true unless given. */
  strictSecrets?: boolean;
}

export interface StepResult
  extends
    Leaks,
    Pick<
      StepRecord,
      | 'log'
      | 'issues'
      | 'commands'
      | 'variables'
      | 'outputs'
      | 'secrets'
      | 'attachments'
      | 'summaries'
      | 'tags'
      | 'artifacts'
      | 'progress'
    > {
  result: TaskResult;
  /** Text of the last `task.complete`. */
  message: string | undefined;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The handler of task.json that was taken; undefined where there was none to run. */
  handler: string | undefined;
  raw: RawLine[];
  /** Names of outputs and variables that the step set as secrets. */
  secretNames: string[];
  taskVariables: Record<string, string>;
  buildNumber: string | undefined;
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
  /** Cancels the job: SIGINT, then SIGTERM, then SIGKILL. */
  cancel: () => Promise<StepResult>;
  /** What the agent does when the step's time is over: the same signals, another result. */
  timeOut: () => Promise<StepResult>;
  /** Kills the process without a word, as the system does that is out of memory. */
  kill: () => Promise<StepResult>;
  /** Calls back for each raw line from now on. */
  onLine: (listener: (line: RawLine) => void) => void;
  /** Calls back for each line of the log from now on, as a person sees it. */
  onLog: (listener: (line: string) => void) => void;
  finished: Promise<StepResult>;
}

const agentTimes: Required<NonNullable<JobOptions['times']>> = {
  sigintMs: 7500,
  sigtermMs: 2500,
  openPipesMs: 5000,
  doneMs: 5000,
  retryMs: (n) => n * n * 1000,
};

/** Starts a task as a step of a job. Throws only for what no job could hold; what fails in an agent fails the step. */
export async function startStep(options: JobOptions): Promise<RunningStep> {
  const job = options.job ?? createJob(options);
  return begin({ options, job, stage: 'execution', taskVariables: new Map() });
}

/** Runs a task as a step of a job, to its end. */
export async function runStep(options: JobOptions): Promise<StepResult> {
  return (await startStep(options)).finished;
}

/** Runs the post-job part of the task of a step that has ended: same inputs, same task variables, the job's status as it is now. */
export async function runPostJob(step: StepResult, changes: { jobStatus?: TaskResult } = {}): Promise<StepResult> {
  const { job, options } = step;
  if (changes.jobStatus !== undefined) setStatus(job, changes.jobStatus);
  const taskVariables: TaskVariables = new Map(
    Object.entries(step.taskVariables).map(([name, value]) => [name, { value, secret: false, readOnly: false }]),
  );
  return begin({ options, job, stage: 'postjobexecution', taskVariables }).finished;
}

interface Beginning {
  options: JobOptions;
  job: Job;
  stage: Stage;
  taskVariables: TaskVariables;
}

function begin(beginning: Beginning): RunningStep {
  const { options, job, stage } = beginning;
  const definition = readTaskDefinition(options.taskFolder);
  const times = { ...agentTimes, ...options.times };
  const displayName = (stage === 'postjobexecution' ? 'Post-job: ' : '') + (options.displayName ?? definition.name);
  const outputNames = new Set((definition.outputVariables ?? []).map(({ name }) => name.toLowerCase()));
  const stepName = options.stepName ?? `${definition.name}1`;
  const record = new StepRecord(job, stepName, beginning.taskVariables, outputNames);
  const raw: RawLine[] = [];
  const lineListeners: ((line: RawLine) => void)[] = [];
  let current: TaskProcess | undefined;
  let last: ProcessEnd = { exitCode: null, signal: null };
  let handler: string | undefined;
  let stopped: 'canceled' | 'timedOut' | undefined;
  let wake: () => void = () => undefined;

  function stop(reason: 'canceled' | 'timedOut'): Promise<StepResult> {
    if (stopped === undefined && !over) {
      stopped = reason;
      if (reason === 'canceled') {
        setStatus(job, 'Canceled');
        record.issue('error', 'The Operation will be canceled. The next steps may not contain expected logs.');
      }
      current?.stop();
      wake();
    }
    return finished;
  }

  /** Runs the process until it ends by itself or is ended; throws what the agent would fail the step with. */
  async function tryOnce(start: Omit<Parameters<typeof startProcess>[0], 'onLine' | 'times'>): Promise<void> {
    let done = false;
    current = startProcess({
      ...start,
      times,
      onLine: (stream, line) => {
        if (done) return;
        raw.push({ stream, line });
        lineListeners.forEach((listener) => listener({ stream, line }));
        processLine({ record, definition }, line);
      },
    });
    const process = current;
    record.onDone = () => {
      const timer = setTimeout(() => {
        done = true;
        record.debug('The task was marked as "done", but the process has not closed after 5 seconds.');
        process.abandon();
      }, times.doneMs);
      void process.ended.finally(() => clearTimeout(timer)).catch(() => undefined);
    };
    last = await process.ended.finally(() => (current = undefined));
    if (stopped !== undefined || last.exitCode === 0 || last.exitCode === null) return;
    const called = `file name '${start.node}', arguments '"${start.target}"'`;
    throw new Error(`Exit code ${last.exitCode} returned from process: ${called}.`);
  }

  async function runTries(): Promise<void> {
    const start = prepare(beginning, definition, record);
    handler = start.handler;
    const tries = Math.min(options.retryCountOnTaskFailure ?? 0, 10) + 1;
    for (let number = 1; ; number += 1) {
      try {
        await tryOnce(start);
        if (stopped !== undefined || record.result !== 'Failed' || number === tries) return;
        record.result = undefined;
        record.issue(
          'warning',
          `RetryHelper encountered task failure, will retry (attempt #: ${number} out of ${tries - 1})`,
        );
      } catch (error) {
        if (number === tries) throw error;
        const reason = (error as Error).message;
        record.issue('warning', `RetryHelper encountered exception, will retry (attempt #: ${number} ${reason})`);
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, times.retryMs(number));
      });
      if (stopped !== undefined) return;
    }
  }

  async function run(): Promise<StepResult> {
    record.write(`##[section]Starting: ${displayName}`);
    heading(definition).forEach((line) => record.write(line));
    const timer =
      options.timeoutMs === undefined ? undefined : setTimeout(() => void stop('timedOut'), options.timeoutMs);
    try {
      await runTries();
      conclude(record, stopped);
    } catch (error) {
      record.issue('error', (error as Error).message);
      record.result = 'Failed';
    } finally {
      clearTimeout(timer);
      over = true;
    }
    const result = settle(record, options.continueOnError === true);
    record.write(`##[section]Finishing: ${displayName}`);
    if (result === 'SucceededWithIssues' || result === 'Failed') setStatus(job, mergeResults(job.status, result));
    return report({ record, result, raw, last, handler, options });
  }

  let over = false;
  const finished = run();
  return {
    get pid() {
      return current?.pid;
    },
    job,
    finished,
    cancel: () => stop('canceled'),
    timeOut: () => stop('timedOut'),
    kill: () => {
      current?.kill();
      return finished;
    },
    onLine: (listener) => void lineListeners.push(listener),
    onLog: (listener) => {
      record.onLog = listener;
    },
  };
}

/** Everything before the process starts, in the agent's order (TaskRunner.RunAsyncInternal). */
function prepare({ options, job, stage, taskVariables }: Beginning, definition: TaskDefinition, record: StepRecord) {
  const chosen = chooseHandler(definition, stage);
  if (chosen === undefined) {
    throw new Error('The current operating system is not capable of running this task.');
  }
  if (isEndOfLife(chosen.handler)) record.problems.push(`The handler ${chosen.handler} is end-of-life.`);
  const inputs = resolveInputs(definition, options.inputs ?? {}, job);
  record.problems.push(...inputs.problems);
  const environment = processEnvironment({
    job,
    env: options.env ?? {},
    inputs: inputs.values,
    endpoints: inputs.endpoints,
    taskVariables,
  });
  return {
    handler: chosen.handler,
    node: options.node ?? process.execPath,
    target: join(options.taskFolder, chosen.target),
    workingDirectory: chosen.workingDirectory ?? job.variables.get('system.defaultWorkingDirectory') ?? job.folder,
    environment,
  };
}

/** Cancellation and timeout say what the step came to, whatever the process said of itself (StepsRunner.cs). */
function conclude(record: StepRecord, stopped: 'canceled' | 'timedOut' | undefined): void {
  if (stopped === undefined) return;
  record.issue('error', stopped === 'canceled' ? 'The operation was canceled.' : 'The task has timed out.');
  record.result = stopped === 'canceled' ? 'Canceled' : 'Failed';
}

/** The result after what the agent does beside the step, and after continueOnError. */
function settle(record: StepRecord, continueOnError: boolean): TaskResult {
  for (const error of record.lateErrors) {
    record.issue('error', error);
    record.failCommand();
  }
  const { commandResult } = record;
  const merged = commandResult === undefined ? record.result : mergeResults(record.result, commandResult);
  return merged === 'Failed' && continueOnError ? 'SucceededWithIssues' : (merged ?? 'Succeeded');
}

function setStatus(job: Job, status: TaskResult): void {
  job.status = status;
  job.variables.set('agent.jobstatus', status);
}

function heading(definition: TaskDefinition): string[] {
  const { version } = definition;
  const rule = '='.repeat(78);
  return [
    rule,
    `Task         : ${definition.friendlyName ?? definition.name}`,
    `Description  : ${definition.description ?? ''}`,
    `Version      : ${version.Major}.${version.Minor}.${version.Patch}`,
    `Author       : ${definition.author ?? ''}`,
    `Help         : ${definition.helpUrl ?? definition.helpMarkDown ?? ''}`,
    rule,
  ];
}

interface Ended {
  record: StepRecord;
  result: TaskResult;
  raw: RawLine[];
  last: ProcessEnd;
  handler: string | undefined;
  options: JobOptions;
}

function report({ record, result, raw, last, handler, options }: Ended): StepResult {
  const { log, issues, commands, variables, outputs, secrets, attachments, summaries, tags, artifacts } = record;
  return {
    ...{ log, issues, commands, variables, outputs, secrets, attachments, summaries, tags, artifacts },
    ...(options.strictSecrets === false ? { leaks: [], debugLeaks: [] } : findLeaks(record, raw)),
    ...last,
    result,
    raw,
    handler,
    options,
    message: record.message,
    secretNames: [...record.secretNames],
    taskVariables: Object.fromEntries([...record.taskVariables].map(([name, { value }]) => [name, value])),
    progress: record.progress,
    buildNumber: record.buildNumber,
    details: [...record.details.values()],
    prematureProblems: record.problems,
    job: record.job,
  };
}

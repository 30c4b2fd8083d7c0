import { existsSync } from 'node:fs';
import type { JobOptions } from './agent';
import { type Job, setJobStatus } from './job';
import { processLine } from './outputLine';
import { type Preparation, heading, prepare, stepVariables } from './preparation';
import { type TaskResult, mergeResults } from './result';
import type { RawLine } from './secretCheck';
import { StepRecord, type TaskVariables } from './stepRecord';
import { type Stage, type TaskDefinition, readTaskDefinition } from './taskDefinition';
import { type ProcessEnd, type TaskProcess, type WaitingTimes, startProcess } from './taskProcess';

const agentTimes: WaitingTimes = {
  sigintMs: 7500,
  sigtermMs: 2500,
  openPipesMs: 5000,
  doneMs: 5000,
  retryMs: (n) => n * n * 1000,
};

/** More repetitions than these are not made (TaskRunner.cs). */
const mostRetries = 10;

/** One step under way: its process, the tries of it, and how it is stopped (AG TaskRunner.cs, StepsRunner.cs, RetryHelper.cs). */
export class StepRun {
  readonly record: StepRecord;
  readonly raw: RawLine[] = [];
  readonly lineListeners: ((line: RawLine) => void)[] = [];
  handler: string | undefined;
  end: ProcessEnd = { exitCode: null, signal: null };
  process: TaskProcess | undefined;
  private readonly definition: TaskDefinition;
  private readonly times: WaitingTimes;
  private readonly displayName: string;
  private stopped: 'canceled' | 'timedOut' | undefined;
  private over = false;
  private wake: () => void = () => undefined;

  constructor(
    readonly options: JobOptions,
    private readonly job: Job,
    private readonly stage: Stage,
    taskVariables: TaskVariables,
  ) {
    this.definition = readTaskDefinition(options.taskFolder);
    this.times = { ...agentTimes, ...options.times };
    this.displayName = options.displayName ?? this.definition.name;
    const outputNames = new Set((this.definition.outputVariables ?? []).map(({ name }) => name.toLowerCase()));
    this.record = new StepRecord(job, options.stepName ?? `${this.definition.name}1`, taskVariables, outputNames);
  }

  /** Runs the step to its end and gives its result; never rejects. */
  async run(): Promise<TaskResult> {
    const { record, options, job } = this;
    const name = this.stage === 'postjobexecution' ? `Post-job: ${this.displayName}` : this.displayName;
    record.write(`##[section]Starting: ${name}`);
    const scope = stepVariables(this.definition, name, record.name);
    for (const [variable, value] of Object.entries(scope)) job.variables.set(variable, value, { readOnly: true });
    const { timeoutMs } = options;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.stop('timedOut'), timeoutMs);
    try {
      await this.runTries();
      this.conclude();
    } catch (error) {
      record.issue('error', (error as Error).message);
      record.result = 'Failed';
    }
    clearTimeout(timer);
    this.over = true;
    const result = this.settle();
    record.write(`##[section]Finishing: ${name}`);
    for (const variable of Object.keys(scope)) job.variables.unset(variable);
    if (result === 'SucceededWithIssues' || result === 'Failed') setJobStatus(job, mergeResults(job.status, result));
    return result;
  }

  /** SIGINT, SIGTERM, SIGKILL; the second stop of a step changes nothing. */
  stop(reason: 'canceled' | 'timedOut'): void {
    if (this.stopped !== undefined || this.over) return;
    this.stopped = reason;
    if (reason === 'canceled') {
      setJobStatus(this.job, 'Canceled');
      const text = 'The Operation will be canceled. The next steps may not contain expected logs.';
      this.record.issue('error', text);
    }
    this.process?.stop();
    this.wake();
  }

  private isStopped(): boolean {
    return this.stopped !== undefined;
  }

  private async runTries(): Promise<void> {
    const { record, options } = this;
    heading(this.definition).forEach((line) => record.write(line));
    const preparation = prepare(options, this.stage, this.definition, record);
    if (preparation === undefined) {
      record.result = 'Skipped';
      return;
    }
    this.handler = preparation.handler;
    const retries = Math.min(options.retryCountOnTaskFailure ?? 0, mostRetries);
    for (let number = 1; ; number += 1) {
      const failure = await this.tryOnce(preparation);
      const failed = failure !== undefined || record.result === 'Failed';
      if (this.isStopped() || !failed || number > retries) {
        if (failure !== undefined) throw failure;
        return;
      }
      // The agent forgets the result of a process that ended well, and keeps what one with a bad exit code had said.
      if (failure === undefined) record.result = undefined;
      const reason = failure?.message ?? 'encountered task failure';
      record.issue('warning', `RetryHelper: ${reason}, will retry (attempt #: ${number} out of ${retries})`);
      await this.pause(this.times.retryMs(number));
      if (this.isStopped()) return;
    }
  }

  /** Runs the process once; gives the error that its exit code is to the agent. */
  private async tryOnce(preparation: Preparation): Promise<Error | undefined> {
    const { record, definition, times } = this;
    const { node, target } = preparation;
    const current = (this.options.startProcess ?? startProcess)({
      ...preparation,
      environment: preparation.environment(),
      times,
      onLine: (stream, line) => {
        this.raw.push({ stream, line });
        this.lineListeners.forEach((listener) => listener({ stream, line }));
        processLine({ record, definition }, line);
      },
    });
    let timer: NodeJS.Timeout | undefined;
    record.onDone = () => {
      timer ??= setTimeout(() => {
        record.debug('The task was marked as "done", but the process has not closed after 5 seconds.');
        current.abandon();
      }, times.doneMs);
    };
    this.process = current;
    this.end = await current.ended.finally(() => {
      clearTimeout(timer);
      this.process = undefined;
    });
    const { exitCode } = this.end;
    if (this.isStopped() || exitCode === 0 || exitCode === null) return undefined;
    return new Error(`Exit code ${exitCode} returned from process: file name '${node}', arguments '"${target}"'.`);
  }

  private async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** Cancellation and timeout say what the step came to, whatever the process said of itself. */
  private conclude(): void {
    if (this.stopped === undefined) return;
    const canceled = this.stopped === 'canceled';
    this.record.issue('error', canceled ? 'The operation was canceled.' : 'The task has timed out.');
    this.record.result = canceled ? 'Canceled' : 'Failed';
  }

  /** The result after what the agent does beside the step, and after continueOnError. */
  private settle(): TaskResult {
    const { record } = this;
    for (const error of record.lateErrors) {
      record.issue('error', error);
      record.failCommand();
    }
    for (const { path } of [...record.attachments, ...record.summaries]) {
      if (!existsSync(path))
        record.problems.push(`'${path}' was removed before the agent is sure to have uploaded it.`);
    }
    const { commandResult } = record;
    const result = commandResult === undefined ? record.result : mergeResults(record.result, commandResult);
    if (result === 'Failed' && this.options.continueOnError === true) return 'SucceededWithIssues';
    return result ?? 'Succeeded';
  }
}

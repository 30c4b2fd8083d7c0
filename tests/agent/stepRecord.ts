import type { ParsedCommand } from './command';
import type { Job } from './job';
import { type TaskResult, mergeResults } from './result';

export interface Issue {
  type: 'error' | 'warning';
  message: string;
}

export interface Attachment {
  type: string;
  name: string;
  content: string;
  path: string;
}

/** A timeline record that the task made by `task.logdetail`. */
export type Detail = Record<string, string>;

/** Values that pre, main and post part of one task share. */
export type TaskVariables = Map<string, { value: string; secret: boolean; readOnly: boolean }>;

/** No more issues of a type stay on the timeline record; the log keeps all. */
const keptIssues = 10;

/** The timeline record of a running step: what its log and its commands have made of it so far. */
export class StepRecord {
  readonly log: string[] = [];
  readonly issues: Issue[] = [];
  readonly commands: ParsedCommand[] = [];
  readonly variables: Record<string, string> = {};
  readonly outputs: Record<string, string> = {};
  /** Names of outputs and variables that were set as secret, and the values of all secrets that were set. */
  readonly secretNames = new Set<string>();
  readonly secrets: string[] = [];
  readonly attachments: Attachment[] = [];
  readonly summaries: { name: string; markdown: string; path: string }[] = [];
  readonly tags: string[] = [];
  readonly artifacts: { name: string; type: string; location: string }[] = [];
  readonly progress: { value: number; text: string }[] = [];
  readonly details = new Map<string, Detail>();
  /** Mistakes that the agent lets pass. */
  readonly problems: string[] = [];
  /** Failures of what the agent does beside the step, such as tagging the build; they are said when the process has ended. */
  readonly lateErrors: string[] = [];
  /** What `task.complete` made of the step, and what its exit or cancellation did. */
  result: TaskResult | undefined;
  /** What failed commands made of it. It outlives a retry. */
  commandResult: TaskResult | undefined;
  message: string | undefined;
  buildNumber: string | undefined;
  /** Called when a command asked to end the step without waiting for its process. */
  onDone: () => void = () => undefined;
  readonly logListeners: ((line: string) => void)[] = [];

  constructor(
    readonly job: Job,
    /** Reference name of the step: its `name:`. */
    readonly name: string,
    readonly taskVariables: TaskVariables,
    readonly outputNames: Set<string>,
  ) {}

  /** Writes to the log as the agent does: masked, and line by line. */
  write(text: string): void {
    for (const line of this.job.masker.mask(text).split(/\r\n|\r|\n/)) {
      this.log.push(line);
      this.logListeners.forEach((listener) => listener(line));
    }
  }

  debug(text: string): void {
    if (this.job.variables.isTrue('system.debug')) this.write(`##[debug]${text}`);
  }

  issue(type: Issue['type'], text: string): void {
    const message = this.job.masker.mask(text);
    if (message !== '') this.write(`##[${type}]${message}`);
    if (this.issues.filter((issue) => issue.type === type).length < keptIssues) this.issues.push({ type, message });
  }

  /** Masks a value from now on and remembers that this step made it a secret. */
  addSecret(value: string): void {
    if (value === '') return;
    this.job.masker.add(value);
    this.secrets.push(value);
  }

  failCommand(): void {
    this.commandResult = mergeResults(this.commandResult, 'Failed');
  }
}

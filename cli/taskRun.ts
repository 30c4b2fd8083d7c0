import fs from 'node:fs';
import path from 'node:path';
import type { Secrets } from '../tasks/lib/secrets';
import { parseCommand, type Command } from './commands';
import type { PeopleLog } from './peopleLog';

const RESULTS = ['Succeeded', 'SucceededWithIssues', 'Failed'] as const;

export type Result = (typeof RESULTS)[number];

/** What a task's output makes of its run: lines for people, outputs and a result for the shell. */
export class TaskRun {
  private readonly outputs = new Map<string, string>();
  private readonly said = new Set<string>();
  private worst = 0;

  constructor(
    private readonly log: PeopleLog,
    private readonly secrets: Secrets,
    private readonly debug: boolean,
  ) {}

  /** Of several results the worst counts, as in an agent. */
  get result(): Result {
    return RESULTS[this.worst] ?? 'Failed';
  }

  take(line: string): void {
    const command = parseCommand(line);
    if (command) this.carryOut(command);
    else this.log.line(line);
  }

  private carryOut({ name, properties, data }: Command): void {
    switch (name) {
      case 'task.issue':
      case 'task.logissue':
        this.said.add(data);
        this.log.line(`##[${properties.type === 'warning' ? 'warning' : 'error'}]${data}`);
        break;
      case 'task.complete':
        this.complete(properties.result, data);
        break;
      case 'task.setprogress':
        this.log.setProgress(Number(properties.value) || 0, data);
        break;
      case 'task.setsecret':
        this.secrets.add(data);
        break;
      case 'task.setvariable':
        if (properties.issecret?.toLowerCase() === 'true') this.secrets.add(data);
        this.outputs.set(properties.variable ?? '', data);
        break;
      case 'task.debug':
        if (this.debug) this.log.line(`##[debug]${data}`);
        break;
      default:
      // Summaries, attachments and tags have no place in a shell.
    }
  }

  private complete(result: string | undefined, message: string): void {
    const index = RESULTS.findIndex((known) => known === result);
    this.worst = Math.max(this.worst, index < 0 ? RESULTS.indexOf('Failed') : index);
    // A message that was an error or a warning has been read already.
    const rest = message && !this.said.has(message) ? `: ${message}` : '.';
    switch (this.result) {
      case 'Succeeded':
        this.log.print(`Succeeded${rest}`, 'good');
        break;
      case 'SucceededWithIssues':
        this.log.print(`Succeeded with issues${rest}`, 'warning');
        break;
      case 'Failed':
        this.log.print(`Failed${rest}`, 'error');
        break;
    }
  }

  /** The task ended without a word. */
  crashed(code: number | null): void {
    this.worst = RESULTS.indexOf('Failed');
    this.log.print(`error: The task's process ended with ${code ?? 'a signal'}.`, 'error');
  }

  /**
   * The output variables, secrets masked. Files of the temporary folder are gone when anybody could read them, so their content takes
   * the place of the variable that they hold the whole of.
   */
  outputVariables(temporary: string): Record<string, string> {
    const variables = new Map(this.outputs);
    for (const [name, value] of this.outputs) {
      if (!value.startsWith(temporary + path.sep) || !fs.existsSync(value)) continue;
      variables.delete(name);
      variables.set(name.replace(/File$/, ''), fs.readFileSync(value, 'utf8'));
    }
    return Object.fromEntries([...variables].map(([name, value]) => [name, this.secrets.redact(value)]));
  }
}

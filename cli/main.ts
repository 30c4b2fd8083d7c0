/** A task from a shell, with the bundle that ships: its inputs as options, its log for people, its result as exit status. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../tasks/lib/errors';
import { Secrets } from '../tasks/lib/secrets';
import { findPlace, findToken, jobEnvironment, type Job } from './environment';
import { overview, taskHelp } from './help';
import { readOptions } from './options';
import { PeopleLog } from './peopleLog';
import { exitCodeOf, runBundle } from './runBundle';
import { TaskRun } from './taskRun';
import { findTask, readTasks, type Task } from './tasks';

const WRONG_USAGE = 64;

async function main(args: string[]): Promise<number> {
  const tasks = readTasks(path.join(__dirname, '..', 'extension'));
  const [name = '', ...rest] = args;
  // Between its own name and a task's, npx takes --help for itself; a plain word gets through.
  const wantsHelp = name === 'help' || args.some((arg) => arg === '--help' || arg === '-h');
  try {
    if (!name || name === 'help' || name.startsWith('-')) {
      (wantsHelp ? process.stdout : process.stderr).write(overview(tasks));
      return wantsHelp ? 0 : WRONG_USAGE;
    }
    const task = findTask(tasks, name);
    if (!wantsHelp) return await run(task, rest);
    process.stdout.write(taskHelp(task));
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\nSee: pipeline-cascade help, pipeline-cascade <task> --help\n`);
    return WRONG_USAGE;
  }
}

async function run(task: Task, args: string[]): Promise<number> {
  const options = readOptions(task, args, process.env);
  const folder = process.cwd();
  const place = findPlace(options.inputs, folder);
  const token = findToken(process.env);
  const secrets = new Secrets(() => undefined);
  secrets.add(token.value);
  const log = new PeopleLog(options.json ? process.stderr : process.stdout, secrets);
  if (place.remote)
    log.print(`In ${place.organization}, project ${place.project ?? ''} (git remote '${place.remote}').`);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'pipeline-cascade-'));
  try {
    return await runJob({ task, options, place, token, temporary, folder }, log, secrets);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

async function runJob(job: Job, log: PeopleLog, secrets: Secrets): Promise<number> {
  const { task, options, temporary, folder } = job;
  const taskRun = new TaskRun(log, secrets, options.debug);
  const { code, stoppedBy } = await runBundle({
    script: path.join(task.folder, task.execution.Node20_1.target),
    folder,
    environment: jobEnvironment(job, process.env),
    onLine: (line) => taskRun.take(line),
    onStop: () => log.print('Canceling what was started; once more ends sooner.', 'warning'),
  });
  log.endProgress();
  if (code !== 0) taskRun.crashed(code);
  if (options.json) process.stdout.write(`${JSON.stringify(taskRun.outputVariables(temporary))}\n`);
  if (stoppedBy) return exitCodeOf(stoppedBy);
  switch (taskRun.result) {
    case 'Succeeded':
      return 0;
    case 'SucceededWithIssues':
      return options.strict ? 2 : 0;
    case 'Failed':
      return 1;
  }
}

// Whoever reads us may stop reading; the task goes on and its children are not lost.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);

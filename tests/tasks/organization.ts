import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { unknownRoute, type Call } from '../../emulator/calls';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator/server';
import { startStep, type JobOptions, type RunningStep, type StepResult } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { taskFolder } from './taskFolder';

export type StepInputs = Record<string, string>;

/** What a test may say of a step beside its inputs. */
export type StepOptions = Partial<Omit<JobOptions, 'inputs'>>;

/** An organization of its own for one test: an emulator with the project Fabrikam, and steps of a parent run in it. */
export interface TaskOrganization {
  emulator: Emulator;
  /** Runs the task to its end; with the inputs that the test's kind of organization gives unless these say otherwise. */
  run(inputs?: StepInputs, options?: StepOptions): Promise<StepResult>;
  start(inputs?: StepInputs, options?: StepOptions): Promise<RunningStep>;
  /** Calls of a method to routes that hold this text. */
  calls(method: string, route?: string): Call[];
}

export const PROJECT = 'Fabrikam';
const open: Emulator[] = [];
const steps = new Set<RunningStep>();

/** @param inputs given to every step that does not say otherwise. */
export async function startTaskOrganization(
  task: { name: string; stepName: string; inputs: StepInputs },
  options: EmulatorOptions,
): Promise<TaskOrganization> {
  const emulator = await startEmulator(options);
  open.push(emulator);
  if (!emulator.state.findProject(PROJECT)) emulator.state.addProject(PROJECT);
  const start: TaskOrganization['start'] = async (inputs = {}, step = {}) => {
    const running = await startStep({
      taskFolder: await taskFolder(task.name),
      inputs: { ...task.inputs, ...inputs },
      stepName: task.stepName,
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
      systemConnection: { url: emulator.url, token: emulator.token },
      ...step,
    });
    steps.add(running);
    void running.finished.finally(() => steps.delete(running));
    return running;
  };
  return {
    emulator,
    start,
    run: async (inputs, step) => proper(await (await start(inputs, step)).finished),
    calls: (method, route = '') =>
      emulator.calls.filter((call) => call.method === method && call.route.includes(route)),
  };
}

/** For `after`: ends the servers and what a failed test left running, and fails where the task asked for what no server has. */
export async function closeOrganizations(): Promise<void> {
  for (const step of steps) {
    // Cancelled first, so that it is not tried again.
    void step.cancel();
    void step.kill();
  }
  const closing = open.splice(0);
  await Promise.all(closing.map((emulator) => emulator.close()));
  const unknown = closing.flatMap(({ calls }) => calls.filter(({ route }) => route === unknownRoute));
  assert.deepEqual(
    unknown.map(({ method, path }) => `${method} ${path}`),
    [],
    'every address that the task asks exists',
  );
}

/** What holds for every step, however it ends: no secret gets out, no command is malformed, the agent has nothing to complain of. */
export function proper(step: StepResult): StepResult {
  assert.deepEqual(step.leaks, [], 'no secret leaves the process');
  const ofNode = step.raw.filter(({ line }) => /^\(node:\d+\)/.test(line)).map(({ line }) => line);
  assert.deepEqual(ofNode, [], 'Node has nothing to warn of');
  // A macro that nothing replaces, and a connection that is not there, are what some tests are about.
  assert.deepEqual(
    step.prematureProblems.filter((problem) => !/keeps \$\(|names no connection/.test(problem)),
    [],
  );
  const complaints = step.log.filter((line) =>
    /logging command keyword|Unable to process command|Cannot find command/.test(line),
  );
  assert.deepEqual(complaints, []);
  if (step.signal === null) assert.equal(step.exitCode, 0, step.log.join('\n'));
  return step;
}

/** The log as one text, for what a person would read there. */
export function logOf({ log }: Pick<StepResult, 'log'>): string {
  return log.join('\n');
}

/** Texts of the issues of a type. */
export function issuesOf({ issues }: StepResult, type: 'error' | 'warning'): string[] {
  return issues.filter((issue) => issue.type === type).map(({ message }) => message);
}

/** Ends when the condition holds; the test's own time bounds it. */
export async function until(condition: () => boolean, everyMs = 5): Promise<void> {
  while (!condition()) await sleep(everyMs);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Time that runs many times as fast, for the emulator and for a step alike. */
export function fastTime(speed: number): { clock: { now(): number }; env: Record<string, string> } {
  const begin = Date.now();
  const file = path.join(__dirname, 'fastClock.mjs');
  return {
    clock: { now: () => Math.round(begin + (Date.now() - begin) * speed) },
    env: { NODE_OPTIONS: `--import=${pathToFileURL(file).href}`, CASCADE_TEST_SPEED: String(speed) },
  };
}

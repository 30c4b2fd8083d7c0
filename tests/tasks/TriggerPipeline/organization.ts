import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { unknownRoute, type Call } from '../../../emulator/calls';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../../emulator/server';
import type { NewPipeline } from '../../../emulator/state/EmulatorState';
import type { Run } from '../../../emulator/state/runs';
import { startStep, type JobOptions, type RunningStep, type StepResult } from '../../agent/agent';
import { buildVariables } from '../../agent/systemVariables';
import { taskFolder } from '../taskFolder';

export type StepInputs = Record<string, string>;

/** What a test may say of a step beside its inputs. */
export type StepOptions = Partial<Omit<JobOptions, 'inputs'>>;

/** An organization of its own for one test: an emulator with the project Fabrikam, and steps of a parent run in it. */
export interface Organization {
  emulator: Emulator;
  /** Adds a pipeline whose tasks take no time; 'rebuild' unless named. */
  add(pipeline?: Partial<NewPipeline>): ReturnType<Emulator['state']['addPipeline']>;
  /** Runs the task to its end; for the pipeline 'rebuild' unless the inputs name another. */
  run(inputs?: StepInputs, options?: StepOptions): Promise<StepResult>;
  start(inputs?: StepInputs, options?: StepOptions): Promise<RunningStep>;
  /** The runs that were queued by now. */
  runs: Run[];
  /** Calls of a method to routes that hold this text. */
  calls(method: string, route?: string): Call[];
  /** Requests that start something. */
  starts(): Call[];
}

export const PROJECT = 'Fabrikam';
export const STEP = 'rebuild';
const open: Organization[] = [];
const steps = new Set<RunningStep>();

export async function startOrganization(options: EmulatorOptions = {}): Promise<Organization> {
  const emulator = await startEmulator(options);
  const { state } = emulator;
  if (!state.findProject(PROJECT)) state.addProject(PROJECT);
  const start: Organization['start'] = async (inputs = {}, step = {}) => {
    const running = await startStep({
      taskFolder: await taskFolder('TriggerPipeline'),
      inputs: { pipeline: 'rebuild', ...inputs },
      stepName: STEP,
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
      systemConnection: { url: emulator.url, token: emulator.token },
      ...step,
    });
    steps.add(running);
    void running.finished.finally(() => steps.delete(running));
    return running;
  };
  const calls = (method: string, route = '') =>
    emulator.calls.filter((call) => call.method === method && call.route.includes(route));
  const organization: Organization = {
    emulator,
    add: (pipeline = {}) => state.addPipeline({ name: 'rebuild', script: { durationMs: 0 }, ...pipeline }),
    start,
    run: async (inputs, step) => proper(await (await start(inputs, step)).finished),
    runs: state.runs,
    calls,
    starts: () => emulator.calls.filter(({ method, path }) => method === 'POST' && /\/(builds|runs)(\?|$)/.test(path)),
  };
  open.push(organization);
  return organization;
}

/** For `after`: ends the servers and what a failed test left running, and fails where the task asked for what no server has. */
export async function closeOrganizations(): Promise<void> {
  for (const step of steps) {
    // Cancelled first, so that it is not tried again.
    void step.cancel();
    void step.kill();
  }
  const closing = open.splice(0);
  await Promise.all(closing.map(({ emulator }) => emulator.close()));
  const unknown = closing.flatMap(({ emulator }) => emulator.calls.filter(({ route }) => route === unknownRoute));
  assert.deepEqual(
    unknown.map(({ method, path }) => `${method} ${path}`),
    [],
    'every address that the task asks exists',
  );
}

/** What holds for every step, however it ends: no secret gets out, no command is malformed, the agent has nothing to complain of. */
export function proper(step: StepResult): StepResult {
  assert.deepEqual(step.leaks, [], 'no secret leaves the process');
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
  const file = path.join(__dirname, '..', 'fastClock.mjs');
  return {
    clock: { now: () => Math.round(begin + (Date.now() - begin) * speed) },
    env: { NODE_OPTIONS: `--import=${pathToFileURL(file).href}`, CASCADE_TEST_SPEED: String(speed) },
  };
}

import assert from 'node:assert/strict';
import { unknownRoute, type Call } from '../../../emulator/calls';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../../emulator/server';
import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import { environmentView, type Release } from '../../../emulator/state/releases';
import type { Run } from '../../../emulator/state/runs';
import { startStep, type JobOptions, type RunningStep, type StepResult } from '../../agent/agent';
import { buildVariables } from '../../agent/systemVariables';
import { taskFolder } from '../taskFolder';

export type StepInputs = Record<string, string>;
export type StepOptions = Partial<Omit<JobOptions, 'inputs'>>;

/** An organization of its own for one test: an emulator with the project Fabrikam, and steps of a parent run in it. */
export interface Organization {
  emulator: Emulator;
  /** Adds a release definition whose tasks take no time; 'Deploy' with Dev and Test unless named. */
  define(definition?: Partial<NewDefinition>): ReturnType<Emulator['state']['releaseArea']['addDefinition']>;
  /** Adds the pipeline 'api' with so many successful runs. */
  build(runs?: number): Run[];
  run(inputs?: StepInputs, options?: StepOptions): Promise<StepResult>;
  start(inputs?: StepInputs, options?: StepOptions): Promise<RunningStep>;
  releases: Release[];
  calls(method: string, route?: string): Call[];
  creations(): Call[];
  /** `Dev succeeded` and so on of a release. */
  statuses(release?: Release): string[];
}

export const PROJECT = 'Fabrikam';
export const STEP = 'deploy';
const open: Organization[] = [];

export async function startOrganization(options: EmulatorOptions = {}): Promise<Organization> {
  const emulator = await startEmulator(options);
  const { state } = emulator;
  const area = state.releaseArea;
  if (!state.findProject(PROJECT)) state.addProject(PROJECT);
  const start: Organization['start'] = async (inputs = {}, step = {}) =>
    startStep({
      taskFolder: await taskFolder('TriggerRelease'),
      inputs: { definition: 'Deploy', ...inputs },
      stepName: STEP,
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
      systemConnection: { url: emulator.url, token: emulator.token },
      ...step,
    });
  const calls = (method: string, route = '') =>
    emulator.calls.filter((call) => call.method === method && call.route.includes(route));
  const organization: Organization = {
    emulator,
    define: (definition = {}) =>
      area.addDefinition({
        name: 'Deploy',
        stages: [{ name: 'Dev' }, { name: 'Test' }],
        script: { durationMs: 0 },
        ...definition,
      }),
    build: (runs = 1) => {
      const pipeline = state.addPipeline({ name: 'api', script: { durationMs: 0 } });
      return Array.from({ length: runs }, () => state.queue(pipeline));
    },
    start,
    run: async (inputs, step) => proper(await (await start(inputs, step)).finished),
    releases: area.releases,
    calls,
    creations: () => calls('POST', 'release/releases').filter(({ path }) => /\/releases(\?|$)/.test(path)),
    statuses: (release = area.releases[0]!) =>
      release.environments.map(
        (environment) => `${environment.plan.name} ${environmentView(release, environment, state.now).status}`,
      ),
  };
  open.push(organization);
  return organization;
}

/** For `after`: ends the servers, and fails where the task asked for what no server has. */
export async function closeOrganizations(): Promise<void> {
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
  assert.deepEqual(step.prematureProblems, []);
  const complaints = step.log.filter((line) =>
    /logging command keyword|Unable to process command|Cannot find command/.test(line),
  );
  assert.deepEqual(complaints, []);
  if (step.signal === null) assert.equal(step.exitCode, 0, step.log.join('\n'));
  return step;
}

export function logOf({ log }: Pick<StepResult, 'log'>): string {
  return log.join('\n');
}

export async function until(condition: () => boolean, everyMs = 5): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

import fs from 'node:fs';
import path from 'node:path';
import type { Call } from '../../emulator/calls';
import type { Fault } from '../../emulator/faults';
import { runPostJob, startStep, type JobOptions, type StepResult } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { taskFolder } from '../tasks/taskFolder';
import { startBundle, type Alter, type BundleProcess } from './bundleProcess';
import { beforeStep, childrenSince, type TruthChild } from './children';
import type { FaultKind } from './faultKinds';
import type { Plan, Scenario } from './scenario';
import { holdRequest, isUnderWay, PROJECT, startWorld, type World } from './world';

/** How a step is stopped, and what comes after. */
export const STOPS = [
  'SIGINT, then post-job',
  'SIGTERM, then post-job',
  'SIGKILL, then post-job',
  'SIGKILL, then again',
] as const;
export type Stop = (typeof STOPS)[number];
/** When: as a request arrives, once it took effect, once its answer was read. */
export const POINTS = ['before effect', 'before answer', 'after answer'] as const;
export type Point = (typeof POINTS)[number];

/** What is done to a scenario, at the request of this number. */
export type Strike = { request: number } & ({ kind: FaultKind } | { stop: Stop; point: Point });

/** What became of a run of a scenario. */
export interface Trial {
  plan: Plan;
  step: StepResult;
  postJob: StepResult | undefined;
  children: TruthChild[];
  /** `GET {project}/_apis/build/builds` and so on, in order of arrival. */
  requests: string[];
  /** The strike met its request. */
  struck: boolean;
  /** The step was stopped, by the strike or by the scenario. */
  stopped: boolean;
  /** Nothing was left that could happen, and the step had not ended. */
  stuck: boolean;
  lastedMs: number;
  heardByStranger: string[];
  /** Files that the step left: path and text. */
  files: { name: string; text: string }[];
  secrets: string[];
}

const EXPECTED_STOP: Partial<Record<Stop, 'SIGTERM' | 'SIGKILL'>> = {
  'SIGTERM, then post-job': 'SIGTERM',
  'SIGKILL, then post-job': 'SIGKILL',
  'SIGKILL, then again': 'SIGKILL',
};

/** Runs a scenario in a world of its own, and strikes it. @param alter plants a defect in the bundle. */
export async function runTrial(
  scenario: Scenario,
  strike: ((strangerUrl: string) => Strike) | undefined,
  alter?: Alter,
): Promise<Trial> {
  const world = await startWorld();
  try {
    const plan = await scenario.prepare(world);
    return await played(await optionsFor(scenario, plan, world), {
      plan,
      world,
      strike: strike?.(world.stranger.url),
      alter,
    });
  } finally {
    await world.close();
  }
}

async function optionsFor({ task }: Scenario, plan: Plan, { emulator }: World): Promise<JobOptions> {
  return {
    taskFolder: await taskFolder(task),
    stepName: 'step',
    variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
    systemConnection: { url: emulator.url, token: emulator.token },
    ...plan.step,
  };
}

interface Play {
  plan: Plan;
  world: World;
  strike: Strike | undefined;
  alter: Alter | undefined;
}

async function played(given: JobOptions, { plan, world, strike, alter }: Play): Promise<Trial> {
  const { time, emulator, stranger } = world;
  const requests: string[] = [];
  const state = { struck: false, stopped: false, stuck: false };
  let current: BundleProcess | undefined;
  const home = plan.childrenOf ?? emulator;
  const before = beforeStep(home);
  const again = strike && 'stop' in strike && strike.stop === 'SIGKILL, then again';
  const running = await startStep({
    ...given,
    ...(again && { retryCountOnTaskFailure: 1 }),
    times: { retryMs: () => 0, openPipesMs: 0, ...given.times },
    startProcess: (start) => (current = startBundle(start, time, alter)),
  });
  let isDone = false;
  running.onLine(({ line }) => (isDone ||= line.startsWith('##vso[task.complete')));
  const stop = (how: Stop) => {
    // A step that has told its result is over: what goes on then was left on purpose.
    if (state.stopped || isDone) return;
    state.stopped = true;
    const signal = EXPECTED_STOP[how];
    if (signal) current?.signal(signal);
    else void running.cancel();
  };
  world.onArrival = (call, number) => {
    requests.push(`${call.method} ${call.route}`);
    if (strike?.request !== number) return undefined;
    state.struck = true;
    if ('kind' in strike) return faultOf(strike.kind, world, call);
    return stopAt(strike, { world, call, stop: () => stop(strike.stop) });
  };
  if (plan.cancelAfterMs !== undefined) time.setTimeout(() => stop('SIGINT, then post-job'), plan.cancelAfterMs);
  const begin = time.now;
  const drive = async (end: Promise<StepResult>) => {
    const ended = await time.runUntil(end);
    if (ended) return ended.value;
    state.stuck = true;
    current?.stuck();
    return await end;
  };
  const step = await drive(running.finished);
  const lastedMs = time.now - begin;
  const canceled = state.stopped && !again;
  const postJob = canceled ? await drive(runPostJob(step, { jobStatus: 'Canceled' })) : undefined;
  const { job } = step;
  const trial: Trial = {
    ...{ plan, step, postJob, requests, ...state, lastedMs, heardByStranger: stranger.heard },
    children: childrenSince(home, before),
    files: filesBelow(job.folder),
    secrets: [emulator.token, ...(plan.secrets?.() ?? []), ...Object.values(given.secretVariables ?? {})],
  };
  return { ...trial, step: { ...step }, ...promisesOf(plan, step, job.remove) };
}

/** What the scenario itself finds is found while its files are there. */
function promisesOf(plan: Plan, step: StepResult, remove: () => void): { plan: Plan } {
  const found = step.result === 'Succeeded' || step.result === 'SucceededWithIssues' ? (plan.broken?.(step) ?? []) : [];
  remove();
  return { plan: { ...plan, broken: () => found } };
}

function faultOf(kind: FaultKind, world: World, call: Call): Fault {
  if (kind.holds) holdRequest(world, call);
  return { match: {}, ...kind.fault };
}

function stopAt(
  { stop: how, point }: { stop: Stop; point: Point },
  { world, call, stop }: { world: World; call: Call; stop: () => void },
): Fault | undefined {
  switch (point) {
    case 'before effect':
      stop();
      // A process that is killed here has not sent it yet.
      return how.startsWith('SIGKILL') ? { match: {}, kind: 'drop' } : undefined;
    case 'before answer':
      // The request takes effect at once after this, and its answer is read in a later turn.
      queueMicrotask(stop);
      return undefined;
    case 'after answer': {
      world.time.onCalm = () => {
        if (isUnderWay(world, call)) return;
        world.time.onCalm = () => undefined;
        stop();
      };
      return undefined;
    }
  }
}

/** Path and text of every file below a folder. */
export function filesBelow(folder: string): { name: string; text: string }[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ name: path.relative(folder, file), text: fs.readFileSync(file, 'utf8') }));
}

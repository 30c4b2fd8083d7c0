import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmulator, type Emulator } from '../../emulator/server';
import { startRegistry } from '../../emulator/registry/server';
import { runPostJob, startStep } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { taskFolder } from '../tasks/taskFolder';
import { together } from '../tasks/together';
import { textOf } from './campaign';
import { beforeStep, childrenSince } from './children';
import { brokenBy } from './invariants';
import type { Plan, TaskName } from './scenario';
import { filesBelow, type Stop, type Strike, type Trial } from './trial';

const PROJECT = 'Fabrikam';
const DAY_MS = 86_400_000;
/** A real process is stopped as so many parts of its requests have arrived. */
const PARTS = [0.2, 0.4, 0.6, 0.8];
const SIGNALS = ['SIGINT, then post-job', 'SIGTERM, then post-job', 'SIGKILL, then again'] as const satisfies Stop[];

interface Place {
  emulator: Emulator;
  /** Empty; removed at the end. */
  folder: string;
  /** Counts the requests to a further server like those to the organization. */
  watch: (server: Pick<Emulator, 'faults'> & { close(): Promise<void> }) => void;
}

interface RealScenario {
  task: TaskName;
  prepare: (place: Place) => Plan | Promise<Plan>;
}

const scenarios: RealScenario[] = [
  {
    task: 'TriggerPipeline',
    prepare({ emulator: { state } }) {
      const yaml = 'parameters: [{ name: image, type: string }]\nsteps: [{ script: docker build . }]\n';
      state.addPipeline({ name: 'rebuild', yaml, script: { durationMs: 1500 } });
      const runs = '- { name: a, parameters: { image: a } }\n- { name: b, parameters: { image: b } }';
      return { step: { inputs: { project: PROJECT, pipeline: 'rebuild', runs, pollingInterval: '1' } }, starts: 2 };
    },
  },
  {
    task: 'TriggerRelease',
    prepare({ emulator: { state } }) {
      const stages = [{ name: 'Dev' }, { name: 'Test' }];
      state.releaseArea.addDefinition({ name: 'Deploy', stages, script: { durationMs: 700 } });
      return { step: { inputs: { project: PROJECT, definition: 'Deploy', pollingInterval: '1' } }, starts: 1 };
    },
  },
  {
    task: 'DockerBaseStaleCheck',
    async prepare({ emulator: { state }, folder, watch }) {
      const registry = await startRegistry();
      watch(registry);
      registry.put('base', 'new', [{ created: new Date(Date.now() - DAY_MS).toISOString(), layers: ['base 2'] }]);
      fs.mkdirSync(path.join(folder, 'a'));
      fs.writeFileSync(path.join(folder, 'a', 'Dockerfile'), `FROM ${registry.host}/base:new\n`);
      state.addPipeline({ name: 'rebuild', script: { durationMs: 1500 } });
      const inputs = { searchFolder: folder, project: PROJECT, pipeline: 'rebuild', waitForCompletion: 'true' };
      return {
        step: { inputs: { ...inputs, updateLock: 'write', pollingInterval: '1' }, env: { DOCKER_CONFIG: folder } },
        starts: 1,
      };
    },
  },
];

/** The bundle as a real process on real time, stopped as its request of this number arrives. */
async function runReal(
  { task, prepare }: RealScenario,
  strike: { request: number; stop: Stop } | undefined,
): Promise<Trial> {
  const emulator = await startEmulator();
  emulator.state.addProject(PROJECT);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-signals-'));
  const servers: { close(): Promise<void> }[] = [];
  const requests: string[] = [];
  let onRequest: () => void = () => undefined;
  const watch: Place['watch'] = (server) => {
    servers.push(server);
    server.faults.take = (call) => {
      requests.push(`${call.method} ${call.route}`);
      if (requests.length === strike?.request) onRequest();
      return undefined;
    };
  };
  watch(emulator);
  try {
    const plan = await prepare({ emulator, folder, watch });
    const before = beforeStep(emulator);
    const again = strike?.stop === 'SIGKILL, then again';
    const begin = Date.now();
    const running = await startStep({
      taskFolder: await taskFolder(task),
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      stepName: 'step',
      variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
      systemConnection: { url: emulator.url, token: emulator.token },
      times: { retryMs: () => 0 },
      ...plan.step,
      ...(again && { retryCountOnTaskFailure: 1 }),
    });
    const state = { struck: false, stopped: false };
    let isDone = false;
    running.onLine(({ line }) => (isDone ||= line.startsWith('##vso[task.complete')));
    onRequest = () => {
      state.struck = true;
      if (isDone || running.pid === undefined || !strike) return;
      state.stopped = true;
      if (strike.stop === 'SIGINT, then post-job') void running.cancel();
      else process.kill(running.pid, again ? 'SIGKILL' : 'SIGTERM');
    };
    const step = await running.finished;
    const lastedMs = Date.now() - begin;
    const postJob = state.stopped && !again ? await runPostJob(step, { jobStatus: 'Canceled' }) : undefined;
    const files = filesBelow(step.job.folder);
    step.job.remove();
    return {
      ...{ plan, step, postJob, requests, ...state, stuck: false, lastedMs, heardByStranger: [], files },
      ...{ children: childrenSince(emulator, before), secrets: [emulator.token] },
    };
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

describe('A real process that is stopped', function () {
  this.timeout(120_000);
  const it = together();

  for (const scenario of scenarios) {
    let usual: Promise<Trial> | undefined;
    for (const stop of SIGNALS) {
      for (const part of PARTS) {
        it(`keeps the rules: ${scenario.task}, ${stop}, after ${part * 100} % of its requests`, async () => {
          const unhurt = await (usual ??= runReal(scenario, undefined));
          assert.deepEqual(brokenBy(unhurt, undefined, unhurt).map(textOf), []);
          assert.equal(unhurt.children.length, unhurt.plan.starts, unhurt.step.message);
          const request = Math.max(1, Math.round(unhurt.requests.length * part));
          const trial = await runReal(scenario, { request, stop });
          assert.ok(trial.struck && trial.stopped, `the step made ${trial.requests.length} requests`);
          const strike: Strike = { request, stop, point: 'before effect' };
          assert.deepEqual(brokenBy(trial, strike, unhurt).map(textOf), []);
        });
      }
    }
  }
});

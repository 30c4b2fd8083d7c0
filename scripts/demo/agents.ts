/**
 * Ten queued jobs served by ten agents of one job each: `npm run demo -- agents`. On a real Kubernetes API server where
 * `npm run verify -- agents` has built one, else in a cluster in memory. Ends by itself, with 0 only if all came as it should.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../emulator/server';
import { queueJob, type PoolJob } from '../../emulator/state/poolJobs';
import type { Pool } from '../../emulator/state/pools';
import { install } from '../../tests/agents/kubernetes/installation';
import { hasKubernetes, startKubeCluster } from '../../tests/agents/kubernetes/kubeCluster';
import { Kubelet } from '../../tests/agents/kubernetes/kubelet';
import { bundleOrchestrator, startOrchestrator } from '../../tests/agents/kubernetes/orchestratorProcess';
import { MemoryCluster } from '../../tests/agents/memoryHost';
import { newOrchestrator } from '../../tests/agents/orchestrating';
import { Screen } from './screen';

const JOBS = 10;
const LONGEST_MS = 180_000;
const screen = new Screen(process.stdout);
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (stopped = true));

/** The cluster of the demo: what happens between two looks at it, what it shows at the end, and how it ends. */
interface Stage {
  turn(): Promise<void>;
  /** How many agents it was ever asked for. */
  made(): number;
  show(): string;
  end(): Promise<void>;
}

async function main(): Promise<void> {
  const emulator = await startEmulator();
  const pool = emulator.state.addPool('build');
  pool.autoUpdate = false;
  let stage: Stage | undefined;
  try {
    screen.heading('Agents on demand: ten jobs, ten agents, one job each');
    screen.line(`Azure DevOps is played by the emulator at ${emulator.url}.`);
    stage = hasKubernetes() ? await onKubernetes(emulator) : await inMemory(emulator);
    await play(emulator, pool, stage);
    screen.good('Ten jobs were served by ten agents, and none is left.');
  } finally {
    await stage?.end();
    await emulator.close();
  }
}

async function play(emulator: Emulator, pool: Pool, stage: Stage): Promise<void> {
  const until = Date.now() + LONGEST_MS;
  const since = Date.now();
  const say = (text: string): void => screen.line(`${((Date.now() - since) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  const waitFor = async (what: string, wanted: () => boolean, look: () => void = () => undefined): Promise<void> => {
    while (!wanted()) {
      if (stopped) throw new Error('Stopped.');
      assert.ok(Date.now() < until, `${what} did not come about`);
      await stage.turn();
      look();
      await sleep(100);
    }
  };
  const placeholder = (): boolean => pool.agents.some(({ name }) => name.includes('-placeholder-'));
  await waitFor('the placeholder', placeholder);
  say('The pool has no agent but a placeholder, for which the service accepts jobs.');
  const jobs = Array.from({ length: JOBS }, () => queueJob(emulator.state, 'build'));
  say(`${JOBS} jobs are queued.`);
  const changes = changesOf(pool, jobs, say);
  await waitFor('the last job', () => jobs.every(({ result }) => result === 'succeeded'), changes);
  changes();
  assert.equal(new Set(jobs.map(({ agentId }) => agentId)).size, JOBS, 'each job had an agent of its own');
  assert.equal(stage.made(), JOBS, 'no agent was made twice');
  await waitFor('the end of the registrations', () => pool.agents.length === 1, changes);
  say('All registrations are gone but the placeholder.');
  screen.block('What the cluster shows', stage.show());
}

/** Says what is new since the last look: agents that came, jobs that were taken and done. */
function changesOf(pool: Pool, jobs: readonly PoolJob[], say: (text: string) => void): () => void {
  const seen = new Set<string>();
  const news = (key: string, text: string): void => {
    if (!seen.has(key)) say(text);
    seen.add(key);
  };
  const names = new Map<number, string>();
  return () => {
    for (const { id, name, status } of pool.agents) {
      names.set(id, name);
      if (status === 'online') news(`online ${id}`, `agent ${name} is up`);
    }
    for (const { id, agentId, result } of jobs) {
      const agent = names.get(agentId ?? 0) ?? '';
      if (agentId !== undefined) news(`taken ${id}`, `job ${id} is taken by ${agent}`);
      if (result) news(`done ${id}`, `job ${id} ${result}; ${agent} is gone`);
    }
  };
}

async function onKubernetes(emulator: Emulator): Promise<Stage> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agents-demo-'));
  screen.line('Starting a Kubernetes API server with RBAC, its controller manager and etcd …');
  bundleOrchestrator(path.join(folder, 'index.js'));
  const cluster = await startKubeCluster();
  const kubelet = new Kubelet({ admin: cluster.admin, namespace: 'agents', jobMs: 3000 });
  let orchestrator: ReturnType<typeof startOrchestrator> | undefined;
  const end = async (): Promise<void> => {
    await orchestrator?.kill('SIGTERM');
    await kubelet.stop();
    await cluster.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    const literals = { ORG_URL: emulator.url, JOB_IMAGE: 'contoso.azurecr.io/pipeline-cascade-agent:1' };
    const { env } = await install(cluster, { literals, token: emulator.token });
    screen.line(
      'The manifests of agents/deploy/kubernetes are applied; the orchestrator has the rights of its Role alone.',
    );
    await kubelet.start();
    orchestrator = startOrchestrator(path.join(folder, 'index.js'), env);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    turn: () => Promise.resolve(),
    made: () => kubelet.containers.size,
    show: () => cluster.kubectl('-n', 'agents', 'get', 'jobs'),
    end,
  };
}

async function inMemory(emulator: Emulator): Promise<Stage> {
  screen.line(
    'There is no Kubernetes API server here (`npm run verify -- agents` builds one): the cluster is in memory.',
  );
  const cluster = new MemoryCluster(emulator.state, { startMs: 1000, jobMs: 3000 });
  const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { way: 'key' });
  return {
    turn: async () => {
      await orchestrator.round();
      cluster.live();
    },
    made: () => cluster.made.length,
    show: () =>
      [...cluster.containers.values()].map(({ workload }) => `${workload.name}  ${workload.state}`).join('\n'),
    end: () => Promise.resolve(),
  };
}

main().catch((error: unknown) => {
  screen.bad(error instanceof Error ? error.message : String(error));
  process.exitCode = stopped ? 130 : 1;
});

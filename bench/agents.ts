import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchV1Api, type V1Job } from '@kubernetes/client-node';
import { apiClients } from '../agents/kubernetes/apiClients';
import { toClient } from '../agents/kubernetes/objects';
import { startEmulator, type Emulator } from '../emulator/server';
import { queueJob } from '../emulator/state/poolJobs';
import type { Pool } from '../emulator/state/pools';
import { install } from '../tests/agents/kubernetes/installation';
import { hasKubernetes, startKubeCluster, type KubeCluster } from '../tests/agents/kubernetes/kubeCluster';
import {
  bundleOrchestrator,
  startOrchestrator,
  type OrchestratorProcess,
} from '../tests/agents/kubernetes/orchestratorProcess';
import { inMs, median, type Figure } from './figure';

const REQUESTS = 1000;
/** The orchestrator is killed when so many Jobs are there. */
const KILLS = [150, 400, 700];
/** Agents that the orchestrator makes at once, and the bare loop too. */
const AT_ONCE = 25;
const WOKEN = 9;
const POLLED = 2;
/** A key for each agent takes a tenth of a second of a core; where they are not all made by then, the rest is registered without one. */
const REGISTERED_WITHIN_MS = 120_000;
const namespace = 'agents';
const image = 'contoso.azurecr.io/pipeline-cascade-agent:1';
const hook = { HOOK_USER: 'azure', HOOK_PASSWORD: 'devops' };

/** The orchestrator as its image starts it, at a real API server with the rights of its Role; pods are made but have no node. */
export async function agents(): Promise<Figure[]> {
  if (!hasKubernetes()) {
    const note = '`npm run verify -- agents` builds the Kubernetes API server that it needs';
    return [{ name: `${REQUESTS} queued jobs to ${REQUESTS} Jobs`, value: 'not run', baseline: '', note }];
  }
  const folder = mkdtempSync(join(tmpdir(), 'bench-agents-'));
  const cluster = await startKubeCluster();
  const emulator = await startEmulator();
  const running: OrchestratorProcess[] = [];
  try {
    const bundle = join(folder, 'index.js');
    bundleOrchestrator(bundle);
    const pool = emulator.state.addPool('build');
    pool.autoUpdate = false;
    const literals = { ORG_URL: emulator.url, AGENT_POOLS: 'build', JOB_IMAGE: image };
    const { env } = await install(cluster, { literals, token: emulator.token });
    const start = (more: Record<string, string> = {}): OrchestratorProcess => {
      // What a container sees of its cluster: one that is started anew in its pod keeps the pod's name.
      const seen = { KUBERNETES_SERVICE_HOST: '127.0.0.1', MAX_AGENTS: String(REQUESTS + 100) };
      const started = startOrchestrator(bundle, { ...env, ...hook, ...seen, ...more });
      running.push(started);
      return started;
    };
    const scene = { emulator, pool, cluster, batch: cluster.admin.makeApiClient(BatchV1Api), start };
    return [...(await atRest(scene)), ...(await longQueue(scene))];
  } finally {
    await Promise.all(running.map((one) => one.kill('SIGKILL')));
    await cluster.stop();
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Scene {
  emulator: Emulator;
  pool: Pool;
  cluster: KubeCluster;
  batch: BatchV1Api;
  start: (more?: Record<string, string>) => OrchestratorProcess;
}

/** From a job being queued to its Job, with the hook and by a poll of ten seconds. */
async function atRest({ emulator, pool, batch, start }: Scene): Promise<Figure[]> {
  const one = async (wake: () => Promise<unknown>): Promise<number> => {
    const before = await count(batch);
    const since = Date.now();
    queueJob(emulator.state, 'build');
    await wake();
    await until(async () => (await count(batch)) > before, 10);
    return Date.now() - since;
  };
  const woken: number[] = [];
  const polled: number[] = [];
  const hooked = start({ POLLING_DELAY_IDLE: '60000', POLLING_DELAY: '60000' });
  await until(() => pool.agents.length === 1);
  const authorization = `Basic ${Buffer.from(`${hook.HOOK_USER}:${hook.HOOK_PASSWORD}`).toString('base64')}`;
  for (let i = 0; i < WOKEN; i++) {
    // The round before it has to be over, or its end would be measured.
    await sleep(1500);
    woken.push(await one(() => hooked.ask('/hook', { method: 'POST', headers: { authorization } })));
  }
  await hooked.kill('SIGTERM');
  const polling = start({ POLLING_DELAY_IDLE: '10000', POLLING_DELAY: '10000' });
  await until(() => polling.output().includes('health and metrics'));
  for (let i = 0; i < POLLED; i++) {
    await sleep(2500);
    polled.push(await one(() => Promise.resolve()));
  }
  await polling.kill('SIGTERM');
  return [
    {
      name: 'job queued to its Kubernetes Job, at rest, woken by the hook',
      value: `${inMs(median(woken))} (longest ${inMs(Math.max(...woken))})`,
      baseline: `${inMs(median(polled))} with a poll each 10 s`,
      limit: '2000 ms',
      note: `${WOKEN} and ${POLLED} jobs, one after the other`,
    },
  ];
}

/** A thousand jobs at once, and the orchestrator killed on the way. */
async function longQueue({ emulator, pool, cluster, batch, start }: Scene): Promise<Figure[]> {
  const beforehand = await count(batch);
  for (let i = 0; i < REQUESTS; i++) queueJob(emulator.state, 'build');
  emulator.calls.length = 0;
  let orchestrator = start();
  await until(() => emulator.calls.some(isLook), 5);
  const firstLook = Date.now();
  for (const kill of KILLS) {
    await until(async () => (await count(batch)) - beforehand >= kill, 20);
    await orchestrator.kill('SIGKILL');
    orchestrator = start();
  }
  await until(async () => (await count(batch)) - beforehand >= REQUESTS, 20);
  const made = Date.now() - firstLook;
  await until(() => pool.agents.length > REQUESTS + beforehand, 500, REGISTERED_WITHIN_MS).catch(() => undefined);
  const registered = Math.min(REQUESTS, pool.agents.length - 1 - beforehand);
  const { items } = await batch.listNamespacedJob({ namespace });
  const names = new Set(pool.agents.map(({ name }) => name));
  for (const { metadata } of items)
    if (!names.has(metadata?.name ?? ''))
      emulator.state.addAgent('build', { name: metadata?.name ?? '', status: 'offline' });
  await sleep(3000);
  const requests = new Set(items.map(({ metadata }) => metadata?.name?.replace(/r\d+$/, '')));
  const before = emulator.calls.length;
  await until(() => emulator.calls.slice(before).filter(isLook).length >= 4);
  // What asks for one agent by its name is of a registration, not of a look.
  const calls = emulator.calls
    .slice(before)
    .filter(
      ({ method, path }) => method === 'GET' && path.includes(`/pools/${pool.id}/`) && !path.includes('agentName='),
    );
  const looks = calls.filter(isLook).length;
  const memory = megabytesOf(orchestrator.pid);
  await orchestrator.kill('SIGKILL');
  return [
    {
      name: `${REQUESTS} queued jobs to ${REQUESTS} Kubernetes Jobs, killed ${KILLS.length} times on the way`,
      value: inMs(made),
      baseline: `${inMs(await bareLoop(cluster))} a bare loop that makes ${REQUESTS} Jobs, ${AT_ONCE} at once, and no keys`,
      limit: '30000 ms',
      note: 'from the first look, four starts of the program included',
    },
    {
      name: `Jobs beyond one for each of ${REQUESTS} requests`,
      value: String(items.length - requests.size),
      baseline: `${items.length - beforehand} Jobs for ${REQUESTS} requests`,
      limit: '0',
    },
    {
      name: `requests of a look at a pool with ${REQUESTS} jobs and agents`,
      value: (calls.length / looks).toFixed(1),
      baseline: '3 where a loop asks for the pool, its queue and its agents',
      limit: '2',
      note: `${looks} looks`,
    },
    {
      name: `memory of the orchestrator with ${REQUESTS} agents, at most since its start`,
      value: `${memory} MB`,
      baseline: `${megabytesWith('')} MB a bare Node.js, ${megabytesWith('@kubernetes/client-node')} MB one that has loaded the Kubernetes client`,
      limit: '200 MB',
      note: `it had registered ${registered} itself`,
    },
  ];
}

/** What it costs to make as many Jobs and nothing else, with the same client and as many at once. */
async function bareLoop({ admin }: KubeCluster): Promise<number> {
  const { batch } = apiClients(admin);
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'agent', image }] } };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < REQUESTS) {
      const body = toClient<V1Job>({ metadata: { name: `bare-${next++}` }, spec: { template } });
      await batch.createNamespacedJob({ namespace, body });
    }
  };
  const since = Date.now();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return Date.now() - since;
}

function isLook({ method, path }: { method: string; path: string }): boolean {
  return method === 'GET' && path.includes('/jobrequests?');
}

async function count(batch: BatchV1Api): Promise<number> {
  const { items, metadata } = await batch.listNamespacedJob({ namespace, limit: 1 });
  return items.length + (metadata?.remainingItemCount ?? 0);
}

/** The most memory that a process ever had. */
function megabytesOf(pid: number): number {
  return peakOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function peakOf(status: string): number {
  const [, kilobytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** Of a Node.js process that loads a package and nothing else. */
function megabytesWith(name: string): number {
  // What getrusage tells would begin with the peak of this process.
  const script = `${name && `require('${name}');`} console.log(fs.readFileSync('/proc/self/status', 'utf8'))`;
  // Its own folder finds the packages of the project.
  return peakOf(execFileSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' }));
}

async function until(wanted: () => boolean | Promise<boolean>, everyMs = 50, withinMs = 240_000): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end;) {
    if (await wanted()) return;
    await sleep(everyMs);
  }
  throw new Error(`It did not come about: ${wanted.toString()}`);
}

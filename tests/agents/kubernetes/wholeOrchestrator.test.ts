import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { startEmulator, type Emulator } from '../../../emulator/server';
import { queueJob, type PoolJob } from '../../../emulator/state/poolJobs';
import type { Pool } from '../../../emulator/state/pools';
import { install, type Installation } from './installation';
import { startKubeCluster, type KubeCluster } from './kubeCluster';
import { Kubelet } from './kubelet';
import { onKubernetes } from './onKubernetes';
import { bundleOrchestrator, startOrchestrator, type OrchestratorProcess } from './orchestratorProcess';

const namespace = 'agents';
const image = 'contoso.azurecr.io/pipeline-cascade-agent:1';

onKubernetes('the whole orchestrator, on a real API server with no rights but its Role', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-'));
  const bundle = join(folder, 'index.js');
  let cluster: KubeCluster;
  let core: CoreV1Api;
  let batch: BatchV1Api;
  let installation: Installation;
  let emulator: Emulator;
  let pool: Pool;
  let kubelet: Kubelet;
  let running: OrchestratorProcess[] = [];

  before(async () => {
    bundleOrchestrator(bundle);
    cluster = await startKubeCluster();
    core = cluster.admin.makeApiClient(CoreV1Api);
    batch = cluster.admin.makeApiClient(BatchV1Api);
    emulator = await startEmulator();
    const literals = { ORG_URL: emulator.url, AGENT_POOLS: 'build', JOB_IMAGE: image };
    installation = await install(cluster, { literals, token: emulator.token });
  });

  beforeEach(async () => {
    emulator.calls.length = 0;
    emulator.state.pools.splice(0, Infinity);
    pool = emulator.state.addPool('build');
    pool.autoUpdate = false;
    kubelet = new Kubelet({ admin: cluster.admin, namespace, jobMs: 1500 });
    await kubelet.start();
  });

  afterEach(async () => {
    await Promise.all(running.map((one) => one.kill('SIGKILL')));
    running = [];
    await kubelet.stop();
    await batch.deleteCollectionNamespacedJob({ namespace, propagationPolicy: 'Background' });
    await core.deleteCollectionNamespacedPod({ namespace, gracePeriodSeconds: 0 });
  });

  after(async () => {
    await cluster.stop();
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}): OrchestratorProcess {
    const started = startOrchestrator(bundle, { ...installation.env, POLLING_DELAY: '300', ...env });
    running.push(started);
    return started;
  }

  async function eventually<T>(
    what: string,
    look: () => T | undefined | false | Promise<T | undefined | false>,
  ): Promise<T> {
    for (const until = Date.now() + 90_000; Date.now() < until;) {
      const found = await look();
      if (found) return found;
      await sleep(50);
    }
    assert.fail(`${what} did not come about; ${running.map((one) => one.output()).join('\n')}`);
  }

  async function placeholder(): Promise<void> {
    await eventually('the placeholder', () => pool.agents.some(({ name }) => name.endsWith('-placeholder-default')));
  }

  const queue = (count: number): PoolJob[] => Array.from({ length: count }, () => queueJob(emulator.state, 'build'));
  const allDone = (jobs: PoolJob[]) => () => jobs.every(({ result }) => result === 'succeeded');
  const jobNames = async () =>
    (await batch.listNamespacedJob({ namespace })).items.map(({ metadata }) => metadata?.name);

  it('serves ten jobs by ten agents of one job each, through kills and with two replicas, and leaves nothing', async () => {
    const template = join(folder, 'job.yaml');
    // Finished Jobs go after two seconds instead of ten minutes, so that it can be seen.
    writeFileSync(
      template,
      `apiVersion: batch/v1
kind: Job
spec:
  ttlSecondsAfterFinished: 2
  template: { spec: { containers: [{ name: agent, image: '${image}' }] } }
`,
    );
    const env = { JOB_DEFINITION_FILE: template };
    const replicas = [start(env), start(env)];
    await placeholder();
    // Registrations that take a while, so that the kill meets Jobs whose registration is not there yet.
    emulator.faults.add({ match: { method: 'POST', route: /\/agents$/ }, kind: 'slow', ms: 800, times: 6 });
    const jobs = queue(10);
    await eventually('the first Jobs', async () => (await jobNames()).length >= 3);
    const acts = (one: OrchestratorProcess) => one.lines().some(({ msg }) => msg.startsWith('The placeholder'));
    const [leader, other] = acts(replicas[0]!) ? replicas : replicas.reverse();
    await leader!.kill('SIGKILL');
    assert.deepEqual(
      other!.lines().filter(({ msg }) => msg.includes('started on')),
      [],
      'one of two acted',
    );
    const third = start(env);
    await eventually('half of the jobs', () => jobs.filter(({ result }) => result === 'succeeded').length >= 5);
    await other!.kill('SIGKILL');
    const fourth = start(env);
    await eventually('all jobs', allDone(jobs));

    const served = [...new Set(jobs.map(({ agentId }) => agentId))];
    assert.equal(served.length, 10, 'ten jobs, ten agents');
    assert.equal(kubelet.containers.size, 10, 'ten pods, whoever started them');
    await eventually('one job each', () =>
      [...kubelet.containers.values()].every(({ log }) => [...log.matchAll(/"did":/g)].length === 1),
    );

    await eventually('the last Job to go', async () => (await jobNames()).length === 0);
    const left = await eventually('the registrations to go', () => pool.agents.length === 1 && pool.agents);
    assert.match(left[0]!.name, /-placeholder-default$/);
    await eventually('the Secrets to go', async () => {
      const { items } = await core.listNamespacedSecret({ namespace });
      return items.every(({ metadata }) => metadata?.name === 'agent-orchestrator');
    });
    const { items: pods } = await core.listNamespacedPod({ namespace });
    assert.deepEqual(pods, []);
    const said = [leader!, other!, third, fourth].map((one) => one.output()).join('');
    assert.ok(!said.includes(emulator.token) && !/"d":|rsaparams/.test(said), 'no secret in the logs');
    for (const { log } of kubelet.containers.values()) assert.ok(!/AZP_TOKEN|VSTS_AGENT/.test(log), log);
  });

  it('ends at its start with the sentence that mends it where it has no rights in the namespace', async () => {
    const refused = start({ JOB_NAMESPACE: 'elsewhere' });
    assert.equal(await refused.ended, 1);
    assert.match(
      refused.output(),
      /JOB_NAMESPACE is 'elsewhere', where the orchestrator may not work .*bind the Role of/,
    );
    assert.doesNotMatch(refused.output(), /"stack"/);
  });
});

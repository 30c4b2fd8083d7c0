import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  KubeConfig,
  V1Job,
  V1Namespace,
  V1Pod,
  V1PodStatus,
  V1ResourceQuota,
  V1ResourceQuotaStatus,
} from '@kubernetes/client-node';
import { BatchV1Api, CoordinationV1Api, CoreV1Api, KubernetesObjectApi, loadYaml } from '@kubernetes/client-node';
import type { AgentSpec } from '../../../agents/agentHost';
import { apiClients } from '../../../agents/kubernetes/apiClients';
import type { KubernetesSettings } from '../../../agents/kubernetes/host';
import { KubernetesHost } from '../../../agents/kubernetes/host';
import { plainTemplate } from '../../../agents/kubernetes/jobTemplate';
import { Election } from '../../../agents/kubernetes/lease';
import { instanceOf } from '../../../agents/kubernetes/marks';
import type { Pod } from '../../../agents/kubernetes/objects';
import { toClient } from '../../../agents/kubernetes/objects';
import { plan } from '../../../agents/plan/plan';
import type { Workload } from '../../../agents/plan/workload';
import type { KubeCluster } from './kubeCluster';
import { startKubeCluster } from './kubeCluster';
import { onKubernetes } from './onKubernetes';

const namespace = 'agents';
const registration = { agent: '{"agentId":5}', credentials_rsaparams: '{"d":"c2VjcmV0"}' };
const register = async () => registration;

function settings(more: Partial<KubernetesSettings> = {}): KubernetesSettings {
  return {
    namespace,
    initializeNamespace: false,
    instance: instanceOf('https://dev.azure.com/contoso', 'agent-job-'),
    way: 'key',
    leaseName: 'agent-orchestrator',
    templates: new Map([['default', plainTemplate('contoso/agent:1')]]),
    now: Date.now,
    ...more,
  };
}

function spec(requestId: number, more: Partial<AgentSpec> = {}): AgentSpec {
  return {
    name: `agent-job-build-${requestId}`,
    purpose: { requestId, attempt: 1 },
    pool: { id: 7, name: 'build' },
    orgUrl: 'https://dev.azure.com/contoso',
    profile: { name: 'default', capabilities: { docker: '' }, namesAgents: true },
    ...more,
  };
}

onKubernetes('the Kubernetes host, against a real API server', suite);

function suite(this: Mocha.Suite): void {
  this.timeout(60_000);
  let cluster: KubeCluster;
  let batch: BatchV1Api;
  let core: CoreV1Api;
  const opened: KubernetesHost[] = [];

  before(async () => {
    cluster = await startKubeCluster();
    batch = cluster.admin.makeApiClient(BatchV1Api);
    core = cluster.admin.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: toClient<V1Namespace>({ metadata: { name: namespace } }) });
    const objects = KubernetesObjectApi.makeApiClient(cluster.admin);
    const role = loadYaml<Record<string, unknown>>(readFileSync('agents/deploy/kubernetes/role.yaml', 'utf8'));
    await assert.rejects(open(), /403|forbidden/i, 'without the Role there are no rights');
    await objects.create({ ...role, metadata: { name: 'agent-orchestrator', namespace } });
    await objects.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'agent-orchestrator', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'agent-orchestrator' },
      subjects: [{ kind: 'ServiceAccount', name: 'agent-orchestrator', namespace }],
    } as never);
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((host) => host.stop()));
  });
  after(async () => {
    await cluster.stop();
  });

  async function open(more: Partial<KubernetesSettings> = {}, as?: KubeConfig): Promise<KubernetesHost> {
    const config = as ?? cluster.orchestrator;
    const host = await KubernetesHost.open(config, apiClients(config), settings(more));
    opened.push(host);
    return host;
  }

  async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
    for (let tries = 0; tries < 200; tries++) {
      const found = await look();
      if (found) return found;
      await sleep(100);
    }
    assert.fail('it did not come about');
  }

  async function stateOf(host: KubernetesHost, name: string): Promise<Workload | undefined> {
    return (await host.workloads()).find((workload) => workload.name === name);
  }

  async function podOf(name: string): Promise<V1Pod> {
    return await eventually(
      async () => (await core.listNamespacedPod({ namespace, labelSelector: `job-name=${name}` })).items[0],
    );
  }

  /** What a kubelet reports. */
  async function report(name: string, status: NonNullable<Pod['status']>): Promise<void> {
    const pod = await podOf(name);
    pod.status = toClient<V1PodStatus>(status);
    await core.replaceNamespacedPodStatus({ namespace, name: pod.metadata!.name!, body: pod });
  }

  /** The status of a pod whose agent is in this state. */
  function agentIs(phase: string, state: object): NonNullable<Pod['status']> {
    const status = { name: 'agent', image: 'contoso/agent:1', imageID: '', ready: false, restartCount: 0, state };
    return { phase, containerStatuses: [status] };
  }

  it('makes a Job with a Secret that goes with it, and nothing secret in the Job', async () => {
    const host = await open();
    assert.equal(await host.start(spec(1), register), 'started');
    const workload = await stateOf(host, 'agent-job-build-1');
    assert.deepEqual(
      [workload?.state, workload?.handed, workload?.purpose],
      ['pending', true, { requestId: 1, attempt: 1 }],
    );

    const secret = await core.readNamespacedSecret({ namespace, name: 'agent-job-build-1' });
    assert.equal(Buffer.from(secret.data!.agent!, 'base64').toString(), registration.agent);
    const job = await batch.readNamespacedJob({ namespace, name: 'agent-job-build-1' });
    assert.equal(secret.metadata?.ownerReferences?.[0]?.uid, job.metadata?.uid);
    const pod = await podOf('agent-job-build-1');
    assert.ok(!JSON.stringify([job, pod]).includes('c2VjcmV0'));
    assert.equal(job.spec?.backoffLimit, 0);
    assert.equal(pod.spec?.automountServiceAccountToken, false);
    assert.equal(pod.metadata?.annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict'], 'false');

    assert.equal(await host.remove('agent-job-build-1', { onlyPending: true }), 'deleted');
    await eventually(async () => (await stateOf(host, 'agent-job-build-1')) === undefined);
    await eventually(async () => (await core.listNamespacedSecret({ namespace })).items.length === 0);
  });

  it('makes one Job when two instances start the same agent, and registers it once', async () => {
    const [first, second] = [await open(), await open()];
    let registered = 0;
    const once = async () => {
      registered += 1;
      return registration;
    };
    const ends = await Promise.all([first.start(spec(2), once), second.start(spec(2), once)]);
    assert.deepEqual(ends.sort(), ['duplicate', 'started']);
    assert.equal(registered, 1);
  });

  it('knows after a restart what it made, and finishes a start that was cut', async () => {
    const host = await open();
    await assert.rejects(
      host.start(spec(3), async () => {
        throw new Error('cut');
      }),
      /cut/,
    );
    assert.equal((await stateOf(host, 'agent-job-build-3'))?.handed, false, 'known before the watch tells');
    const restarted = await open();
    const workload = await stateOf(restarted, 'agent-job-build-3');
    assert.deepEqual([workload?.handed, workload?.poolId, workload?.profile], [false, 7, 'default']);
    await restarted.finishStart(workload!, register);
    await restarted.finishStart(workload!, async () => ({ agent: 'the second' }));
    assert.equal((await stateOf(restarted, 'agent-job-build-3'))?.handed, true);
    const secret = await core.readNamespacedSecret({ namespace, name: 'agent-job-build-3' });
    assert.equal(Buffer.from(secret.data!.agent!, 'base64').toString(), 'the second');
  });

  it('follows an agent from its start to its end', async () => {
    const host = await open();
    await host.start(spec(4), register);
    const startedAt = '2026-11-20T12:00:00Z';
    await report('agent-job-build-4', agentIs('Running', { running: { startedAt } }));
    const running = await eventually(async () => {
      const workload = await stateOf(host, 'agent-job-build-4');
      return workload?.state === 'running' && workload;
    });
    assert.equal(running.startedAt, Date.parse(startedAt));
    assert.equal(await host.remove('agent-job-build-4', { onlyPending: true }), 'started');
    const terminated = { exitCode: 0, startedAt, finishedAt: '2026-11-20T12:05:00Z' };
    await report('agent-job-build-4', agentIs('Succeeded', { terminated }));
    const done = await eventually(async () => {
      const workload = await stateOf(host, 'agent-job-build-4');
      return workload?.state === 'succeeded' && workload;
    });
    assert.equal(done.finishedAt, Date.parse('2026-11-20T12:05:00Z'));
  });

  it('makes no second pod of an agent that failed, and says how it ended', async () => {
    const host = await open();
    await host.start(spec(5), register);
    const terminated = {
      exitCode: 137,
      reason: 'OOMKilled',
      startedAt: '2026-11-20T12:00:00Z',
      finishedAt: '2026-11-20T12:05:00Z',
    };
    await report('agent-job-build-5', agentIs('Failed', { terminated }));
    const failed = await eventually(async () => {
      const job = await batch.readNamespacedJob({ namespace, name: 'agent-job-build-5' });
      const workload = await stateOf(host, 'agent-job-build-5');
      return (
        job.status?.conditions?.some(({ reason }) => reason === 'BackoffLimitExceeded') &&
        workload?.state === 'failed' &&
        workload
      );
    });
    assert.deepEqual(failed.problem, { reason: 'exit', text: 'the agent ended with exit code 137: OOMKilled' });
    assert.equal(
      (await core.listNamespacedPod({ namespace, labelSelector: 'job-name=agent-job-build-5' })).items.length,
      1,
    );
  });

  it('says why an image does not come and why no node takes a pod', async () => {
    const host = await open();
    await host.start(spec(6), register);
    await host.start(spec(7), register);
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' };
    await report('agent-job-build-6', agentIs('Pending', { waiting }));
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    await report('agent-job-build-7', { phase: 'Pending', conditions });
    const [image, room] = await eventually(async () => {
      const problems = [
        (await stateOf(host, 'agent-job-build-6'))?.problem,
        (await stateOf(host, 'agent-job-build-7'))?.problem,
      ];
      return problems.every(Boolean) && problems;
    });
    assert.equal(
      image?.text,
      "the image contoso/agent:1 of the container 'agent' cannot be pulled: Back-off pulling image",
    );
    assert.deepEqual(room, { reason: 'noRoom', text: 'no node takes the pod: 0/3 nodes are available' });
    assert.ok(host.room(Date.now()).crowdedUntil);

    await host.tell('agent-job-build-6', 'image', image.text);
    await host.tell('agent-job-build-6', 'image', image.text);
    await host.tell('request 9', 'unservable', 'no profile meets its demands');
    const events = (await core.listNamespacedEvent({ namespace })).items.filter(
      ({ source }) => source?.component === 'pipeline-cascade',
    );
    assert.deepEqual(events.map(({ involvedObject, reason }) => [involvedObject.kind, reason]).sort(), [
      ['Job', 'ImageNotPulled'],
      ['Lease', 'NoProfile'],
    ]);
  });

  it('says that a quota refused a Job, and waits; and that one refused a pod', async () => {
    const quota = async (hard: Record<string, string>): Promise<void> => {
      const body = toClient<V1ResourceQuota>({ metadata: { name: 'q' }, spec: { hard } });
      const made = await core.createNamespacedResourceQuota({ namespace, body });
      const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
      // What the quota controller would do, which does not run here.
      made.status = toClient<V1ResourceQuotaStatus>({ hard, used });
      await core.replaceNamespacedResourceQuotaStatus({ namespace, name: 'q', body: made });
    };
    try {
      await quota({ 'count/jobs.batch': '0' });
      const host = await open();
      const refused = await eventually(async () => {
        const end = await host.start(spec(8), register);
        return typeof end === 'object' && end;
      });
      assert.equal(refused.reason, 'quota');
      assert.match(refused.text, /exceeded quota/);
      assert.ok(host.room(Date.now()).fullUntil);
      await core.deleteNamespacedResourceQuota({ namespace, name: 'q' });

      await quota({ pods: '0' });
      // Ten seconds without a pod are waited out by the clock that the host is given.
      const later = await open({ now: () => Date.now() + 15_000 });
      await sleep(1500);
      assert.equal(await later.start(spec(9), register), 'started');
      await eventually(
        async () =>
          (await core.listNamespacedEvent({ namespace, fieldSelector: 'reason=FailedCreate' })).items.length > 0,
      );
      const workload = await stateOf(await open({ now: () => Date.now() + 15_000 }), 'agent-job-build-9');
      assert.equal(workload?.problem?.reason, 'quota');
      assert.match(workload.problem.text, /^its pod was refused: .*exceeded quota/);
    } finally {
      await core.deleteNamespacedResourceQuota({ namespace, name: 'q' }).catch(() => undefined);
    }
  });

  it('says what the API server does not take', async () => {
    const templates = new Map([['default', plainTemplate('contoso/agent:1')]]);
    const host = await open({ templates });
    // As where the rules of the cluster change while it runs.
    templates.set('default', plainTemplate(''));
    const end = await host.start(spec(10), register);
    assert.equal(typeof end === 'object' && end.reason, 'refused');
    assert.match(typeof end === 'object' ? end.text : '', /image/);
  });

  it('neither sees nor deletes what it did not make', async () => {
    const pod = { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] };
    const metadata = { name: 'agent-job-build-11', labels: { 'app.kubernetes.io/managed-by': 'pipeline-cascade' } };
    await batch.createNamespacedJob({
      namespace,
      body: toClient<V1Job>({ metadata, spec: { template: { spec: pod } } }),
    });
    const other = await open({ instance: instanceOf('https://dev.azure.com/other', 'agent-job-') });
    await other.start(spec(12), register);
    const host = await open();
    const names = (await host.workloads()).map(({ name }) => name);
    assert.ok(!names.includes('agent-job-build-11') && !names.includes('agent-job-build-12'), String(names));
    for (const name of ['agent-job-build-11', 'agent-job-build-12']) {
      await host.remove(name, { onlyPending: false });
      assert.equal((await batch.readNamespacedJob({ namespace, name })).metadata?.deletionTimestamp, undefined);
    }
    const end = await host.start(spec(11), register);
    assert.match(typeof end === 'object' ? end.text : '', /not of the orchestrator's making/);
  });

  it('lists what it made at once, before the watch has told', async () => {
    const host = await open();
    for (let id = 100; id < 120; id++) {
      assert.equal(await host.start(spec(id), register), 'started');
      assert.ok(await stateOf(host, `agent-job-build-${id}`));
    }
  });

  it('makes exactly one Job a request when two instances carry out the same plans, through restarts', async () => {
    const space = { prefix: 'agent-job-', pool: { id: 9, name: 'many' } };
    const requests = Array.from({ length: 40 }, (_, i) => i + 1).map((requestId) => {
      const fixed = { queuedAt: 0, priority: 0, demands: [], received: false, matchesAllAgents: false };
      return { requestId, ...fixed, hosted: false, isPrivate: true };
    });
    const limits = { maxAgents: 100, minimumAgents: 0, minimumIdle: [], idleTimeoutMs: 1e9, startTimeoutMs: 1e9 };
    let registered = 0;
    const pass = async (host: KubernetesHost, stopAfter: number): Promise<number> => {
      const workloads = (await host.workloads()).filter(({ poolId }) => poolId === 9);
      const profiles = [{ name: 'default', capabilities: {}, namesAgents: true }];
      const hosts = [host.room(Date.now())];
      const view = {
        space,
        requests,
        agents: [],
        workloads,
        profiles,
        hosts,
        licences: undefined,
        limits,
        now: Date.now(),
      };
      const starts = plan(view).filter((action) => action.kind === 'startAgent');
      await Promise.all(
        starts.slice(0, stopAfter).map(async ({ name, purpose }) => {
          const once = async () => {
            registered += 1;
            return registration;
          };
          await host.start({ ...spec(0), name, purpose, pool: space.pool }, once);
        }),
      );
      return starts.length;
    };
    await Promise.all([pass(await open(), 15), pass(await open(), 25)]);
    const restarted = await open();
    await pass(restarted, 100);
    assert.equal(await pass(restarted, 100), 0);
    assert.equal(
      (await batch.listNamespacedJob({ namespace, labelSelector: 'pipeline-cascade/pool-id=9' })).items.length,
      40,
    );
    assert.equal(registered, 40);
  });

  it('catches up after its connections were cut', async () => {
    const [proxied, others] = [await cluster.cuttable(), await open()];
    try {
      const host = await open({}, proxied.orchestrator);
      proxied.cut();
      await others.start(spec(200), register);
      await others.start(spec(201), register);
      await eventually(async () => await stateOf(host, 'agent-job-build-201'));
      await others.remove('agent-job-build-200', { onlyPending: false });
      proxied.cut();
      await eventually(async () => (await stateOf(host, 'agent-job-build-200')) === undefined);
    } finally {
      proxied.stop();
    }
  });

  it('does not plan with a state that is too old', async () => {
    let now = 0;
    const proxied = await cluster.cuttable();
    const host = await open({ now: () => Date.now() + now }, proxied.orchestrator);
    await host.workloads();
    proxied.stop();
    // Long enough for attempts that fail, none of which makes the state any younger.
    await sleep(3500);
    now += 29_000;
    await assert.rejects(host.workloads(), /is not known/);
  });

  it('has no rights beyond its own: no Secret read, no pod deleted, nothing elsewhere', async () => {
    const own = cluster.orchestrator.makeApiClient(CoreV1Api);
    await assert.rejects(own.listNamespacedSecret({ namespace }), /403/);
    await assert.rejects(own.readNamespacedSecret({ namespace, name: 'x' }), /403/);
    await assert.rejects(own.deleteNamespacedPod({ namespace, name: 'x' }), /403/);
    await assert.rejects(own.listNamespacedPod({ namespace: 'default' }), /403/);
  });

  it('makes its namespace when it is told to, with the rights for it', async () => {
    const host = await open({ namespace: 'fresh', initializeNamespace: true }, cluster.admin);
    assert.deepEqual(await host.workloads(), []);
    assert.equal((await core.readNamespace({ name: 'fresh' })).status?.phase, 'Active');
  });

  it('lets one of two instances act, and the other one when the first is gone', async () => {
    const api = cluster.orchestrator.makeApiClient(CoordinationV1Api);
    const lease = { namespace, name: 'agent-orchestrator' };
    const [a, b] = [new Election(api, { ...lease, identity: 'a' }), new Election(api, { ...lease, identity: 'b' })];
    const at = 1_800_000_000_000;
    const first = await Promise.all([a.round(at), b.round(at)]);
    assert.equal(first.filter(Boolean).length, 1, 'a create is won by one');
    const [leader, other] = first[0] ? [a, b] : [b, a];
    // The other one's clock is an hour off: only how long the Lease did not change counts.
    assert.equal(await other.round(at + 3_600_000), false);
    assert.equal(await leader.round(at + 5000), true);
    assert.equal(await other.round(at + 3_612_000), false, 'it changed meanwhile');
    assert.equal(leader.holds(at + 14_999), true);
    assert.equal(leader.holds(at + 15_000), false, 'it stops acting before another one may begin');
    assert.equal(await other.round(at + 3_627_001), true, 'left alone for its duration');
    assert.equal(await leader.round(at + 20_000), false);
    await other.release();
    assert.equal(await leader.round(at + 21_000), true, 'a release is taken over at once');
  });
}

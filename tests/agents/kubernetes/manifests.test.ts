import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, mkdtempSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1PodStatus } from '@kubernetes/client-node';
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { messageOf } from '../../../tasks/lib/errors';
import type { AgentSpec } from '../../../agents/agentHost';
import { claimsIn } from '../../../agents/kubernetes/exclusiveClaims';
import { apiClients } from '../../../agents/kubernetes/apiClients';
import { KubernetesHost, type KubernetesSettings } from '../../../agents/kubernetes/host';
import { plainTemplate, readJobTemplate, type JobTemplate } from '../../../agents/kubernetes/jobTemplate';
import { instanceOf } from '../../../agents/kubernetes/marks';
import { toClient } from '../../../agents/kubernetes/objects';
import { startKubeCluster, type KubeCluster } from './kubeCluster';
import { onKubernetes } from './onKubernetes';

const namespace = 'agents';
const overlays = readdirSync('agents/deploy/overlays');

interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  spec?: {
    template?: {
      spec: {
        containers: {
          env?: { name: string; value: string }[];
          volumeMounts?: { name: string; mountPath: string }[];
        }[];
        volumes?: { name: string; configMap?: { name: string } }[];
      };
    };
  };
}

onKubernetes('the manifests, rendered by kubectl and taken by a real API server', suite);

function suite(this: Mocha.Suite): void {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  const opened: KubernetesHost[] = [];
  let cluster: KubeCluster;

  before(async () => {
    cluster = await startKubeCluster();
    cluster.kubectl('apply', '-f', 'agents/deploy/kubernetes/namespace.yaml');
    cluster.kubectl('-n', namespace, 'apply', '-f', 'agents/deploy/kubernetes/role.yaml');
    cluster.kubectl('-n', namespace, 'apply', '-f', 'agents/deploy/kubernetes/roleBinding.yaml');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((host) => host.stop()));
  });
  after(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function render(path: string): { text: string; objects: Rendered[] } {
    const text = cluster.kubectl('kustomize', path);
    return { text, objects: parseAllDocuments(text).map((one) => one.toJS() as Rendered) };
  }

  /** The server's own admission and validation, without anything being made. Gives a line for each object. */
  function taken(text: string): string[] {
    const file = join(folder, 'rendered.yaml');
    writeFileSync(file, text);
    return cluster.kubectl('apply', '--dry-run=server', '-f', file).trim().split('\n');
  }

  async function open(
    more: Partial<KubernetesSettings> & { as?: 'admin' | 'orchestrator' } = {},
  ): Promise<KubernetesHost> {
    const config = cluster[more.as ?? 'orchestrator'];
    const host = await KubernetesHost.open(config, apiClients(config), {
      ...{ namespace, initializeNamespace: false, way: 'key', leaseName: 'agent-orchestrator', now: Date.now },
      instance: instanceOf('https://dev.azure.com/contoso', 'agent-job-'),
      templates: new Map([['default', plainTemplate('contoso/agent:1')]]),
      ...more,
    });
    opened.push(host);
    return host;
  }

  const refusal = async (more: Parameters<typeof open>[0]): Promise<string> =>
    await open(more).then(
      () => assert.fail('it opened'),
      (error: unknown) => messageOf(error),
    );

  const templateOf = ({ objects }: { objects: Rendered[] }): { template: JobTemplate; text: string } => {
    const text = objects.find(({ metadata }) => metadata.name.startsWith('agent-template-'))?.data?.['job.yaml'] ?? '';
    const { template, problems } = readJobTemplate(text, { path: 'job.yaml', namespace, way: 'key' });
    assert.deepEqual(problems, []);
    return { template: template ?? assert.fail('no template'), text };
  };

  it('are what the contract names: one namespaced Role and no more rights', () => {
    const { text, objects } = render('agents/deploy/kubernetes');
    assert.deepEqual(objects.map(({ kind }) => kind).sort(), [
      ...['ConfigMap', 'Deployment', 'Namespace', 'NetworkPolicy', 'Role', 'RoleBinding', 'ServiceAccount'],
    ]);
    assert.equal(taken(text).length, objects.length);
    for (const { kind, metadata } of objects)
      assert.equal(metadata.namespace, kind === 'Namespace' ? undefined : namespace, kind);
  });

  it('have these overlays', () => {
    assert.deepEqual(overlays, ['buildkit', 'cache-exclusive', 'cache-shared', 'docker']);
  });

  for (const overlay of overlays) {
    it(`with the overlay ${overlay} give the orchestrator a template that it and the server take`, async () => {
      const rendered = render(`agents/deploy/overlays/${overlay}`);
      assert.equal(taken(rendered.text).length, rendered.objects.length);
      const { template } = templateOf(rendered);

      const pod = rendered.objects.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec;
      const [container] = pod?.containers ?? [];
      const file = container?.env?.find(({ name }) => name === 'JOB_DEFINITION_FILE')?.value ?? '';
      const mount = container?.volumeMounts?.find(({ mountPath }) => file === `${mountPath}/job.yaml`);
      const map = pod?.volumes?.find(({ name }) => name === mount?.name)?.configMap?.name;
      assert.ok(rendered.objects.some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === map));

      const claims = rendered.objects.filter(({ kind }) => kind === 'PersistentVolumeClaim');
      const names = claims.map(({ metadata }) => metadata.name);
      assert.ok(
        claimsIn(template.job).every((claim) => names.includes(claim)),
        'its claims are made too',
      );
      await open({ templates: new Map([['default', template]]) });
    });
  }

  it('hand a cache that cannot be shared to one agent at a time, and none to an agent too many', async () => {
    const { template } = templateOf(render('agents/deploy/overlays/cache-exclusive'));
    const host = await open({ templates: new Map([['default', template]]) });
    const batch = cluster.admin.makeApiClient(BatchV1Api);
    const core = cluster.admin.makeApiClient(CoreV1Api);
    const start = async (from: KubernetesHost, ...ids: number[]) => {
      const ends = await Promise.all(ids.map((id) => from.start(agent(id), async () => ({}))));
      assert.deepEqual([...new Set(ends)], ['started']);
    };
    const claimOf = async (id: number) =>
      claimsIn(await batch.readNamespacedJob({ namespace, name: `agent-job-build-${id}` }))[0];

    await start(host, 1, 2, 3, 4, 5);
    const claims = await Promise.all([1, 2, 3, 4, 5].map(claimOf));
    assert.deepEqual(
      claims.filter((claim) => claim !== undefined).sort(),
      [0, 1, 2, 3].map((index) => `agent-cache-${index}`),
      'each of the four claims once',
    );
    const without = claims.indexOf(undefined) + 1;
    const job = await batch.readNamespacedJob({ namespace, name: `agent-job-build-${without}` });
    assert.ok(job.spec?.template.spec?.volumes?.find(({ name }) => name === 'cache')?.emptyDir);

    // One ends: its claim, and no other, goes to the next agent, also of another instance that has just started.
    const ended = without === 1 ? 2 : 1;
    const labelSelector = `job-name=agent-job-build-${ended}`;
    for (;;) {
      const [pod] = (await core.listNamespacedPod({ namespace, labelSelector })).items;
      if (!pod) continue;
      pod.status = toClient<V1PodStatus>({ phase: 'Succeeded' });
      await core.replaceNamespacedPodStatus({ namespace, name: pod.metadata?.name ?? '', body: pod });
      break;
    }
    const next = await open({ templates: new Map([['default', template]]) });
    await start(next, 6);
    assert.equal(await claimOf(6), claims[ended - 1]);
    await start(next, 7);
    assert.equal(await claimOf(7), undefined);
  });

  it('refuse at start a namespace that is not there, one without rights, and one where only reading is allowed', async () => {
    assert.match(
      await refusal({ namespace: 'nowhere', as: 'admin' }),
      /^JOB_NAMESPACE is 'nowhere', which is not there: make it, set INITIALIZE_NAMESPACE to 1, or correct JOB_NAMESPACE\.$/,
    );
    const bind =
      /^JOB_NAMESPACE is '.+', where the orchestrator may not work \(.*forbidden.*\): bind the Role of agents/;
    assert.match(await refusal({ namespace: 'default' }), bind);
    const objects = readFileSync('agents/deploy/kubernetes/role.yaml', 'utf8').replace(/, create/g, '');
    writeFileSync(join(folder, 'role.yaml'), objects);
    cluster.kubectl('create', 'namespace', 'readonly');
    cluster.kubectl('-n', 'readonly', 'apply', '-f', join(folder, 'role.yaml'));
    cluster.kubectl('-n', 'readonly', 'apply', '-f', 'agents/deploy/kubernetes/roleBinding.yaml');
    assert.match(await refusal({ namespace: 'readonly' }), bind);
  });

  it('refuse at start INITIALIZE_NAMESPACE without the cluster rights for it', async () => {
    assert.match(
      await refusal({ namespace: 'fresh', initializeNamespace: true }),
      /^INITIALIZE_NAMESPACE is 1, but the orchestrator may not look for or make the namespace 'fresh' .* set INITIALIZE_NAMESPACE to 0, or grant/,
    );
  });

  it('refuse at start a template that the cluster does not take, in its words', async () => {
    const template = plainTemplate('contoso/agent:1');
    const [container] = template.job.spec?.template.spec?.containers ?? [];
    if (container) container.volumeMounts = [{ name: 'cach', mountPath: '/c' }];
    assert.match(
      await refusal({ templates: new Map([['gpu', template]]) }),
      /^The cluster does not take the agents of profile 'gpu' \(.*volumeMounts\[0\]\.name: Not found: "cach".*\): correct their JOB_DEFINITION_FILE\.$/,
    );
    const left = await cluster.admin.makeApiClient(BatchV1Api).listNamespacedJob({ namespace });
    assert.ok(!left.items.some(({ metadata }) => metadata?.name?.includes('trial')), 'a trial leaves nothing');
  });
}

function agent(requestId: number): AgentSpec {
  return {
    name: `agent-job-build-${requestId}`,
    purpose: { requestId, attempt: 1 },
    pool: { id: 7, name: 'build' },
    orgUrl: 'https://dev.azure.com/contoso',
    profile: { name: 'default', capabilities: {}, namesAgents: true },
  };
}

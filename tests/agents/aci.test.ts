import assert from 'node:assert/strict';
import { clouds, containerInstances } from '../../agents/aci/clouds';
import type { AciSettings } from '../../agents/aci/host';
import { AciHost } from '../../agents/aci/host';
import type { AgentSpec } from '../../agents/agentHost';
import type { AciConfig } from '../../agents/config';
import { ResourceManager } from './resourceManager';

const aci: AciConfig = {
  subscriptionId: 'sub',
  resourceGroup: 'agents',
  region: 'westeurope',
  cloud: 'public',
  cpu: 2,
  memoryGb: 4,
  subnetId: '/subnets/a',
  registry: { server: 'contoso.azurecr.io', identity: '/identities/pull' },
};
const registration = { agent: '{"agentId":5}', credentials_rsaparams: '{"d":"hush"}' };
const credential = { getToken: async () => ({ token: 'arm-token', expiresOnTimestamp: Date.now() + 3_600_000 }) };

function spec(requestId: number): AgentSpec {
  return {
    name: `agent-job-build-${requestId}`,
    purpose: { requestId, attempt: 2 },
    pool: { id: 7, name: 'build' },
    orgUrl: 'https://dev.azure.com/contoso',
    profile: {
      name: 'default',
      capabilities: { docker: '' },
      namesAgents: true,
      image: 'contoso.azurecr.io/agent:1',
      cpu: 3,
    },
  };
}

describe('the Container Instances host', () => {
  let server: ResourceManager;
  let registered: number;

  beforeEach(async () => {
    server = new ResourceManager();
    registered = 0;
    await server.start();
  });
  afterEach(() => server.stop());

  function open(more: Partial<AciSettings> = {}): AciHost {
    const client = containerInstances(credential, aci, { endpoint: server.endpoint, ca: server.ca });
    return new AciHost(client, { instance: 'i1', way: 'key', aci, now: Date.now, ...more });
  }

  async function register(): Promise<Record<string, string>> {
    registered += 1;
    return registration;
  }

  it('makes a group that runs one agent once, with its registration as a secret volume', async () => {
    const host = open();
    assert.equal(await host.start(spec(1), register), 'started');
    const group = server.groups.get('agent-job-build-1')!;
    assert.deepEqual(
      [group.location, group.properties.restartPolicy, group.properties.osType, group.properties.subnetIds],
      ['westeurope', 'Never', 'Linux', [{ id: '/subnets/a' }]],
    );
    assert.deepEqual(group.identity, { type: 'UserAssigned', userAssignedIdentities: { '/identities/pull': {} } });
    assert.deepEqual(group.properties.imageRegistryCredentials, [
      { server: 'contoso.azurecr.io', identity: '/identities/pull' },
    ]);
    const secret = group.properties.volumes?.[0]?.secret;
    assert.equal(Buffer.from(secret!.agent!, 'base64').toString(), registration.agent);
    const { properties } = group.properties.containers[0]!;
    assert.deepEqual(properties.resources, { requests: { cpu: 3, memoryInGB: 4 } });
    assert.deepEqual(properties.environmentVariables, [{ name: 'docker', value: '' }]);
    assert.ok(!JSON.stringify({ ...group.properties, volumes: [] }).includes('hush'));
    assert.ok(server.calls.every(({ authorization }) => authorization === 'Bearer arm-token'));
  });

  it('gives a token only as a secure value', async () => {
    await open({ way: 'token' }).start(spec(1), async () => ({ AZP_TOKEN: 'hush' }));
    const group = server.groups.get('agent-job-build-1')!;
    const variables = group.properties.containers[0]!.properties.environmentVariables!;
    assert.deepEqual(
      variables.filter((variable) => JSON.stringify(variable).includes('hush')),
      [{ name: 'AZP_TOKEN', secureValue: 'hush' }],
    );
    assert.equal(group.properties.volumes, undefined);
  });

  it('makes no second group and no second registration', async () => {
    await open().start(spec(1), register);
    assert.equal(await open().start(spec(1), register), 'duplicate');
    assert.equal(registered, 1);
  });

  it('knows after a restart what it made, and how it does', async () => {
    await open().start(spec(1), register);
    const host = open();
    const [pending] = await host.workloads();
    assert.deepEqual([pending?.purpose, pending?.poolId, pending?.state], [{ requestId: 1, attempt: 2 }, 7, 'pending']);
    server.report('agent-job-build-1', { state: 'Waiting', detailStatus: '' }, [
      { name: 'Pulling', type: 'Normal', message: 'pulling image' },
      { name: 'Failed', type: 'Warning', message: 'Failed to pull image "contoso.azurecr.io/agent:1"' },
    ]);
    assert.deepEqual((await host.workloads())[0]?.problem, {
      reason: 'image',
      text: 'Failed to pull image "contoso.azurecr.io/agent:1"',
    });
    server.report('agent-job-build-1', { state: 'Running', startTime: '2026-11-20T12:00:00Z' });
    const [running] = await host.workloads();
    assert.deepEqual([running?.state, running?.startedAt], ['running', Date.parse('2026-11-20T12:00:00Z')]);
    const end = { startTime: '2026-11-20T12:00:00Z', finishTime: '2026-11-20T12:09:00Z' };
    server.report('agent-job-build-1', { state: 'Terminated', exitCode: 0, ...end });
    const [done] = await host.workloads();
    assert.deepEqual(
      [done?.state, done?.finishedAt, done?.problem],
      ['succeeded', Date.parse(end.finishTime), undefined],
    );
  });

  it('tells an exit code', async () => {
    const host = open();
    await host.start(spec(1), register);
    server.report('agent-job-build-1', { state: 'Terminated', exitCode: 3, detailStatus: 'Error' });
    assert.deepEqual((await host.workloads())[0]?.problem, {
      reason: 'exit',
      text: 'the agent ended with exit code 3: Error',
    });
  });

  it('looks once more at each group that has not ended, and not at those that have', async () => {
    const host = open();
    for (const id of [1, 2]) await host.start(spec(id), register);
    server.report('agent-job-build-1', { state: 'Terminated', exitCode: 0 });
    await host.workloads();
    server.calls.length = 0;
    await host.workloads();
    assert.deepEqual(
      server.calls.map(({ path }) => path.split('/').at(-1)),
      ['containerGroups', 'agent-job-build-2'],
    );
  });

  it('lists what it made although the list lags', async () => {
    const host = open();
    await host.start(spec(1), register);
    const made = [...server.groups];
    server.groups.clear();
    assert.deepEqual(
      (await host.workloads()).map(({ name }) => name),
      ['agent-job-build-1'],
    );
    for (const [name, group] of made) server.groups.set(name, group);
    assert.equal((await host.workloads()).length, 1);
  });

  const refusals: [number, string, string, number | undefined][] = [
    [409, 'ContainerGroupQuotaReached', 'quota', 60_000],
    [429, 'TooManyRequests', 'quota', 120_000],
    [409, 'ResourceRequestExceedsCapacity', 'quota', 60_000],
    [400, 'InaccessibleImage', 'image', undefined],
    [403, 'AuthorizationFailed', 'refused', undefined],
  ];
  for (const [status, code, reason, pauseMs] of refusals) {
    it(`tells ${code} as ${reason} and asks once`, async () => {
      const host = open({ now: () => 1_800_000_000_000 });
      const headers: Record<string, string> = status === 429 ? { 'retry-after': '120' } : {};
      server.refusals.push({ status, headers, body: { error: { code, message: 'why it is so' } } });
      const end = await host.start(spec(1), register);
      assert.deepEqual(end, { reason, text: `${code}: why it is so` });
      assert.equal(server.calls.filter(({ method }) => method === 'PUT').length, 1);
      assert.equal(host.room(1_800_000_000_000).fullUntil, pauseMs && 1_800_000_000_000 + pauseMs);
    });
  }

  it('throws what may be different the next time', async () => {
    server.refusals.push({ status: 503, body: {} });
    await assert.rejects(open().start(spec(1), register));
  });

  for (const status of [200, 202, 204]) {
    it(`deletes its group (${status})`, async () => {
      const host = open();
      await host.start(spec(1), register);
      server.deleteStatus = status;
      assert.equal(await host.remove('agent-job-build-1', { onlyPending: true }), 'deleted');
      assert.deepEqual(await host.workloads(), []);
      assert.equal(await host.remove('agent-job-build-1', { onlyPending: false }), 'deleted');
    });
  }

  it('leaves a group that started meanwhile', async () => {
    const host = open();
    await host.start(spec(1), register);
    server.report('agent-job-build-1', { state: 'Running' });
    assert.equal(await host.remove('agent-job-build-1', { onlyPending: true }), 'started');
    assert.ok(server.groups.has('agent-job-build-1'));
  });

  it('neither sees nor deletes groups of others', async () => {
    await open({ instance: 'i2' }).start(spec(1), register);
    const host = open();
    assert.deepEqual(await host.workloads(), []);
    await host.remove('agent-job-build-1', { onlyPending: false });
    assert.ok(server.groups.has('agent-job-build-1'));
  });

  it('asks each cloud where it is, for a token of that cloud', async () => {
    for (const [cloud, host] of [
      ['public', 'management.azure.com'],
      ['usGovernment', 'management.usgovcloudapi.net'],
      ['china', 'management.chinacloudapi.cn'],
    ] as const) {
      const scopes: string[] = [];
      const asked = {
        getToken: async (scope: string | string[]) => {
          scopes.push(...[scope].flat());
          return await credential.getToken();
        },
      };
      const client = containerInstances(asked, { subscriptionId: 'sub', cloud });
      const urls: string[] = [];
      const sendRequest = async ({ url }: { url: string }): Promise<never> => {
        urls.push(url);
        throw new Error('not sent');
      };
      client.pipeline.addPolicy({ name: 'not sent', sendRequest }, { afterPhase: 'Sign' });
      await assert.rejects(client.containerGroups.get('agents', 'none'), /not sent/);
      assert.deepEqual(scopes, [`https://${host}/.default`]);
      assert.equal(new URL(urls[0]!).host, host);
      assert.match(clouds[cloud].authorityHost, /^https:\/\/login\./);
    }
  });
});

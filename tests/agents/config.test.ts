import assert from 'node:assert/strict';
import { readConfig } from '../../agents/config';

const least = {
  ORG_URL: 'https://dev.azure.com/contoso/',
  AGENT_POOLS: 'Build, Release',
  JOB_IMAGE: 'contoso/agent:1',
};

function read(environment: Record<string, string>, files: Record<string, string> = {}) {
  return readConfig(environment, (path) => files[path] ?? assert.fail(`no ${path}`));
}

function config(environment: Record<string, string>, files: Record<string, string> = {}) {
  const result = read({ ...least, ...environment }, files);
  return 'config' in result ? result.config : assert.fail(result.problems.join(' '));
}

describe('the configuration', () => {
  it('needs no more than organization, pools and image', () => {
    assert.deepEqual(config({}), {
      orgUrl: 'https://dev.azure.com/contoso',
      pools: ['Build', 'Release'],
      prefix: 'agent-job-',
      hosts: ['kubernetes'],
      registration: 'auto',
      profiles: [{ name: 'default', capabilities: {}, namesAgents: true, image: 'contoso/agent:1' }],
      limits: {
        maxAgents: 100,
        minimumAgents: 0,
        minimumIdle: [{ count: 0 }],
        idleTimeoutMs: 300_000,
        startTimeoutMs: 900_000,
      },
      pollingDelayMs: 1000,
      pollingDelayIdleMs: 15_000,
      runOnce: false,
      kubernetes: { namespace: 'default', initializeNamespace: false },
      port: 8080,
      logLevel: 'info',
    });
  });

  it('takes an older deployment as it is', () => {
    const read = config({
      ORG_PAT: 'secret',
      JOB_PREFIX: 'agent-job',
      INITIALIZE_NAMESPACE: 'true',
      HOST_TYPE: 'k8s',
      RUN_ONCE: '1',
      JOB_DOCKER_SOCKET_PATH: '/var/run/docker.sock',
    });
    assert.equal(read.prefix, 'agent-job-');
    assert.deepEqual(read.kubernetes, {
      namespace: 'default',
      initializeNamespace: true,
      dockerSocketPath: '/var/run/docker.sock',
    });
    assert.equal(read.orgPat, 'secret');
    assert.equal(read.runOnce, true);
  });

  it('reads both hosts in the order in which they are filled', () => {
    const azure = {
      AZ_SUBSCRIPTION_ID: 's',
      AZ_RESOURCE_GROUP: 'g',
      AZ_REGION: 'westeurope',
      AZ_ENVIRONMENT: 'azurechina',
    };
    const read = config({ ...azure, HOST_TYPE: 'Kubernetes, AzureContainerInstances', ACI_CPU: '0.5' });
    assert.deepEqual(read.hosts, ['kubernetes', 'aci']);
    assert.deepEqual(read.aci, {
      subscriptionId: 's',
      resourceGroup: 'g',
      region: 'westeurope',
      cloud: 'china',
      cpu: 0.5,
      memoryGb: 4,
    });
  });

  it('reads the same keys from a file, under the environment', () => {
    const files = { '/c.yaml': 'MAX_AGENTS: 7\nAGENT_POOLS: [A, B]\nRUN_ONCE: true\nPORT: 9000\n' };
    const read = config({ CONFIG_FILE: '/c.yaml', PORT: '9001', AGENT_POOLS: '' }, files);
    assert.deepEqual([read.limits.maxAgents, read.pools, read.runOnce, read.port], [7, ['A', 'B'], true, 9001]);
  });

  it('reads profiles, the default one first', () => {
    const content = `
gpu: { capabilities: { gpu: A100, cuda: "12" }, jobDefinitionFile: gpu.yaml, hosts: kubernetes }
docker: { capabilities: [docker], image: contoso/docker:1, cpu: 4, memoryGb: 7.5 }
`;
    const files = { '/etc/p/profiles.yaml': content, '/etc/p/gpu.yaml': 'kind: Job' };
    assert.deepEqual(config({ PROFILES_FILE: '/etc/p/profiles.yaml' }, files).profiles, [
      { name: 'default', capabilities: {}, namesAgents: true, image: 'contoso/agent:1' },
      {
        name: 'gpu',
        capabilities: { gpu: 'A100', cuda: '12' },
        namesAgents: true,
        image: 'contoso/agent:1',
        jobDefinitionFile: '/etc/p/gpu.yaml',
        hosts: ['kubernetes'],
      },
      {
        name: 'docker',
        capabilities: { docker: '' },
        namesAgents: true,
        image: 'contoso/docker:1',
        cpu: 4,
        memoryGb: 7.5,
      },
    ]);
  });

  const bad: [Record<string, string>, string][] = [
    [
      { ORG_URL: '' },
      'ORG_URL is not set: give it the URL of the organization or collection, like https://dev.azure.com/contoso.',
    ],
    [
      { ORG_URL: 'contoso' },
      "ORG_URL is 'contoso': write the URL of the organization or collection, like https://dev.azure.com/contoso.",
    ],
    [{ AGENT_POOLS: ' ' }, 'AGENT_POOLS is not set: give it the names of the agent pools, separated by commas.'],
    [{ JOB_IMAGE: '' }, 'JOB_IMAGE is not set: give it the image of the agent.'],
    [{ MAX_AGENTS: '1e2' }, "MAX_AGENTS is '1e2': write a whole number from 1 to 10000."],
    [{ MAX_AGENTS: '0' }, "MAX_AGENTS is '0': write a whole number from 1 to 10000."],
    [
      { MAX_AGENTS: '2', MINIMUM_AGENT_COUNT: '3' },
      "MINIMUM_AGENT_COUNT is '3': write at most MAX_AGENTS, which is 2.",
    ],
    [
      { MINIMUM_IDLE_AGENT_COUNT: '2@Mon' },
      "MINIMUM_IDLE_AGENT_COUNT is '2@Mon': write a number, or one with its hours like '2@Mon-Fri 07:00-19:00 Europe/Berlin'.",
    ],
    [{ RUN_ONCE: 'maybe' }, "RUN_ONCE is 'maybe': write 1 or 0."],
    [
      { HOST_TYPE: 'nomad' },
      "HOST_TYPE is 'nomad': write kubernetes, aci, or both in the order in which they are filled.",
    ],
    [{ CANCEL_UNSERVABLE_AFTER: 'soon' }, "CANCEL_UNSERVABLE_AFTER is 'soon': write a whole number from 1 to 100000."],
    [{ REGISTRATION: 'pat' }, "REGISTRATION is 'pat': write one of auto, key, token."],
    [
      { JOB_PREFIX: 'Agent' },
      "JOB_PREFIX is 'Agent': write at most 29 lower-case letters, digits and -, the first not a -.",
    ],
    [{ HOOK_USER: 'u' }, 'HOOK_USER and HOOK_PASSWORD go together: set both or none.'],
    [{ PORT: '65536' }, "PORT is '65536': write a whole number from 0 to 65535."],
    [{ PROFILES_FILE: '/p' }, "PROFILES_FILE is '/p': write the path of a file that is there and can be read."],
    [
      { JOB_DEFINITION_FILE: '/j' },
      "JOB_DEFINITION_FILE is '/j': write the path of a file that is there and can be read.",
    ],
    [{ CONFIG_FILE: '/c' }, "CONFIG_FILE is '/c': there is no such file to read."],
  ];
  for (const [environment, problem] of bad) {
    it(`says what is wrong with ${JSON.stringify(environment)}`, () => {
      const result = readConfig({ ...least, ...environment }, () => {
        throw new Error('ENOENT');
      });
      assert.deepEqual('problems' in result && result.problems, [problem]);
    });
  }

  it('tells all problems at once, and no secret', () => {
    const result = read({
      ORG_URL: 'https://me:hunter2@dev.azure.com/x',
      ORG_PAT: 'hunter2',
      PORT: 'x',
      HOST_TYPE: 'aci',
    });
    const problems = 'problems' in result ? result.problems : [];
    assert.equal(problems.length, 7, problems.join('\n'));
    assert.ok(!problems.join().includes('hunter2'));
  });

  it('tells a misspelt key of a file', () => {
    const result = read({ ...least, CONFIG_FILE: '/c.yaml' }, { '/c.yaml': 'MAX_AGENT: 7\nPORT: { a: 1 }' });
    assert.deepEqual('problems' in result && result.problems, [
      '/c.yaml sets MAX_AGENT, which is not a variable of the orchestrator: correct or remove it.',
      '/c.yaml gives PORT a map: write a text or a list.',
    ]);
  });

  it('tells a template of a profile that is not there', () => {
    const result = read(
      { ...least, PROFILES_FILE: '/p/p.yaml' },
      { '/p/p.yaml': 'gpu: { jobDefinitionFile: gpu.yaml }' },
    );
    assert.deepEqual('problems' in result && result.problems, [
      "/p/p.yaml: profile 'gpu': there is no file '/p/gpu.yaml' to read.",
    ]);
  });

  it('tells what is wrong with profiles', () => {
    const content = `GPU: { capabilities: gpu }
a: { capabilities: { "x y": 1 }, memory: 4, cpu: much, hosts: nomad }
b: text`;
    const result = read({ ...least, PROFILES_FILE: '/p.yaml' }, { '/p.yaml': content });
    assert.equal('problems' in result && result.problems.length, 7, JSON.stringify(result));
  });
});

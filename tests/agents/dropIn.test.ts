import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readConfig, type Config } from '../../agents/config';
import { readJobTemplate } from '../../agents/kubernetes/jobTemplate';
import { registrationWay } from '../../agents/registrationWay';

const least = {
  ORG_URL: 'https://dev.azure.com/yourorg',
  AGENT_POOLS: 'Pool1,Pool2',
  JOB_IMAGE: 'ghcr.io/old/linux:latest',
};
const azure = { AZ_SUBSCRIPTION_ID: 'sub', AZ_RESOURCE_GROUP: 'group', AZ_TENANT_ID: 'tenant', AZ_REGION: 'EastUS' };

function config(environment: Record<string, string>): Config {
  const read = readConfig({ ...least, ...environment }, () => 'kind: Job');
  return 'config' in read ? read.config : assert.fail(read.problems.join(' '));
}

/** Each variable of the older orchestrator with a value from its documents, and what that has to come to. */
const cases: [variable: string, value: string, meaning: (read: Config) => unknown, expected: unknown][] = [
  ['ORG_URL', 'https://dev.azure.com/other', ({ orgUrl }) => orgUrl, 'https://dev.azure.com/other'],
  ['ORG_PAT', '12345', ({ orgPat }) => orgPat, '12345'],
  ['AGENT_POOLS', 'Pool1,Pool2', ({ pools }) => pools, ['Pool1', 'Pool2']],
  ['JOB_IMAGE', 'ghcr.io/old/linux:1', ({ profiles }) => profiles[0]?.image, 'ghcr.io/old/linux:1'],
  ['JOB_NAMESPACE', 'ado', ({ kubernetes }) => kubernetes.namespace, 'ado'],
  ['INITIALIZE_NAMESPACE', 'true', ({ kubernetes }) => kubernetes.initializeNamespace, true],
  ['INITIALIZE_NAMESPACE', 'False', ({ kubernetes }) => kubernetes.initializeNamespace, false],
  ['JOB_PREFIX', 'agent-job', ({ prefix }) => prefix, 'agent-job-'],
  ['JOB_PREFIX', 'agent-job-', ({ prefix }) => prefix, 'agent-job-'],
  [
    'JOB_DOCKER_SOCKET_PATH',
    '/var/run/docker.sock',
    ({ kubernetes }) => kubernetes.dockerSocketPath,
    '/var/run/docker.sock',
  ],
  ['JOB_DEFINITION_FILE', 'job.yaml', ({ profiles }) => profiles[0]?.jobDefinitionFile, 'job.yaml'],
  ['HOST_TYPE', 'kubernetes', ({ hosts }) => hosts, ['kubernetes']],
  ['HOST_TYPE', 'k8s', ({ hosts }) => hosts, ['kubernetes']],
  ['HOST_TYPE', 'aci', ({ hosts }) => hosts, ['aci']],
  ['HOST_TYPE', 'azurecontainerinstance', ({ hosts }) => hosts, ['aci']],
  ['HOST_TYPE', 'AzureContainerInstances', ({ hosts }) => hosts, ['aci']],
  ['POLLING_DELAY', '2000', ({ pollingDelayMs }) => pollingDelayMs, 2000],
  ['RUN_ONCE', '1', ({ runOnce }) => runOnce, true],
  ['MINIMUM_AGENT_COUNT', '1', ({ limits }) => limits.minimumAgents, 1],
  ['MINIMUM_IDLE_AGENT_COUNT', '2', ({ limits }) => limits.minimumIdle, [{ count: 2 }]],
  ['AZ_SUBSCRIPTION_ID', 's2', ({ aci }) => aci?.subscriptionId, 's2'],
  ['AZ_RESOURCE_GROUP', 'g2', ({ aci }) => aci?.resourceGroup, 'g2'],
  ['AZ_TENANT_ID', 't2', ({ aci }) => aci?.tenantId, 't2'],
  ['AZ_REGION', 'WestEurope', ({ aci }) => aci?.region, 'WestEurope'],
  ['AZ_ENVIRONMENT', 'AzureGlobalCloud', ({ aci }) => aci?.cloud, 'public'],
  ['AZ_ENVIRONMENT', 'AzurePublicCloud', ({ aci }) => aci?.cloud, 'public'],
  ['AZ_ENVIRONMENT', 'AzureChina', ({ aci }) => aci?.cloud, 'china'],
  ['AZ_ENVIRONMENT', 'AzureUSGovernment', ({ aci }) => aci?.cloud, 'usGovernment'],
  ['JOB_OS', 'linux', (read) => read, config(azure)],
];

describe('an older orchestrator whose image is exchanged', () => {
  for (const [variable, value, meaning, expected] of cases) {
    it(`keeps ${variable}=${value}`, () => {
      const hosted = variable.startsWith('AZ_') ? { ...azure, HOST_TYPE: 'aci' } : azure;
      assert.deepEqual(meaning(config({ ...hosted, [variable]: value })), expected);
    });
  }

  it('finds each of its variables in the table of the README, and no other one', () => {
    const readme = readFileSync('agents/README.md', 'utf8');
    const table = readme.slice(readme.indexOf('## Coming from'), readme.indexOf('## Windows'));
    const rows = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) => names.split(', '));
    const named = rows.map((name) => name.replaceAll('`', '').trim());
    assert.deepEqual(named.sort(), [...new Set(cases.map(([variable]) => variable))].sort());
  });

  it('keeps its defaults but the two that the README names', () => {
    const { hosts, pollingDelayMs, runOnce, prefix, kubernetes, limits } = config({});
    assert.deepEqual([hosts, pollingDelayMs, runOnce, prefix], [['kubernetes'], 1000, false, 'agent-job-']);
    assert.equal(kubernetes.namespace, 'default');
    assert.deepEqual([kubernetes.initializeNamespace, limits.minimumAgents], [false, 0]);
  });

  it('goes on with its template, which names the container, the organization, the pool and the token itself', () => {
    const image = 'ghcr.io/old/linux:latest';
    const content = `apiVersion: batch/v1
kind: Job
metadata: { name: custom-job }
spec:
  template:
    spec:
      containers:
        - name: custom-job
          image: ${image}
          resources: { requests: { memory: 100Mi, cpu: "1" } }
          env:
            - { name: AZP_URL, value: "https://dev.azure.com/your-org" }
            - { name: AZP_TOKEN, value: xxx }
            - { name: AZP_POOL, value: Default }
      restartPolicy: Never
`;
    const way = registrationWay(config({}).registration, [image]);
    assert.equal(way, 'token');
    const read = readJobTemplate(content, { path: 'job.yaml', namespace: 'default', way });
    assert.deepEqual([read.problems, read.template?.agentContainer], [[], 'custom-job']);
    assert.equal(read.warnings.length, 3);
  });
});

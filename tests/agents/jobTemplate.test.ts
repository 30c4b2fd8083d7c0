import assert from 'node:assert/strict';
import type { AgentSpec } from '../../agents/agentHost';
import { agentJob, registrationSecret } from '../../agents/kubernetes/agentJob';
import type { TemplateRules } from '../../agents/kubernetes/jobTemplate';
import { plainTemplate, readJobTemplate } from '../../agents/kubernetes/jobTemplate';

const rules: TemplateRules = { path: 'job.yaml', namespace: 'agents', way: 'key' };
const spec: AgentSpec = {
  name: 'agent-job-build-11',
  purpose: { requestId: 11, attempt: 1 },
  pool: { id: 7, name: 'Build & Test' },
  orgUrl: 'https://dev.azure.com/contoso',
  profile: { name: 'default', capabilities: { gpu: 'A100' }, namesAgents: true },
};
const settings = { namespace: 'agents', instance: 'abc', way: 'token' as const };

function template(pod: string, jobSpec = ''): string {
  return `apiVersion: batch/v1\nkind: Job\nmetadata: { name: old }\nspec:\n  ${jobSpec}\n  template:\n    spec: ${pod}\n`;
}

function read(content: string, more: Partial<TemplateRules> = {}) {
  return readJobTemplate(content, { ...rules, ...more });
}

describe('a Job template', () => {
  it("is merged into the container named 'agent', whatever stands before it", () => {
    const { template: found, problems } = read(
      template(
        '{ nodeSelector: { a: b }, containers: [{ name: dind, image: d }, { name: agent, image: a, env: [{ name: X, value: y }] }] }',
        'ttlSecondsAfterFinished: 5',
      ),
    );
    assert.deepEqual(problems, []);
    const job = agentJob(spec, found!, { ...settings, dockerSocketPath: '/var/run/docker.sock' });
    const pod = job.spec!.template.spec!;
    assert.equal(job.metadata?.name, 'agent-job-build-11');
    assert.equal(job.spec?.ttlSecondsAfterFinished, 5);
    assert.deepEqual(pod.nodeSelector, { a: 'b' });
    assert.deepEqual(pod.containers[0], { name: 'dind', image: 'd' });
    assert.deepEqual(
      pod.containers[1]?.env?.map(({ name, value }) => [name, value]),
      [
        ['X', 'y'],
        ['AZP_URL', 'https://dev.azure.com/contoso'],
        ['AZP_POOL', 'Build & Test'],
        ['AZP_AGENT_NAME', 'agent-job-build-11'],
        ['AZP_TOKEN', undefined],
        ['VSO_AGENT_IGNORE', 'AZP_TOKEN,VSO_AGENT_IGNORE'],
        ['gpu', 'A100'],
      ],
    );
    assert.deepEqual(pod.containers[1].volumeMounts, [{ name: 'docker-socket', mountPath: '/var/run/docker.sock' }]);
    assert.deepEqual(pod.volumes, [
      { name: 'docker-socket', hostPath: { path: '/var/run/docker.sock', type: 'Socket' } },
    ]);
  });

  it('is merged into the first container where none has that name', () => {
    const { template: found } = read(template('{ containers: [{ name: a, image: a }, { name: b, image: b }] }'));
    const job = agentJob(spec, found!, { ...settings, way: 'key' });
    const [first, second] = job.spec!.template.spec!.containers;
    assert.deepEqual(first?.volumeMounts, [
      { name: 'agent-registration', mountPath: '/run/agent-registration', readOnly: true },
    ]);
    assert.deepEqual(first.env, [{ name: 'gpu', value: 'A100' }]);
    assert.equal(second?.env, undefined);
  });

  it('keeps its own AZP_ variables with token registration, with a warning', () => {
    const content = template(
      '{ containers: [{ name: a, image: a, env: [{ name: AZP_AGENT_NAME, value: x }, { name: AZP_POOL, value: P }] }] }',
    );
    const { template: found, problems, warnings } = read(content, { way: 'token' });
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings, [
      "job.yaml sets AZP_AGENT_NAME itself, which wins over the orchestrator's.",
      "job.yaml sets AZP_POOL itself, which wins over the orchestrator's.",
    ]);
    assert.equal(found?.namesAgents, false);
    const env = agentJob(spec, found, settings).spec?.template.spec?.containers[0]?.env ?? [];
    assert.equal(env.filter(({ name }) => name === 'AZP_POOL').length, 1);
  });

  const ok = '{ containers: [{ name: agent, image: a }] }';
  const clashes: [string, string, RegExp][] = [
    ['no YAML', 'a: [', /^job.yaml is not YAML: /],
    ['no Job', 'apiVersion: v1\nkind: Pod', /is no Job/],
    ['no container', template('{ containers: [] }'), /has no container/],
    [
      'another namespace',
      template(ok).replace('{ name: old }', '{ namespace: other }'),
      /remove metadata.namespace or set JOB_NAMESPACE/,
    ],
    ['repeated pods', template(ok, 'backoffLimit: 3'), /backoffLimit to 3: remove it/],
    ['several pods', template(ok, 'parallelism: 2'), /runs several pods/],
    ['a selector', template(ok, 'selector: {}'), /sets a selector/],
    [
      'restarts',
      template('{ restartPolicy: OnFailure, containers: [{ name: a, image: a }] }'),
      /restartPolicy to OnFailure: remove it/,
    ],
    ['no image', template('{ containers: [{ name: a }] }'), /gives the container 'a' no image/],
    [
      'a token in the container',
      template('{ containers: [{ name: a, image: a, env: [{ name: AZP_TOKEN, value: t }] }] }'),
      /remove it, or set REGISTRATION to token/,
    ],
    [
      'the volume of the registration',
      template('{ volumes: [{ name: agent-registration }], containers: [{ name: a, image: a }] }'),
      /rename it/,
    ],
    [
      'its path',
      template(
        '{ containers: [{ name: a, image: a, volumeMounts: [{ name: x, mountPath: /run/agent-registration/ }] }] }',
      ),
      /mount it elsewhere/,
    ],
    [
      'the Docker socket',
      template('{ containers: [{ name: a, image: a, volumeMounts: [{ name: x, mountPath: /var/run/docker.sock }] }] }'),
      /remove one of the two/,
    ],
  ];
  for (const [what, content, sentence] of clashes) {
    it(`is refused with one sentence for ${what}`, () => {
      const { problems } = read(content, { dockerSocketPath: '/var/run/docker.sock' });
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0]!, sentence);
    });
  }

  it('takes foreign text as it is: no variable of the container is put into a pool or a capability, and no label is refused', () => {
    const request = { requestId: 1, queuedAt: 0, priority: 0, demands: [], received: false, matchesAllAgents: false };
    const planId = 'no label: $(x) & more';
    const foreign: AgentSpec = {
      ...spec,
      pool: { id: 7, name: 'pool $(AZP_TOKEN) $$(x)' },
      profile: { ...spec.profile, capabilities: { tool: '$(AZP_TOKEN)' } },
      request: { ...request, hosted: false, isPrivate: true, planId, jobId: '6a1f-22' },
    };
    const job = agentJob(foreign, plainTemplate('a'), settings);
    const env = job.spec?.template.spec?.containers[0]?.env;
    const valueOf = (name: string) => env?.find((one) => one.name === name)?.value;
    // Kubernetes reads $$ before a bracket as one $ and goes on.
    assert.equal(valueOf('AZP_POOL'), 'pool $$(AZP_TOKEN) $$$$(x)');
    assert.equal(valueOf('tool'), '$$(AZP_TOKEN)');
    const labels = job.metadata?.labels ?? {};
    assert.ok(
      Object.values(labels).every((value) => /^[\w.-]{1,63}$/.test(value)),
      JSON.stringify(labels),
    );
    assert.equal(labels['pipeline-cascade/job-id'], '6a1f-22');
    assert.equal(labels['pipeline-cascade/plan-id'], undefined);
  });

  it('puts no secret into the Job', () => {
    const job = agentJob(spec, plainTemplate('a'), settings);
    const secret = registrationSecret({ ...job, metadata: { ...job.metadata, uid: 'u' } }, { AZP_TOKEN: 'hush' });
    assert.ok(!JSON.stringify(job).includes('hush'));
    assert.deepEqual(secret.metadata?.ownerReferences, [
      { apiVersion: 'batch/v1', kind: 'Job', name: spec.name, uid: 'u' },
    ]);
    const env = job.spec?.template.spec?.containers[0]?.env?.find(({ name }) => name === 'AZP_TOKEN');
    assert.deepEqual(env?.valueFrom, { secretKeyRef: { name: spec.name, key: 'AZP_TOKEN' } });
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { newMetrics } from '../../agents/metrics';
import { registrationWay } from '../../agents/registrationWay';

const read = (path: string): string => readFileSync(`agents/${path}`, 'utf8');

interface Step {
  task?: string;
  script?: string;
  name?: string;
  condition?: string;
  inputs?: Record<string, string>;
}
interface Pipeline {
  parameters: { name: string; default: unknown }[];
  trigger: unknown;
  schedules?: { cron: string; always?: boolean }[];
  steps: Step[];
}

describe('the Bicep template', () => {
  const source = read('deploy/bicep/main.bicep').replace(/^ *\/\/.*$/gm, '');
  /** Name, type and value, with what is decorated by @secure. */
  const parameters = [...source.matchAll(/((?:^@.*\n)*)^param (\w+) (\w+)(?: = (.*))?$/gm)].map(
    ([, decorators = '', name = '', type = '', value]) => ({
      name,
      type,
      value,
      isSecure: decorators.includes('@secure()'),
    }),
  );
  const resources = new Map(
    [...source.matchAll(/^resource (\w+) '([\w.]+\/[\w/]+)@(\d{4}-\d\d-\d\d)' = \{\n([\s\S]*?)^\}/gm)].map(
      ([, name = '', type = '', , body = '']) => [name, { type, body }],
    ),
  );

  it('is made of closed brackets and nothing but parameters, resources and outputs', () => {
    const closing: Record<string, string> = { '(': ')', '[': ']', '{': '}' };
    const open: string[] = [];
    const code = source.replace(/\$\{[^}]*\}/g, '').replace(/'[^']*'/g, '');
    for (const sign of code) {
      if (sign in closing) open.push(closing[sign] ?? '');
      else if (Object.values(closing).includes(sign)) assert.equal(open.pop(), sign);
    }
    assert.deepEqual(open, []);
    const declared = [...source.matchAll(/^(\w+) /gm)].map(([, word]) => word);
    assert.deepEqual([...new Set(declared)].sort(), ['output', 'param', 'resource']);
    assert.equal(resources.size, declared.filter((word) => word === 'resource').length);
    assert.equal(parameters.length, declared.filter((word) => word === 'param').length);
  });

  it('makes registry, identity, the rights of the identity and the group of the orchestrator', () => {
    assert.deepEqual([...resources.values()].map(({ type }) => type).sort(), [
      'Microsoft.Authorization/roleAssignments',
      'Microsoft.Authorization/roleAssignments',
      'Microsoft.Authorization/roleDefinitions',
      'Microsoft.ContainerInstance/containerGroups',
      'Microsoft.ContainerRegistry/registries',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ]);
    const group = resources.get('orchestrator')?.body ?? '';
    assert.match(
      group,
      /identity: \{ type: 'UserAssigned', userAssignedIdentities: \{ '\$\{identity\.id\}': \{\} \} \}/,
    );
    assert.match(resources.get('registry')?.body ?? '', /adminUserEnabled: false/);
    const actions = [...(resources.get('groupsRole')?.body ?? '').matchAll(/'(Microsoft\.[^']+)'/g)].map(
      ([, action]) => action,
    );
    assert.ok(actions.length >= 3 && actions.every((action) => !action?.includes('*')), 'no right by wildcard');
  });

  it('uses only what it declares', () => {
    const names = [...parameters.map(({ name }) => name), ...resources.keys()];
    for (const [, name = ''] of source.replace(/'[^'$]*'/g, "''").matchAll(/\b(\w+)\.(?:id|name|properties)\b/g))
      assert.ok(names.includes(name), name);
    for (const { name } of parameters)
      assert.ok([...source.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length > 1, name);
  });

  it('takes a token by a secure parameter without a value, hands it over as secureValue, and tells no secret', () => {
    const secret = parameters.filter(({ name }) => /pat|token|password|secret|key/i.test(name));
    assert.deepEqual(secret, [{ name: 'orgPat', type: 'string', value: "''", isSecure: true }]);
    assert.deepEqual(
      [...source.matchAll(/(\w+): orgPat\b/g)].map(([, key]) => key),
      ['secureValue'],
    );
    const outputs = [...source.matchAll(/^output (\w+) string = (.*)$/gm)].map(([, name, value]) => [name, value]);
    assert.deepEqual(outputs, [['registry', 'registry.properties.loginServer']]);
    assert.doesNotMatch(source, /listKeys|listCredentials/);
  });

  it('sets variables of the orchestrator, and enough of them for Container Instances', () => {
    const set = [...source.matchAll(/\{ name: '([A-Z_]+)'/g)].map(([, name = '']) => name);
    const known = [...read('config.ts').matchAll(/\b[A-Z][A-Z_]+\b/g)].map(([name]) => name);
    for (const name of set) assert.ok(name === 'AZURE_CLIENT_ID' || known.includes(name), name);
    for (const name of ['ORG_URL', 'AGENT_POOLS', 'JOB_IMAGE', 'AZ_SUBSCRIPTION_ID', 'AZ_RESOURCE_GROUP', 'AZ_REGION'])
      assert.ok(set.includes(name), name);
  });
});

describe('the pipelines of agents/deploy', () => {
  const pipeline = (name: string): Pipeline => parse(read(`deploy/pipelines/${name}`)) as Pipeline;

  it('use only parameters and files that are there', () => {
    assert.deepEqual(readdirSync('agents/deploy/pipelines'), ['rebuild-agent.yml', 'roll-out.yml']);
    for (const name of readdirSync('agents/deploy/pipelines')) {
      const text = read(`deploy/pipelines/${name}`);
      const used = [...text.matchAll(/\$\{\{ parameters\.(\w+) \}\}/g)].map(([, parameter = '']) => parameter);
      assert.deepEqual(
        [...new Set(used)].sort(),
        pipeline(name)
          .parameters.map((one) => one.name)
          .sort(),
        name,
      );
      for (const [path] of text.matchAll(/\bagents\/[\w/.-]*[\w-]/g)) assert.ok(existsSync(path), `${name}: ${path}`);
    }
  });

  it('rebuild the agent image weekly where the stale check of this extension says so', () => {
    const { schedules, trigger, steps } = pipeline('rebuild-agent.yml');
    assert.deepEqual(
      schedules?.map(({ cron, always }) => [cron, always]),
      [['0 3 * * 0', true]],
    );
    assert.equal(trigger, 'none');
    const task = JSON.parse(readFileSync('tasks/DockerBaseStaleCheck/task.json', 'utf8')) as {
      version: { Major: number };
      inputs: { name: string; options?: Record<string, string> }[];
      outputVariables: { name: string }[];
    };
    const [check, ...rest] = steps;
    assert.equal(check?.task, `DockerBaseStaleCheck@${task.version.Major}`);
    for (const [name, value] of Object.entries(check.inputs ?? {})) {
      const input = task.inputs.find((one) => one.name === name);
      assert.ok(input, name);
      if (input.options) assert.ok(value in input.options, `${name}: ${value}`);
    }
    assert.deepEqual(
      rest.map(({ inputs }) => inputs?.command),
      ['build', 'push'],
    );
    for (const { condition = '' } of rest) {
      const [, step, variable] = /variables\['(\w+)\.(\w+)'\], 'true'/.exec(condition) ?? [];
      assert.equal(step, check.name);
      assert.ok(
        task.outputVariables.some(({ name }) => name === variable),
        variable,
      );
    }
    const image = (check.inputs?.image ?? '').replace('${{ parameters.registry }}', 'contoso.azurecr.io');
    assert.equal(registrationWay('auto', [image]), 'key', 'the name by which agents register without a token');
    const built = rest.map(({ inputs }) => [inputs?.repository, inputs?.tags?.trim().split(/\s+/)]);
    for (const one of built) assert.deepEqual(one, ['pipeline-cascade-agent', ['$(Build.BuildId)', 'latest']]);
  });

  it('give the Dockerfile every argument that it asks for', () => {
    for (const file of ['Dockerfile', 'Dockerfile.windows']) {
      const wanted = [...read(`image/${file}`).matchAll(/^ARG (\w+)$/gm)].map(([, name]) => name);
      assert.deepEqual(wanted, ['AGENT_VERSION', 'AGENT_SHA256'], file);
    }
    const build = pipeline('rebuild-agent.yml').steps.find(({ inputs }) => inputs?.command === 'build');
    const given = [...(build?.inputs?.arguments ?? '').matchAll(/--build-arg (\w+)=\$\(\w+\)/g)].map(
      ([, name]) => name,
    );
    assert.deepEqual(given, ['AGENT_VERSION', 'AGENT_SHA256']);
  });

  it('roll the orchestrator out under the image that they built, wait for it, and go back', () => {
    const { steps } = pipeline('roll-out.yml');
    const [, from = '', to = ''] = /s#(.+)#(.+)#/.exec(steps.find(({ script }) => script)?.script ?? '') ?? [];
    assert.ok(read('deploy/kubernetes/deployment.yaml').includes(`/${from}\n`), 'what is replaced is there');
    const tags = steps[0]?.inputs?.tags ?? '';
    assert.ok(tags.includes(to.split(':')[1] ?? '-') && to.startsWith(`${steps[0]?.inputs?.repository}:`));
    const words = steps.flatMap(({ inputs, condition }) =>
      inputs?.arguments ? [`${inputs.command} ${inputs.arguments}${condition ? ` ${condition}` : ''}`] : [],
    );
    assert.deepEqual(words, [
      'apply -k ${{ parameters.manifests }}',
      'rollout status deployment/agent-orchestrator --timeout=300s',
      'rollout undo deployment/agent-orchestrator failed()',
    ]);
  });
});

describe('the Grafana dashboard', () => {
  it('asks only for metrics and labels that the orchestrator exposes, and for every one of the contract', async () => {
    const { registry } = newMetrics();
    const labels = new Map<string, string[]>();
    for (const { name, type } of await registry.getMetricsAsJSON()) {
      const own = (registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames;
      labels.set(String(type) === 'histogram' ? `${name}_bucket` : name, [
        ...own,
        ...(String(type) === 'histogram' ? ['le'] : []),
      ]);
    }
    const { panels } = JSON.parse(read('deploy/grafana/agents.json')) as {
      panels: { id: number; title: string; targets: { expr: string; legendFormat: string }[] }[];
    };
    const named = new Set<string>();
    for (const { title, targets } of panels) {
      for (const { expr, legendFormat } of targets) {
        const [metric = ''] = /cascade_\w+/.exec(expr) ?? [];
        assert.ok(labels.has(metric), `${title}: ${metric}`);
        named.add(metric);
        const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/, */) ?? labels.get(metric) ?? [];
        for (const label of grouped) assert.ok(labels.get(metric)?.includes(label), `${title}: ${label}`);
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          assert.ok(grouped.includes(label), `${title}: {{${label}}} is not among ${grouped.join()}`);
      }
    }
    assert.deepEqual([...named].sort(), [...labels.keys()].sort(), 'none is left out');
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });
});

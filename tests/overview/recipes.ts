import assert from 'node:assert/strict';
import { federationOf } from '../../emulator/state/serviceConnections';
import type { Release } from '../../emulator/state/releases';
import type { Run } from '../../emulator/state/runs';
import type { StepResult } from '../agent/agent';
import type { Endpoint } from '../agent/endpoints';
import { azureConnection, CLIENT, CONNECTION, TENANT, type Scene } from '../signin/scene';

/** What a YAML block of the page needs around it, and what has to come of it besides steps that succeed. */
export interface Recipe {
  /** Variables of the run. */
  variables?: Record<string, string>;
  secretVariables?: Record<string, string>;
  given?: (scene: Scene) => { endpoints?: Endpoint[] } | undefined;
  /** The run in which the steps are, where the block is a whole pipeline. */
  parent?: string;
  expect?: (outcome: { steps: StepResult[]; started: Run[]; created: Release[]; scene: Scene }) => void;
  /** What the steps run in; a build unless given. */
  host?: 'release';
  /** Releases take only builds that have ended well. */
  parentHasEnded?: boolean;
  /** Result of the last step; Succeeded unless given. */
  result?: string;
}

const APPLICATION = { tenant: TENANT, clientId: CLIENT, identity: 'images' };
const SECRET = 'a-secret-of-the-application';

/** By the title of the block, see yamlBlocks. */
export const RECIPES: Record<string, Recipe> = {
  'Pipeline Cascade': {},
  'Pipeline Cascade, 2': {},
  'Start a run and wait for it': {
    expect: ({ steps: [step], started: [run] }) => {
      assert.equal(run?.branch, 'refs/heads/release/2');
      assert.deepEqual([step?.outputs.runNumber, step?.outputs.result], [run.number, 'succeeded']);
    },
  },
  'Give it parameters and variables': {
    secretVariables: { registryKey: 'the-key-of-the-registry' },
    expect: ({ started: [run] }) => {
      assert.deepEqual(
        { ...run?.templateParameters },
        { image: 'r-base', version: '1.10', platforms: '["linux/amd64","linux/arm64"]' },
      );
      assert.equal(run?.variables.ring, '1');
    },
  },
  'Run stages of a pipeline of another project': {
    expect: ({ started: [run] }) => {
      assert.equal(run?.pipeline.project.name, 'Deployments');
      assert.deepEqual(run.stagesToSkip, ['Build']);
    },
  },
  'Start now, go on, wait later': {
    expect: ({ steps: [first, second], started: [run] }) => {
      assert.equal(first?.outputs.result, 'started');
      assert.deepEqual([second?.outputs.runId, second?.outputs.result], [String(run?.id), 'succeeded']);
    },
  },
  'Start a run in another organization': { given: withFederation, expect: startedElsewhere },
  'Start a list of runs': {
    expect: ({ steps: [step], started }) => {
      assert.deepEqual(
        started.map(({ pipeline, branch, templateParameters: { service } }) => [
          [pipeline.folder.replace(/\\$/, ''), pipeline.name].join('\\'),
          branch,
          service,
        ]),
        [
          ['\\deploy', 'refs/heads/main', 'api'],
          ['\\deploy', 'refs/heads/main', 'web'],
          ['\\batch\\rollout', 'refs/heads/release/2', undefined],
        ],
      );
      const results = JSON.parse(step?.outputs.results ?? '[]') as { name: string }[];
      assert.deepEqual(
        results.map(({ name }) => name),
        ['api', 'web', 'batch'],
      );
    },
  },
  'Start every combination of a matrix': {
    expect: ({ started }) =>
      assert.deepEqual(
        started.map(({ templateParameters: { image, environment } }) => `${String(image)} ${String(environment)}`),
        ['r-base dev', 'r-base test', 'python-base dev'],
      ),
  },
  'Run a stage of your own pipeline beside it': {
    parent: 'parent',
    expect: ({ steps: [first, second], started: [run] }) => {
      assert.equal(first?.outputs.result, 'started');
      assert.deepEqual(run?.stagesToSkip.toSorted(), ['Build', 'Collect']);
      assert.deepEqual([second?.outputs.runId, second?.outputs.result], [String(run.id), 'succeeded']);
    },
  },
  'Try failed stages again': {
    expect: ({ steps: [step], started }) => {
      assert.equal(started.length, 1);
      const [run] = JSON.parse(step?.outputs.results ?? '[]') as { stages: { attempt: number }[] }[];
      assert.equal(run?.stages[0]?.attempt, 2);
    },
  },
  'Do not start what runs already': {
    given: startScan,
    expect: ({ steps: [step], started, scene }) => {
      assert.equal(started.length, 0);
      assert.equal(step?.outputs.runId, String(scene.own.state.runs.at(-1)?.id));
    },
  },
  'Do not start what runs already, 2': {
    given: startScan,
    result: 'SucceededWithIssues',
    expect: ({ steps: [step], started }) => {
      assert.equal(started.length, 0);
      assert.equal(step?.outputs.result, 'skipped');
    },
  },
  'Bring outputs and artifacts back': {
    expect: ({ steps: [step] }) => {
      assert.ok(step);
      assert.equal(step.outputs.out_digest, 'sha256:4a7f');
      const log = step.log.join('\n');
      assert.match(log, /artifact sbom, 1 file\(s\), is in .*cascade/);
      assert.match(log, /artifact reports-unit, 1 file\(s\)/);
    },
  },
  'This organization': {},
  'Another organization without a stored secret (`azureDevOpsServiceConnection`)': {
    given: withFederation,
    expect: startedElsewhere,
  },
  'Another organization by an Azure connection (`azureConnection`)': {
    given: ({ entra }) => {
      entra.applications.push({ ...APPLICATION, secrets: [{ value: SECRET }] });
      return { endpoints: [azureConnection(entra, 'ServicePrincipal', { serviceprincipalkey: SECRET })] };
    },
    expect: startedElsewhere,
  },
  'Azure DevOps Server, or any organization by a token (`reposConnection`)': {
    given: ({ other: { url, token } }) => ({
      endpoints: [{ id: CONNECTION, name: 'tfs-images', url, scheme: 'Token', parameters: { apitoken: token } }],
    }),
    expect: startedElsewhere,
  },
};

/** Pipelines that fit the page. */
export function addPipelines({ own: { state } }: Scene): void {
  state.addProject('Deployments');
  const quick = { script: { durationMs: 0 } };
  const artifacts = [
    { name: 'outputs', files: { 'outputs.json': '{ "digest": "sha256:4a7f" }' } },
    { name: 'sbom', files: { 'sbom.json': '{}' } },
    { name: 'reports-unit', files: { 'report.xml': '<report/>' } },
  ];
  const text = (name: string) => ({ name, type: 'string', default: '' });
  const images = state.addPipeline({
    name: 'rebuild',
    folder: 'images',
    parameters: [...['image', 'version', 'environment'].map(text), { name: 'platforms', type: 'object', default: [] }],
    variables: { ring: { value: '0', allowOverride: true }, pushKey: { isSecret: true, allowOverride: true } },
    script: { durationMs: 0, artifacts },
  });
  state.queue(images);
  state.addPipeline({ name: 'rebuild-images', ...quick });
  state.addPipeline({ name: 'build', folder: 'docs', script: { durationMs: 500 } });
  state.addPipeline({ name: 'deploy', parameters: [text('service'), text('replicas')], ...quick });
  state.addPipeline({ name: 'rollout', folder: 'batch', parameters: [], ...quick });
  state.addPipeline({
    project: 'Deployments',
    name: 'api',
    folder: 'services',
    stages: [{ name: 'Build' }, { name: 'Test' }, { name: 'Production', dependsOn: ['Test'] }],
    ...quick,
  });
  state.addPipeline({
    name: 'integration-tests',
    stages: [{ name: 'Test' }],
    script: ({ attempt }) => ({ durationMs: 0, result: attempt > 1 ? 'succeeded' : 'failed' }),
  });
  state.addPipeline({ name: 'nightly-scan', script: { durationMs: 1500 } });
  state.addCommit(images, 'release/2');
}

function withFederation({ own, other, entra }: Scene): { endpoints: Endpoint[] } {
  const connection = own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' });
  entra.applications.push({ ...APPLICATION, federated: [federationOf('contoso', connection)] });
  const endpoint = {
    id: CONNECTION,
    name: 'northwind',
    url: other.url,
    scheme: 'WorkloadIdentityFederation',
    parameters: { tenantid: TENANT, serviceprincipalid: CLIENT },
    data: { activeDirectoryAuthority: entra.url },
  };
  return { endpoints: [endpoint] };
}

function startedElsewhere({ steps: [step], scene: { other } }: { steps: StepResult[]; scene: Scene }): void {
  assert.equal(other.state.runs.length, 1);
  assert.equal(step?.outputs.runId, String(other.state.runs[0]?.id));
}

function startScan({ own: { state } }: Scene): undefined {
  const scan = state.pipelines.find(({ name }) => name === 'nightly-scan');
  assert.ok(scan);
  state.queue(scan, { branch: 'refs/heads/main' });
}

import assert from 'node:assert/strict';
import type { Pipeline } from '../../emulator/state/pipelines';
import { environmentView, type Release } from '../../emulator/state/releases';
import type { Run } from '../../emulator/state/runs';
import type { Scene } from '../signin/scene';
import type { Recipe } from './recipes';

const COMMIT = '9f2c1d0b7e6a4c3d8b5f0a1e2d3c4b5a69788790';
const BUILD_SERVICE = 'Project Collection Build Service';

/** By the title of the block, see yamlBlocks. */
export const RELEASE_RECIPES: Record<string, Recipe> = {
  'Create a release and wait for its stages': {
    expect: ({ steps: [step], created: [release], scene }) => {
      assert.deepEqual(statuses(scene, release), ['Dev succeeded', 'Test succeeded', 'Prod notStarted']);
      assert.equal(release?.variables.ring, '1');
      assert.equal(release.environments[1]?.variables.target, 'westeurope');
      assert.deepEqual([step?.outputs.releaseName, step?.outputs.result], [release.name, 'succeeded']);
      assert.match(step?.outputs.releaseUrl ?? '', /releaseId=\d+/);
    },
  },
  'Give a release its artifact versions': {
    expect: ({ created: [release], scene: { own } }) => {
      const web = own.state.runs.find(({ branch }) => branch === 'refs/heads/release/2');
      assert.deepEqual(versionsOf(release), {
        _api: '20261120.10',
        _web: web?.number,
        _scripts: COMMIT.slice(0, 8),
      });
    },
  },
  'Release what this run has built': {
    parentHasEnded: true,
    given: runParentAgain,
    expect: ({ created: [release], scene }) => {
      assert.deepEqual(statuses(scene, release), ['Smoke succeeded', 'Load succeeded']);
      assert.equal(versionsOf(release)._site, firstRunOfParent(scene)?.number);
    },
  },
  'Start a release from a stage of another one': {
    host: 'release',
    parentHasEnded: true,
    given: runParentAgain,
    expect: ({ created: [release], scene }) => {
      assert.deepEqual(statuses(scene, release), ['Smoke succeeded', 'Load notStarted']);
      assert.equal(versionsOf(release)._site, firstRunOfParent(scene)?.number, 'the same source, another alias');
      assert.match(release?.tags.join() ?? '', /^cascade-parent-release-\d+$/);
    },
  },
  'Deploy stages of the latest release': {
    given: (scene) => {
      storefront(scene, ['verified']);
      storefront(scene, []);
      return undefined;
    },
    expect: ({ scene }) => {
      const [verified, newest] = releasesOf(scene, 'Storefront');
      assert.deepEqual(statuses(scene, verified), [
        ...['Build succeeded', 'Test succeeded', 'Europe succeeded', 'America succeeded', 'Archive succeeded'],
      ]);
      assert.deepEqual(
        verified?.events.map((event) => (event.kind === 'deploy' ? event.environment : event.kind)),
        ['Test', 'Europe', 'America', 'Archive'],
      );
      assert.equal(newest?.events.length, 0);
    },
  },
  'Approve what a release waits for': {
    expect: ({ created: [release], scene }) => {
      assert.deepEqual(statuses(scene, release), ['Dev succeeded', 'Test succeeded', 'Prod succeeded']);
      const [given] = release?.events.filter(({ kind }) => kind === 'approval') ?? [];
      assert.match(given?.kind === 'approval' ? given.comment : '', /^Scanned by http\S+buildId=\d+$/);
    },
  },
  'Approve what a release waits for, 2': {
    given: ({ own: { state } }) => {
      const { releaseArea } = state;
      const definition = releaseArea.definitions.find(({ name }) => name === 'Scan Pre Prod')!;
      releaseArea.create(definition);
      return undefined;
    },
    expect: ({ steps: [step], scene }) => {
      assert.equal(step?.message, '1 approval(s) given.');
      assert.ok(statuses(scene, releasesOf(scene, 'Scan Pre Prod')[0]).includes('Prod succeeded'));
    },
  },
  'Create a release now, wait for it later, or cancel it': {
    expect: ({ steps: [first, second], created: [release] }) => {
      assert.equal(first?.outputs.result, 'started');
      assert.deepEqual([second?.outputs.releaseId, second?.outputs.result], [String(release?.id), 'succeeded']);
    },
  },
  'Create a release now, wait for it later, or cancel it, 2': {
    given: ({ own: { state } }) => {
      const { releaseArea } = state;
      const definition = releaseArea.definitions.find(({ name }) => name === 'Publish Docs')!;
      for (let number = 1; number <= 7; number++) releaseArea.create(definition);
      return undefined;
    },
    expect: ({ scene }) => {
      const canceled = releasesOf(scene, 'Publish Docs').filter(({ events }) => events.length);
      assert.deepEqual(
        canceled.map(({ name, events }) => `${name} ${events[0]?.kind ?? ''}`),
        ['Release-7 cancel'],
      );
    },
  },
  'Try rejected stages again': {
    expect: ({ steps: [step], created }) => {
      assert.equal(created.length, 1);
      const stages = JSON.parse(step?.outputs.stageResults ?? '{}') as Record<string, { attempt: number }>;
      assert.equal(stages.Test?.attempt, 2);
    },
  },
  'Check first, and create nothing': {
    expect: ({ steps: [step], created }) => {
      assert.equal(created.length, 0);
      assert.match(step?.log.join('\n') ?? '', /A release of Storefront would be created with .*_api 20261120\.10/);
    },
  },
};

/** Release definitions that fit the page, and builds for them to take. */
export function addDefinitions({ own: { state } }: Scene, parent: Pipeline): void {
  const { releaseArea } = state;
  const quick = { durationMs: 0 };
  const stage = (name: string) => ({ name, variables: { target: { value: '', allowOverride: true } } });
  const [api, web] = ['api-build', 'web-build'].map((name) =>
    state.addPipeline({ name, repository: name, script: quick }),
  );
  state.queue(api!).number = '20261120.10';
  state.queue(api!);
  state.addCommit(web!, 'release/2');
  state.queue(web!, { branch: 'refs/heads/release/2' });
  state.queue(web!);
  state.addRepository(parent.project, 'scripts').branches.main = COMMIT;
  releaseArea.addDefinition({
    name: 'Scan Pre Prod',
    folder: 'scan',
    stages: [stage('Dev'), stage('Test'), { ...stage('Prod'), preApprovers: [BUILD_SERVICE] }],
    variables: { ring: { value: '0', allowOverride: true } },
    script: quick,
  });
  releaseArea.addDefinition({
    name: 'Storefront',
    stages: ['Build', 'Test', 'Europe', 'America', 'Archive'].map((name) => ({ name, manual: name !== 'Build' })),
    artifacts: { _api: 'api-build', _web: 'web-build', _scripts: 'git:scripts' },
    script: quick,
  });
  releaseArea.addDefinition({
    name: 'Storefront Smoke Test',
    stages: [{ name: 'Smoke' }, { name: 'Load' }],
    artifacts: { _site: 'parent' },
    script: quick,
  });
  releaseArea.addDefinition({ name: 'Publish Docs', stages: [{ name: 'Site' }], script: { durationMs: 1000 } });
  releaseArea.addDefinition({
    name: 'Integration Tests',
    stages: [{ name: 'Test' }],
    script: ({ attempt }) => ({ durationMs: 0, result: attempt > 1 ? 'succeeded' : 'failed' }),
  });
}

function storefront({ own: { state } }: Scene, tags: string[]): void {
  const definition = state.releaseArea.definitions.find(({ name }) => name === 'Storefront')!;
  state.releaseArea.create(definition).tags.push(...tags);
}

/** So that the run in which the step is, is not the newest, which would be the default. */
function runParentAgain({ own: { state } }: Scene): undefined {
  state.queue(state.pipelines.find(({ name }) => name === 'parent')!);
}

function firstRunOfParent({ own: { state } }: Scene): Run | undefined {
  return state.runs.find(({ pipeline }) => pipeline.name === 'parent');
}

function releasesOf({ own }: Scene, definition: string): Release[] {
  return own.state.releaseArea.releases.filter((release) => release.definition.name === definition);
}

function statuses({ own }: Scene, release: Release | undefined): string[] {
  return (release?.environments ?? []).map(
    (environment) => `${environment.plan.name} ${environmentView(release!, environment, own.state.now).status}`,
  );
}

function versionsOf(release: Release | undefined): Record<string, string | undefined> {
  return Object.fromEntries((release?.artifacts ?? []).map(({ source, version }) => [source.alias, version?.name]));
}

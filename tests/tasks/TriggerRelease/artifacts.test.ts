import assert from 'node:assert/strict';
import type { OtherSource } from '../../../emulator/state/releaseArtifacts';
import { buildVariables, releaseVariables } from '../../agent/systemVariables';
import { together } from '../together';
import { closeOrganizations, logOf, PROJECT, startOrganization, type Organization } from './organization';

const COMMIT = '9f2c1d0b7e6a4c3d8b5f0a1e2d3c4b5a69788790';
const OLDER = '1111111111111111111111111111111111111111';

/** A source of each type that is no build and no repository of the organization, with versions as the service shows them. */
const SOURCES: Record<string, OtherSource> = {
  GitHub: {
    type: 'GitHub',
    name: 'contoso/web',
    versions: [
      { id: COMMIT, name: COMMIT.slice(0, 7), sourceBranch: 'main' },
      { id: '2222222222222222222222222222222222222222', name: '2222222', sourceBranch: 'release/2' },
    ],
  },
  TFVC: { type: 'TFVC', name: PROJECT, versions: [{ id: '57' }, { id: '55' }] },
  PackageManagement: { type: 'PackageManagement', name: 'Contoso.Web', versions: [{ id: '1.10' }, { id: '1.9' }] },
  Jenkins: { type: 'Jenkins', name: 'web-nightly', versions: [{ id: '118', name: 'web-118' }, { id: '117' }] },
  DockerHub: { type: 'DockerHub', name: 'contoso/web', versions: [{ id: 'latest' }, { id: '20261120.10' }] },
  AzureContainerRepository: { type: 'AzureContainerRepository', name: 'web', versions: [{ id: 'v7' }, { id: 'v6' }] },
};

/** Type, what the author writes, the id that goes to the service. */
const WRITTEN: [type: string, version: string, id: string][] = [
  ['GitHub', 'release/2', '2222222222222222222222222222222222222222'],
  ['GitHub', `{ commit: ${COMMIT.slice(0, 10)} }`, COMMIT],
  ['GitHub', '{ branch: main, latest: true }', COMMIT],
  ['GitHub', OLDER, OLDER],
  ['TFVC', '55', '55'],
  ['TFVC', '12', '12'],
  ['TFVC', 'latest', '57'],
  ['PackageManagement', '1.10', '1.10'],
  ['PackageManagement', '{ tag: 1.9 }', '1.9'],
  ['PackageManagement', '{ latest: true }', '1.10'],
  ['Jenkins', 'web-118', '118'],
  ['Jenkins', '{ buildId: 117 }', '117'],
  ['DockerHub', '20261120.10', '20261120.10'],
  ['DockerHub', '{ latest: true }', 'latest'],
  ['AzureContainerRepository', '{ tag: v6 }', 'v6'],
  ['AzureContainerRepository', 'V7', 'v7'],
];

async function withSource(source: OtherSource): Promise<Organization> {
  const fabrikam = await startOrganization();
  fabrikam.define({ artifacts: { _it: source } });
  return fabrikam;
}

function versionsOf({ releases }: Organization): (string | undefined)[] {
  return releases.map(({ artifacts }) => artifacts[0]?.version?.id);
}

describe('TriggerRelease: artifacts', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  for (const type of Object.keys(SOURCES)) {
    it(`takes the versions of ${type} as they are written, and else the default`, async () => {
      const fabrikam = await withSource(SOURCES[type]!);
      const wanted = WRITTEN.filter(([one]) => one === type);
      for (const [, version] of wanted) {
        const step = await fabrikam.run({ artifacts: `_it: ${version}` });
        assert.equal(step.result, 'Succeeded', step.message);
      }
      await fabrikam.run();
      assert.deepEqual(versionsOf(fabrikam), [...wanted.map(([, , id]) => id), SOURCES[type]!.versions[0]!.id]);
      assert.match(logOf(await fabrikam.run()), /Created Deploy Release-\d+ of _it /);
    });

    it(`lists what ${type} has when the version is none of it`, async () => {
      const fabrikam = await withSource(SOURCES[type]!);
      const step = await fabrikam.run({ artifacts: '_it: nope' });
      const names = SOURCES[type]!.versions.map(({ id, name = id }) => name).join(', ');
      assert.ok(step.message?.includes(`'_it' has no version 'nope'. It has: ${names}.`), step.message);
      assert.equal(fabrikam.creations().length, 0);
    });
  }

  it('says why the service cannot list versions', async () => {
    const error = 'The connection to the registry was refused.';
    const fabrikam = await withSource({ type: 'AzureContainerRepository', name: 'web', versions: [], error });
    const step = await fabrikam.run({ artifacts: '_it: v1' });
    assert.match(
      step.message ?? '',
      /has no version 'v1'\. It has: none\. The service says: The connection to the reg/,
    );
  });

  it('takes a branch, a tag, a commit and the newest of Azure Repos', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    fabrikam.build();
    const repository = state.findRepository(undefined, PROJECT)!;
    repository.branches['release/2'] = OLDER;
    repository.tags.v1 = COMMIT;
    fabrikam.define({ artifacts: { _code: `git:${PROJECT}` } });
    const main = repository.branches.main!;
    const wanted: [string, string][] = [
      ['release/2', OLDER],
      ['{ branch: refs/heads/main }', main],
      [`{ commit: ${OLDER}, branch: release/2 }`, OLDER],
      ['v1', COMMIT],
      [COMMIT, COMMIT],
      ['{ branch: release/2, latest: true }', OLDER],
    ];
    for (const [version] of wanted) {
      const step = await fabrikam.run({ artifacts: `_code: ${version}` });
      assert.equal(step.result, 'Succeeded', step.message);
    }
    assert.deepEqual(
      versionsOf(fabrikam),
      wanted.map(([, id]) => id),
    );
    const none = await fabrikam.run({ artifacts: '_code: { branch: gone }' });
    assert.match(none.message ?? '', /'_code' has no version that is the newest good one of branch 'gone'/);
  });

  it('takes only good builds as the newest of a branch, and one with a tag', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const script = ({ runId }: { runId: number }) =>
      ({ durationMs: 0, result: runId === 1003 ? 'failed' : 'succeeded' }) as const;
    const pipeline = state.addPipeline({ name: 'api', script });
    pipeline.repository.branches.release = pipeline.repository.branches.main!;
    const runs = ['main', 'release', 'release', 'main'].map((branch) =>
      state.queue(pipeline, { branch: `refs/heads/${branch}` }),
    );
    runs[0]!.tags.push('golden');
    fabrikam.define({ artifacts: { _api: 'api' } });
    for (const version of ['{ branch: release, latest: true }', '{ tag: golden }', 'golden', '{ latest: true }']) {
      const step = await fabrikam.run({ artifacts: `_api: ${version}` });
      assert.equal(step.result, 'Succeeded', step.message);
    }
    assert.deepEqual(
      versionsOf(fabrikam),
      [1, 0, 0, 3].map((index) => String(runs[index]?.id)),
    );
  });

  it('refuses a version that says too much or too little, before any request', async () => {
    const fabrikam = await withSource(SOURCES.Jenkins!);
    const wrong: [string, RegExp][] = [
      ['{ buildId: 1, commit: abcdef1 }', /give one of buildId, commit and tag/],
      ['{ buildId: one }', /buildId: 'one' is no id/],
      ['{ commit: nope }', /'nope' is no commit id/],
      ['{ brnach: main }', /unknown key 'brnach'; known are branch, tag, buildId, commit, latest/],
      ['[1]', /a version is wanted, this is a list/],
      ['{ latest: false }', /give a branch, a tag, a buildId, a commit or latest/],
    ];
    for (const [version, message] of wrong)
      assert.match((await fabrikam.run({ artifacts: `_it: ${version}` })).message ?? '', message);
    assert.equal(fabrikam.emulator.calls.length, 0);
  });

  it('takes over from a build: its own run, and the runs of its pipeline resources', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const [api, web, other] = ['api', 'web', 'other'].map((name) => {
      const pipeline = state.addPipeline({ name, script: { durationMs: 0 } });
      return [state.queue(pipeline), state.queue(pipeline)];
    });
    fabrikam.define({ artifacts: { _api: 'api', _web: 'web', _other: 'other' } });
    const variables = {
      ...buildVariables({
        ...{ collectionUri: fabrikam.emulator.url, project: PROJECT },
        ...{ runId: api![0]!.id, definitionId: api![0]!.pipeline.id },
      }),
      'resources.pipeline.shop.runID': String(web![0]!.id),
      'resources.pipeline.shop.pipelineID': String(web![0]!.pipeline.id),
    };
    const step = await fabrikam.run({ artifactsFrom: 'parent' }, { variables });
    assert.equal(step.result, 'Succeeded', step.message);
    const versions = fabrikam.releases[0]!.artifacts.map(({ version }) => version?.id);
    assert.deepEqual(
      versions,
      [api![0], web![0], other![1]].map((run) => String(run?.id)),
      'others are the newest',
    );
  });

  it('takes nothing over from an alias of another type', async () => {
    const fabrikam = await startOrganization();
    const web = SOURCES.GitHub!;
    fabrikam.define({ artifacts: { _web: web } });
    const parent = { type: 'Build', definitionId: '12', buildId: '4711', buildNumber: '20261120.1' };
    const variables = {
      ...releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT }),
      ...Object.fromEntries(Object.entries(parent).map(([name, value]) => [`release.artifacts._web.${name}`, value])),
    };
    const step = await fabrikam.run({ artifactsFrom: 'parent' }, { variables });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(versionsOf(fabrikam), [web.versions[0]?.id], 'the default');
    assert.ok(!('artifacts' in (fabrikam.creations()[0]?.body as object)));
  });

  it('refuses a build of another pipeline than that of the alias', async () => {
    const fabrikam = await startOrganization();
    fabrikam.build();
    const { state } = fabrikam.emulator;
    const other = state.queue(state.addPipeline({ name: 'other', script: { durationMs: 0 } }));
    fabrikam.define({ artifacts: { _api: 'api' } });
    for (const version of [String(other.id), `{ buildId: ${other.id} }`]) {
      const step = await fabrikam.run({ artifacts: `_api: ${version}` });
      assert.match(step.message ?? '', new RegExp(`'_api' has no version .*${other.id}.*It has: `));
    }
    assert.equal(fabrikam.creations().length, 0);
  });

  it('takes over from a release, by alias and by source, whatever the type', async () => {
    const fabrikam = await startOrganization();
    const parent: Record<string, [type: string, fields: Record<string, string>]> = {
      _web: ['GitHub', { definitionId: 'contoso/web', buildNumber: COMMIT.slice(0, 7), sourceVersion: COMMIT }],
      _tfvc: ['TFVC', { definitionId: PROJECT, buildNumber: '55' }],
      _pack: ['PackageManagement', { definitionId: 'Contoso.Web', buildNumber: '1.9', buildId: '1.9' }],
      _jenkins: ['Jenkins', { definitionId: 'web-nightly', buildNumber: '117', buildId: '117' }],
      _hub: ['DockerHub', { definitionId: 'contoso/web', buildNumber: '20261120.10' }],
      _image: ['AzureContainerRepository', { definitionId: 'web', buildNumber: 'v6' }],
    };
    const types = Object.fromEntries(Object.entries(parent).map(([alias, [type]]) => [type, alias]));
    // Half of them have other aliases in the child: those are found by their source.
    const aliases = Object.keys(SOURCES).map((type, index) => (index % 2 ? `_child${index}` : types[type]!));
    fabrikam.define({
      artifacts: Object.fromEntries(Object.values(SOURCES).map((source, index) => [aliases[index]!, source])),
    });
    const variables = {
      ...releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT }),
      ...Object.fromEntries(
        Object.entries(parent).flatMap(([alias, [type, fields]]) =>
          Object.entries({ type, ...fields }).map(([name, value]) => [`release.artifacts.${alias}.${name}`, value]),
        ),
      ),
    };
    const { url, releaseUrl, token } = fabrikam.emulator;
    const host = { variables, systemConnection: { url: releaseUrl, token } };
    const step = await fabrikam.run({ artifactsFrom: 'parent' }, host);
    assert.equal(step.result, 'Succeeded', `${step.message ?? ''} ${url}`);
    const versions = fabrikam.releases[0]!.artifacts.map(({ version }) => version?.id);
    assert.deepEqual(versions, [COMMIT, '55', '1.9', '117', '20261120.10', 'v6']);
  });
});

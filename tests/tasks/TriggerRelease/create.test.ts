import assert from 'node:assert/strict';
import { together } from '../together';
import { buildVariables, releaseVariables } from '../../agent/systemVariables';
import { closeOrganizations, logOf, PROJECT, startOrganization } from './organization';

describe('TriggerRelease: creating a release', function () {
  this.timeout(20_000);
  const it = together();
  after(closeOrganizations);

  it('creates it by id after at most four requests, waits for its stages, and sets the outputs', async () => {
    const fabrikam = await startOrganization();
    const { id } = fabrikam.define();
    const step = await fabrikam.run({ definition: String(id) });
    assert.equal(step.result, 'Succeeded', step.message);
    const [release] = fabrikam.releases;
    const before = fabrikam.emulator.calls.indexOf(fabrikam.creations()[0]!);
    assert.ok(before <= 4, `${before} requests before the creation`);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test succeeded']);
    assert.equal(step.outputs.releaseId, String(release?.id));
    assert.equal(step.outputs.releaseName, release?.name);
    assert.match(step.outputs.releaseUrl ?? '', /_releaseProgress\?.*releaseId=/);
    assert.equal(step.outputs.result, 'succeeded');
    const stages = JSON.parse(step.outputs.stageResults ?? '{}') as Record<string, Record<string, unknown>>;
    assert.equal(stages.Dev?.status, 'succeeded');
    assert.equal(stages.Dev.attempt, 1);
    assert.ok(stages.Dev.startTime && stages.Dev.finishTime && stages.Dev.url);
    assert.ok(step.outputs.resultsFile);
    assert.match(release?.description ?? '', /^Started by .*buildId=4711.* for Jamal Hartnett$/);
    assert.ok(release?.tags.includes('cascade-parent-4711'));
    assert.equal(step.summaries.length, 1);
  });

  it('does the same in a release, by name and by path', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ folder: String.raw`\scan` });
    fabrikam.define({ folder: String.raw`\other` });
    const variables = releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    const two = await fabrikam.run({ definition: 'deploy' }, { variables });
    assert.equal(two.result, 'Failed');
    assert.match(two.message ?? '', /names 2 release definitions .*\\scan\\Deploy, \\other\\Deploy/);
    const step = await fabrikam.run({ definition: '/scan/deploy' }, { variables });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.ok(fabrikam.releases[0]?.tags.includes('cascade-parent-release-118'));
  });

  it('fails when a stage was rejected and the one behind it did not start, and says what failed', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({
      script: {
        durationMs: 0,
        environments: { Dev: { result: 'failed' } },
      },
    });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /failed: Test was not started: Dev was rejected/);
    assert.equal(step.outputs.result, 'failed');
    assert.match(logOf(step), /what failed/);
  });

  it('deploys only the selected stages; one that nothing selected triggers is deployed by the step', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ stages: [{ name: 'Dev' }, { name: 'Test' }, { name: 'Prod' }] });
    const step = await fabrikam.run({ stages: 'dev, Prod' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test notStarted', 'Prod succeeded']);
    assert.deepEqual((fabrikam.creations()[0]?.body as { manualEnvironments: string[] }).manualEnvironments, [
      'Test',
      'Prod',
    ]);
  });

  it('lists what there is for an unknown definition, stage, alias, version or variable, and creates nothing', async () => {
    const fabrikam = await startOrganization();
    fabrikam.build();
    fabrikam.define({
      artifacts: { _api: 'api' },
      variables: { open: { value: '1', allowOverride: true }, closed: { value: '2' } },
    });
    const cases: [Record<string, string>, RegExp][] = [
      [{ definition: 'Deplyo' }, /no release definition 'Deplyo'.*The nearest: \\Deploy/],
      [{ stages: 'Devv' }, /no stage 'Devv'\. Its stages: Dev, Test/],
      [{ artifacts: '_x: 1' }, /no artifact with the alias '_x'\. It has: _api \(Build\)/],
      [{ artifacts: '_api: nope' }, /no version 'nope'\. It has: \d+/],
      [{ variables: 'closed: 3' }, /'closed' of the definition 'Deploy' may not be set at release time/],
      [{ variables: 'other: 3' }, /has no variable 'other'\. Settable are open/],
      [{ stageVariables: 'Nope: { a: b }' }, /no stage 'Nope'/],
      [{ stages: 'Dev, dev' }, /'dev' stands twice/],
    ];
    for (const [inputs, message] of cases) {
      const step = await fabrikam.run(inputs);
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
    }
    assert.equal(fabrikam.creations().length, 0);
  });

  it('sends artifact versions by number, id, commit and branch, and variables as they are written', async () => {
    const fabrikam = await startOrganization();
    const [first, second] = fabrikam.build(3);
    fabrikam.define({
      artifacts: { _api: 'api' },
      variables: { version: { value: '1', allowOverride: true } },
      stages: [{ name: 'Dev', variables: { target: { value: 'x', allowOverride: true } } }],
    });
    const versionOf = (index: number) => fabrikam.releases[index]?.artifacts[0]?.version?.id;
    await fabrikam.run({ artifacts: `_api: ${first?.number}`, variables: 'version: 1.10' });
    await fabrikam.run({ artifacts: `_API: ${second?.id}`, stageVariables: 'Dev: { target: 007 }' });
    await fabrikam.run({ artifacts: `_api: { buildId: ${first?.id} }` });
    await fabrikam.run({ artifacts: '_api: { branch: main, latest: true }' });
    await fabrikam.run();
    assert.equal(fabrikam.releases.length, 5);
    assert.deepEqual(
      [0, 1, 2].map(versionOf),
      [first, second, first].map((run) => String(run?.id)),
    );
    assert.equal(versionOf(3), versionOf(4), 'the newest is the default');
    assert.equal(fabrikam.releases[0]?.variables.version, '1.10');
    assert.equal(fabrikam.releases[1]?.environments[0]?.variables.target, '007');
  });

  it("takes the parent's versions in a build and in a release; given ones win", async () => {
    const fabrikam = await startOrganization();
    const [first, second] = fabrikam.build(3);
    const { definition } = { definition: first!.pipeline };
    fabrikam.define({ artifacts: { _api: 'api' } });
    const common = { collectionUri: fabrikam.emulator.url, project: PROJECT, definitionId: definition.id };
    const build = buildVariables({ ...common, runId: first!.id });
    const release = releaseVariables({ ...common, runId: second!.id, artifactAlias: '_api' });
    const steps = [
      await fabrikam.run({ artifactsFrom: 'parent' }, { variables: build }),
      await fabrikam.run({ artifactsFrom: 'parent' }, { variables: release }),
      await fabrikam.run({ artifactsFrom: 'parent', artifacts: `_api: ${second!.number}` }, { variables: build }),
    ];
    for (const step of steps) assert.equal(step.result, 'Succeeded', step.message);
    const versions = fabrikam.releases.map(({ artifacts }) => artifacts[0]?.version?.id);
    assert.deepEqual(
      versions,
      [first, second, second].map((run) => String(run?.id)),
    );
  });

  it('creates a draft and waits for nothing; without waiting it ends at once; a dry run creates nothing', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: 600_000 } });
    const dry = await fabrikam.run({ dryRun: 'true', stages: 'Dev' });
    assert.equal(dry.result, 'Succeeded', dry.message);
    assert.equal(fabrikam.releases.length, 0);
    const draft = await fabrikam.run({ draft: 'true' });
    assert.equal(draft.result, 'Succeeded', draft.message);
    assert.equal(draft.outputs.result, 'started');
    assert.deepEqual(fabrikam.statuses(), ['Dev notStarted', 'Test notStarted']);
    const started = await fabrikam.run({ waitForCompletion: 'false', tags: 'nightly', description: 'by hand' });
    assert.equal(started.outputs.result, 'started');
    assert.ok(fabrikam.releases[1]?.tags.includes('nightly'));
    assert.equal(fabrikam.releases[1]?.description, 'by hand');
  });

  it('says that a definition is disabled or invalid', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ name: 'off', disabled: true });
    fabrikam.define();
    const off = await fabrikam.run({ definition: 'off' });
    assert.match(off.message ?? '', /'off' is disabled/);
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 400,
      match: { method: 'POST', route: 'release/releases' },
      body: { message: 'VS402877: Pre-approvals or post-approvals in stage Dev are empty.' },
    });
    const invalid = await fabrikam.run();
    assert.equal(invalid.result, 'Failed');
    assert.match(invalid.message ?? '', /VS402877.*definition itself is invalid/);
  });

  it('approves what is pending where that is wanted, and tells partial success', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({
      stages: [{ name: 'Dev', preApprovers: ['Project Collection Build Service'] }],
      script: { durationMs: 0, result: 'succeededWithIssues' },
    });
    const step = await fabrikam.run({ approvals: 'approve', approvalComment: 'ok <parent link>' });
    assert.equal(step.result, 'SucceededWithIssues', step.message);
    assert.equal(step.outputs.result, 'partiallySucceeded');
    assert.match(logOf(step), /stage Dev: pre-deployment approval given/);
  });

  it('deploys rejected stages again as often as wanted', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: ({ attempt }) => ({ durationMs: 0, result: attempt === 1 ? 'failed' : 'succeeded' }) });
    const step = await fabrikam.run({ retryFailedStages: '2' });
    assert.equal(step.result, 'Succeeded', step.message);
    const stages = JSON.parse(step.outputs.stageResults ?? '{}') as Record<string, { attempt: number }>;
    assert.equal(stages.Dev?.attempt, 2);
  });
});

import assert from 'node:assert/strict';
import { runPostJob } from '../../agent/agent';
import { releaseVariables } from '../../agent/systemVariables';
import { together } from '../together';
import {
  closeOrganizations,
  logOf,
  PROJECT,
  proper,
  startOrganization,
  until,
  type Organization,
} from './organization';

const HOUR_MS = 3_600_000;

async function withLongRelease(): Promise<Organization> {
  const fabrikam = await startOrganization();
  fabrikam.define({ script: { durationMs: HOUR_MS } });
  return fabrikam;
}

function looks(fabrikam: Organization): number {
  return fabrikam.calls('GET', 'release/releases').length;
}

describe('TriggerRelease: releases that exist, and when the step is cancelled', function () {
  this.timeout(20_000);
  const it = together();
  after(closeOrganizations);

  it('cancels the running stages at once', async () => {
    const fabrikam = await withLongRelease();
    const running = await fabrikam.start();
    await until(() => looks(fabrikam) > 0);
    const canceledAt = Date.now();
    const step = proper(await running.cancel());
    const [call] = fabrikam.calls('PATCH', 'environments');
    assert.ok(call && call.at - canceledAt < 4000);
    assert.deepEqual(call.body, { status: 'canceled', comment: 'Canceled with its parent by Pipeline Cascade' });
    assert.equal(step.result, 'Canceled');
    assert.deepEqual(
      fabrikam.releases[0]?.events.map(({ kind }) => kind),
      ['cancel'],
    );
    assert.match(logOf(step), /stage Dev: cancellation accepted/);
  });

  it('cancels in its post-job part what a killed step left', async () => {
    const fabrikam = await withLongRelease();
    const running = await fabrikam.start();
    await until(() => looks(fabrikam) > 0);
    const post = proper(await runPostJob(await running.kill(), { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded', post.message);
    assert.deepEqual(
      fabrikam.releases[0]?.events.map(({ kind }) => kind),
      ['cancel'],
    );
  });

  it('takes on the release whose creation had no answer, and never makes two', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define();
    fabrikam.emulator.faults.add({ kind: 'dropAfter', match: { method: 'POST', route: 'release/releases' } });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.releases.length, 1);
    assert.match(logOf(step), /Found it: Deploy Release-1 is taken on/);
  });

  it('goes on waiting through passing faults', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: 1000 } });
    const match = { method: 'GET', route: 'release/releases' };
    fabrikam.emulator.faults.add({ kind: 'status', status: 503, match, times: 3 });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(logOf(step), /could not be asked: .*wait goes on/);
  });

  it('deploys stages of the latest release in their levels, and refuses what is deployed already', async () => {
    const fabrikam = await startOrganization();
    const stages = ['Dev', 'Test', 'QA', 'Prod'].map((name) => ({ name, manual: true }));
    const definition = fabrikam.define({ stages });
    fabrikam.emulator.state.releaseArea.create(definition);
    const step = await fabrikam.run({ action: 'deploy', stages: '[Dev, [Test, QA], Prod]' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test succeeded', 'QA succeeded', 'Prod succeeded']);
    const again = await fabrikam.run({ action: 'deploy', release: 'Release-1', stages: 'Dev' });
    assert.match(again.message ?? '', /stage Dev is deployed already.*proceedWhenSkipped/);
    const skipped = await fabrikam.run({ action: 'deploy', stages: 'Dev', proceedWhenSkipped: 'true' });
    assert.equal(skipped.outputs.result, 'skipped', skipped.message);
  });

  it('waits for, approves and cancels what is named, and finds what an earlier step created', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }], script: { durationMs: 0 } });
    const variables = releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    const none = await fabrikam.run({ action: 'wait' }, { variables });
    assert.match(none.message ?? '', /no earlier step .* created a release/);
    const created = await fabrikam.run({ waitForCompletion: 'false' }, { variables });
    const approved = await fabrikam.run({ action: 'approve' }, { job: created.job, stepName: 'approve' });
    assert.equal(approved.message, '1 approval(s) given.', approved.message);
    const waited = await fabrikam.run({ action: 'wait', release: created.outputs.releaseUrl ?? '' });
    assert.equal(waited.result, 'Succeeded', waited.message);
    const canceled = await fabrikam.run({ action: 'cancel', release: created.outputs.releaseId ?? '' });
    assert.match(canceled.message ?? '', /nothing to cancel/);
  });

  it('cancels only the stages that are named, and says where a stage is unknown', async () => {
    const fabrikam = await startOrganization();
    const stages = ['Dev', 'Test'].map((name) => ({ name, after: [] }));
    const definition = fabrikam.define({ stages, script: { durationMs: HOUR_MS, cancelTakesMs: 0 } });
    fabrikam.emulator.state.releaseArea.create(definition);
    const cancel = { action: 'cancel', release: 'Release-1' };
    const unknown = await fabrikam.run({ ...cancel, stages: 'Prod' });
    assert.match(unknown.message ?? '', /has no stage 'Prod'\. Its stages: Dev, Test/);
    assert.equal(fabrikam.calls('PATCH').length, 0);
    const step = await fabrikam.run({ ...cancel, stages: 'test' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(fabrikam.statuses(), ['Dev inProgress', 'Test canceled']);
  });

  it('sets stage variables with a deployment, and refuses what may not be set before anything is deployed', async () => {
    const fabrikam = await startOrganization();
    const variables = { target: { value: 'x', allowOverride: true }, fixed: { value: 'y' } };
    const definition = fabrikam.define({ stages: [{ name: 'Dev', manual: true, variables }] });
    fabrikam.emulator.state.releaseArea.create(definition);
    const deploy = (stageVariables: string) => fabrikam.run({ action: 'deploy', stages: 'Dev', stageVariables });
    const cases: [string, RegExp][] = [
      ['Prod: { a: b }', /stageVariables: .* has no stage 'Prod'/],
      ['Dev: { other: b }', /stageVariables: Dev: stage 'Dev' has no variable 'other'\. Settable are target/],
      ['Dev: { fixed: b }', /'fixed' of stage 'Dev' may not be set at release time/],
    ];
    for (const [given, message] of cases) assert.match((await deploy(given)).message ?? '', message);
    assert.equal(fabrikam.calls('PATCH').length, 0);
    const step = await deploy('dev: { target: 007 }');
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.releases[0]?.environments[0]?.variables.target, '007');
  });

  it('fails to approve where nothing is pending, and never takes the latest for what is not said', async () => {
    const fabrikam = await startOrganization();
    const definition = fabrikam.define({ stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }] });
    fabrikam.emulator.state.releaseArea.create(definition);
    const variables = releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    for (const action of ['wait', 'cancel', 'approve']) {
      const step = await fabrikam.run({ action }, { variables });
      assert.match(step.message ?? '', /no earlier step .* created a release/, action);
    }
    const first = await fabrikam.run({ action: 'approve', release: 'latest' });
    assert.equal(first.message, '1 approval(s) given.');
    const second = await fabrikam.run({ action: 'approve', release: 'latest' });
    assert.equal(second.result, 'Failed');
    assert.match(second.message ?? '', /Nothing was approved: no approval is pending that this identity may give/);
  });
});

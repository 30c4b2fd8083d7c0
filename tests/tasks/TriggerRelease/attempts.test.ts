import assert from 'node:assert/strict';
import { recordsOf } from '../../../emulator/state/timeline';
import { buildVariables, releaseVariables } from '../../agent/systemVariables';
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
/** The step is tried again, at once. */
const AGAIN = { retryCountOnTaskFailure: 2, times: { retryMs: () => 10 } };

/** The next look at the list of releases is refused, which ends the step while the release goes on. */
function refuseNextLook({ emulator }: Organization): void {
  emulator.faults.add({
    kind: 'status',
    status: 403,
    match: ({ method, path }) => method === 'GET' && path.includes('releaseIdFilter'),
  });
}

describe('TriggerRelease: when the step is tried again', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('takes up the release that an earlier attempt created and that still runs', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: 2000 } });
    refuseNextLook(fabrikam);
    const step = await fabrikam.run({}, AGAIN);
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.creations().length, 1);
    assert.equal(step.outputs.releaseId, String(fabrikam.releases[0]?.id));
    assert.match(logOf(step), /was created by an earlier attempt of this step: it is waited for/);
  });

  it('keeps one that has succeeded since, and a draft', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define();
    refuseNextLook(fabrikam);
    const step = await fabrikam.run({}, AGAIN);
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.creations().length, 1);
    const first = await fabrikam.run({ draft: 'true' });
    const second = await fabrikam.run({ draft: 'true' }, { job: first.job });
    assert.equal(second.outputs.releaseId, first.outputs.releaseId, logOf(second));
  });

  it('creates anew what failed, was canceled or deleted', async () => {
    for (const end of ['failed', 'canceled', 'deleted'] as const) {
      const fabrikam = await startOrganization();
      const isFirst = (releaseId: number) => releaseId === fabrikam.releases[0]?.id;
      fabrikam.define({
        stages: [{ name: 'Dev' }],
        script: ({ releaseId }) =>
          isFirst(releaseId) && end !== 'deleted'
            ? { durationMs: 0, result: end }
            : { durationMs: isFirst(releaseId) ? HOUR_MS : 0 },
      });
      const running = await fabrikam.start({}, AGAIN);
      await until(() => fabrikam.releases.length === 1);
      if (end === 'deleted') fabrikam.releases[0]!.deleted = true;
      const step = proper(await running.finished);
      assert.equal(step.result, 'Succeeded', `${end}: ${step.message ?? ''}`);
      assert.equal(fabrikam.creations().length, 2, end);
    }
  });

  it('creates none while it cannot be read what became of the earlier one', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: HOUR_MS } });
    const first = await fabrikam.run({ waitForCompletion: 'false' });
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 403,
      match: { method: 'GET', route: 'releases/{releaseId}' },
    });
    const second = await fabrikam.run({}, { job: first.job });
    assert.equal(second.result, 'Failed');
    assert.equal(fabrikam.creations().length, 1);
  });

  it('finds the release of an attempt that was killed in the middle of the creation', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: 2000 } });
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: { method: 'POST', route: 'release/releases' } });
    const running = await fabrikam.start({}, AGAIN);
    await until(() => fabrikam.releases.length === 1);
    process.kill(running.pid!, 'SIGKILL');
    const step = await running.finished;
    assert.equal(fabrikam.creations().length, 1, 'it was not created a second time');
    assert.equal(step.outputs.releaseId, String(fabrikam.releases[0]?.id));
    assert.match(logOf(step), /Took on Deploy Release-1/);
  });

  it('takes a second step with equal inputs for another intent', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define();
    const first = await fabrikam.run({}, { stepName: 'one' });
    const second = await fabrikam.run({}, { stepName: 'two', job: first.job });
    assert.notEqual(second.outputs.releaseId, first.outputs.releaseId);
    assert.equal(fabrikam.creations().length, 2);
  });

  it("takes it up in a new job, when 'rerun failed jobs' runs the step on another agent", async () => {
    const fabrikam = await startOrganization();
    const { state, url } = fabrikam.emulator;
    const run = state.queue(state.addPipeline({ name: 'parent', script: { durationMs: HOUR_MS } }));
    fabrikam.define({ script: { durationMs: 1500 } });
    const job = (attempt: number) => ({
      variables: buildVariables({ collectionUri: url, project: PROJECT, runId: run.id, attempt }),
    });
    refuseNextLook(fabrikam);
    const first = await fabrikam.run({}, job(1));
    assert.equal(first.result, 'Failed');
    const recordId = recordsOf(run, state.now)?.find(({ type }) => type === 'Job')?.id;
    for (const { type, name, content } of first.attachments)
      state.addAttachment(run, { type, name, content, ...(recordId && { recordId }) });
    const second = await fabrikam.run({}, job(2));
    assert.equal(second.result, 'Succeeded', second.message);
    assert.equal(fabrikam.creations().length, 1);
    assert.equal(second.outputs.releaseId, first.outputs.releaseId);
  });

  it('goes on with what it deployed, of the release that was the latest at first', async () => {
    const fabrikam = await startOrganization();
    const stages = ['Dev', 'Test'].map((name) => ({ name, manual: true }));
    const definition = fabrikam.define({ stages, script: { durationMs: 1500 } });
    const { releaseArea } = fabrikam.emulator.state;
    releaseArea.create(definition);
    refuseNextLook(fabrikam);
    const inputs = { action: 'deploy', stages: 'Dev, Test' };
    const first = await fabrikam.run(inputs);
    assert.equal(first.result, 'Failed');
    releaseArea.create(definition);
    const second = await fabrikam.run(inputs, { job: first.job });
    assert.equal(second.result, 'Succeeded', second.message);
    assert.deepEqual(fabrikam.statuses(fabrikam.releases[0]), ['Dev succeeded', 'Test succeeded']);
    assert.deepEqual(fabrikam.statuses(fabrikam.releases[1]), ['Dev notStarted', 'Test notStarted']);
    const deployed = fabrikam.calls('PATCH', 'environments').map(({ path }) => path);
    assert.equal(new Set(deployed).size, deployed.length, 'no stage was deployed twice');
  });

  it('finds in another job of a stage what an earlier job created', async () => {
    const fabrikam = await startOrganization();
    const { state, url, releaseUrl, token } = fabrikam.emulator;
    const outer = fabrikam.define({ name: 'outer', script: { durationMs: HOUR_MS } });
    const parent = state.releaseArea.create(outer);
    fabrikam.define();
    const where = {
      variables: releaseVariables({
        ...{ collectionUri: url, project: PROJECT, releaseId: parent.id },
        ...{ environmentId: parent.environments[0]!.id, environmentName: 'Dev' },
      }),
      systemConnection: { url: releaseUrl, token },
    };
    const created = await fabrikam.run({ waitForCompletion: 'false' }, where);
    for (const { type, name, content } of created.attachments)
      state.releaseArea.addAttachment(parent, 'Dev', { type, name, content });
    const waited = await fabrikam.run({ action: 'wait' }, where);
    assert.equal(waited.result, 'Succeeded', waited.message);
    assert.equal(waited.outputs.releaseId, created.outputs.releaseId);
  });

  it('finds in a later stage what the newest attempt of an earlier stage created', async () => {
    const fabrikam = await startOrganization();
    const { state, url, releaseUrl, token } = fabrikam.emulator;
    const { releaseArea } = state;
    const stages = ['Dev', 'Test'].map((name) => ({ name, manual: true }));
    const outer = fabrikam.define({ name: 'outer', stages, script: { durationMs: 300 } });
    const parent = releaseArea.create(outer);
    fabrikam.define();
    const deploy = (index: number) => releaseArea.deploy(parent, parent.environments[index]!);
    const inStage = (index: number, attempt = 1) => ({
      variables: releaseVariables({
        ...{ collectionUri: url, project: PROJECT, releaseId: parent.id, attempt },
        ...{ environmentId: parent.environments[index]!.id, environmentName: stages[index]!.name },
      }),
      systemConnection: { url: releaseUrl, token },
    });
    const ids: (string | undefined)[] = [];
    for (const attempt of [1, 2]) {
      deploy(0);
      const created = await fabrikam.run({ waitForCompletion: 'false' }, inStage(0, attempt));
      for (const { type, name, content } of created.attachments)
        releaseArea.addAttachment(parent, 'Dev', { type, name, content });
      ids.push(created.outputs.releaseId);
      await until(() => fabrikam.statuses(parent)[0] === 'Dev succeeded');
    }
    deploy(1);
    const waited = await fabrikam.run({ action: 'wait' }, inStage(1));
    assert.equal(waited.result, 'Succeeded', waited.message);
    assert.notEqual(ids[0], ids[1]);
    assert.match(logOf(waited), /^1 release\(s\): /m);
    assert.equal(waited.outputs.releaseId, ids[1]);
  });
});

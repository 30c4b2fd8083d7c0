import assert from 'node:assert/strict';
import type { RunScript } from '../../../emulator/state/script';
import { together } from '../together';
import { closeOrganizations, logOf, proper, startOrganization, until, type Organization } from './organization';
import { startParent } from './parentRun';

const HOUR_MS = 3_600_000;
const LOOK = { method: 'GET', route: 'build/builds' };
/** The step is tried again, at once. */
const AGAIN = { retryCountOnTaskFailure: 2, times: { retryMs: () => 10 } };

/** The next look at the run is refused, which ends the step while the run goes on. */
function refuseNextLook({ emulator }: Organization): void {
  emulator.faults.add({ kind: 'status', status: 403, match: LOOK });
}

describe('TriggerPipeline: when the step is tried again', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('takes up the run that an earlier attempt started and that still runs', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 4000 } });
    refuseNextLook(fabrikam);
    const step = await fabrikam.run({}, AGAIN);
    assert.equal(step.result, 'Succeeded');
    assert.equal(fabrikam.starts().length, 1);
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
    assert.match(logOf(step), /was started by an earlier attempt of this step: it is waited for/);
  });

  it('keeps a run of an earlier attempt that has succeeded since', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    refuseNextLook(fabrikam);
    const step = await fabrikam.run({}, AGAIN);
    assert.equal(step.result, 'Succeeded');
    assert.equal(fabrikam.starts().length, 1);
    assert.equal(step.outputs.result, 'succeeded');
    assert.match(logOf(step), /was started by an earlier attempt of this step: it succeeded/);
  });

  it('starts anew what failed or was canceled, and counts the attempts', async () => {
    for (const result of ['failed', 'canceled']) {
      const fabrikam = await startOrganization();
      const script = ({ runId }: { runId: number }): RunScript => ({
        durationMs: 0,
        ...(runId === fabrikam.runs[0]?.id ? { result } : {}),
      });
      fabrikam.add({ script });
      const step = await fabrikam.run({}, AGAIN);
      assert.equal(step.result, 'Succeeded', result);
      assert.equal(fabrikam.starts().length, 2);
      const [entry] = JSON.parse(step.outputs.results ?? '[]') as { id: number; attempts: number }[];
      assert.deepEqual([entry?.id, entry?.attempts], [fabrikam.runs[1]?.id, 2]);
    }
  });

  it('starts anew a run that was deleted since', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: ({ runId }) => ({ durationMs: runId === fabrikam.runs[0]?.id ? HOUR_MS : 0 }) });
    const running = await fabrikam.start({}, AGAIN);
    await until(() => fabrikam.runs.length === 1);
    fabrikam.emulator.state.deleteRun(fabrikam.runs[0]!);
    const step = proper(await running.finished);
    assert.equal(step.result, 'Succeeded');
    assert.equal(fabrikam.starts().length, 2);
  });

  it('finds the run of an attempt that was killed in the middle of the start', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 6000 } });
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: { method: 'POST', route: 'build/builds' } });
    const running = await fabrikam.start({}, AGAIN);
    await until(() => fabrikam.runs.length === 1);
    process.kill(running.pid!, 'SIGKILL');
    const step = await running.finished;
    assert.equal(fabrikam.starts().length, 1, 'it was not started a second time');
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
    assert.match(logOf(step), /Took on rebuild/);
  });

  it('finds on another agent the run of a start that had no answer when the agent was lost', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ parameters: [{ name: 'key', type: 'string', default: '' }], script: { durationMs: 3000 } });
    const parent = startParent(fabrikam);
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: { method: 'POST', route: 'build/builds' } });
    const inputs = { parameters: 'key: some-value-of-ours', pollingInterval: '1' };
    const running = await fabrikam.start(inputs, parent.step());
    const attached = { yet: false };
    running.onLine(({ line }) => (attached.yet ||= line.includes('addattachment')));
    await until(() => attached.yet);
    const lost = await running.kill();
    assert.deepEqual(lost.outputs, {}, 'nobody knew the run by then');
    assert.ok(!lost.attachments.some(({ content }) => content.includes('some-value-of-ours')), 'no value is told');
    parent.publish(lost, 2);
    const step = await fabrikam.run(inputs, parent.step({ attempt: 2 }));
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runId, '1002');
    assert.equal(fabrikam.starts().length, 1);
    assert.match(logOf(step), /Took on rebuild/);
  });

  it('takes a second step with equal inputs for another intent', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const first = await fabrikam.run({}, { stepName: 'one' });
    const second = await fabrikam.run({}, { stepName: 'two', job: first.job });
    assert.notEqual(second.outputs.runId, first.outputs.runId);
    assert.equal(fabrikam.starts().length, 2);
  });
});

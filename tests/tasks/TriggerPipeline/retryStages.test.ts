import assert from 'node:assert/strict';
import { approvalStatus } from '../../../emulator/state/approvals';
import type { RunScript, ScriptQuestion } from '../../../emulator/state/script';
import { together } from '../together';
import { closeOrganizations, fastTime, issuesOf, logOf, proper, startOrganization, until } from './organization';

/** Fails in the first attempts of a stage. */
function failing(times: number) {
  return ({ stage, attempt }: ScriptQuestion): RunScript => ({
    durationMs: 200,
    ...(stage !== undefined && stage !== 'Build' && attempt <= times ? { result: 'failed' } : {}),
  });
}

const STAGES = [{ name: 'Build' }, { name: 'Test', dependsOn: ['Build'] }];

describe('TriggerPipeline: failed stages that are run again', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('runs the failed stages again, in the same run, before it counts as failed', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: failing(2) });
    const step = await fabrikam.run({ retryFailedStages: '2', pollingInterval: '1' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.starts().length, 1);
    assert.deepEqual(
      fabrikam.calls('PATCH', 'stages').map(({ path }) => /stages\/(\w+)/.exec(path)?.[1]),
      ['Test', 'Test'],
    );
    const [entry] = JSON.parse(step.outputs.results ?? '[]') as { attempts: number }[];
    assert.equal(entry?.attempts, 3);
  });

  it('fails when they fail once more than that', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: failing(9) });
    const step = await fabrikam.run({ retryFailedStages: '1', pollingInterval: '1' });
    assert.equal(step.result, 'Failed');
    assert.equal(fabrikam.calls('PATCH', 'stages').length, 1);
  });

  it('counts it as failed, with the reason, when the service refuses', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: failing(9) });
    fabrikam.emulator.faults.add({ kind: 'status', status: 403, match: { method: 'PATCH', route: 'stages' } });
    const step = await fabrikam.run({ retryFailedStages: '3', pollingInterval: '1' });
    assert.equal(step.result, 'Failed');
    assert.match(issuesOf(step, 'warning').join('\n'), /failed stages could not be run again/);
  });

  it('runs the failed jobs of a pipeline without stages again, classic ones too', async () => {
    for (const kind of ['yaml', 'classic'] as const) {
      const fabrikam = await startOrganization();
      const yaml = kind === 'yaml' ? { yaml: 'steps: [{ script: make }]' } : {};
      fabrikam.add({ kind, ...yaml, script: failing(1) });
      const step = await fabrikam.run({ retryFailedStages: '1', pollingInterval: '1' });
      assert.equal(step.result, 'Succeeded', `${kind}: ${step.message ?? ''}`);
      assert.equal(fabrikam.starts().length, 1);
    }
  });

  it('waits for the approval of the stage that runs again, and says so again; or gives it again', async () => {
    for (const approvals of ['wait', 'approve']) {
      const { clock, env } = fastTime(60);
      const fabrikam = await startOrganization({ clock });
      const { state, tokens } = fabrikam.emulator;
      if (approvals === 'approve') tokens[0]!.identity = 'Kim Tran';
      const checks = [{ type: 'approval' as const, approvers: ['Kim Tran'] }];
      const script = (question: ScriptQuestion): RunScript => ({
        ...failing(1)(question),
        stages: { Test: { checks } },
      });
      fabrikam.add({ stages: STAGES, script });
      const running = await fabrikam.start({ retryFailedStages: '1', approvals }, { env });
      running.onLog((line) => {
        const open = state.approvals().find((one) => approvalStatus(one, state.now) === 'pending');
        if (line.includes('waits for approval') && open && approvals === 'wait') state.approve(open.check.id);
      });
      const step = proper(await running.finished);
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(state.approvals().length, 2, 'each attempt of the stage has one of its own');
      if (approvals === 'wait')
        assert.equal(step.log.filter((line) => line.includes('waits for approval by Kim Tran')).length, 2);
      else assert.equal(fabrikam.calls('PATCH', 'approvals').length, 2);
    }
  });

  it('does not run again what somebody rejected', async () => {
    const { clock, env } = fastTime(60);
    const fabrikam = await startOrganization({ clock });
    const { state } = fabrikam.emulator;
    const checks = [{ type: 'approval' as const, approvers: ['Kim Tran'] }];
    fabrikam.add({ stages: STAGES, script: { durationMs: 1000, stages: { Test: { checks } } } });
    const running = await fabrikam.start({ retryFailedStages: '3' }, { env });
    running.onLog((line) => {
      const [approval] = state.approvals();
      if (line.includes('waits for approval') && approval) state.approve(approval.check.id, { status: 'rejected' });
    });
    const step = proper(await running.finished);
    assert.equal(step.result, 'Failed');
    assert.equal(fabrikam.calls('PATCH', 'stages').length, 0);
    assert.match(logOf(step), /nothing of it is run again, because an approval of stage Test was rejected\. http/);
  });

  it('leaves alone what was canceled, and what it only joined', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: { durationMs: 0, result: 'canceled' } });
    assert.equal((await fabrikam.run({ retryFailedStages: '2' })).outputs.result, 'canceled');
    const contoso = await startOrganization();
    contoso.emulator.state.queue(contoso.add({ stages: STAGES, script: { durationMs: 1500, result: 'failed' } }));
    const joined = await contoso.run({ retryFailedStages: '2', ifRunning: 'join', pollingInterval: '1' });
    assert.equal(joined.outputs.result, 'failed');
    assert.equal(fabrikam.calls('PATCH').length + contoso.calls('PATCH').length, 0);
  });

  it('judges a child by its newest attempt when others ran it again before', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const run = state.queue(fabrikam.add({ stages: STAGES, script: failing(1) }));
    await until(() => state.look(run).status === 'completed');
    assert.equal(state.look(run).result, 'failed');
    state.retry(run);
    const step = await fabrikam.run({ action: 'wait', runIds: String(run.id), retryFailedStages: '1' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.calls('PATCH').length, 0, 'there was nothing left to run again');
  });

  it('waits on when somebody else was quicker', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: failing(1) });
    const { state } = fabrikam.emulator;
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 409,
      match: ({ method, path }) => {
        if (method !== 'PATCH' || !path.includes('/stages/')) return false;
        state.retry(fabrikam.runs[0]!);
        return true;
      },
    });
    const step = await fabrikam.run({ retryFailedStages: '1', pollingInterval: '1' });
    assert.equal(step.result, 'Succeeded', step.message);
  });
});

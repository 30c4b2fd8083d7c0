import assert from 'node:assert/strict';
import type { CheckScript, RunScript } from '../../../emulator/state/script';
import { together } from '../together';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  startOrganization,
  until,
  type Organization,
  type StepOptions,
} from './organization';

const SPEED = 60;
const HOUR_MS = 3_600_000;
const APPROVAL: CheckScript = { type: 'approval', approvers: ['Robin Meyer', 'Kim Tran'], minRequired: 1 };

/** An organization whose time, and that of its steps, runs many times as fast. */
async function inFastTime(): Promise<{ fabrikam: Organization; options: StepOptions }> {
  const { clock, env } = fastTime(SPEED);
  return { fabrikam: await startOrganization({ clock }), options: { env } };
}

function withCheck(check: CheckScript): RunScript {
  return { durationMs: 1000, stages: { Deploy: { checks: [check] } } };
}

describe('TriggerPipeline: runs that do not move', function () {
  this.timeout(80_000);
  const it = together();
  after(closeOrganizations);

  it('approvals: wait says once who has to approve, with the link, and goes on after it', async () => {
    const { fabrikam, options } = await inFastTime();
    fabrikam.add({ stages: [{ name: 'Deploy' }], script: withCheck(APPROVAL) });
    const running = await fabrikam.start({}, options);
    running.onLog((line) => {
      const { state } = fabrikam.emulator;
      const [approval] = state.approvals();
      if (line.includes('waits for approval') && approval) state.approve(approval.check.id);
    });
    const step = await running.finished;
    assert.equal(step.result, 'Succeeded', step.message);
    const said = step.log.filter((line) => line.includes('waits for approval'));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /by Robin Meyer, Kim Tran before stage Deploy\. http\S+buildId=1001/);
  });

  it('approvals: approve approves what it may, with the comment, and a refusal ends no wait', async () => {
    const { fabrikam, options } = await inFastTime();
    const [own = { token: '' }] = fabrikam.emulator.tokens;
    own.identity = 'Robin Meyer';
    fabrikam.add({ stages: [{ name: 'Deploy' }], script: withCheck(APPROVAL) });
    const step = await fabrikam.run({ approvals: 'approve', approvalComment: 'fine' }, options);
    assert.equal(step.result, 'Succeeded', step.message);
    const [patch] = fabrikam.calls('PATCH', 'approvals');
    assert.deepEqual((patch?.body as { comment: string }[])[0]?.comment, 'fine');

    const other = await inFastTime();
    const { emulator } = other.fabrikam;
    emulator.faults.add({ kind: 'status', status: 403, times: 99, match: { method: 'GET', route: 'approvals' } });
    other.fabrikam.add({ stages: [{ name: 'Deploy' }], script: withCheck({ ...APPROVAL, approvedAfterMs: 120_000 }) });
    const waited = await other.fabrikam.run({ approvals: 'approve' }, other.options);
    assert.equal(waited.result, 'Succeeded', waited.message);
    assert.match(logOf(waited), /approvals cannot be read with this identity/);
  });

  it('action: approve approves and waits for nothing; nothing pending is a failure', async () => {
    const fabrikam = await startOrganization();
    const [own = { token: '' }] = fabrikam.emulator.tokens;
    own.identity = 'Kim Tran';
    const pipeline = fabrikam.add({
      stages: [{ name: 'Deploy' }],
      script: { ...withCheck(APPROVAL), durationMs: HOUR_MS },
    });
    fabrikam.emulator.state.queue(pipeline);
    await until(() => fabrikam.emulator.state.approvals().length > 0);
    const step = await fabrikam.run({ action: 'approve', runIds: 'latest' });
    assert.equal(step.result, 'Succeeded', step.message);
    const again = await fabrikam.run({ action: 'approve', runIds: '1001' });
    assert.equal(again.result, 'Failed');
    assert.match(again.message ?? '', /Nothing was approved/);
  });

  it('names a check and a missing permission', async () => {
    const checks: [CheckScript, RegExp][] = [
      [
        { type: 'taskCheck', name: 'Business hours', durationMs: 90_000 },
        /waits for the check 'Business hours' before stage Deploy/,
      ],
      [
        { type: 'authorization', resource: { type: 'queue', id: '7', name: 'metal' } },
        /waits for a permission to use .*on the run's page/,
      ],
    ];
    for (const [check, text] of checks) {
      const { fabrikam, options } = await inFastTime();
      fabrikam.add({ stages: [{ name: 'Deploy' }], script: withCheck(check) });
      const running = await fabrikam.start({}, options);
      running.onLog((line) => {
        if (text.test(line) && check.type === 'authorization') fabrikam.emulator.state.permit('queue', '7', 'all');
      });
      const step = await running.finished;
      assert.equal(step.result, 'Succeeded', step.message);
      assert.match(logOf(step), text);
    }
  });

  it('names the pool, and the demands that no agent meets', async () => {
    const { fabrikam, options } = await inFastTime();
    fabrikam.emulator.state.addPool('metal', [{ name: 'm-1' }]);
    const script = { durationMs: 0, waitsForAgentMs: 100_000 };
    fabrikam.add({ kind: 'classic', queue: 'metal', script });
    const timeout = { waitTimeoutInMinutes: '3', onTimeout: 'cancel' };
    const step = await fabrikam.run({ demands: 'gpu -equals a100', ...timeout }, options);
    assert.equal(step.outputs.result, 'timedOut');
    assert.match(
      logOf(step),
      /waits for an agent of pool 'metal'.*none is online and enabled that meets its demands \(gpu -equals a100\)/,
    );
    const plain = await fabrikam.run({}, options);
    assert.match(logOf(plain), /waits for an agent of pool 'metal'/);
    assert.equal(plain.result, 'Succeeded', plain.message);
  });

  it('finds the deadlock of a pool whose only agent this step holds: warns, then fails or goes on', async () => {
    const both = ['fail', 'warn'].map(async (onDeadlock) => {
      const { fabrikam, options } = await inFastTime();
      const { state } = fabrikam.emulator;
      const pool = state.addPool('single', [{ name: 'fabrikam-agent-1' }]);
      pool.agents[0]!.id = 8;
      fabrikam.add({
        kind: 'classic',
        queue: 'single',
        script: { durationMs: 0, waitsForAgentMs: 900_000, cancelTakesMs: 0 },
      });
      const step = await fabrikam.run({ onDeadlock }, options);
      const warnings = issuesOf(step, 'warning').filter((text) => text.includes('deadlock'));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /only agent of pool 'single'.*waitForCompletion: false/);
      assert.equal(step.result, onDeadlock === 'fail' ? 'Failed' : 'Succeeded', step.message);
      assert.equal(fabrikam.calls('PATCH').length > 0, onDeadlock === 'fail');
      if (onDeadlock === 'fail') assert.match(step.message ?? '', /deadlock: for 1\d minutes/);
    });
    await Promise.all(both);
  });
});

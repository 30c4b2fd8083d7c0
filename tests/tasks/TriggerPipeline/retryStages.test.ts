import assert from 'node:assert/strict';
import type { RunScript, ScriptQuestion } from '../../../emulator/state/script';
import { together } from '../together';
import { closeOrganizations, issuesOf, startOrganization } from './organization';

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

import assert from 'node:assert/strict';
import type { RunScript } from '../../../emulator/state/script';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  startOrganization,
  type Organization,
  type StepInputs,
} from './organization';
import { together } from '../together';

const OUTCOMES: Record<string, RunScript> = {
  succeeded: { durationMs: 0 },
  failed: { durationMs: 0, result: 'failed', issues: [{ type: 'error', message: 'rpy2 does not build' }] },
  canceled: { durationMs: 0, result: 'canceled' },
  partiallySucceeded: { durationMs: 0, result: 'succeededWithIssues' },
};

async function withEachOutcome(): Promise<Organization> {
  const organization = await startOrganization();
  for (const [name, script] of Object.entries(OUTCOMES)) organization.add({ name, script });
  return organization;
}

describe('TriggerPipeline: what the end of the child makes of the step', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  const policies: [outcome: string, inputs: StepInputs, result: string][] = [
    ['succeeded', {}, 'Succeeded'],
    ['failed', {}, 'Failed'],
    ['canceled', {}, 'Failed'],
    ['partiallySucceeded', {}, 'SucceededWithIssues'],
    ['failed', { onFailure: 'warn' }, 'SucceededWithIssues'],
    ['failed', { onFailure: 'ignore' }, 'Succeeded'],
    ['failed', { onCanceled: 'ignore', onPartialSuccess: 'ignore' }, 'Failed'],
    ['canceled', { onCanceled: 'warn' }, 'SucceededWithIssues'],
    ['canceled', { onCanceled: 'ignore' }, 'Succeeded'],
    ['canceled', { onFailure: 'ignore', onCanceled: 'fail' }, 'Failed'],
    ['partiallySucceeded', { onPartialSuccess: 'fail' }, 'Failed'],
    ['partiallySucceeded', { onPartialSuccess: 'ignore' }, 'Succeeded'],
  ];

  it('follows onFailure, onCanceled and onPartialSuccess', async () => {
    const fabrikam = await withEachOutcome();
    const ends = await Promise.all(
      policies.map(async ([pipeline, inputs]) => {
        const step = await fabrikam.run({ ...inputs, pipeline });
        assert.equal(step.outputs.result, pipeline, 'the output says what became of the child, whatever it counts');
        return [pipeline, inputs, step.result];
      }),
    );
    assert.deepEqual(ends, policies);
  });

  it('takes onFailure for a canceled child where onCanceled says nothing', async () => {
    const fabrikam = await withEachOutcome();
    const [warned, ignored] = await Promise.all(
      ['warn', 'ignore'].map((onFailure) => fabrikam.run({ pipeline: 'canceled', onFailure })),
    );
    assert.deepEqual([warned?.result, ignored?.result], ['SucceededWithIssues', 'Succeeded']);
  });

  it('names the child that decided it, with result and link, in its message', async () => {
    const fabrikam = await withEachOutcome();
    const step = await fabrikam.run({ pipeline: 'failed' });
    const [run] = fabrikam.runs;
    assert.match(step.message ?? '', new RegExp(`^failed ${run!.number} failed \\(http.*buildId=${run!.id}\\)\\.$`));
  });

  it('prints of a failed child the failed stages, jobs and tasks with their first error lines and a link', async () => {
    const fabrikam = await startOrganization();
    const issues = ['one', 'two', 'three', 'four', 'five'].map((message) => ({ type: 'error' as const, message }));
    fabrikam.add({
      stages: [
        { name: 'Build', jobs: ['compile'] },
        { name: 'Deploy', jobs: ['upload'], dependsOn: ['Build'] },
      ],
      script: { durationMs: 0, stages: { Build: { jobs: { compile: { result: 'failed', issues } } } } },
    });
    const log = logOf(await fabrikam.run());
    assert.match(log, /^##\[group\]rebuild \S+: what failed$/m);
    assert.match(log, /^Build > compile > .+: failed {2}http\S+&view=logs&j=\S+&t=\S+$/m);
    assert.match(log, /^ {2}one\n {2}two\n {2}three\n {2}… and 2 more errors$/m);
    assert.doesNotMatch(log, /four/);
    assert.doesNotMatch(log, /Deploy >/, 'what never ran did not fail');
  });

  it('counts an unknown result as a failure and says the word', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 0, wire: { result: 'mostlyHarmless' } } });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /mostlyHarmless/);
    assert.equal(step.outputs.result, 'failed');
  });

  it('takes an unknown status for running and says so once', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 3500, wire: { status: 'simmering' } } });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Succeeded');
    assert.equal(issuesOf(step, 'warning').filter((text) => text.includes('simmering')).length, 1);
    assert.ok(fabrikam.calls('GET', 'build/builds').length >= 2, 'it was seen more than once');
  });

  it('fails when a stage that was asked for ended skipped, and gives the reason', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({
      stages: [{ name: 'Build' }, { name: 'Scan', dependsOn: [], condition: 'eq(1, 2)' }],
    });
    const [selected, whole] = await Promise.all([
      fabrikam.run({ stages: 'Build, Scan' }),
      fabrikam.run({}, { stepName: 'all' }),
    ]);
    assert.equal(selected.result, 'Failed');
    assert.match(selected.message ?? '', /Scan.*skipped/);
    assert.equal(whole.result, 'Succeeded', 'a condition is no failure of a stage that nobody asked for');
  });

  it('fails when all stages were skipped', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({
      stages: [
        { name: 'Build', condition: 'eq(1, 2)' },
        { name: 'Scan', dependsOn: [], condition: 'false' },
      ],
    });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /all of its stages were skipped/);
  });

  it('judges a run without stages by its own result, of YAML and of classic pipelines', async () => {
    const fabrikam = await startOrganization();
    for (const kind of ['yaml', 'classic'] as const) {
      fabrikam.add({ name: `${kind}-good`, kind });
      fabrikam.add({ name: `${kind}-bad`, kind, script: OUTCOMES.failed! });
    }
    const names = ['yaml-good', 'yaml-bad', 'classic-good', 'classic-bad'];
    const steps = await Promise.all(names.map((pipeline) => fabrikam.run({ pipeline })));
    assert.deepEqual(
      steps.map(({ result }) => result),
      ['Succeeded', 'Failed', 'Succeeded', 'Failed'],
    );
  });

  it('ends at once without waitForCompletion, with the run left running', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 600_000 } });
    const step = await fabrikam.run({ waitForCompletion: 'false' });
    assert.equal(step.result, 'Succeeded');
    assert.equal(step.outputs.result, 'started');
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
    assert.equal(fabrikam.calls('GET', 'build/builds').length, 0, 'nobody looks at it');
    assert.equal(fabrikam.calls('PATCH').length, 0);
  });

  it('does what onTimeout says when waitTimeoutInMinutes have passed, and looks a last time on the deadline', async () => {
    const { clock, env } = fastTime(30);
    const fabrikam = await startOrganization({ clock });
    fabrikam.add({ script: { durationMs: 3_600_000 } });
    const inputs = { waitTimeoutInMinutes: '1', pollingInterval: '600' };
    const [fail, cancel, warn] = await Promise.all(
      ['fail', 'cancel', 'warn'].map((onTimeout) =>
        fabrikam.run({ ...inputs, onTimeout }, { env, stepName: onTimeout }),
      ),
    );
    assert.deepEqual([fail?.result, cancel?.result, warn?.result], ['Failed', 'Failed', 'SucceededWithIssues']);
    assert.deepEqual(
      [fail, cancel, warn].map((step) => step?.outputs.result),
      ['timedOut', 'timedOut', 'timedOut'],
    );
    assert.match(fail?.message ?? '', /had not ended when waitTimeoutInMinutes passed/);
    assert.deepEqual(
      fabrikam.calls('PATCH').map(({ path }) => path.replace(/.*\/|\?.*/g, '')),
      [cancel?.outputs.runId],
      'only onTimeout: cancel cancels',
    );
    const looks = fabrikam.calls('GET', 'build/builds').filter(({ path }) => path.includes(fail?.outputs.runId ?? '-'));
    const waited = (looks.at(-1)?.at ?? 0) - (fabrikam.starts()[0]?.at ?? 0);
    assert.ok(waited >= 59_000, `the last look came ${waited} ms after the start`);
  });
});

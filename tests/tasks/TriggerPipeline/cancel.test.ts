import assert from 'node:assert/strict';
import { runPostJob, type RunningStep, type StepResult } from '../../agent/agent';
import { together } from '../together';
import {
  closeOrganizations,
  issuesOf,
  logOf,
  proper,
  sleep,
  startOrganization,
  until,
  type Organization,
} from './organization';

const HOUR_MS = 3_600_000;
const START = { method: 'POST', route: 'build/builds' };

async function withLongRun(): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({ script: { durationMs: HOUR_MS } });
  return organization;
}

/** Until the step waits: its run exists and was looked at. */
async function untilItWaits(organization: Organization): Promise<void> {
  await until(() => organization.calls('GET', 'build/builds').length > 0);
}

/** Cancels the job as a person does, and says when. */
async function cancel(running: RunningStep): Promise<{ step: StepResult; canceledAt: number }> {
  const canceledAt = Date.now();
  return { step: proper(await running.cancel()), canceledAt };
}

function cancellations(organization: Organization) {
  return organization.calls('PATCH', 'build/builds');
}

describe('TriggerPipeline: when the step is cancelled', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('asks at once for the cancellation of its run and says that it was accepted', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    const { step, canceledAt } = await cancel(running);
    const [call, ...more] = cancellations(fabrikam);
    assert.deepEqual(more, []);
    assert.deepEqual(call?.body, { status: 'cancelling' });
    assert.ok(call.at - canceledAt < 4000, `it was asked after ${call.at - canceledAt} ms`);
    assert.match(logOf(step), /rebuild \S+: cancellation accepted\. http/);
    assert.equal(step.result, 'Canceled');
    assert.equal(step.signal, null, 'the process ended by itself, not by a second signal');
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
    assert.ok(step.outputs.resultsFile, 'the outputs of the end exist');
  });

  it('does the same when the time of the step is over, and when only SIGTERM arrives', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    assert.equal((await running.timeOut()).result, 'Failed');
    assert.equal(cancellations(fabrikam).length, 1);

    const contoso = await withLongRun();
    const other = await contoso.start();
    await untilItWaits(contoso);
    process.kill(other.pid!, 'SIGTERM');
    await other.finished;
    assert.equal(cancellations(contoso).length, 1);
  });

  it('cancels right after the answer when the start is still unanswered', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'slow', ms: 2000, match: START });
    const running = await fabrikam.start();
    await until(() => fabrikam.starts().length === 1);
    await sleep(200);
    const { step } = await cancel(running);
    const [run] = fabrikam.runs;
    const [call] = cancellations(fabrikam);
    assert.ok(call!.at - run!.queueTime < 4000, `it was asked ${call!.at - run!.queueTime} ms after the answer`);
    assert.equal(fabrikam.emulator.state.look(run!).status, 'cancelling');
    assert.equal(step.outputs.runId, String(run!.id));
    assert.equal(step.result, 'Canceled');
  });

  it('looks for the run itself when no answer came for five seconds, and cancels it', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: START });
    const running = await fabrikam.start();
    await until(() => fabrikam.runs.length === 1);
    const { step, canceledAt } = await cancel(running);
    const [call] = cancellations(fabrikam);
    const after = call!.at - canceledAt;
    assert.ok(after > 4900 && after < 9500, `it was asked ${after} ms after the signal`);
    assert.equal(fabrikam.starts().length, 1);
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
    assert.equal(step.signal, null);
  });

  it('starts nothing more when no answer came and no run is there', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'silence', match: START });
    const running = await fabrikam.start();
    await until(() => fabrikam.starts().length === 1);
    const { step } = await cancel(running);
    assert.equal(fabrikam.starts().length, 1);
    assert.equal(fabrikam.runs.length, 0);
    assert.equal(step.result, 'Canceled');
  });

  it('starts nothing when it is cancelled before the start', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'slow', ms: 15_000, match: { method: 'GET', route: 'definitions' } });
    const running = await fabrikam.start();
    await until(() => fabrikam.calls('GET', 'definitions').length === 1);
    const { step, canceledAt } = await cancel(running);
    assert.ok(Date.now() - canceledAt < 10_000, 'it does not wait for the answer');
    assert.equal(fabrikam.starts().length, 0);
    assert.equal(step.result, 'Canceled');
  });

  it('cancels the run of a step that would not wait, when it is cancelled while tags are put on the run', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: [{ name: 'Build' }, { name: 'Scan' }], script: { durationMs: HOUR_MS } });
    fabrikam.emulator.faults.add({ kind: 'silence', match: { method: 'POST', route: 'tags' } });
    const running = await fabrikam.start({ waitForCompletion: 'false', stages: 'Build', tags: 'nightly' });
    await until(() => fabrikam.calls('POST', 'tags').length === 1);
    const { step } = await cancel(running);
    assert.deepEqual(
      cancellations(fabrikam).map(({ body }) => body),
      [{ status: 'cancelling' }],
    );
    assert.equal(step.result, 'Canceled');
  });

  it('says why a cancellation was refused, and that the run goes on', async () => {
    const fabrikam = await startOrganization({ tokens: [{ token: 'limited-token-1', denied: ['stopBuilds'] }] });
    fabrikam.add({ script: { durationMs: HOUR_MS } });
    const running = await fabrikam.start(
      {},
      { systemConnection: { url: fabrikam.emulator.url, token: 'limited-token-1' } },
    );
    await untilItWaits(fabrikam);
    const { step } = await cancel(running);
    assert.match(issuesOf(step, 'error').join('\n'), /could not be canceled, it goes on\. .*TF215106.*Stop builds/);
  });

  it('repeats a cancellation that met a passing fault', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'status', status: 503, match: { method: 'PATCH' } });
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    await cancel(running);
    assert.equal(cancellations(fabrikam).length, 2);
    assert.equal(fabrikam.emulator.state.look(fabrikam.runs[0]!).status, 'cancelling');
  });

  it('leaves the run alone with cancelWithParent: false, also in its post-job part', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start({ cancelWithParent: 'false' });
    await untilItWaits(fabrikam);
    const { step } = await cancel(running);
    await runPostJob(step);
    assert.equal(cancellations(fabrikam).length, 0);
    assert.match(logOf(step), /rebuild \S+ goes on, because cancelWithParent is false/);
  });
});

describe('TriggerPipeline: the post-job part', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('cancels the run of a step that was killed, when the job was cancelled', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    const step = await running.kill();
    assert.equal(cancellations(fabrikam).length, 0);
    const post = proper(await runPostJob(step, { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded');
    assert.equal(fabrikam.emulator.state.look(fabrikam.runs[0]!).status, 'cancelling');
    assert.match(logOf(post), /cancellation accepted/);
  });

  it('finds and cancels the run of a step that was killed in the middle of the start', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: START });
    const running = await fabrikam.start();
    await until(() => fabrikam.runs.length === 1);
    const post = proper(await runPostJob(await running.kill(), { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded');
    assert.equal(fabrikam.emulator.state.look(fabrikam.runs[0]!).status, 'cancelling');
    assert.equal(fabrikam.starts().length, 1);
  });

  it('does nothing where the start that was killed made no run', async () => {
    const fabrikam = await withLongRun();
    fabrikam.emulator.faults.add({ kind: 'silence', match: START });
    const running = await fabrikam.start();
    await until(() => fabrikam.starts().length === 1);
    const post = proper(await runPostJob(await running.kill(), { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded');
    assert.equal(fabrikam.runs.length, 0);
    assert.equal(cancellations(fabrikam).length, 0);
  });

  it('does nothing after a step that ended by itself, whatever it left running on purpose', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ name: 'short' });
    fabrikam.add({ name: 'bad', script: { durationMs: 0, result: 'failed' } });
    fabrikam.add({ name: 'long', script: { durationMs: HOUR_MS } });
    const steps = await Promise.all([
      fabrikam.run({ pipeline: 'short' }),
      fabrikam.run({ pipeline: 'bad' }),
      fabrikam.run({ pipeline: 'long', waitForCompletion: 'false' }),
    ]);
    const before = fabrikam.emulator.calls.length;
    const posts = await Promise.all(steps.map((step) => runPostJob(step, { jobStatus: 'Canceled' })));
    assert.deepEqual(
      posts.map(({ result }) => result),
      ['Succeeded', 'Succeeded', 'Succeeded'],
    );
    assert.equal(fabrikam.emulator.calls.length, before, 'it does not even ask');
  });

  it('does nothing after a step that was killed in a job that goes on', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    await runPostJob(await running.kill());
    assert.equal(cancellations(fabrikam).length, 0);
  });

  it('does nothing twice: what the step cancelled itself is not asked for again', async () => {
    const fabrikam = await withLongRun();
    const running = await fabrikam.start();
    await untilItWaits(fabrikam);
    const { step } = await cancel(running);
    await runPostJob(step);
    assert.equal(cancellations(fabrikam).length, 1);
  });
});

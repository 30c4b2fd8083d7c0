import assert from 'node:assert/strict';
import type { Call } from '../../../emulator/calls';
import { runPostJob } from '../../agent/agent';
import { together } from '../together';
import {
  closeOrganizations,
  issuesOf,
  proper,
  sleep,
  startOrganization,
  until,
  type Organization,
} from './organization';

const HOUR_MS = 3_600_000;
const CREATE = { method: 'POST', route: 'release/releases' };
const LONG = { durationMs: HOUR_MS, cancelTakesMs: 0 };

async function withLongRelease(): Promise<Organization> {
  const fabrikam = await startOrganization();
  fabrikam.define({ script: LONG });
  return fabrikam;
}

/** A release of somebody else whose stages wait for a hand. */
async function withReleaseByHand(): Promise<Organization> {
  const fabrikam = await startOrganization();
  const stages = ['Dev', 'Test', 'Prod'].map((name) => ({ name, manual: true }));
  const definition = fabrikam.define({ stages, script: LONG });
  const { releaseArea } = fabrikam.emulator.state;
  const release = releaseArea.create(definition);
  releaseArea.deploy(release, release.environments[2]!);
  return fabrikam;
}

function isLookedAt(fabrikam: Organization): Promise<void> {
  return until(() => fabrikam.calls('GET', 'releases/{releaseId}').length > 0);
}

function cancellations(fabrikam: Organization) {
  return fabrikam
    .calls('PATCH', 'environments')
    .filter(({ body }) => (body as { status: string }).status === 'canceled');
}

describe('TriggerRelease: when the step is cancelled', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('creates nothing when it is cancelled before', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'slow', ms: 1500, match: { method: 'GET', route: 'definitions' } });
    const running = await fabrikam.start();
    await until(() => fabrikam.calls('GET', 'definitions').length === 1);
    const step = proper(await running.cancel());
    assert.equal(fabrikam.creations().length, 0);
    assert.equal(step.result, 'Canceled');
  });

  it('cancels right after the answer when the creation is still unanswered', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'slow', ms: 2000, match: CREATE });
    const running = await fabrikam.start();
    await until(() => fabrikam.creations().length === 1);
    await sleep(200);
    const step = proper(await running.cancel());
    const [release] = fabrikam.releases;
    const [call] = cancellations(fabrikam);
    assert.ok(
      call!.at - release!.createdAt < 4000,
      `it was asked ${call!.at - release!.createdAt} ms after the answer`,
    );
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
    assert.equal(step.outputs.releaseId, String(release!.id));
    assert.equal(step.result, 'Canceled');
  });

  it('looks for the release itself when no answer came for five seconds, and cancels it', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: CREATE });
    const running = await fabrikam.start();
    await until(() => fabrikam.releases.length === 1);
    const step = proper(await running.cancel());
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
    assert.equal(fabrikam.creations().length, 1);
    assert.equal(step.signal, null, 'the process ended by itself');
  });

  it('creates nothing more when no answer came and no release is there', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'silence', match: CREATE });
    const running = await fabrikam.start();
    await until(() => fabrikam.creations().length === 1);
    const step = proper(await running.cancel());
    assert.deepEqual([fabrikam.creations().length, fabrikam.releases.length], [1, 0]);
    assert.equal(step.result, 'Canceled');
  });

  it('cancels the release of a step that would not wait, when it is cancelled while tags are put on it', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'silence', match: { method: 'POST', route: 'tags' } });
    const running = await fabrikam.start({ waitForCompletion: 'false', tags: 'nightly' });
    await until(() => fabrikam.calls('POST', 'tags').length === 1);
    const step = proper(await running.cancel());
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
    assert.equal(step.result, 'Canceled');
  });

  it('cancels a stage that begins only while others are canceled, and all that run side by side', async () => {
    const fabrikam = await startOrganization();
    const stages = ['A', 'B', 'C'].map((name) => ({ name, after: [] }));
    fabrikam.define({ stages, script: LONG });
    const running = await fabrikam.start();
    await isLookedAt(fabrikam);
    proper(await running.cancel());
    assert.deepEqual(fabrikam.statuses(), ['A canceled', 'B canceled', 'C canceled']);
  });

  it('cancels of a release that is not its own only the stages that it began', async () => {
    const fabrikam = await withReleaseByHand();
    const running = await fabrikam.start({ action: 'deploy', stages: '[[Dev, Test]]' });
    await until(() => fabrikam.statuses()[1] === 'Test inProgress');
    const step = proper(await running.cancel());
    assert.equal(step.result, 'Canceled');
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test canceled', 'Prod inProgress']);
  });

  it('says why a cancellation was refused, and that the stage goes on', async () => {
    const token = 'limited-token-1';
    const fabrikam = await startOrganization({ tokens: [{ token, denied: ['manageDeployments'] }] });
    fabrikam.define({ script: LONG });
    const running = await fabrikam.start({}, { systemConnection: { url: fabrikam.emulator.url, token } });
    await isLookedAt(fabrikam);
    const step = proper(await running.cancel());
    assert.match(
      issuesOf(step, 'error').join('\n'),
      /stage Dev could not be canceled, it goes on\. .*VS402904.*manage deployments/,
    );
  });

  it('repeats a cancellation that met a passing fault', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'status', status: 503, match: { method: 'PATCH' } });
    const running = await fabrikam.start();
    await isLookedAt(fabrikam);
    proper(await running.cancel());
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
  });
});

describe('TriggerRelease: the post-job part', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('cancels what a step had deployed that was killed, and nothing else of that release', async () => {
    const fabrikam = await withReleaseByHand();
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev, Test' });
    await until(() => fabrikam.statuses()[0] === 'Dev inProgress');
    const step = await running.kill();
    assert.equal(cancellations(fabrikam).length, 0);
    const post = proper(await runPostJob(step, { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded', post.message);
    assert.match(post.message ?? '', /Canceled what a stopped step left running: Release-1/);
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted', 'Prod inProgress']);
  });

  it('cancels a deployment whose request was not answered when the step was killed', async () => {
    const fabrikam = await withReleaseByHand();
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: { method: 'PATCH' } });
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev' });
    await until(() => fabrikam.statuses()[0] === 'Dev inProgress');
    proper(await runPostJob(await running.kill(), { jobStatus: 'Canceled' }));
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted', 'Prod inProgress']);
  });

  it('finds and cancels the release of a step that was killed in the middle of the creation', async () => {
    const fabrikam = await withLongRelease();
    fabrikam.emulator.faults.add({ kind: 'silenceAfter', match: CREATE });
    const running = await fabrikam.start();
    await until(() => fabrikam.releases.length === 1);
    const post = proper(await runPostJob(await running.kill(), { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded');
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
    assert.equal(fabrikam.creations().length, 1);
  });

  it('cancels what a killed step of the same parent waited for, and not what is of somebody else', async () => {
    const fabrikam = await withLongRelease();
    const created = await fabrikam.run({ waitForCompletion: 'false' });
    const waiting = await fabrikam.start(
      { action: 'wait', release: created.outputs.releaseId ?? '' },
      { job: created.job, stepName: 'wait' },
    );
    await until(() => fabrikam.calls('GET', 'release/releases').some(({ path }) => path.includes('releaseIdFilter')));
    proper(await runPostJob(await waiting.kill(), { jobStatus: 'Canceled' }));
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);

    const other = await withReleaseByHand();
    const looking = await other.start({ action: 'wait', release: 'latest' });
    await isLookedAt(other);
    proper(await runPostJob(await looking.kill(), { jobStatus: 'Canceled' }));
    assert.equal(cancellations(other).length, 0);
  });

  it('cancels the others when one of the releases that a killed step waited for is deleted', async () => {
    const fabrikam = await withLongRelease();
    const { releaseArea } = fabrikam.emulator.state;
    const releases = [1, 2].map(() => releaseArea.create(releaseArea.definitions[0]!));
    for (const { tags } of releases) tags.push('cascade-parent-4711');
    const running = await fabrikam.start({ action: 'wait', release: releases.map(({ id }) => id).join() });
    await isLookedAt(fabrikam);
    await until(() => fabrikam.calls('GET', 'release/releases').some(({ path }) => path.includes('releaseIdFilter')));
    const killed = await running.kill();
    releases[0]!.deleted = true;
    const post = proper(await runPostJob(killed, { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Succeeded', post.message);
    assert.deepEqual(fabrikam.statuses(releases[1]), ['Dev canceled', 'Test notStarted']);
  });

  it('cancels the others when one of the releases that a killed step waited for cannot be looked at, and names that', async () => {
    const fabrikam = await withLongRelease();
    const { releaseArea } = fabrikam.emulator.state;
    const releases = [1, 2].map(() => releaseArea.create(releaseArea.definitions[0]!));
    for (const { tags } of releases) tags.push('cascade-parent-4711');
    const running = await fabrikam.start({ action: 'wait', release: releases.map(({ id }) => id).join() });
    await until(() => fabrikam.calls('GET', 'release/releases').some(({ path }) => path.includes('releaseIdFilter')));
    const killed = await running.kill();
    const address = `/releases/${releases[0]!.id}`;
    const match = ({ method, path }: Call) => method === 'GET' && (path.split('?')[0] ?? '').endsWith(address);
    fabrikam.emulator.faults.add({ kind: 'status', status: 403, times: 99, match });
    const post = proper(await runPostJob(killed, { jobStatus: 'Canceled' }));
    assert.equal(post.result, 'Failed', post.message);
    assert.ok(post.issues.some(({ message }) => /Release-1 .*could not be looked at.*403/.test(message)));
    assert.deepEqual(fabrikam.statuses(releases[1]), ['Dev canceled', 'Test notStarted']);
  });

  it('does nothing after a step that ended by itself, and nothing in a job that goes on', async () => {
    const fabrikam = await withLongRelease();
    const ended = await fabrikam.run({ waitForCompletion: 'false' });
    const calls = fabrikam.emulator.calls.length;
    await runPostJob(ended, { jobStatus: 'Canceled' });
    assert.equal(fabrikam.emulator.calls.length, calls, 'it does not even ask');
    const running = await fabrikam.start({}, { stepName: 'other' });
    await until(() => fabrikam.releases.length === 2);
    await runPostJob(await running.kill());
    assert.equal(cancellations(fabrikam).length, 0);
  });
});

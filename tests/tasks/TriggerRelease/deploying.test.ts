import assert from 'node:assert/strict';
import type { Call } from '../../../emulator/calls';
import type { Fault } from '../../../emulator/faults';
import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import type { Release } from '../../../emulator/state/releases';
import { buildVariables } from '../../agent/systemVariables';
import { together } from '../together';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  PROJECT,
  proper,
  startOrganization,
  until,
  type Organization,
} from './organization';

const HOUR_MS = 3_600_000;
const LONG = { durationMs: HOUR_MS, cancelTakesMs: 0 };
const { clock, env } = fastTime(20);

interface ByHand extends Organization {
  release: Release;
  /** Strikes the request that deploys a stage. */
  fault(stage: string, fault: Omit<Fault, 'match'>): void;
  /** Does something at the moment at which a stage is to be deployed, before the request is looked at. */
  justBefore(stage: string, action: () => void): void;
  /** Somebody else deploys it. */
  deploy(stage: string): void;
  /** Names of the stages that were deployed, in their order. */
  deployed(): string[];
}

/** A release whose stages wait for a hand. */
async function withRelease(names: string[], scene: Partial<NewDefinition> = {}, time = true): Promise<ByHand> {
  const fabrikam = await startOrganization(time ? { clock } : {});
  const definition = fabrikam.define({ stages: names.map((name) => ({ name, manual: true })), ...scene });
  const { releaseArea } = fabrikam.emulator.state;
  const release = releaseArea.create(definition);
  const stageOf = (name: string) => release.environments.find(({ plan }) => plan.name === name)!;
  const deploys = (stage: string) => (call: Call) =>
    call.method === 'PATCH' && call.path.includes(`/environments/${stageOf(stage).id}`);
  return Object.assign(fabrikam, {
    release,
    fault: (stage: string, fault: Omit<Fault, 'match'>) =>
      fabrikam.emulator.faults.add({ ...fault, match: deploys(stage) }),
    justBefore: (stage: string, action: () => void) => {
      let done = false;
      fabrikam.emulator.faults.add({
        kind: 'drop',
        match: (call) => {
          if (!done && deploys(stage)(call)) {
            done = true;
            action();
          }
          return false;
        },
      });
    },
    deploy: (stage: string) => releaseArea.deploy(release, stageOf(stage)),
    deployed: () => release.events.flatMap((event) => (event.kind === 'deploy' ? [event.environment] : [])),
  });
}

describe('TriggerRelease: deploying stages', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  for (const kind of ['dropAfter', 'drop'] as const) {
    it(`deploys each stage once and in order when an answer is lost (${kind})`, async () => {
      const fabrikam = await withRelease(['Dev', 'Test', 'Prod']);
      for (const stage of ['Dev', 'Test', 'Prod']) fabrikam.fault(stage, { kind });
      const step = await fabrikam.run({ action: 'deploy', stages: 'Dev, Test, Prod' }, { env });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.deepEqual(fabrikam.deployed(), ['Dev', 'Test', 'Prod']);
    });
  }

  it('does not ask again for a deployment that begins only a moment after its answer was lost', async () => {
    const fabrikam = await withRelease(['Dev'], { script: { durationMs: 0, result: 'failed' } });
    fabrikam.justBefore('Dev', () => setTimeout(() => fabrikam.deploy('Dev'), 100));
    fabrikam.fault('Dev', { kind: 'status', status: 504 });
    const step = await fabrikam.run({ action: 'deploy', stages: 'Dev' }, { env });
    assert.equal(step.result, 'Failed');
    assert.deepEqual(fabrikam.deployed(), ['Dev'], 'it was deployed once');
  });

  it('cancels a stage whose deployment is not answered, and ends by itself', async () => {
    const fabrikam = await withRelease(['Dev', 'Test'], { script: LONG }, false);
    fabrikam.fault('Dev', { kind: 'silenceAfter' });
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev, Test' });
    await until(() => fabrikam.deployed().length === 1);
    const step = proper(await running.cancel());
    assert.equal(step.signal, null, 'the process ended by itself');
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
  });

  it('begins nothing more once it is cancelled, also where it does not wait', async () => {
    const fabrikam = await withRelease(['Dev', 'Test'], { script: LONG }, false);
    fabrikam.fault('Dev', { kind: 'slow', ms: 1000 });
    const running = await fabrikam.start({ action: 'deploy', stages: '[[Dev, Test]]', waitForCompletion: 'false' });
    await until(() => fabrikam.calls('PATCH').length > 0);
    const step = proper(await running.cancel());
    assert.equal(step.result, 'Canceled');
    assert.deepEqual(
      fabrikam.statuses().filter((status) => status.includes('inProgress')),
      [],
    );
  });

  it('waits for what it began when a stage beside it is refused, and fails with the reason', async () => {
    const fabrikam = await withRelease(['Test', 'QA', 'Prod'], {
      script: { durationMs: 30_000, environments: { Prod: { durationMs: 0 } } },
    });
    const message = 'VS402904: Access denied: User x does not have manage deployments permission.';
    fabrikam.fault('QA', { kind: 'status', status: 403, body: { message } });
    const inputs = { action: 'deploy', stages: '[[Test, QA], Prod]', onFailure: 'ignore' };
    const step = await fabrikam.run(inputs, { env });
    assert.equal(step.result, 'Failed', 'what could not be deployed is no success, whatever the policy');
    assert.match(step.message ?? '', /stage QA could not be deployed: .*VS402904/);
    assert.deepEqual(fabrikam.statuses(), ['Test succeeded', 'QA notStarted', 'Prod notStarted']);
    assert.equal(step.outputs.result, 'failed');
  });

  it('deploys the other rejected stages again when one of them is refused, and waits for them', async () => {
    const fabrikam = await startOrganization({ clock });
    const stages = ['A', 'B'].map((name) => ({ name, after: [] }));
    fabrikam.define({
      stages,
      script: ({ attempt }) => ({ durationMs: 20_000, result: attempt === 1 ? 'failed' : 'succeeded' }),
    });
    const refusal = { kind: 'status', status: 403, body: { message: 'VS402904: no' } } as const;
    fabrikam.emulator.faults.add({ ...refusal, match: { method: 'PATCH', nth: 1 } });
    const step = await fabrikam.run({ retryFailedStages: '1' }, { env });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /stage A could not be deployed: .*VS402904/);
    assert.deepEqual(fabrikam.statuses(), ['A rejected', 'B succeeded']);
  });

  it("fails where somebody else deploys a stage at the same moment, and leaves that person's deployment alone", async () => {
    const fabrikam = await withRelease(['Dev'], { script: LONG });
    fabrikam.justBefore('Dev', () => fabrikam.deploy('Dev'));
    const step = await fabrikam.run({ action: 'deploy', stages: 'Dev' }, { env });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /stage Dev is being deployed by somebody else.*proceedWhenSkipped/);
    assert.deepEqual(fabrikam.deployed(), ['Dev']);
    assert.deepEqual(fabrikam.statuses(), ['Dev inProgress'], 'nor does it wait for it');
  });

  it('waits for that deployment with proceedWhenSkipped, and does not cancel it with itself', async () => {
    const fabrikam = await withRelease(['Dev'], { script: LONG }, false);
    fabrikam.justBefore('Dev', () => fabrikam.deploy('Dev'));
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev', proceedWhenSkipped: 'true' });
    let told = false;
    running.onLog((line) => (told ||= line.includes('by somebody else; that deployment is waited for')));
    await until(() => told);
    const step = proper(await running.cancel());
    assert.equal(step.result, 'Canceled');
    assert.deepEqual(fabrikam.statuses(), ['Dev inProgress']);
  });

  it('leaves out with proceedWhenSkipped what cannot be deployed, and goes on behind it', async () => {
    const fabrikam = await withRelease(['Dev', 'Test', 'Prod']);
    const message = 'VS402898: Cannot deploy the stage, the artifact filter is not met.';
    fabrikam.fault('Test', { kind: 'status', status: 400, body: { message } });
    const step = await fabrikam.run(
      { action: 'deploy', stages: 'Dev, Test, Prod', proceedWhenSkipped: 'true' },
      { env },
    );
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(logOf(step), /stage Test is left out: .*VS402898/);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test notStarted', 'Prod succeeded']);
  });

  it('skips an abandoned release with proceedWhenSkipped, and fails for it without', async () => {
    const fabrikam = await withRelease(['Dev']);
    fabrikam.release.events.push({ kind: 'abandon', at: clock.now() });
    const inputs = { action: 'deploy', release: 'Release-1', stages: 'Dev' };
    const failed = await fabrikam.run(inputs, { env });
    assert.match(failed.message ?? '', /Release-1 is abandoned: nothing of it can be deployed/);
    const skipped = await fabrikam.run({ ...inputs, proceedWhenSkipped: 'true', onSkipped: 'warn' }, { env });
    assert.deepEqual([skipped.result, skipped.outputs.result], ['SucceededWithIssues', 'skipped'], skipped.message);
    assert.match(skipped.message ?? '', /it is abandoned/);
  });

  it('fails when the release is abandoned while it waits, and names the stage that did not start', async () => {
    const fabrikam = await withRelease(['Dev', 'Test'], { script: { durationMs: 20_000 } });
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev, Test' }, { env });
    await until(() => fabrikam.deployed().length === 1);
    fabrikam.release.events.push({ kind: 'abandon', at: clock.now() });
    const step = await running.finished;
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /Test was not started: the release was abandoned/);
    assert.deepEqual(fabrikam.deployed(), ['Dev']);
  });

  it('says once that it may not approve, and goes on when somebody else does', async () => {
    const token = 'no-approver-1';
    const fabrikam = await startOrganization({ clock, tokens: [{ token, denied: ['manageReleaseApprovers'] }] });
    fabrikam.define({ stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }] });
    const { state, url } = fabrikam.emulator;
    const running = await fabrikam.start({ approvals: 'approve' }, { env, systemConnection: { url, token } });
    const asked = () => fabrikam.calls('PATCH', 'approvals').length;
    await until(() => asked() > 0);
    await until(() => fabrikam.calls('GET', 'releases/{releaseId}').length > 4);
    const [pending] = state.releaseArea.approvals().filter(({ approval }) => !approval.automated);
    const answer = { status: 'approved', comment: '' } as const;
    state.releaseArea.answerApproval(pending!, answer, { identity: state.owner, denied: [] });
    const step = await running.finished;
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(asked(), 1, 'it asks once');
    const warnings = issuesOf(step, 'warning').filter((text) => text.includes('may not give it'));
    assert.equal(warnings.length, 1, logOf(step));
    assert.match(warnings[0]!, /stage Dev: waits for pre-deployment approval by Norman Paulk, .*VS402904/);
  });

  it('counts a queued deployment that a newer one pushed out as canceled', async () => {
    const fabrikam = await withRelease(['Dev'], { script: { durationMs: 0, queuedMs: HOUR_MS } });
    const running = await fabrikam.start({ action: 'deploy', stages: 'Dev', onCanceled: 'warn' }, { env });
    let pushedOut = false;
    running.onLog((line) => {
      if (pushedOut || !line.includes('is queued behind another deployment')) return;
      pushedOut = true;
      fabrikam.emulator.state.releaseArea.cancel(fabrikam.release, fabrikam.release.environments[0]!);
    });
    const step = await running.finished;
    assert.deepEqual([step.result, step.outputs.result], ['SucceededWithIssues', 'canceled'], step.message);
  });

  it('cancels a stage that is deferred, with the step', async () => {
    const fabrikam = await withRelease(['Dev'], {}, false);
    const { releaseArea } = fabrikam.emulator.state;
    fabrikam.release.tags.push('cascade-parent-4711');
    releaseArea.deploy(fabrikam.release, fabrikam.release.environments[0]!, { scheduledAt: Date.now() + HOUR_MS });
    const running = await fabrikam.start({ action: 'wait', release: 'latest' });
    await until(() => fabrikam.calls('GET', 'releases/{releaseId}').length > 0);
    proper(await running.cancel());
    assert.deepEqual(fabrikam.statuses(), ['Dev canceled']);
  });

  it('waits for the others when one of the releases that earlier steps created was deleted', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({ stages: [{ name: 'Dev' }], script: { durationMs: 20_000 } });
    const { state, url } = fabrikam.emulator;
    const parent = state.queue(state.addPipeline({ name: 'parent', script: LONG }));
    const variables = buildVariables({ collectionUri: url, project: PROJECT, runId: parent.id });
    const first = await fabrikam.run({ waitForCompletion: 'false' }, { env, stepName: 'one', variables });
    await fabrikam.run({ waitForCompletion: 'false' }, { env, stepName: 'two', job: first.job });
    fabrikam.releases[0]!.deleted = true;
    const step = await fabrikam.run({ action: 'wait' }, { env, stepName: 'wait', job: first.job });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /Deploy Release-1 failed: it was deleted/);
    assert.deepEqual(fabrikam.statuses(fabrikam.releases[1]), ['Dev succeeded'], 'it was waited for');
    const canceled = await fabrikam.run({ action: 'cancel' }, { env, stepName: 'cancel', job: first.job });
    assert.match(canceled.message ?? '', /nothing to cancel/);
  });

  it('gives no approval of a stage that is not its own to deploy', async () => {
    const fabrikam = await withRelease([], {
      stages: [
        { name: 'Dev', manual: true, preApprovers: ['Project Collection Build Service'] },
        { name: 'Prod', manual: true, preApprovers: ['Project Collection Build Service'] },
      ],
    });
    fabrikam.deploy('Prod');
    const step = await fabrikam.run({ action: 'deploy', stages: 'Dev', approvals: 'approve' }, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(logOf(step), /stage Dev: pre-deployment approval given/);
    assert.equal(fabrikam.release.events.filter(({ kind }) => kind === 'approval').length, 1);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Prod inProgress']);
  });

  it('says which stages it leaves undeployed when it waits for others only', async () => {
    const fabrikam = await withRelease(['Dev', 'Test', 'Prod'], { script: { durationMs: 5000 } });
    const step = await fabrikam.run({ action: 'deploy', stages: 'Dev, Test, Prod', waitFor: 'Dev' }, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(
      issuesOf(step, 'warning').join(),
      /Prod would be deployed after other stages, for which this step does not wait/,
    );
  });

  it('waits for the stages that a new release deploys by itself when its own deployment is refused, and fails', async () => {
    const token = 'no-deployment';
    const fabrikam = await startOrganization({ clock, tokens: [{ token, denied: ['manageDeployments'] }] });
    fabrikam.define({ stages: [{ name: 'Dev' }, { name: 'Prod', manual: true }], script: { durationMs: 30_000 } });
    const systemConnection = { url: fabrikam.emulator.url, token };
    const step = await fabrikam.run({ stages: 'Dev, Prod' }, { env, systemConnection });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /failed: stage Prod could not be deployed: .*VS402904/);
    assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Prod notStarted']);
  });
});

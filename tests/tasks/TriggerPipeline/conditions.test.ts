import assert from 'node:assert/strict';
import { together } from '../together';
import {
  closeOrganizations,
  logOf,
  startOrganization,
  until,
  type Organization,
  type StepInputs,
} from './organization';
import { startParent } from './parentRun';

const HOUR_MS = 3_600_000;
const YAML = `
parameters:
  - { name: image, type: string, default: none }
steps: [{ script: docker build . }]
`;

/** A pipeline with one run of the given image that lasts so long. */
async function withRun(image: string, script: object): Promise<Organization> {
  const organization = await startOrganization();
  const { state } = organization.emulator;
  const pipeline = organization.add({
    yaml: YAML,
    script: ({ runId }) => (runId === 1001 ? script : { durationMs: 0 }),
  });
  state.addCommit(pipeline, 'release', { '/pipelines/rebuild.yml': YAML });
  state.queue(pipeline, { templateParameters: { image } });
  return organization;
}

const SAME: StepInputs = { parameters: 'image: base', pollingInterval: '1' };

describe('TriggerPipeline: conditions of a start', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('ifRunning: skip leaves it when the same run is under way, and onSkipped says what that is', async () => {
    const fabrikam = await withRun('base', { durationMs: HOUR_MS });
    for (const [onSkipped, result] of [
      ['succeed', 'Succeeded'],
      ['warn', 'SucceededWithIssues'],
      ['fail', 'Failed'],
    ] as const) {
      const step = await fabrikam.run({ ...SAME, ifRunning: 'skip', onSkipped });
      assert.equal(step.result, result);
      assert.equal(step.outputs.result, 'skipped');
    }
    assert.equal(fabrikam.starts().length, 0);
  });

  it('ifRunning: a default that is spelled out is the same run; another value or branch is another one', async () => {
    const fabrikam = await withRun('none', { durationMs: HOUR_MS });
    const same = await fabrikam.run({ ifRunning: 'skip' });
    assert.equal(same.outputs.result, 'skipped');
    for (const inputs of [{ parameters: 'image: other' }, { branch: 'release' }]) {
      const step = await fabrikam.run({ ...inputs, ifRunning: 'skip' });
      assert.equal(step.outputs.result, 'succeeded', logOf(step));
    }
    assert.equal(fabrikam.starts().length, 2);
  });

  it('ifRunning: join waits for the run that there is, and does not cancel it with the step', async () => {
    const fabrikam = await withRun('base', { durationMs: 2500, result: 'failed' });
    const step = await fabrikam.run({ ...SAME, ifRunning: 'join' });
    assert.equal(step.outputs.runId, '1001');
    assert.equal(step.result, 'Failed', 'its result counts');
    const contoso = await withRun('base', { durationMs: HOUR_MS });
    const running = await contoso.start({ ...SAME, ifRunning: 'join' });
    await until(() => contoso.calls('GET', 'build/builds').some(({ path }) => path.includes('buildIds=')));
    await running.cancel();
    assert.equal(contoso.calls('PATCH').length, 0);
    assert.equal(contoso.starts().length + fabrikam.starts().length, 0);
  });

  it('ifRunning: join takes no run of other stages, which would end without what was asked for', async () => {
    const fabrikam = await startOrganization();
    const stages = [{ name: 'Lint' }, { name: 'Build', dependsOn: [] }];
    const pipeline = fabrikam.add({ stages, script: { durationMs: 2500 } });
    const { state } = fabrikam.emulator;
    state.queue(pipeline, { stagesToSkip: ['Build'] });
    const join = { ifRunning: 'join', pollingInterval: '1' };
    const whole = await fabrikam.run(join);
    assert.equal(whole.result, 'Succeeded', whole.message);
    assert.equal(whole.outputs.runId, '1002', 'Lint alone is no whole run');
    const running = state.queue(pipeline);
    const part = await fabrikam.run({ ...join, stages: 'Build' }, { stepName: 'part' });
    assert.equal(part.outputs.runId, String(running.id), 'a whole run does Build as well');
    assert.equal(fabrikam.starts().length, 1);
  });

  it('ifRunning: join waits for the stages of a run that is still being prepared', async () => {
    const fabrikam = await startOrganization();
    const stages = [{ name: 'Lint' }, { name: 'Build', dependsOn: [] }];
    const pipeline = fabrikam.add({ stages, script: { durationMs: 5000 } });
    const { state, faults } = fabrikam.emulator;
    state.queue(pipeline);
    // The service answers so as long as it has not read the YAML.
    faults.add({ kind: 'status', status: 204, times: 2, match: { method: 'GET', route: 'timeline' } });
    const step = await fabrikam.run({ ifRunning: 'join', pollingInterval: '1' });
    assert.equal(step.outputs.runId, '1001', logOf(step));
    assert.match(logOf(step), /waits until \S+ says which stages it runs/);
    assert.equal(fabrikam.starts().length, 0);
  });

  it('ifRunning: cancel ends the other one first, queue waits for its end', async () => {
    for (const ifRunning of ['cancel', 'queue']) {
      const fabrikam = await withRun('base', { durationMs: 2500, cancelTakesMs: 1500 });
      const { state } = fabrikam.emulator;
      const running = await fabrikam.start({ ...SAME, ifRunning });
      await until(() => fabrikam.starts().length === 1);
      assert.equal(state.look(fabrikam.runs[0]!).status, 'completed', `${ifRunning}: it has ended by then`);
      const step = await running.finished;
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(step.outputs.runId, '1002');
      assert.equal(fabrikam.calls('PATCH').length, ifRunning === 'cancel' ? 1 : 0);
    }
  });

  it('ifRunning: runs of this step and the parent itself never count', async () => {
    const fabrikam = await startOrganization();
    const parent = startParent(fabrikam);
    const inputs = { pipeline: 'parent', ifRunning: 'skip', waitForCompletion: 'false' };
    const step = await fabrikam.run({ ...inputs, runs: '- { name: a }\n- { name: b }' }, parent.step());
    assert.equal(step.outputs.result, 'started', logOf(step));
    assert.equal(fabrikam.starts().length, 2);
    const other = await fabrikam.run(inputs, { ...parent.step(), stepName: 'other' });
    assert.equal(other.outputs.result, 'skipped', 'those of another step do');
  });

  it('ifBuilt: reuse takes a successful run of the same commit and parameters, and no other', async () => {
    const fabrikam = await withRun('base', { durationMs: 0 });
    await until(() => fabrikam.emulator.state.look(fabrikam.runs[0]!).status === 'completed');
    const reuse = { ...SAME, ifBuilt: 'reuse' };
    const first = await fabrikam.run(reuse);
    assert.equal(first.result, 'Succeeded', first.message);
    assert.equal(first.outputs.runId, '1001');
    assert.equal(fabrikam.starts().length, 0);
    assert.equal((await fabrikam.run({ ...reuse, commit: fabrikam.runs[0]!.commit })).outputs.runId, '1001');
    assert.equal((await fabrikam.run({ ...reuse, parameters: 'image: other' })).outputs.runId, '1002');
    fabrikam.emulator.state.addCommit(fabrikam.emulator.state.pipelines[0]!, 'main', { '/x': 'new' });
    assert.equal((await fabrikam.run(reuse)).outputs.runId, '1003', 'the head has moved');
  });

  it('ifBuilt: reuse starts anew when the other run left out a stage, or failed', async () => {
    const fabrikam = await startOrganization();
    const pipeline = fabrikam.add({ stages: [{ name: 'Lint' }, { name: 'Build', dependsOn: [] }] });
    fabrikam.emulator.state.queue(pipeline, { stagesToSkip: ['Build'] });
    await until(() => fabrikam.emulator.state.look(fabrikam.runs[0]!).status === 'completed');
    const whole = await fabrikam.run({ ifBuilt: 'reuse' });
    assert.equal(whole.outputs.runId, '1002', 'a run of Lint alone is no build');
    const lint = await fabrikam.run({ ifBuilt: 'reuse', stages: 'Build' });
    assert.equal(lint.outputs.runId, '1002', 'the whole one did Build');
    const contoso = await withRun('base', { durationMs: 0, result: 'failed' });
    assert.equal((await contoso.run({ ...SAME, ifBuilt: 'reuse' })).outputs.runId, '1002');
  });

  it('onlyIf: starts only when the last run of each pipeline ended as wanted and none runs', async () => {
    const fabrikam = await withRun('base', { durationMs: 0, result: 'failed' });
    const { state } = fabrikam.emulator;
    await until(() => state.look(fabrikam.runs[0]!).status === 'completed');
    const no = await fabrikam.run({ onlyIf: 'rebuild: [succeeded, partiallySucceeded]' });
    assert.equal(no.outputs.result, 'skipped');
    assert.match(logOf(no), /last run of 'rebuild' on refs\/heads\/main is 'failed'/);
    assert.equal((await fabrikam.run({ onlyIf: 'rebuild: failed' })).outputs.result, 'succeeded');
    assert.equal((await fabrikam.run({ onlyIf: 'rebuild: failed' })).outputs.result, 'skipped', 'the newest counts');
    state.queue(fabrikam.add({ name: 'deploy', script: { durationMs: HOUR_MS } }));
    const busy = await fabrikam.run({ onlyIf: 'deploy: [notRunning]\nrebuild: [succeeded]' });
    assert.match(logOf(busy), /a run of 'deploy' on refs\/heads\/main has not ended/);
    assert.equal(fabrikam.starts().length, 1);
    const wrong = await fabrikam.run({ onlyIf: 'rebuild: [green]' });
    assert.match(wrong.message ?? '', /onlyIf: 'rebuild': 'green' is none of/);
  });
});

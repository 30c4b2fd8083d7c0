import assert from 'node:assert/strict';
import { environmentView } from '../../../emulator/state/releases';
import { releaseVariables } from '../../agent/systemVariables';
import { together } from '../together';
import {
  closeOrganizations,
  issuesOf,
  logOf,
  PROJECT,
  startOrganization,
  until,
  type Organization,
} from './organization';
import { startParent } from './parentRun';

const HOUR_MS = 3_600_000;

async function withRuns(count: number, script: object = { durationMs: 500 }): Promise<Organization> {
  const organization = await startOrganization();
  const pipeline = organization.add({ script });
  for (let at = 0; at < count; at++) organization.emulator.state.queue(pipeline);
  return organization;
}

function link({ emulator }: Organization, id: number): string {
  return `${emulator.url}${PROJECT}/_build/results?buildId=${id}&view=results`;
}

describe('TriggerPipeline: runs that there are already', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('waits for runs named by id, link or JSON list, and starts none', async () => {
    const fabrikam = await withRuns(4);
    const ids = fabrikam.runs.map(({ id }) => id);
    for (const runIds of [
      ids.join(', '),
      `${link(fabrikam, ids[0]!)}\n${ids[1]} ${ids[2]} ${ids[3]}`,
      JSON.stringify(ids),
    ]) {
      const step = await fabrikam.run({ action: 'wait', pipeline: '', runIds });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(step.outputs.runIds, JSON.stringify(ids));
    }
    assert.equal(fabrikam.starts().length, 0);
  });

  it('fails with a run that failed, and names it', async () => {
    const fabrikam = await withRuns(1, { durationMs: 0, result: 'failed' });
    const step = await fabrikam.run({ action: 'wait', runIds: '1001' });
    assert.equal(step.result, 'Failed');
    assert.equal(step.outputs.result, 'failed');
  });

  it('says before any wait what is no run here', async () => {
    const fabrikam = await withRuns(1, { durationMs: HOUR_MS });
    const cases: [string, RegExp][] = [
      ['1001, 99999', /no run 99999/],
      ['https://dev.azure.com/elsewhere/P/_build/results?buildId=1001', /another organization/],
      ['latest', /'latest' is for runStages and approve only/],
      ['1001x', /'1001x' is neither/],
      ['', /no earlier step of .* started a run/],
    ];
    const parent = startParent(fabrikam);
    for (const [runIds, message] of cases) {
      const step = await fabrikam.run({ action: 'wait', runIds }, parent.step());
      assert.equal(step.result, 'Failed', runIds);
      assert.match(step.message ?? '', message);
    }
  });

  it('collects what earlier steps of the same job started', async () => {
    const fabrikam = await withRuns(0);
    const parent = startParent(fabrikam);
    const first = await fabrikam.run({ waitForCompletion: 'false' }, { ...parent.step(), stepName: 'one' });
    const list = { runs: '- { name: a }\n- { name: b }', waitForCompletion: 'false' };
    await fabrikam.run(list, { stepName: 'two', job: first.job });
    const step = await fabrikam.run({ action: 'wait' }, { stepName: 'collect', job: first.job });
    assert.equal(step.result, 'Succeeded', step.message);
    const ids = fabrikam.runs.slice(1).map(({ id }) => id);
    assert.deepEqual((JSON.parse(step.outputs.runIds ?? '[]') as number[]).toSorted(), ids);
    for (const id of ids) assert.match(logOf(step), new RegExp(`succeeded {2}rebuild .*buildId=${id}`));
  });

  it('collects in a release what earlier steps of the same job started', async () => {
    const fabrikam = await withRuns(0);
    const variables = releaseVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    const first = await fabrikam.run({ waitForCompletion: 'false' }, { variables, stepName: 'one' });
    const step = await fabrikam.run({ action: 'wait' }, { stepName: 'collect', job: first.job });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runId, first.outputs.runId);
  });

  it('collects in a release what earlier phases of the same stage and attempt started', async () => {
    const fabrikam = await withRuns(0);
    const { state, url } = fabrikam.emulator;
    const area = state.releaseArea;
    const script = { durationMs: HOUR_MS, cancelTakesMs: 0 };
    const definition = area.addDefinition({ name: 'Deploy', stages: [{ name: 'Dev' }, { name: 'Test' }], script });
    const release = area.create(definition);
    const environment = release.environments[0]!;
    const phase = (name: string, attempt: number) => ({
      variables: {
        ...releaseVariables({ collectionUri: url, project: PROJECT, attempt, environmentName: 'Dev' }),
        'release.releaseId': String(release.id),
        'release.environmentId': String(environment.id),
        'system.phaseName': name,
      },
    });
    const startIn = async (name: string, attempt: number) => {
      const step = await fabrikam.run({ waitForCompletion: 'false' }, phase(name, attempt));
      for (const attached of step.attachments) area.addAttachment(release, 'Dev', attached);
      return step.outputs.runId;
    };
    await startIn('Phase_1', 1);
    area.cancel(release, environment);
    await until(() => environmentView(release, environment, state.now).status === 'canceled');
    area.deploy(release, environment);
    await until(() => environmentView(release, environment, state.now).status === 'inProgress');
    const wanted = [await startIn('Phase_1', 2), await startIn('Phase_2', 2)].map(Number);
    const step = await fabrikam.run({ action: 'wait' }, phase('Phase_3', 2));
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runIds, JSON.stringify(wanted), 'that of the first attempt is not among them');
    fabrikam.emulator.faults.add({ kind: 'status', status: 403, match: { method: 'GET', route: 'release/releases' } });
    const refused = await fabrikam.run({ action: 'wait' }, phase('Phase_3', 2));
    assert.match(refused.message ?? '', /no earlier step of .* started a run/);
    assert.match(
      issuesOf(refused, 'warning').join(),
      /What other jobs and stages of this release started cannot be read/,
    );
  });

  it('collects what other jobs and stages started, of the latest attempt of each', async () => {
    const fabrikam = await withRuns(0);
    const parent = startParent(fabrikam);
    const inputs = { waitForCompletion: 'false' };
    const old = await fabrikam.run(inputs, { ...parent.step({ stage: 'Build' }), stepName: 'gone' });
    parent.publish(old, 2);
    const first = await fabrikam.run(inputs, { ...parent.step({ stage: 'Build' }), stepName: 'one' });
    const second = await fabrikam.run(inputs, { ...parent.step({ stage: 'Test', job: 'smoke' }), stepName: 'one' });
    for (const step of [first, second]) parent.publish(step);
    const step = await fabrikam.run({ action: 'wait' }, parent.step({ stage: 'Collect' }));
    assert.equal(step.result, 'Succeeded', step.message);
    const wanted = [first, second].map(({ outputs }) => Number(outputs.runId));
    assert.deepEqual((JSON.parse(step.outputs.runIds ?? '[]') as number[]).toSorted(), wanted);
  });

  it("takes up the children of an earlier attempt when the parent's failed jobs are run again", async () => {
    const fabrikam = await withRuns(0, ({ runId }: { runId: number }) =>
      runId === 1003 ? { durationMs: 0, result: 'failed' } : { durationMs: 1500 },
    );
    const parent = startParent(fabrikam);
    const inputs = { runs: '- { name: a }\n- { name: b }\n- { name: c }' };
    const first = await fabrikam.run(inputs, parent.step());
    assert.equal(first.result, 'Failed');
    parent.publish(first, 2);
    const again = await fabrikam.run(inputs, parent.step({ attempt: 2 }));
    assert.equal(again.result, 'Succeeded', again.message);
    assert.equal(fabrikam.starts().length, 4, 'only the failed one is started anew');
    parent.publish(again, 2);
    const third = await fabrikam.run(inputs, parent.step({ attempt: 3 }));
    assert.equal(third.result, 'Succeeded', third.message);
    assert.equal(third.outputs.runIds, again.outputs.runIds);
    assert.equal(fabrikam.starts().length, 4);
  });

  it('starts nothing in a job that is run again when it cannot see what the earlier attempt started', async () => {
    const fabrikam = await withRuns(0);
    const parent = startParent(fabrikam);
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 403,
      times: 9,
      match: { method: 'GET', route: 'attachments' },
    });
    const step = await fabrikam.run({}, parent.step({ attempt: 2 }));
    assert.equal(step.result, 'Failed');
    assert.equal(fabrikam.starts().length, 0);
  });

  it('cancels runs and waits until they are canceled, or only asks', async () => {
    for (const waitForCompletion of ['true', 'false']) {
      const fabrikam = await withRuns(3, { durationMs: HOUR_MS, cancelTakesMs: 300 });
      const step = await fabrikam.run({ action: 'cancel', runIds: '1001 1002 1003', waitForCompletion });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(fabrikam.calls('PATCH', 'build/builds').length, 3);
      const ended = fabrikam.runs.filter((run) => fabrikam.emulator.state.look(run).status === 'completed');
      if (waitForCompletion === 'true') {
        assert.equal(ended.length, 3);
        assert.equal(step.outputs.result, 'canceled');
      }
    }
  });

  it('leaves a run alone that has ended before it could be canceled', async () => {
    const fabrikam = await withRuns(1, { durationMs: 0 });
    await until(() => fabrikam.emulator.state.look(fabrikam.runs[0]!).status === 'completed');
    const step = await fabrikam.run({ action: 'cancel', runIds: '1001' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(logOf(step), /has ended already/);
    assert.equal(fabrikam.calls('PATCH', 'build/builds').length, 0);
  });

  it('fails when a run cannot be canceled', async () => {
    const fabrikam = await withRuns(2, { durationMs: HOUR_MS });
    fabrikam.emulator.faults.add({ kind: 'status', status: 403, match: { method: 'PATCH', route: 'build/builds' } });
    const step = await fabrikam.run({ action: 'cancel', runIds: '1001,1002' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /could not be canceled/);
  });

  it('runs stages that a person would start, of the latest run, and waits for their end', async () => {
    const fabrikam = await startOrganization();
    const pipeline = fabrikam.add({
      stages: [{ name: 'Build' }, { name: 'Deploy', displayName: 'To production', manual: true }],
      script: { durationMs: 700 },
    });
    fabrikam.emulator.state.queue(pipeline);
    const newest = fabrikam.emulator.state.queue(pipeline);
    const inputs = { action: 'runStages', runIds: 'latest', pollingInterval: '1' };
    const wrong = await fabrikam.run({ ...inputs, stages: 'Ship' });
    assert.match(wrong.message ?? '', /no stage 'Ship'.*Build, Deploy/);
    const step = await fabrikam.run({ ...inputs, stages: 'to production' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runId, String(newest.id));
    const [entry] = JSON.parse(step.outputs.results ?? '[]') as { stages: { name: string; result: string }[] }[];
    assert.equal(entry?.stages.find(({ name }) => name === 'Deploy')?.result, 'succeeded');
  });
});

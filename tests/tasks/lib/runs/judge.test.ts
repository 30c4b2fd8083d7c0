import assert from 'node:assert/strict';
import { judgeRun, judgeStages } from '../../../../tasks/lib/runs/judge';
import type { Stage } from '../../../../tasks/lib/runs/timeline';

function stage(name: string, result = ''): Stage {
  return { name, displayName: `The ${name}`, state: result ? 'ended' : 'running', result, attempt: 1, jobs: [] };
}

describe('A look at a run', () => {
  for (const status of ['none', 'inProgress', 'cancelling', 'postponed', 'notStarted', '']) {
    it(`says of status '${status}' that it goes on`, () =>
      assert.deepEqual(judgeRun({ status }, []), { ended: false }));
  }

  it('takes an unknown status for running, and tells it', () => {
    assert.deepEqual(judgeRun({ status: 'dreaming' }, []), { ended: false, unknownStatus: 'dreaming' });
  });

  for (const result of ['succeeded', 'partiallySucceeded', 'failed', 'canceled']) {
    it(`takes the result ${result} as it is`, () => {
      assert.deepEqual(judgeRun({ status: 'completed', result }, []), { ended: true, result });
    });
  }

  for (const result of ['none', 'brilliant', undefined]) {
    it(`takes the result ${result ?? 'nothing'} for a failure, and tells it`, () => {
      const judged = judgeRun({ status: 'completed', ...(result && { result }) }, []);
      assert.ok(judged.ended && judged.result === 'failed');
      assert.match(judged.reason ?? '', new RegExp(`'${result ?? ''}' is unknown`));
    });
  }

  it('fails a success of which a stage that was asked for was skipped', () => {
    const stages = [stage('Build', 'succeeded'), stage('Scan', 'skipped')];
    const done = { status: 'completed', result: 'succeeded' };
    assert.deepEqual(judgeRun(done, stages), { ended: true, result: 'succeeded' });
    const judged = judgeRun(done, stages, ['Scan']);
    assert.ok(judged.ended && judged.result === 'failed' && judged.reason?.includes('Scan'));
  });

  it('fails a success of which all stages were skipped', () => {
    const judged = judgeRun({ status: 'completed', result: 'succeeded' }, [
      stage('A', 'skipped'),
      stage('B', 'skipped'),
    ]);
    assert.ok(judged.ended && judged.result === 'failed');
  });
});

describe('A look at some stages of a run', () => {
  const rows: [results: string[], result: string][] = [
    [['succeeded', 'succeeded'], 'succeeded'],
    [['succeeded', 'succeededWithIssues'], 'partiallySucceeded'],
    [['canceled', 'succeededWithIssues'], 'canceled'],
    [['canceled', 'failed'], 'failed'],
    [['abandoned'], 'failed'],
    [['skipped', 'succeeded'], 'failed'],
    [['brilliant'], 'failed'],
  ];
  for (const [results, result] of rows) {
    it(`makes ${result} of ${results.join(' and ')}`, () => {
      const stages = results.map((one, index) => stage(`S${index}`, one));
      const names = stages.map(({ name }) => name.toLowerCase());
      const judged = judgeStages(stages, names, false);
      assert.ok(judged.ended);
      assert.equal(judged.result, result);
    });
  }

  it('goes on while one has not ended, unless the run has', () => {
    const stages = [stage('A', 'succeeded'), stage('B')];
    assert.deepEqual(judgeStages(stages, ['A', 'B'], false), { ended: false });
    const judged = judgeStages(stages, ['the b'], true);
    assert.ok(judged.ended && judged.result === 'failed');
  });

  it('fails for a stage that is not there, and lists those that are', () => {
    const judged = judgeStages([stage('A')], ['C'], false);
    assert.ok(judged.ended && judged.result === 'failed');
    assert.match(judged.reason ?? '', /no stage C .*its stages: A/);
  });
});

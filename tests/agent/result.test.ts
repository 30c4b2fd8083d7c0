import assert from 'node:assert/strict';
import { type TaskResult, mergeResults, parseResult } from './result';

describe('mergeResults', () => {
  const table: [current: TaskResult | undefined, next: TaskResult, merged: TaskResult][] = [
    [undefined, 'Succeeded', 'Succeeded'],
    [undefined, 'Skipped', 'Skipped'],
    ['Succeeded', 'SucceededWithIssues', 'SucceededWithIssues'],
    ['Failed', 'Succeeded', 'Failed'],
    ['Failed', 'SucceededWithIssues', 'Failed'],
    ['Failed', 'Canceled', 'Canceled'],
    ['Canceled', 'Failed', 'Canceled'],
    ['Canceled', 'Skipped', 'Canceled'],
    ['Skipped', 'Failed', 'Skipped'],
  ];
  for (const [current, next, merged] of table) {
    it(`makes ${merged} of ${current ?? 'nothing'} and ${next}`, () =>
      assert.equal(mergeResults(current, next), merged));
  }
});

describe('parseResult', () => {
  it('takes the names as they are written, and numbers', () => {
    assert.deepEqual(['Succeeded', 'Canceled', '2', ' Failed '].map(parseResult), [
      'Succeeded',
      'Canceled',
      'Failed',
      'Failed',
    ]);
  });

  for (const text of ['Cancelled', 'failed', 'SUCCEEDED', '', undefined, '17']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseResult(text), undefined));
  }
});

import assert from 'node:assert/strict';
import { verdictOf, worst, type ChildResult, type Ended, type Verdict } from '../../../tasks/lib/verdict';

const POLICIES = {
  onFailure: 'fail',
  onCanceled: 'fail',
  onPartialSuccess: 'warn',
  onTimeout: 'fail',
  onSkipped: 'succeed',
} as const;

function ended(result: ChildResult, more: Partial<Ended> = {}): Ended {
  return { title: `rebuild ${result}`, url: 'https://x/1', result, reason: undefined, ...more };
}

describe('The verdict', () => {
  const rows: [result: ChildResult, policies: Partial<Parameters<typeof verdictOf>[1]>, verdict: Verdict['result']][] =
    [
      ['succeeded', {}, 'Succeeded'],
      ['started', {}, 'Succeeded'],
      ['skipped', {}, 'Succeeded'],
      ['skipped', { onSkipped: 'warn' }, 'SucceededWithIssues'],
      ['skipped', { onSkipped: 'fail' }, 'Failed'],
      ['failed', {}, 'Failed'],
      ['failed', { onFailure: 'warn' }, 'SucceededWithIssues'],
      ['failed', { onFailure: 'ignore' }, 'Succeeded'],
      ['canceled', { onFailure: 'ignore' }, 'Failed'],
      ['canceled', { onCanceled: 'ignore' }, 'Succeeded'],
      ['partiallySucceeded', {}, 'SucceededWithIssues'],
      ['partiallySucceeded', { onPartialSuccess: 'fail' }, 'Failed'],
      ['timedOut', {}, 'Failed'],
      ['timedOut', { onTimeout: 'cancel' }, 'Failed'],
      ['timedOut', { onTimeout: 'warn' }, 'SucceededWithIssues'],
      ['timedOut', { onFailure: 'ignore' }, 'Failed'],
    ];
  for (const [result, policies, verdict] of rows) {
    it(`of a child that is ${result} with ${JSON.stringify(policies)} is ${verdict}`, () => {
      assert.equal(verdictOf([ended(result)], { ...POLICIES, ...policies }).result, verdict);
    });
  }

  it('is a failure for a child that could not be started, whatever the policies say', () => {
    const lenient = { ...POLICIES, onFailure: 'ignore', onCanceled: 'ignore' } as const;
    assert.equal(verdictOf([ended('failed', { refused: true })], lenient).result, 'Failed');
  });

  it('names the children that decided it, and how many they are', () => {
    const children = [ended('succeeded'), ended('failed', { reason: 'it was deleted' }), ended('partiallySucceeded')];
    assert.deepEqual(verdictOf(children, POLICIES), {
      result: 'Failed',
      message: '1 of 3: rebuild failed failed: it was deleted (https://x/1).',
    });
  });

  it('names five of many', () => {
    const { message } = verdictOf(
      Array.from({ length: 7 }, (_, i) => ended('failed', { title: `r${i}` })),
      POLICIES,
    );
    assert.match(message, /r4 failed \(https:\/\/x\/1\) and 2 more\.$/);
    assert.doesNotMatch(message, /r5/);
  });

  it('counts the worst of several results', () => {
    const order = ['failed', 'timedOut', 'canceled', 'partiallySucceeded', 'started', 'skipped', 'succeeded'] as const;
    for (const [index, result] of order.entries()) {
      assert.equal(worst(order.slice(index)), result);
      assert.equal(worst(order.slice(index).toReversed()), result);
    }
    assert.equal(worst([]), 'succeeded');
  });
});

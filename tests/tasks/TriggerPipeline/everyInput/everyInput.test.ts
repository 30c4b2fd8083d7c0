import assert from 'node:assert/strict';
import { taskJson } from '../../taskJson/taskJson';
import { together } from '../../together';
import { closeOrganizations } from '../organization';
import { HOW_IT_WAITS } from './howItWaits';
import { assertRefused, type InputTests } from './inputTest';
import { WHAT_COMES_BACK } from './whatComesBack';
import { WHAT_RUNS } from './whatRuns';
import { WHEN_IT_RUNS } from './whenItRuns';
import { WHO_AND_WHERE } from './whoAndWhere';

const TESTS: InputTests = { ...WHAT_RUNS, ...WHEN_IT_RUNS, ...HOW_IT_WAITS, ...WHAT_COMES_BACK, ...WHO_AND_WHERE };

describe('TriggerPipeline: every input', function () {
  this.timeout(120_000);
  const it = together();
  after(closeOrganizations);

  it('has a test of its use and one of its misuse here', async () => {
    const inputs = taskJson('TriggerPipeline').inputs.map(({ name }) => name);
    assert.deepEqual(Object.keys(TESTS).toSorted(), inputs.toSorted());
  });

  for (const [input, { use, misuse }] of Object.entries(TESTS)) {
    it(`${input} ${use[0]}`, use[1]);
    it(`${input}: what is wrong with it is said before anything starts`, () => assertRefused(misuse));
  }
});

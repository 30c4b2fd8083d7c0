import assert from 'node:assert/strict';
import { taskJson } from '../../taskJson/taskJson';
import { together } from '../../together';
import { closeOrganizations } from '../../organization';
import { closeProjects } from '../project';
import { HOW_IT_WAITS } from './howItWaits';
import { assertRefused, type InputTests } from './inputTest';
import { WHAT_IS_KEPT } from './whatIsKept';
import { WHAT_IS_STALE } from './whatIsStale';
import { WHAT_IS_STARTED } from './whatIsStarted';
import { WHO_AND_WHERE } from './whoAndWhere';

const TESTS: InputTests = { ...WHAT_IS_STALE, ...WHAT_IS_KEPT, ...WHAT_IS_STARTED, ...HOW_IT_WAITS, ...WHO_AND_WHERE };

describe('DockerBaseStaleCheck: every input', function () {
  this.timeout(120_000);
  const it = together();
  after(async () => {
    await closeProjects();
    await closeOrganizations();
  });

  it('has a test of its use and one of its misuse here', async () => {
    const inputs = taskJson('DockerBaseStaleCheck').inputs.map(({ name }) => name);
    assert.deepEqual(Object.keys(TESTS).toSorted(), inputs.toSorted());
  });

  for (const [input, { use, misuse }] of Object.entries(TESTS)) {
    it(`${input} ${use[0]}`, use[1]);
    it(`${input}: what is wrong with it is said before anything is asked or started`, () => assertRefused(misuse));
  }
});

import assert from 'node:assert/strict';
import { planned } from './planned';
import { HOUR_MS, soak } from './soak';

/** By then each child's timeline was read, five a look. */
const READ_AFTER_HOURS = 20;
/** What V8 compiles on the way and the tokens that must be kept out of the log take a part of it. */
const MOST_MORE_BYTES = 1_000_000;

describe('A wait of 48 hours for 500 runs, with tokens of an hour', function () {
  // `npm run bench -- soak` looks once a minute; here once in ten.
  this.timeout(300_000);

  it('makes exactly the requests that are planned, renews each token before its end, and holds no more memory at the end', async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => void warnings.push(message);
    process.on('warning', onWarning);
    const load = { children: 500, durationMs: 48 * HOUR_MS, inputs: { pollingInterval: '600' } };
    const soaked = await soak(load).finally(() => process.off('warning', onWarning));
    assert.equal(soaked.result, 'Succeeded', soaked.message);
    assert.equal(soaked.succeeded, 500);
    assert.deepEqual(soaked.requests, planned(load));
    assert.equal(soaked.refused, 0, 'no token is used after its end');
    assert.ok(soaked.signIns > 48, `${soaked.signIns} sign-ins`);
    const early = soaked.hours[READ_AFTER_HOURS - 1]!.heapUsed;
    const late = soaked.hours[46]!.heapUsed;
    assert.ok(late - early < MOST_MORE_BYTES, `${late - early} bytes more`);
    assert.deepEqual(warnings, []);
  });
});

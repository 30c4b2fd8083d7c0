import assert from 'node:assert/strict';
import { startInProcess, type InProcess } from './inProcess';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('TriggerPipeline: long waits, on a clock that jumps', () => {
  let fabrikam: InProcess;
  beforeEach(async () => {
    fabrikam = await startInProcess();
  });
  afterEach(() => fabrikam.close());

  function addPipeline(durationMs: number, stages = ['Build', 'Scan']) {
    fabrikam.emulator.state.addPipeline({
      name: 'rebuild',
      stages: stages.map((name, index) => ({ name, dependsOn: stages.slice(index - 1, index) })),
      script: { durationMs: durationMs / stages.length },
    });
  }

  it('asks at most 310 times for a child of an hour', async () => {
    addPipeline(HOUR_MS);
    const { verdict } = await fabrikam.run({ pipeline: 'rebuild', progress: 'stages' });
    assert.equal(verdict.result, 'Succeeded');
    const { length } = fabrikam.emulator.calls;
    assert.ok(length <= 310, `${length} requests`);
    assert.ok(length >= 200, `${length} requests are no wait of an hour`);
  });

  it('notices the end within pollingInterval, and within five seconds in the first minute', async () => {
    for (const [lastsMs, withinMs] of [
      [2_000, 5_000],
      [13_000, 5_000],
      [59_000, 5_000],
      [7 * MINUTE_MS, 15_000],
    ] as const) {
      await fabrikam.close();
      fabrikam = await startInProcess();
      addPipeline(lastsMs);
      await fabrikam.run({ pipeline: 'rebuild' });
      const [run] = fabrikam.emulator.state.runs;
      const noticed = fabrikam.clock.now() - (run!.queueTime + lastsMs);
      assert.ok(noticed <= withinMs, `a child of ${lastsMs} ms was noticed after ${noticed} ms`);
    }
  });

  it('never pauses longer than pollingInterval, and as long as that where it may', async () => {
    addPipeline(HOUR_MS);
    await fabrikam.run({ pipeline: 'rebuild', pollingInterval: '300', progress: 'none' });
    const looks = fabrikam.emulator.calls.filter(({ path }) => path.includes('buildIds='));
    const pauses = looks.slice(1).map(({ at }, index) => at - looks[index]!.at);
    assert.equal(Math.max(...pauses), 300_000);
    assert.ok(looks.length < 40, `${looks.length} looks`);
  });

  it('says every ten minutes that it still waits, for what and where that is, and little else', async () => {
    addPipeline(HOUR_MS);
    const { log } = await fabrikam.run({ pipeline: 'rebuild' });
    const still = log.filter((line) => line.startsWith('Still waiting'));
    assert.equal(still.length, 5);
    assert.match(still[0]!, /^Still waiting for 1 of 1: rebuild \S+ \(in Build\)\.$/);
    assert.match(still.at(-1)!, /\(in Scan\)/);
    assert.ok(log.length <= 15, log.join('\n'));
  });

  it('looks a last time on the deadline of waitTimeoutInMinutes', async () => {
    addPipeline(20 * MINUTE_MS - 1000);
    const begin = fabrikam.clock.now();
    const { verdict } = await fabrikam.run({ pipeline: 'rebuild', waitTimeoutInMinutes: '20', pollingInterval: '600' });
    assert.equal(verdict.result, 'Succeeded', 'what ended before the deadline is seen on it');
    assert.equal(fabrikam.clock.now() - begin, 20 * MINUTE_MS);
  });
});

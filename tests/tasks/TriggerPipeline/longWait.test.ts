import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';
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

  it('holds no more memory at the end of 48 hours of 500 runs than when it had read each of them once', async function () {
    this.timeout(150_000);
    const { emulator, clock } = fabrikam;
    const script = { durationMs: 48 * HOUR_MS };
    const pipeline = emulator.state.addPipeline({ name: 'slow', stages: [{ name: 'Build' }], script });
    const ids = Array.from({ length: 500 }, () => emulator.state.queue(pipeline).id);
    const begin = clock.now();
    const heap = { early: 0, late: 0 };
    const sleep = clock.sleep.bind(clock);
    clock.sleep = async (ms) => {
      await sleep(ms);
      // What the server remembers of its calls is not the task's.
      emulator.calls.length = 0;
      const hours = (clock.now() - begin) / HOUR_MS;
      // Five timelines a look: after a hundred looks each was read.
      if (hours > 20 && !heap.early) heap.early = heapInUse();
      if (hours > 47 && !heap.late) heap.late = heapInUse();
    };
    const { verdict, log } = await fabrikam.run({ action: 'wait', runIds: ids.join(' '), pollingInterval: '600' });
    assert.equal(verdict.result, 'Succeeded', verdict.message);
    assert.ok(clock.now() - begin >= 48 * HOUR_MS);
    assert.ok(log.length > 500, 'each of them was told');
    assert.ok(heap.late - heap.early < 1_000_000, `${heap.late - heap.early} bytes more`);
  });
});

/** Bytes that are really held: what is garbage is collected first. */
function heapInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

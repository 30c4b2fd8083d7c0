import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { AzureDevOps } from '../../../../tasks/lib/azureDevOps';
import type { Child } from '../../../../tasks/lib/runs/child';
import { RunWatch } from '../../../../tasks/lib/runs/watch';
import { wait } from '../../../../tasks/lib/wait';
import type { World } from '../../../../tasks/lib/world';

const HOUR_MS = 3_600_000;
const CHILDREN = 500;
const MOST_GROWTH_BYTES = 4_000_000;

/** A service that knows only runs that go on until a moment. */
function service(now: () => number, endsAt: number) {
  const asked = { looks: 0, timelines: 0, longest: 0 };
  const build = (id: number) => ({
    id,
    buildNumber: `n${id}`,
    ...(now() >= endsAt ? { status: 'completed', result: 'succeeded' } : { status: 'inProgress' }),
  });
  const call = (_method: string, { name }: { name: string }, { query }: { query?: { buildIds: string } }) => {
    if (name !== 'builds') {
      asked.timelines++;
      return Promise.resolve({ value: { records: [] } });
    }
    const ids = query?.buildIds ?? '';
    asked.looks++;
    asked.longest = Math.max(asked.longest, ids.length);
    return Promise.resolve({ value: { value: ids.split(',').map((id) => build(Number(id))) } });
  };
  return { asked, azureDevOps: { call } as unknown as AzureDevOps };
}

function childNumber(id: number): Child {
  const place = { organization: 'http://o/', project: 'P', name: 'p', number: `n${id}`, url: `http://o/${id}` };
  return {
    ...place,
    ...{ id, item: `i${id}`, attempt: 1, branch: '', commit: '', stages: [], given: [] },
    progress: { status: '', stages: [] },
  };
}

/** Bytes that are really held: what is garbage is collected first. */
function heapInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('A long wait for many runs', function () {
  this.timeout(120_000);

  it('holds no more memory after 48 hours of 500 runs than after one, with as few requests as addresses allow', async () => {
    let now = 1_760_000_000_000;
    const begin = now;
    const heap = { early: 0, late: 0 };
    const quiet = () => undefined;
    const world: World = {
      clock: {
        now: () => now,
        sleep: (ms) => {
          now += ms;
          return Promise.resolve();
        },
      },
      log: { info: quiet, warning: quiet, error: quiet, debug: quiet, group: quiet },
      signal: new AbortController().signal,
    };
    const { asked, azureDevOps } = service(() => now, begin + 48 * HOUR_MS);
    const options = {
      ...{ detail: 'stages' as const, waitFor: 'completion' as const, changed: quiet },
      observe: () => Promise.resolve(undefined),
      runAgain: () => Promise.resolve(false),
    };
    const watch = new RunWatch(azureDevOps, options, world);
    const children = Array.from({ length: CHILDREN }, (_, at) => childNumber(100_000 + at));
    for (const child of children) watch.add(child);
    let turns = 0;
    const waiting = {
      look: async () => {
        await watch.look();
        turns++;
        if (turns === 120) heap.early = heapInUse();
      },
      ended: () => children.every(({ result }) => result),
      hurry: () => watch.hurry(),
      stillWaiting: () => '',
      pauseMs: 120_000,
    };
    await wait(waiting, world);
    heap.late = heapInUse();
    assert.ok(children.every(({ result }) => result === 'succeeded'));
    assert.ok(asked.longest <= 1700);
    const requestsATurn = Math.ceil((CHILDREN * 7) / 1700);
    assert.ok(asked.looks <= turns * requestsATurn, `${asked.looks} looks in ${turns} turns`);
    assert.ok(asked.timelines <= turns * 5);
    assert.ok(heap.late - heap.early < MOST_GROWTH_BYTES, `${heap.late - heap.early} bytes more`);
  });
});

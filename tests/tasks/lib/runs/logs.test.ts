import assert from 'node:assert/strict';
import type { AzureDevOps } from '../../../../tasks/lib/azureDevOps';
import type { Child } from '../../../../tasks/lib/runs/child';
import { LogPrinter } from '../../../../tasks/lib/runs/logs';
import type { World } from '../../../../tasks/lib/world';

const CHILD: Child = {
  ...{ organization: 'http://o/', project: 'P', id: 7, name: 'p', number: 'n7', url: 'http://o/7', item: '' },
  ...{ attempt: 1, branch: '', commit: '', stages: [], given: [], progress: { status: 'inProgress', stages: [] } },
};

/** A log that grows, of a service that counts its lines from 0 or from 1. */
function growing(first: 0 | 1) {
  const lines: string[] = [];
  const sent: number[] = [];
  const printed: string[] = [];
  const call = (_method: string, _place: object, { query }: { query: { startLine?: number } }) => {
    const answer = lines.slice(Math.max(0, (query.startLine ?? first) - first));
    sent.push(answer.length);
    return Promise.resolve({ value: { value: answer } });
  };
  const world = {
    log: { group: (_title: string, told: string[]) => printed.push(...told) },
    signal: new AbortController().signal,
  } as unknown as World;
  const printer = new LogPrinter({ call } as unknown as AzureDevOps, world);
  const look = (state: string) =>
    printer.print(CHILD, [
      { id: 'j', type: 'Job', name: 'compile', state: 'inProgress' },
      { id: 't', type: 'Task', parentId: 'j', name: 'make', state, log: { id: 3 } },
    ]);
  return { lines, sent, printed, look };
}

describe('The log of a step that still runs', () => {
  for (const first of [0, 1] as const) {
    it(`is printed as it grows, each line once, only what is new fetched, where lines are counted from ${first}`, async () => {
      const { lines, sent, printed, look } = growing(first);
      await look('inProgress');
      lines.push('2026-11-21T09:00:00.1Z one', '2026-11-21T09:00:00.2Z two');
      await look('inProgress');
      await look('inProgress');
      lines.push('2026-11-21T09:00:01.1Z two', '2026-11-21T09:00:01.2Z four');
      await look('completed');
      lines.push('2026-11-21T09:00:02.1Z never, it has ended');
      await look('completed');
      assert.deepEqual(
        printed,
        ['one', 'two', 'two', 'four'].map((text) => `compile | ${text}`),
      );
      assert.deepEqual(sent, first === 0 ? [0, 2, 1, 3] : [0, 2, 2, 4]);
    });
  }
});

import assert from 'node:assert/strict';
import { axisOf, barOf, durationText } from '../../tabs/model/chart';
import { bareState, hasEnded, outcomeOf, type ChildState } from '../../tabs/model/childState';
import { keyOf, organizationName, readDocument, safeUrl, type StepDocument } from '../../tabs/model/documents';
import { actionsFor, countsOf, rowsOf, treeOf } from '../../tabs/model/tree';

const organization = 'https://dev.azure.com/contoso/';
const run = (id: number, more: object = {}) => ({
  organization,
  project: 'Fabrikam',
  kind: 'run',
  id,
  name: `pipeline-${id}`,
  number: `2026.${id}`,
  url: `${organization}Fabrikam/_build/results?buildId=${id}`,
  item: '',
  attempt: 1,
  result: '',
  ...more,
});
const key = (id: number): string => keyOf({ organization, kind: 'run', id });
const document = (children: object[], step = 's'): StepDocument =>
  readDocument(JSON.stringify({ version: 1, task: 'TriggerPipeline', step, children }))!;
const state = (more: Partial<ChildState>): ChildState => ({
  ...bareState('running', { name: '', number: '', url: '' }),
  ...more,
});

describe('Documents that steps attached', () => {
  it('are those of version 1 and nothing else', () => {
    assert.equal(readDocument('no JSON'), undefined);
    assert.equal(readDocument('[]'), undefined);
    assert.equal(readDocument('{"version":2,"children":[]}'), undefined);
    assert.deepEqual(readDocument('{"version":1}'), { task: '', step: '', children: [], dockerfiles: [] });
  });

  it('lose children without an id, and fields of a wrong kind', () => {
    const { children } = document([{ id: 'x' }, run(7, { name: { no: 'text' }, attempt: 'two' })]);
    assert.deepEqual(
      children.map(({ id, name, attempt }) => ({ id, name, attempt })),
      [{ id: 7, name: '', attempt: 1 }],
    );
  });

  it('name an organization in any form of its address', () => {
    for (const address of [
      'https://dev.azure.com/Contoso/',
      'https://contoso.visualstudio.com',
      'https://contoso.vsrm.visualstudio.com/',
      'https://vsrm.dev.azure.com/contoso',
      'http://127.0.0.1:8080/contoso/',
    ]) {
      assert.equal(organizationName(address), 'contoso', address);
    }
  });

  it('give no links but those of the web', () => {
    assert.equal(safeUrl('javascript:alert(1)'), undefined);
    assert.equal(safeUrl('https://dev.azure.com/x'), 'https://dev.azure.com/x');
  });
});

describe('The tree of children', () => {
  const documents = new Map([
    [key(1), [document([run(2), run(3, { result: 'failed' })])]],
    [key(2), [document([run(4)])]],
    // A register that names its own ancestor.
    [key(4), [document([run(1), run(2)])]],
  ]);

  it('has grandchildren below children, and no circles', () => {
    const rows = rowsOf(treeOf(key(1), documents, new Map()), new Set());
    assert.deepEqual(
      rows.map(({ node, level, position, setSize }) => [node.ref.id, level, position, setSize]),
      [
        [2, 1, 1, 2],
        [4, 2, 1, 1],
        [3, 1, 2, 2],
      ],
    );
  });

  it('hides what is below a collapsed child', () => {
    const tree = treeOf(key(1), documents, new Map());
    const rows = rowsOf(tree, new Set([tree[0]!.path]));
    assert.deepEqual(
      rows.map(({ node, expanded }) => [node.ref.id, expanded]),
      [
        [2, false],
        [3, undefined],
      ],
    );
  });

  it('shows what was read of a child over what its step registered', () => {
    const states = new Map([[key(3), state({ outcome: 'succeeded' })]]);
    assert.deepEqual(countsOf(treeOf(key(1), documents, states)), { running: 2, succeeded: 1 });
    assert.deepEqual(countsOf(treeOf(key(1), documents, new Map())), { running: 2, failed: 1 });
  });

  it('offers a rerun of what failed and a cancel of what runs', () => {
    const [running, failed] = treeOf(key(1), documents, new Map());
    assert.deepEqual(actionsFor(running!), { rerun: false, cancel: true });
    assert.deepEqual(actionsFor(failed!), { rerun: true, cancel: false });
  });

  it('takes an unknown result as an end and no result as running', () => {
    assert.equal(hasEnded(outcomeOf('exploded')), true);
    assert.equal(hasEnded(outcomeOf('')), false);
  });
});

describe('The time chart', () => {
  const documents = new Map([[key(1), [document([run(2), run(3)])]]]);

  it('has one axis from the first queued to the last end, or now', () => {
    const states = new Map([
      [key(2), state({ queuedAt: 0, startedAt: 10_000, endedAt: 60_000, outcome: 'failed' })],
      [key(3), state({ queuedAt: 30_000 })],
    ]);
    const axis = axisOf(treeOf(key(1), documents, states), 120_000)!;
    assert.deepEqual([axis.from, axis.to], [0, 120_000]);
    assert.deepEqual(
      axis.ticks.map(({ label }) => label),
      ['0', '30 s', '1 min', '1 min 30 s', '2 min'],
    );
    assert.deepEqual(barOf(axis, 30_000, 90_000), { left: 25, width: 50 });
  });

  it('draws nothing for what has not begun, and something for what took no time', () => {
    const axis = { from: 0, to: 1_000_000, ticks: [] };
    assert.equal(barOf(axis, undefined, 5), undefined);
    assert.deepEqual(barOf(axis, 1_000_000, 1_000_000), { left: 99.6, width: 0.4 });
    assert.equal(axisOf(treeOf(key(1), documents, new Map()), 1), undefined);
  });

  it('has at most seven ticks, however long it is', () => {
    for (const length of [1, 59_000, 3_600_000, 9 * 86_400_000, 400 * 86_400_000]) {
      const states = new Map([[key(2), state({ queuedAt: 0 })]]);
      const { ticks } = axisOf(treeOf(key(1), documents, states), length)!;
      assert.ok(ticks.length >= 1 && ticks.length <= 7, `${length}: ${ticks.length}`);
    }
  });

  it('tells a duration in two units at most', () => {
    assert.deepEqual([0, 400, 65_000, 3_600_000, 11_400_000, 187_200_000].map(durationText), [
      '0 s',
      '0 s',
      '1 min 5 s',
      '1 h',
      '3 h 10 min',
      '2 d 4 h',
    ]);
  });
});

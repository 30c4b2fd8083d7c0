import assert from 'node:assert/strict';
import { usableDate } from '../../../../tasks/DockerBaseStaleCheck/judge/dates';
import { wayFor } from '../../../../tasks/DockerBaseStaleCheck/judge/judgeReference';
import { layerTest } from '../../../../tasks/DockerBaseStaleCheck/judge/layerTest';
import { covers, markOf, rememberedVerdict } from '../../../../tasks/DockerBaseStaleCheck/memory';
import { deciding, type StaleVerdict } from '../../../../tasks/DockerBaseStaleCheck/verdicts';

const NOW = Date.parse('2026-11-21T00:00:00Z');

describe('Dates of images', () => {
  const none = ['', null, undefined, 'soon', '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '1980-01-01T00:00:01Z'];
  it('up to 1980-01-02 or in the future are none', () => {
    for (const written of [...none, '1980-01-02T23:59:59Z', '2026-11-22T00:00:01Z'])
      assert.equal(usableDate(written, NOW), undefined, String(written));
  });
  it('are taken otherwise, a clock that is a little ahead included', () => {
    for (const written of ['1980-01-03T00:00:00Z', '2020-01-01T00:00:00Z', '2026-11-21T23:00:00.123456789Z'])
      assert.equal(usableDate(written, NOW), Date.parse(written));
  });
});

describe('The test of layers', () => {
  const image = (layers: string[], history: string[], comment = '') => ({
    diffIds: layers,
    history: history.map((by) => ({ created_by: by, ...(comment && { comment }) })),
  });
  const rows: [string, ReturnType<typeof image>, ReturnType<typeof image>, ReturnType<typeof layerTest>][] = [
    ['the same base', image(['a'], ['A']), image(['a', 'x'], ['A', 'X']), 'current'],
    ['other layers', image(['b'], ['B']), image(['a', 'x'], ['A', 'X']), 'otherLayers'],
    ['another order', image(['b', 'a'], ['B', 'A']), image(['a', 'b', 'x'], ['A', 'B', 'X']), 'otherLayers'],
    ['a new label of the base', image(['a'], ['A', 'L']), image(['a', 'x'], ['A', 'X']), 'otherConfiguration'],
    ['an image that was squashed', image(['a'], ['A']), image(['s'], ['A', 'X']), 'notApplicable'],
    ['an image that was imported', image(['a'], ['A']), image(['s'], ['I'], 'Imported from -'), 'notApplicable'],
    ['an image without history', image(['a'], ['A']), image(['s'], []), 'notApplicable'],
  ];
  for (const [what, base, built, expected] of rows) {
    it(`says ${expected} of ${what}`, () => assert.equal(layerTest(base, built), expected));
  }
});

describe('The way of comparing', () => {
  it('is the best that there is to compare with', () => {
    const rows = [
      ['auto', true, true, 'digest'],
      ['auto', false, true, 'layers'],
      ['auto', false, false, 'age'],
      ['digest', false, false, 'age'],
      ['layers', true, true, 'layers'],
      ['age', true, true, 'age'],
    ] as const;
    for (const [staleWhen, locked, image, expected] of rows)
      assert.equal(wayFor(staleWhen, { locked, image }), expected, staleWhen);
  });
});

describe('The verdict of a Dockerfile', () => {
  it('is that of the image that matters most; an error is never fresh', () => {
    const rows: [StaleVerdict[], StaleVerdict][] = [
      [[], 'noBase'],
      [['fresh', 'pinned'], 'fresh'],
      [['pinned'], 'pinned'],
      [['fresh', 'unknown'], 'unknown'],
      [['unknown', 'stale'], 'stale'],
      [['baseMissing', 'fresh', 'pending'], 'baseMissing'],
    ];
    for (const [verdicts, expected] of rows)
      assert.equal(deciding(verdicts.map((verdict) => ({ verdict, reason: '' }))).verdict, expected);
  });
});

describe("The memory of a pipeline's history", () => {
  const run = (result: string, { queueTime = '2026-11-20T00:00:00Z', tags = [] as string[] } = {}) => {
    return { id: 1, status: 'completed', result, queueTime, tags };
  };
  const before = { queueTime: '2026-11-18T00:00:00Z' };
  const since = Date.parse('2026-11-19T00:00:00Z');
  const mark = 'cascade-base-1';
  const rows: [string, Parameters<typeof rememberedVerdict>[0], string][] = [
    ['nothing', [], 'stale'],
    ['a good run since', [run('succeeded')], 'fresh'],
    ['a good run from before', [run('succeeded', before)], 'stale'],
    ['a run that goes on', [{ id: 2, status: 'inProgress' }, run('succeeded')], 'pending'],
    ['one failure', [run('failed'), run('succeeded')], 'stale'],
    ['three failures', [run('failed'), run('canceled'), run('failed'), run('succeeded')], 'held'],
    ['a good run for this very base, made long ago', [run('succeeded', { ...before, tags: [mark] })], 'fresh'],
    ['a good run since, for another base', [run('succeeded', { tags: ['cascade-base-2'] })], 'stale'],
  ];
  for (const [what, runs, expected] of rows) {
    it(`makes ${expected} of ${what}`, () => {
      assert.equal(rememberedVerdict(runs, { since, mark, maxFailures: 3 }).verdict, expected);
    });
  }

  it('goes by the mark alone where the date of the base is unknown', () => {
    const verdictOf = (tags: string[]) =>
      rememberedVerdict([run('succeeded', { tags })], { since: undefined, mark, maxFailures: 3 }).verdict;
    assert.deepEqual([verdictOf([]), verdictOf([mark])], ['stale', 'fresh']);
  });

  it('has the same mark for the same bases in any order, and none where one is not known', () => {
    assert.equal(markOf(['sha256:a', 'sha256:b']), markOf(['sha256:b', 'sha256:a']));
    assert.notEqual(markOf(['sha256:a']), markOf(['sha256:b']));
    assert.match(markOf(['sha256:a']) ?? '', /^cascade-base-[0-9a-f]{12}$/);
    assert.deepEqual([markOf([]), markOf(['sha256:a', undefined])], [undefined, undefined]);
  });

  it('finds an image in what a run of a group was given', () => {
    const table: [whole: unknown, part: unknown, expected: boolean][] = [
      ['["a","b"]', '["a"]', true],
      ['["a","b"]', '["c"]', false],
      ['x:a x:b', 'x:b', true],
      ['x:ab', 'x:a', false],
      ['{"images":["a","b"],"env":"dev"}', '{"images":["b"],"env":"dev"}', true],
      ['{"images":["a","b"],"env":"dev"}', '{"images":["b"],"env":"prod"}', false],
      ['dev', 'dev', true],
    ];
    for (const [whole, part, expected] of table)
      assert.equal(covers(whole, part), expected, `${String(whole)} ${String(part)}`);
  });
});

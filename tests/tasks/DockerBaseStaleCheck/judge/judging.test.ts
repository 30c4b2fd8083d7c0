import assert from 'node:assert/strict';
import { usableDate } from '../../../../tasks/DockerBaseStaleCheck/judge/dates';
import { wayFor } from '../../../../tasks/DockerBaseStaleCheck/judge/judgeReference';
import { layerTest } from '../../../../tasks/DockerBaseStaleCheck/judge/layerTest';
import { rememberedVerdict } from '../../../../tasks/DockerBaseStaleCheck/memory';
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
  const run = (result: string, queueTime = '2026-11-20T00:00:00Z') => ({
    id: 1,
    status: 'completed',
    result,
    queueTime,
  });
  const since = Date.parse('2026-11-19T00:00:00Z');
  const rows: [string, Parameters<typeof rememberedVerdict>[0], string][] = [
    ['nothing', [], 'stale'],
    ['a good run since', [run('succeeded')], 'fresh'],
    ['a good run from before', [run('succeeded', '2026-11-18T00:00:00Z')], 'stale'],
    ['a run that goes on', [{ id: 2, status: 'inProgress' }, run('succeeded')], 'pending'],
    ['one failure', [run('failed'), run('succeeded')], 'stale'],
    ['three failures', [run('failed'), run('canceled'), run('failed'), run('succeeded')], 'held'],
  ];
  for (const [what, runs, expected] of rows) {
    it(`makes ${expected} of ${what}`, () => {
      assert.equal(rememberedVerdict(runs, { since, maxFailures: 3 }).verdict, expected);
    });
  }
  it('does not know whether a run came later where the date of the base is unknown', () => {
    assert.equal(rememberedVerdict([run('succeeded')], { since: undefined, maxFailures: 3 }).verdict, 'stale');
  });
});

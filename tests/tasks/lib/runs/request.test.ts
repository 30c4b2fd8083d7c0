import assert from 'node:assert/strict';
import { fits } from '../../../../tasks/lib/runs/lostAnswer';
import type { Pipeline } from '../../../../tasks/lib/runs/pipeline';
import { span } from '../../../../tasks/lib/runs/progress';
import { buildBody, fullReference, needsRunsApi, runBody, withoutSecrets } from '../../../../tasks/lib/runs/request';
import { isSameValue } from '../../../../tasks/lib/runs/sameValue';
import type { RunRequest } from '../../../../tasks/lib/runs/request';
import type { Build } from '../../../../tasks/lib/runs/wire';

function request(more: Partial<RunRequest> = {}): RunRequest {
  return {
    pipeline: { id: 7, name: 'rebuild' } as Pipeline,
    project: 'Fabrikam',
    branch: undefined,
    branchMayBeTag: false,
    commit: undefined,
    parameters: {},
    variables: {},
    stagesToSkip: [],
    resources: {},
    tags: [],
    requestedFor: undefined,
    queueId: undefined,
    demands: [],
    ...more,
  };
}

const ring = { ring: { value: '1', isSecret: false } };
const key = { key: { value: 'k', isSecret: true } };
const COMMIT = 'a'.repeat(40);

describe('The body of a start', () => {
  it('for the builds API holds what was given and nothing else', () => {
    assert.deepEqual(buildBody(request()), { definition: { id: 7 } });
    const all = request({
      ...{ branch: 'refs/heads/main', commit: COMMIT, parameters: { a: '1' }, variables: ring, tags: ['t'] },
      ...{ requestedFor: 'id', queueId: 3, demands: [{ name: 'java' }] },
    });
    assert.deepEqual(buildBody(all), {
      definition: { id: 7 },
      sourceBranch: 'refs/heads/main',
      sourceVersion: COMMIT,
      parameters: '{"ring":"1"}',
      templateParameters: { a: '1' },
      requestedFor: { id: 'id' },
      queue: { id: 3 },
      demands: [{ name: 'java' }],
      tags: ['t'],
    });
  });

  it('for the runs API holds branch and commit as the resource self', () => {
    assert.deepEqual(runBody(request()), {});
    const all = request({
      ...{ branch: 'refs/heads/main', commit: COMMIT, parameters: { a: '1' }, stagesToSkip: ['B'] },
      ...{ variables: key, resources: { pipelines: { base: { runId: 9 } }, repositories: { x: { refName: 'r' } } } },
    });
    assert.deepEqual(runBody(all), {
      stagesToSkip: ['B'],
      templateParameters: { a: '1' },
      variables: key,
      resources: {
        pipelines: { base: { runId: 9 } },
        repositories: { self: { refName: 'refs/heads/main', version: COMMIT }, x: { refName: 'r' } },
      },
    });
  });

  it('goes to the runs API for stages, resources and secrets alone', () => {
    assert.equal(needsRunsApi(request({ variables: ring, parameters: { a: '1' }, tags: ['t'] })), false);
    assert.equal(needsRunsApi(request({ variables: key })), true);
    assert.equal(needsRunsApi(request({ stagesToSkip: ['B'] })), true);
    assert.equal(needsRunsApi(request({ resources: { containers: { x: { version: '1' } } } })), true);
  });

  it('is kept without the values of secrets', () => {
    assert.deepEqual(withoutSecrets(request({ variables: { ...ring, ...key } })).variables, {
      ...ring,
      key: { value: '', isSecret: true },
    });
  });

  it('names a reference in full', () => {
    assert.deepEqual(['main', 'feature/x', 'refs/tags/v1', 'refs/pull/7/merge'].map(fullReference), [
      'refs/heads/main',
      'refs/heads/feature/x',
      'refs/tags/v1',
      'refs/pull/7/merge',
    ]);
  });
});

describe('A run that a lost start may have made', () => {
  const tags = ['cascade-parent-5'];
  const wanted = request({ branch: 'refs/heads/main', commit: COMMIT, parameters: { a: '1' }, variables: ring, tags });
  const build: Build = {
    ...{ id: 1, sourceBranch: 'refs/heads/main', sourceVersion: COMMIT, parameters: '{"ring":"1"}' },
    ...{ templateParameters: { a: '1', b: 'default' }, tags },
  };
  const rows: [what: string, build: Build, fits: boolean][] = [
    ['that is as it was asked for', build, true],
    ['of which the service tells nothing', { id: 1 }, true],
    ['that has no tag yet', { ...build, tags: [] }, true],
    ['of another parent', { ...build, tags: ['cascade-parent-6'] }, false],
    ['with tags of people', { ...build, tags: ['nightly', ...tags] }, true],
    ['on another branch', { ...build, sourceBranch: 'refs/heads/other' }, false],
    ['of another commit', { ...build, sourceVersion: 'b'.repeat(40) }, false],
    ['with another parameter', { ...build, templateParameters: { a: '2' } }, false],
    ['with a parameter that the service parsed', { ...build, templateParameters: { a: 1 } }, true],
    ['of which the commit is told in other letters', { ...build, sourceVersion: COMMIT.toUpperCase() }, true],
    ['with another variable', { ...build, parameters: '{"ring":"2"}' }, false],
    ['with variables that are no JSON', { ...build, parameters: 'ring' }, true],
  ];
  for (const [what, one, expected] of rows) {
    it(`${expected ? 'fits' : 'does not fit'}: one ${what}`, () => assert.equal(fits(one, wanted), expected));
  }

  it('is not told by its secrets, which come back empty', () => {
    assert.equal(fits({ id: 1, parameters: '{"key":""}' }, request({ variables: key })), true);
  });

  const words = { flag: 'true', list: '[1,{"a":"b"}]' };
  it('has booleans and lists in the form that the service gives them', () => {
    assert.equal(
      fits({ id: 1, templateParameters: { flag: true, list: [1, { a: 'b' }] } }, request({ parameters: words })),
      true,
    );
    assert.equal(fits({ id: 1, templateParameters: { flag: 'True' } }, request({ parameters: words })), true);
    assert.equal(fits({ id: 1, templateParameters: { flag: 'False' } }, request({ parameters: words })), false);
  });
});

describe('A value that the service tells', () => {
  const rows: [told: unknown, sent: string, same: boolean][] = [
    ['x', 'x', true],
    ['X', 'x', false],
    ['True', 'true', true],
    [true, 'True', true],
    [false, 'true', false],
    ['1.1', '1.10', false],
    [1.1, '1.10', true],
    [7, '007', false],
    ['[ 1, "a" ]', '[1,"a"]', true],
    [{ a: [1] }, '{"a":[1]}', true],
    [['a'], '["b"]', false],
    ['null', '', false],
  ];
  for (const [told, sent, same] of rows) {
    it(`${JSON.stringify(told)} is ${same ? 'the same as' : 'another than'} '${sent}'`, () => {
      assert.equal(isSameValue(told, sent), same);
    });
  }
});

describe('A span of time', () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21) + seconds * 1000).toISOString();
  const rows: [seconds: number, text: string][] = [
    [0, '0 s'],
    [45, '45 s'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [90_000, '25 h'],
    [-1, ''],
  ];
  for (const [seconds, text] of rows)
    it(`of ${seconds} s is '${text}'`, () => assert.equal(span(at(0), at(seconds)), text));

  it('that has no end is not told', () => {
    assert.equal(span(at(0), undefined), '');
    assert.equal(span(undefined, at(0)), '');
  });
});

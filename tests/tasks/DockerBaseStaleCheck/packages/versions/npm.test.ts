import assert from 'node:assert/strict';
import { compare, fits, isPrerelease, isRange } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/npm';

describe('npm versions', () => {
  it('stand in the order of semver.org, rule 11', () => {
    const order =
      '0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.9.0 1.10.0'.split(
        ' ',
      );
    assert.deepEqual([...order].reverse().sort(compare), order);
  });

  it('fit ranges, pre-releases only where the range names one', () => {
    assert.equal(fits('1.9.0', '^1.2.3'), true);
    assert.equal(fits('2.0.0', '^1.2.3'), false);
    assert.equal(fits('1.2.3', '1.2.3'), true);
    assert.equal(fits('1.2.3', ''), true);
    assert.equal(fits('2.0.0-rc.1', '>=1'), false);
    assert.equal(fits('1.2.4', '1.2.x || >=3'), true);
  });

  it('tell a range from a dist-tag, and a pre-release from a release', () => {
    assert.deepEqual(['1', '^1.2', 'latest', 'next'].map(isRange), [true, true, false, false]);
    assert.deepEqual(['1.0.0', '1.0.0-rc.1', 'x'].map(isPrerelease), [false, true, false]);
    assert.equal(fits('1.0.0', 'latest'), false);
  });

  it('put what is no version first', () => {
    assert.deepEqual(['1.0.0', 'zzz', '0.1.0', 'abc'].sort(compare), ['abc', 'zzz', '0.1.0', '1.0.0']);
  });
});

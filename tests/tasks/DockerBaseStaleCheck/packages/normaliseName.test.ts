import assert from 'node:assert/strict';
import { normaliseName } from '../../../../tasks/DockerBaseStaleCheck/packages/normaliseName';

describe('package names', () => {
  it('are those of their ecosystem', () => {
    // The Python rows are PEP 503's own.
    for (const name of [
      'Friendly-Bard',
      'FRIENDLY-BARD',
      'friendly.bard',
      'friendly_bard',
      'friendly--bard',
      'FrIeNdLy-._.-bArD',
    ]) {
      assert.equal(normaliseName('pip', name), 'friendly-bard', name);
    }
    assert.equal(normaliseName('conda', ' R-Base '), 'r-base');
    assert.equal(normaliseName('apt', 'libc6:amd64'), 'libc6');
    assert.equal(normaliseName('cran', 'TeachingDemos'), 'TeachingDemos');
    assert.equal(normaliseName('npm', '@Scope/Name'), '@Scope/Name');
    assert.equal(normaliseName('apk', 'g++'), 'g++');
  });
});

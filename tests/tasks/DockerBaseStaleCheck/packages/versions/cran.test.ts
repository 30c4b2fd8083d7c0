import assert from 'node:assert/strict';
import { compare, fits } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/cran';
import { orderRows } from './tableRows';

// Facts of R's own documentation: ?package_version, ?compareVersion ('-' and '.' are the same, a longer one is later).
const TABLE = `
  1.2.3 > 1.2.2
  1.2.3 < 1.2.4
  1.2-3 = 1.2.3
  1.0 < 1.0.0
  1.10 > 1.9
  2.7-3 < 2.7-10
  0.01 = 0.1
  3.98-1.16 < 3.98.1.17
  2024.1 > 3.0`;

describe('R package versions', () => {
  it('stand in the order of package_version', () => {
    for (const { left, sign, right } of orderRows(TABLE)) {
      assert.equal(compare(left, right), sign, `${left} and ${right}`);
      assert.equal(compare(right, left), sign === 0 ? 0 : -sign, `${right} and ${left}`);
    }
  });

  it('fit one version or conditions as in a DESCRIPTION', () => {
    assert.equal(fits('1.0-3', '1.0.3'), true);
    assert.equal(fits('1.4', '>= 1.0, < 1.5'), true);
    assert.equal(fits('1.5', '>= 1.0, < 1.5'), false);
    assert.equal(fits('1.5', ''), true);
    assert.equal(fits('1.5', 'newest'), false);
    assert.equal(fits('unknown', '>= 1.0'), false);
  });
});

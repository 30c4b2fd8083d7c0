import assert from 'node:assert/strict';
import { compare, fits } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/debian';
import { orderRows } from './tableRows';

// Facts of dpkg's lib/dpkg/t/t-version.c and of deb-version(7); each row also holds with `dpkg --compare-versions`.
const TABLE = `
  1:0 < 2:0
  1-1 < 2-1
  1-1 < 1-2
  0-00 = 00-0
  0:0 = 0
  1:2-3 = 1:2-3
  0-0 < 1:0-0
  a-0 < b-0
  0-a < 0-b
  0:0-0-0 > 0-0
  1.0-0 = 1.0
  ~~ < ~~a
  ~~a < ~
  ~ < 0
  1.0~rc1 < 1.0
  1.0~rc1-1 < 1.0-1
  1.0 < 1.0a
  1.0a < 1.0+dfsg
  1.0+dfsg-1 < 1.0.1-1
  1.9 < 1.10
  1.2.3-1 < 1.2.3-1ubuntu1
  1.2.3-1~bpo12+1 < 1.2.3-1
  1.2-1+deb12u9 < 1.2-1+deb12u10
  4.4.2-1.2404.0 > 4.4.1-1.2404.0
  2:8.0 > 1:9.9
  1.20240101123456789012 < 1.20240101123456789013`;

describe('Debian versions', () => {
  it("stand in the order of dpkg's table", () => {
    for (const { left, sign, right } of orderRows(TABLE)) {
      assert.equal(compare(left, right), sign, `${left} and ${right}`);
      assert.equal(compare(right, left), sign === 0 ? 0 : -sign, `${right} and ${left}`);
    }
  });

  it('fit what apt is asked for: exactly, by pattern, by relation', () => {
    const table: [string, string, boolean][] = [
      ['1.2-1', '', true],
      ['1.2-1', '1.2-1', true],
      ['1.2-2', '1.2-1', false],
      ['1.2.3-1', '1.2*', true],
      ['1.3-1', '1.2*', false],
      ['1:20.4-1~deb', '1:20.?-*', true],
      ['1.2-1', '>= 1.2~', true],
      ['1.2-1', '<< 1.2', false],
      ['1.2', 'not a version', false],
    ];
    for (const [version, wanted, expected] of table)
      assert.equal(fits(version, wanted), expected, `${version} in ${wanted}`);
  });
});

import assert from 'node:assert/strict';
import { compare, fits, isRange } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/alpine';
import { orderRows } from './tableRows';

// Facts of apk-tools' test/unit/version.data: its rows that turn on suffixes, letters, zeros, commits and revisions.
const TABLE = `
  2.34 > 0.1.0_alpha
  23_foo > 4_beta
  1.0 < 1.0bc
  0.1.0_alpha_pre2 < 0.1.0_alpha
  1.0_p10-r0 > 1.0_p9-r0
  1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0
  6.0_pre1 < 6.0
  6.0_p1 > 6.0
  1.0 < 1.0bc
  0.1.0_alpha < 0.1.3_alpha
  0.1.0_alpha2 > 0.1.0_alpha
  1.0.4-r4 < 1.6
  1.1 > 1.1_alpha1
  1.2 < 1.3_alpha
  1.3_alpha2 < 1.3_alpha3
  0.7.0 < 0.8_beta1
  2.3.0b-r1 < 2.3.0b-r2
  2.3.0b-r3 < 2.3.0b-r4
  0.13_beta1 < 0.13_beta2
  0.13_beta3 < 0.13_beta4
  0.13_beta5 > 0.9.12
  2.1.15-r2 < 2.1.15-r3
  2.4.32 < 2.8-r4
  0.2.0-r1 = 0.2.0-r1
  1.06-r6 < 006
  1.0.0 < 1.2.2-r1
  9.3.2-r4 < 9.3.4-r2
  2.16.1-r3 = 2.16.1-r3
  2.1.0-r2 < 2.9.3-r1
  1.2.1-r1 < 1.2.2.1
  1.4.1-r1 < 1.4.1-r2
  1.3 > 1.0.3-r6
  20050718-r1 < 20050718-r2
  0.90.1-r1 > 0.10.2
  2.8.9-r1 > 2.8.9
  1.0.3-r2 < 1.3.4-r3
  1.03-r1 < 1.12.12-r2
  1.02.07 < 1.02.10-r1
  2.11-r1 > 2.11
  0.47-r1 < 0.49
  0.2-r6 < 0.4
  6.3.2-r1 < 6.3.3
  4.3.0 < 4.3.2-r1
  1.0.0 = 1.0.0
  1.1 < 1.1.1-r1
  1.1.3-r1 < 1.1.3-r2
  3.1.5-r2 < 3.4.6-r1
  3.4.6-r2 = 3.4.6-r2
  4.1.4-r3 = 4.1.4-r3
  2.5.1-r8 < 2.5.1a-r1
  1.3.5-r10 > 1.3.5-r8
  1.3.5-r9 > 1.0
  0.9.16 > 0.3-r2
  1.3.5-r1 < 1.3.5-r4
  021109-r3 < 20060512
  1.12-r7 < 1.12-r8
  0.10.0-r1 > 0.10.0
  0.10.1_rc1 > 0.9.11
  1.10-r5 < 1.10-r9
  1.3a > 1.0.2
  1.2.2-r1 > 1.0-r1
  1.06-r1 < 1.06-r2
  1.2.12-r1 < 1.2.13
  1.1.0 < 1.1.2
  22.7.3-r1 > 22.7
  0.2.3-r2 > 0.2.2
  2.10.1 > 02.08.01b
  5.1.1-r1 < 5.1.1-r2
  2.02.06 < 2.02.10
  2.8.5-r3 < 2.8.6-r1
  2.8.6-r2 > 2.02-r1
  8.1.2.20040524-r1 < 8.1.2.20050715-r1
  1.6d > 1.2.07.8
  1.2.12.04 < 1.2.12.05
  1.1.35-r1 < 1.1.35-r2
  1.07.5 > 1.07
  2.1-r2 < 2.2
  3.2.2-r1 < 3.2.2-r2
  0.59s-r11 < 0.65
  1.2.18 < 1.5.11-r2
  1.5.13-r1 > 1.3.12-r1
  0.25.3 < 0.26.1-r1
  1.60-r11 < 1.60-r12
  0.20070118 < 0.20070207_rc1
  1.13.0 < 1.13.1
  0.3.7-r3 < 0.4.10
  0.5.7 < 0.6.11-r1
  4.3_p2-r5 < 4.4_p1-r6
  4.5_p1-r1 > 4.5_p1
  0.9.8c-r1 < 0.9.8d
  2.2.0-r1 < 2.2.3-r2
  013 < 014-r1
  5.8.8-r2 > 5.1.6-r4
  5.1.6-r6 < 5.2.1-r3
  2.4.3-r16 < 2.4.4-r4
  2.04 < 2.4.3-r1
  5.7-r2 < 5.7-r3
  3.6.19-r1 > 3.6.19
  2.6.8-r2 < 2.6.9-r1
  1.7b < 1.8.4-r3
  1.8.5 < 1.8.5_p2
  3.0.22-r3 < 3.0.24
  4.1.4-r1 < 4.1.5
  2.9.11_pre20051101-r2 < 2.9.11_pre20051101-r3
  2.9.11_pre20051101 < 2.9.11_pre20061021-r1
  2.6.1.2 < 2.6.1.3-r1
  2.6.1.3 < 2.6.1.3-r1
  2.6.6-r1 < 2.6.7
  2.6.9-r1 > 2.6.9
  1.3.1 < 1.3.2-r3
  1.6.8_p12-r1 > 1.6.8_p9-r2
  1.6.11-r1 > 1.6.9
  3.9.4-r2 < 3.9.4-r3
  2.25b-r5 < 2.25b-r6
  1.4_p12-r2 < 1.4_p12-r5
  0.2.0-r1 < 0.2.1
  0.9.28-r1 < 0.9.28-r2
  0.9.28.1 < 087-r1
  104-r11 > 104-r9
  1.23 < 1.23-r1
  0.1 < 0.71-r1
  1.0.1 < 1.1.1-r3
  0.4.0 > 0.1.2
  1.1.2-r2 > 1.1.0
  1.1.0 = 1.1.0
  1.2.0 > 1.1.0
  1.1.0 < 1.4.2
  1.2.1-r1 > 1.1.0
  1.0.2-r6 > 1.0.2
  1.2.12-r1 > 1.2.8
  1.2.9.1-r1 > 1.2.9.1
  1.2.3-r1 > 1.2.3
  1.3-r0 < 1.3.1-r0
  1.0_p10-r0 > 1.0_p9-r0
  1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0
  6.1_pre1 < 6.1
  6.1_p1 > 6.1
  8.2.0015 < 8.2.002
  1.0~1234-r1 < 1.0~2345-r0`;

const FUZZY = `
  3.6.0 ~ 3.6
  3.6.9 ~ 3.6
  3.6_pre1 ~ 3.6
  3.6.0_pre1 ~ 3.6
  3.6.9_post1 ~ 3.6
  3.6.0 ~ 3.6.0
  3.5 <~ 3.6
  3.7 >~ 3.6
  3.6.0 !~ 3.8
  3.8 !~ 3.8.1
  3.8.0.1 !~ 3.8.1
  3.6_pre1 !~ 3.8`;

const SOUND = '1.2 0.1_pre2 0.1_pre2~1234abcd 0.1_p1_pre2 0.1_alpha1_pre2 0.1_git20240101_pre1';
const UNSOUND =
  '0.1bc 0.1bc1 0.1a1 0.1a.1 0.1_pre2~ 0.1_pre2~1234xbcd 0.1_pre2~1234abcd_pre1 0.1_pre2-r1~1234xbcd 0.1_foobar 0.1_foobar1 0.1-pre1.1 0.1-r 0.1-r2_pre1 0.1-r2_p3_pre1 0.1-r2-r3 0.1-r2.1 .1 a _pre1 -r1 0.1_ 0.1_-r0 0.1__alpha 0.1_1_alpha';

describe('Alpine versions', () => {
  it("stand in the order of apk's table", () => {
    for (const { left, sign, right } of orderRows(TABLE)) {
      assert.equal(compare(left, right), sign, `${left} and ${right}`);
      assert.equal(compare(right, left), sign === 0 ? 0 : -sign, `${right} and ${left}`);
    }
  });

  it("fit by their leading parts as apk's table says", () => {
    for (const row of FUZZY.trim().split(/\n\s*/)) {
      const [version = '', operator = '', wanted = ''] = row.split(' ');
      assert.equal(fits(version, operator.replace('!', '') + wanted), !operator.startsWith('!'), row);
    }
  });

  it('are sound or not as apk says', () => {
    for (const version of SOUND.split(' ')) assert.equal(isRange(version), true, version);
    for (const version of UNSOUND.split(' ')) assert.equal(isRange(version), false, version);
  });

  it('fit exactly, by order, and by several conditions', () => {
    assert.equal(fits('1.2-r3', '=1.2-r3'), true);
    assert.equal(fits('1.2-r3', '1.2-r3'), true);
    assert.equal(fits('1.2-r4', '1.2-r3'), false);
    assert.equal(fits('1.2-r4', ''), true);
    assert.equal(fits('1.2-r4', '>1.2, <1.3'), true);
    assert.equal(fits('1.3-r0', '>1.2 <1.3'), false);
    assert.equal(fits('1.20', '~=1.2'), false);
  });
});

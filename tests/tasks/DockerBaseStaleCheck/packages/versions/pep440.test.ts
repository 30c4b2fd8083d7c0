import assert from 'node:assert/strict';
import {
  asksPrerelease,
  compare,
  fits,
  isPrerelease,
  isRange,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/pep440';

// Facts of pypa/packaging tests/test_version.py (VERSIONS) and tests/test_specifiers.py.
const ORDER = `
  1.0.dev0 1.0.dev456 1.0.dev456+local 1.0a0 1.0a0.post0.dev0 1.0a0.post0 1.0a1.dev1 1.0a1.dev1+local 1.0a1 1.0a1+local
  1.0b0 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0b2-346 1.0rc0 1.0rc1.dev1 1.0c1 1.0rc2 1.0
  1.0.post0.dev0 1.0.post0 1.0.post456.dev34 1.0.post456 1.0.post456+local 1.0.1.dev1 1.0.1a1 1.0.1 1.0.1+local
  1.0.1.post1 1.1.dev1 1.2+a 1.2+abc 1.2+abcdef 1.2+def 1.2+0 1.2+1 1.2+1.abc 1.2+1.1 1.2+1.1.0 1.2+2 1.2+123
  1.2+123456 1.2.r32+123456 1.2.rev33+123456 1!1.0.dev0 1!1.0a1 1!1.0 1!1.2.rev33+123456`
  .trim()
  .split(/\s+/);

const FITTING: Record<string, string> = {
  '2.0': '==2 ==2.0 ==2.0.0 ==2.* !=3.* >=2 >=2.0.0 <=2 <=2.0.0 <2.1 !=2.0+deadbeef',
  '2.0+deadbeef': '==2 ==2.0 ==2+deadbeef ==2.0.0+deadbeef',
  '2.0+deadbeef.0': '==2.0.0+deadbeef.00',
  '2.dev1': '==2.*',
  '2c1.post1.dev1': '==2.* ==2.0.*',
  '2': '==2.* ==2.0.* ==2.0.0.* ==0!2.*',
  '2.1+local.version': '==2.1.* >2',
  '2.1': '!=2 !=2.0 !=2.0.* >2.0',
  '2.0.post1': '>=2',
  '3.0.0a8': '>=3.0.0a7 >3.0.0a7',
  '3.0.0a7': '<3.0.0a8 <=3.0.0a8',
  '2.0rc1': '<=2',
  '2.0.1': '>2 !=2.0',
  '2.0.dev0': '<2.1',
  '1': '~=1.0 <2',
  '1.1': '~=1.0 ~=1.0a1',
  '1.9999999': '~=1.0',
  '2022.01.01': '~=2022.01.01',
  '2!1.0': '~=2!1.0 ==2!1.* >=2.0 >2.0 !=1.0',
  '1.0': '<=2!0.1 <2!0.1 !=2!1.0 ===1.0 1.0 <1.0.post1',
  '1.0.post0': '>1.0.dev1 >1.0a1 >1.0rc1 <1.0.post1',
  '1.0a2.post0': '>1.0a1',
  '1.0a1': '<1.0.post1 ===1.0A1 >1.0.dev1',
  '1.0.post0.dev0': '<1.0.post1',
  '4.1.0a2.dev1235+local': '>4.1.0a2.dev1234',
};

const NOT_FITTING: Record<string, string> = {
  '2.1': '==2 ==2.0.* <2 1.0',
  '2.0': '==2.0+deadbeef !=2 !=2.* >2 <2 ~=1.0',
  '2.0+deadbeef': '!=2 !=2+deadbeef >2',
  '2.0.dev1': '>=2 >2 <2',
  '2.0a1.post1': '<2 >2',
  '2.0.post1': '<=2 >2',
  '2.0.post1.dev1': '>2',
  '1.1.post1': '~=1.0.0',
  '1.1.0': '~=1.0.0',
  '1.0': '~=2!1.0 ==2!1.* ===1.0+downstream1',
  '2!1.0': '~=1.0 ==1.0.0.* ==1.*',
  '1.0.0': '===1.0',
  '1.0a1.post0': '>1.0a1',
  '1.0.post1': '>1.0',
  '1.0.post1.dev0': '<1.0.post1',
  '1.0.post1+local': '>1.0.post1',
  '4.1.0a2.dev1234+local': '>4.1.0a2.dev1234',
  'not-a-version': '==1.0 >=1.0 != ~=1.0 <2',
};

describe('Python versions', () => {
  it("stand in the order of the packaging project's table", () => {
    const shuffled = [...ORDER].reverse();
    assert.deepEqual(shuffled.sort(compare), ORDER);
    for (const [index, version] of ORDER.entries()) {
      for (const [other, later] of ORDER.entries()) {
        assert.equal(Math.sign(compare(version, later)), Math.sign(index - other), `${version} and ${later}`);
      }
    }
  });

  it('are equal however they are spelled', () => {
    for (const [a, b] of [
      ['1.0rc1', 'v1.0-C.1'],
      ['1.0', '1'],
      ['1.0-5', '1.0.POST5'],
      ['1.0alpha', '1a0'],
      ['01.02', '1.2'],
    ]) {
      assert.equal(compare(a!, b!), 0, `${a} and ${b}`);
    }
  });

  it('hold what no number holds', () => {
    assert.equal(compare('1.90071992547409931', '1.90071992547409930'), 1);
  });

  for (const [table, expected] of [
    [FITTING, true],
    [NOT_FITTING, false],
  ] as const) {
    it(`${expected ? 'fit' : 'do not fit'} the specifiers of the packaging project's table`, () => {
      for (const [version, specifiers] of Object.entries(table)) {
        for (const specifier of specifiers.split(' ')) {
          assert.equal(fits(version, specifier), expected, `${version} in ${specifier}`);
        }
      }
    });
  }

  it('must fit every specifier of a set, and fit an empty one', () => {
    assert.equal(fits('1.5', '>=1, <2 ,!=1.4'), true);
    assert.equal(fits('1.4', '>=1,<2,!=1.4'), false);
    assert.equal(fits('0.1.dev1', ''), true);
  });

  it('refuse the specifiers that the specification forbids', () => {
    for (const wanted of [
      '=>2.0',
      '==',
      '~=1.0+5',
      '>=1.0+dead',
      '~=1.0.*',
      '>1.0.*',
      '==1.0.*+5',
      '==2.0a1.*',
      '==2.0.post1.*',
      '==1.0+5.*',
      '==1.0.*.5',
      '~=1',
      'latest',
    ]) {
      assert.equal(isRange(wanted), false, wanted);
      assert.equal(fits('1.0', wanted), false, wanted);
    }
  });

  it('know pre-releases, and which sets ask for them', () => {
    assert.deepEqual(['1.0', '1.0a1', '1.0.dev1', '1.0.post1'].map(isPrerelease), [false, true, true, false]);
    const asked = ['==1.0', '>=1.0.dev1', '<1.0.dev1', '!=1.0.dev1', '==1.0.*', '~=1.0.dev1,<2'].map(asksPrerelease);
    assert.deepEqual(asked, [false, true, true, false, false, true]);
  });
});

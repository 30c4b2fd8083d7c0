import assert from 'node:assert/strict';
import { compare, fits, isRange } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/conda';

// Facts of conda's tests/models/test_version.py: test_version_order, test_openssl_convention, test_pep440, test_ver_eval,
// test_match, test_not_eq_star, test_compound_versions, test_compatible_release_versions, test_invalid_version_specs.
const ORDERS = [
  `0.4 0.4.1a.vc11 0.4.1.rc 0.4.1.vc11 0.4.1 0.5* 0.5a1 0.5b3 0.5C1 0.5z 0.5za 0.5 0.5_5 0.9.6 0.960923 1.0 1.0.4a3 1.0.4b1
   1.0.4 1.1dev1 1.1_ 1.1a1 1.1.dev1 1.1.a1 1.1 1.1.post1 1.1.1dev1 1.1.1rc1 1.1.1 1.1.1post1 1.1post1 2g6 2.0b1pr0
   2.2be.ta29 2.2be5ta29 2.2beta29 2.2.0.1 3.1.1.6 3.2.p.r0 3.2.pr0 3.2.pr.1 5.5.kw 11g 14.3.1 14.3.1.post26.g9d75ca2
   1996.07.12 1!0.4.1 1!3.1.1.6 2!0.4.1`,
  `1.0.1dev 1.0.1_ 1.0.1a 1.0.1b 1.0.1c 1.0.1d 1.0.1r 1.0.1rc 1.0.1rc1 1.0.1rc2 1.0.1s 1.0.1 1.0.1post.a 1.0.1post.b
   1.0.1post.z 1.0.1post.za 1.0.2`,
  `1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0c1.dev456 1.0c1 1.0c3
   1.0rc2 1.0.dev456 1.0 1.0.post456.dev34 1.0.post456 1.1.dev1 1.2.r32+123456 1.2.rev33+123456 1.2+abc 1.2+abc123def
   1.2+abc123 1.2+123abc 1.2+123abc456 1.2+1234.abc 1.2+123456 1!1.0a1`,
  '0.3.0.dev 0.3.3',
].map((order) => order.trim().split(/\s+/));

const EQUAL = [
  '0.4 0.4.0',
  '0.4.rc 0.4.RC',
  '0.4.a1 0.4.0a1',
  '1.1.dev1 1.1.0dev1',
  '0.5_5 0.5-5',
  '1.2=py39_0 1.2=py310_1',
];

const FITTING: Record<string, string> = {
  '1.7.0': '==1.7 <=1.7 >=1.7 1.7.0',
  '2013k': '>2013b',
  '1.0.0': '>1.0.0a >1.0.0* 1.0*',
  '1.0': '1.0.0*',
  '2013ab': '2013a*',
  '1.2.3+4.5.6': '1.2.3* 1.2.3+4*',
  '1.7.1':
    '1.7.* 1.7.1 >=1.5 !=1.5 ==1.7.1 ==1.7.1.0 1.7.*|1.8.* >1.7,<1.8 * 1.*.1 1.5.*|>1.7,<1.8 (1.5|((1.6|1.7.1),1.7.*),1.9|2.0)|1.7.1',
  '3.3.1': '=3.3 3.3.* =3.3.* !=3.3',
  '3.3': '=3.3 3.3.* =3.3.*',
  '3.4': '!=3.3.* >=2.7,!=3.0.*,!=3.3.*',
  '3.4a': '>=2.7,!=3.3.*',
  '1.11.0': '~=1.10',
  '3.3.2.0': '~=3.3.2',
  '2.2.0': '~=3.3.2|==2.2',
  '1.7.0.post123.gabcdef9': '1.7.0.post123.gabcdef9',
  '1.2.3=py39_0': '1.2.3=py39_0 =1.2=py39* 1.2.3 >=1',
};

const NOT_FITTING: Record<string, string> = {
  '1.7.0': '<1.7 >1.7',
  '1.6.7': '>=1.7',
  '2013a': '>2013b 2013b*',
  '3.0.0': '>2013b',
  '1.0.1': '1.0.0*',
  '1.3.4': '1.2.4*',
  '1.2.3+4.5.6': '1.2.3+5* 1.2.4+5*',
  '1.7.1': '1.7.0 1.7 1.5.* !=1.7.1 ==1.7 >1.7.1,<1.8 1.5.*|>1.7,<1.7.1',
  '3.3.0.0': '!=3.3 !=3.3.*',
  '3.4': '=3.3 3.3.*',
  '1.11.0': '~=1.10.0',
  '3.4.0': '~=3.3.2',
  '1.2.3=py39_0': '1.2.3=py310_0',
};

describe('conda versions', () => {
  it("stand in the order of conda's tables", () => {
    for (const order of ORDERS) {
      for (const [index, version] of order.entries()) {
        for (const [other, later] of order.entries()) {
          assert.equal(Math.sign(compare(version, later)), Math.sign(index - other), `${version} and ${later}`);
        }
      }
    }
  });

  it('are equal however they are spelled', () => {
    for (const pair of EQUAL) assert.equal(compare(pair.split(' ')[0]!, pair.split(' ')[1]!), 0, pair);
  });

  for (const [table, expected] of [
    [FITTING, true],
    [NOT_FITTING, false],
  ] as const) {
    it(`${expected ? 'fit' : 'do not fit'} the version specs of conda's tables`, () => {
      for (const [version, specs] of Object.entries(table)) {
        for (const spec of specs.split(' ')) assert.equal(fits(version, spec), expected, `${version} in ${spec}`);
      }
    });
  }

  it('refuse what conda refuses, and regular expressions', () => {
    for (const wanted of [
      '~',
      '^',
      '1.2+',
      '+1.2',
      '++',
      '==',
      '=',
      '>=',
      '><2.4.5',
      '!!2.4.5',
      '!',
      '(1.5',
      '1.5)',
      '1.5||1.6',
      '~=3.3.2.*',
      '===3.3.2',
      '5.5..mw',
      'a!1.0',
      '^1.7.1$',
    ]) {
      assert.equal(isRange(wanted), false, wanted);
    }
  });

  it('survive any depth of parentheses', () => {
    assert.equal(isRange(`${'('.repeat(100_000)}1${')'.repeat(100_000)}`), false);
  });
});

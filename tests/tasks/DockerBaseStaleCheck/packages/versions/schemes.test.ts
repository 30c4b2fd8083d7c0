import assert from 'node:assert/strict';
import {
  newestFitting,
  schemeOf,
  type Manager,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/schemes';
import { mutations } from '../mutations';

const MANAGERS: Manager[] = ['pip', 'conda', 'npm', 'cran', 'apt', 'apk'];

describe('the newest version that fits', () => {
  it('leaves pre-releases out unless they are asked for or alone', () => {
    const pip = schemeOf('pip');
    const versions = ['1.9', '2.0', '2.1rc1', '1.10'];
    assert.equal(newestFitting(pip, versions, {}), '2.0');
    assert.equal(newestFitting(pip, versions, { wanted: '<2' }), '1.10');
    assert.equal(newestFitting(pip, versions, { wanted: '>=2.1rc1' }), '2.1rc1');
    assert.equal(newestFitting(pip, versions, { prereleases: true }), '2.1rc1');
    assert.equal(newestFitting(pip, ['2.1rc1', '2.1rc2'], {}), '2.1rc2');
    assert.equal(newestFitting(pip, versions, { wanted: '>3' }), undefined);
  });

  it('is the range of each ecosystem', () => {
    assert.equal(newestFitting(schemeOf('npm'), ['1.0.0', '1.9.0', '2.0.0'], { wanted: '^1' }), '1.9.0');
    assert.equal(newestFitting(schemeOf('apt'), ['1.2-1', '1.2-10', '1.3-1'], { wanted: '1.2*' }), '1.2-10');
    assert.equal(
      newestFitting(schemeOf('apk'), ['1.2.9-r0', '1.2.10-r0', '1.3_rc1-r0'], { wanted: '~1.2' }),
      '1.2.10-r0',
    );
    assert.equal(newestFitting(schemeOf('conda'), ['3.8.1', '3.8.20', '3.9'], { wanted: '=3.8' }), '3.8.20');
    assert.equal(newestFitting(schemeOf('cran'), ['1.0-9', '1.0-10'], { wanted: '>= 1.0' }), '1.0-10');
  });
});

describe('every version order', () => {
  it('takes any text: total, and the same from both sides', () => {
    const seeds = [
      '1.2.3',
      '1!2.0rc1.post2.dev3+local.4',
      '1:2.3-4~deb12u1',
      '1.2.3b_alpha2_p1-r3',
      '>=1,<2|3.*',
      '~=1.2',
      '1.0.0-rc.1+b',
      '^1.2 || ~3',
    ];
    const texts = seeds.flatMap((seed) => mutations(seed, { seed: 7, count: 12 }));
    for (const manager of MANAGERS) {
      const scheme = schemeOf(manager);
      for (const a of texts) {
        scheme.isRange(a);
        scheme.isPrerelease?.(a);
        for (const b of texts) {
          assert.equal(
            Math.sign(scheme.compare(a, b)) + Math.sign(scheme.compare(b, a)),
            0,
            `${manager}: ${a} and ${b}`,
          );
          scheme.fits(a, b);
        }
      }
      const sorted = [...texts].sort((a, b) => scheme.compare(a, b));
      for (let index = 2; index < sorted.length; index++) {
        assert.ok(
          scheme.compare(sorted[index - 2]!, sorted[index]!) <= 0,
          `${manager}: ${sorted[index - 2]} and ${sorted[index]}`,
        );
      }
    }
  });

  it('reads very long texts in no time', () => {
    for (const manager of MANAGERS) {
      for (const text of [
        '1'.repeat(100_000),
        '1.'.repeat(50_000),
        'a'.repeat(100_000),
        '*'.repeat(5_000),
        '1_p'.repeat(20_000),
        '1,'.repeat(20_000),
        '1-'.repeat(50_000),
      ]) {
        schemeOf(manager).compare(text, `${text}1`);
        schemeOf(manager).fits(text, text);
      }
    }
  });
});

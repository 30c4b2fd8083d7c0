import assert from 'node:assert/strict';
import {
  bioconductorOfTag,
  pythonOfTag,
  releaseOfConfig,
  releaseOfTag,
} from '../../../../tasks/DockerBaseStaleCheck/packages/imageRelease';

const config = (by: string, labels: Record<string, string> = {}) => ({
  history: [{ created_by: by }],
  config: { Labels: labels },
});

describe('The release of a base image', () => {
  const TAGS: [path: string, tag: string, expected: string][] = [
    ['library/debian', '12-slim', 'debian bookworm'],
    ['library/debian', 'bookworm-20260101', 'debian bookworm'],
    ['library/debian', 'sid-slim', 'debian sid'],
    ['library/python', '3.12-slim-bookworm', 'debian bookworm'],
    ['library/ubuntu', '22.04', 'ubuntu jammy'],
    ['library/ubuntu', 'noble-20260101', 'ubuntu noble'],
    ['nvidia/cuda', '12.4.0-base-ubuntu22.04', 'ubuntu jammy'],
    ['library/alpine', '3.20.1', 'alpine v3.20'],
    ['library/node', '20-alpine3.19', 'alpine v3.19'],
    ['library/node', '20', ' '],
    ['library/debian', 'latest', ' '],
    ['team/unstable-tool', '1.22.04', ' '],
  ];
  for (const [path, tag, expected] of TAGS) {
    it(`of ${path}:${tag} is '${expected.trim()}' by its tag`, () => {
      const { distribution = '', release = '' } = releaseOfTag({ path, tag });
      assert.equal(`${distribution} ${release}`, expected);
    });
  }

  it('is told by the history or the labels where the tag tells none', () => {
    const debian = "# debian.sh --arch 'amd64' out/ 'trixie' '@1758000000'";
    assert.deepEqual(releaseOfConfig(config(debian)), { distribution: 'debian', release: 'trixie' });
    const alpine = 'ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit';
    assert.deepEqual(releaseOfConfig(config(alpine)), { distribution: 'alpine', release: 'v3.20' });
    const labels = { 'org.opencontainers.image.ref.name': 'ubuntu', 'org.opencontainers.image.version': '24.04' };
    assert.deepEqual(releaseOfConfig(config('ADD file', labels)), { distribution: 'ubuntu', release: 'noble' });
    assert.deepEqual(releaseOfConfig(config('RUN x')), {});
  });

  it('names the Python and the Bioconductor of their own images', () => {
    assert.equal(pythonOfTag({ path: 'library/python', tag: '3.12-slim' }), '3.12.999');
    assert.equal(pythonOfTag({ path: 'library/python', tag: '3.11.4' }), '3.11.4');
    assert.equal(pythonOfTag({ path: 'library/node', tag: '20' }), undefined);
    assert.equal(bioconductorOfTag({ tag: 'RELEASE_3_20' }), '3.20');
    assert.equal(bioconductorOfTag({ tag: 'devel' }), 'release');
  });
});

import assert from 'node:assert/strict';
import {
  bioconductorOfConfig,
  bioconductorOfTag,
  newestPython,
  pythonOfConfig,
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
    const python = (path: string, tag: string) => {
      const { minor = '', full = '', implementation = '' } = pythonOfTag({ path, tag }) ?? {};
      return `${implementation} ${minor} ${full}`.trim();
    };
    assert.equal(python('library/python', '3.12-slim'), 'CPython 3.12');
    assert.equal(python('library/python', '3.11.4'), 'CPython 3.11 3.11.4');
    assert.equal(python('library/pypy', '3.10-7.3.17-slim'), 'PyPy 3.10');
    assert.equal(python('library/python', 'slim'), '');
    assert.equal(python('library/node', '20'), '');
    assert.equal(newestPython({ minor: '3.12', full: undefined }), '3.12.999');
  });

  const BIOCONDUCTOR: [path: string, tag: string, expected: string | undefined][] = [
    ['bioconductor/bioconductor_docker', 'RELEASE_3_20', '3.20'],
    ['bioconductor/bioconductor_docker', 'devel', undefined],
    ['rocker/r-ver', '4.3.2', '3.18'],
    ['rocker/tidyverse', '4.4', '3.20'],
    ['library/r-base', '4.5.1', '3.22'],
    ['mirror/library/r-base', '4.2.0', '3.16'],
    ['rocker/r-ver', '4.9.0', undefined],
    ['rocker/r-ver', 'latest', undefined],
    ['library/ubuntu', '4.4', undefined],
  ];
  for (const [path, tag, expected] of BIOCONDUCTOR) {
    it(`of Bioconductor in ${path}:${tag} is ${expected ?? 'not told by the tag'}`, () => {
      assert.equal(bioconductorOfTag({ path, tag }), expected);
    });
  }

  it("of Bioconductor and Python are told by the image's environment where the tag tells none", () => {
    const env = (...pairs: string[]) => ({ config: { Env: pairs } });
    assert.equal(bioconductorOfConfig(env('R_VERSION=4.4.1', 'BIOCONDUCTOR_VERSION=3.19')), '3.19');
    assert.equal(bioconductorOfConfig(env('R_VERSION=4.4.1')), '3.20');
    assert.equal(bioconductorOfConfig(env('BIOCONDUCTOR_VERSION=../evil')), undefined);
    assert.equal(bioconductorOfConfig({ config: {} }), undefined);
    assert.deepEqual(pythonOfConfig(env('PYTHON_VERSION=3.12.4')), {
      ...{ minor: '3.12', full: '3.12.4', implementation: 'CPython' },
    });
    assert.equal(pythonOfConfig(env('PYTHON=3')), undefined);
  });
});

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import {
  alpineBranch,
  apkRequest,
  readApkIndex,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/alpineRepository';
import {
  condaRequest,
  readCondaPackage,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/condaChannel';
import { readPackageList } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/controlFile';
import { cranRequest } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/cranRepository';
import {
  packageListRequest,
  readRelease,
  releaseRequest,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/debianRepository';
import {
  conditionalHeaders,
  newestFor,
  type IndexAnswer,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/indexVersion';
import { unpacked } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/unpacked';
import { xzStored } from '../../../../../emulator/packages/xz';
import { npmRequest, readNpmPackage } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/npmRegistry';
import { pypiRequest, readPypi } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/pypi';
import { mutations } from '../mutations';

function versionsOf(answer: IndexAnswer): string[] {
  assert.ok('versions' in answer, JSON.stringify(answer));
  return answer.versions.map(({ version, released }) => [version, released].filter(Boolean).join(' '));
}

const PYPI = JSON.stringify({
  files: [
    { filename: 'foo_bar-1.0.tar.gz', 'upload-time': '2024-01-02T00:00:00Z', yanked: false },
    { filename: 'foo_bar-1.0-py3-none-any.whl', 'upload-time': '2024-01-01T00:00:00Z' },
    { filename: 'foo-bar-2.0.zip', 'upload-time': '2024-02-01T00:00:00Z', 'requires-python': '>=3.12' },
    { filename: 'foo_bar-3.0.tar.gz', yanked: 'broken' },
    { filename: 'foo_bar-4.0rc1.tar.gz' },
    { filename: 'other-9.tar.gz' },
    { filename: 'foo_bar-1.0.tar.gz.asc' },
    null,
  ],
});

const PYPI_HTML = `<!DOCTYPE html><a href="x#sha256=0">foo_bar-1.0.tar.gz</a><br/>
<a href="y" data-requires-python="&gt;=3.12">foo_bar-2.0.tar.gz</a><a data-yanked="" href="z">foo_bar-3.0.tar.gz</a>`;

const IN_RELEASE = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Example
Suite: stable
Codename: bookworm
Date: Sat, 10 Feb 2026 10:00:00 UTC
MD5Sum:
 00000000000000000000000000000000 10 main/binary-amd64/Packages.gz
SHA256:
 ${'a'.repeat(64)}     1234 main/binary-amd64/Packages.gz
 ${'b'.repeat(64)}     1000 main/binary-amd64/Packages.xz
 ${'c'.repeat(64)}     1000 main/source/Sources.gz
 ${'d'.repeat(64)}     5000 contrib/binary-arm64/Packages
-----BEGIN PGP SIGNATURE-----

iQ==
-----END PGP SIGNATURE-----
`;

/** One member of a tar archive. */
function tarEntry(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write(Buffer.byteLength(content).toString(8).padStart(11, '0'), 124, 'latin1');
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

describe('a Python index', () => {
  it('is asked for a project page by its normalised name', () => {
    const { url, headers } = pypiRequest('https://index.example/simple/', 'Foo.Bar');
    assert.equal(url, 'https://index.example/simple/foo-bar/');
    assert.match(headers.Accept ?? '', /^application\/vnd\.pypi\.simple\.v1\+json, /);
  });

  it('offers what is neither yanked nor for another Python, since its first file', () => {
    assert.deepEqual(versionsOf(readPypi(PYPI, { name: 'foo-bar' })), [
      '1.0 2024-01-01T00:00:00Z',
      '2.0 2024-02-01T00:00:00Z',
      '4.0rc1',
    ]);
    assert.deepEqual(versionsOf(readPypi(PYPI, { name: 'foo-bar', python: '3.11.4' })), [
      '1.0 2024-01-01T00:00:00Z',
      '4.0rc1',
    ]);
    assert.deepEqual(versionsOf(readPypi(PYPI_HTML, { name: 'foo-bar', python: '3.11' })), ['1.0']);
    assert.ok('error' in readPypi('Bad gateway', { name: 'x' }));
  });
});

describe('an npm registry', () => {
  it('is asked for scoped names too', () => {
    assert.equal(npmRequest('https://r.example', '@s/n').url, 'https://r.example/@s%2Fn');
    assert.equal(npmRequest('https://r.example/', 'n', { dates: true }).headers.Accept, 'application/json');
  });

  it('tells versions, tags and dates', () => {
    const answer = readNpmPackage(
      '{"dist-tags":{"latest":"1.1.0","next":"2.0.0-rc.1"},"versions":{"1.0.0":{},"1.1.0":{},"2.0.0-rc.1":{}},"time":{"created":"x","1.1.0":"2024-01-01T00:00:00Z"}}',
    );
    assert.deepEqual(versionsOf(answer), ['1.0.0', '1.1.0 2024-01-01T00:00:00Z', '2.0.0-rc.1']);
    assert.ok('versions' in answer);
    const newest = (wanted: string, tag?: string) =>
      newestFor({ manager: 'npm', wanted, options: tag === undefined ? {} : { tag } }, answer)?.version;
    assert.deepEqual(
      [newest(''), newest('', 'next'), newest('', 'gone'), newest('<1.1')],
      ['1.1.0', '2.0.0-rc.1', undefined, '1.0.0'],
    );
    assert.ok('error' in readNpmPackage('{"error":"not found"}'));
  });
});

describe('an R or Debian list of packages', () => {
  it('gives every version once', () => {
    const list = readPackageList(
      'Package: a\nVersion: 1.0-3\nDepends: R (>= 3),\n        b\n\nPackage: b\r\nVersion: 2\r\n\r\n\r\nPackage: a\nVersion: 1.0-3\n\nPackage: a\nVersion: 1.1',
    );
    assert.deepEqual(
      [...list],
      [
        ['a', ['1.0-3', '1.1']],
        ['b', ['2']],
      ],
    );
  });

  it('is asked for by suite, component, architecture, and hash', () => {
    assert.equal(cranRequest('https://cran.example/').url, 'https://cran.example/src/contrib/PACKAGES');
    assert.equal(
      releaseRequest('https://deb.example/debian', 'bookworm').url,
      'https://deb.example/debian/dists/bookworm/InRelease',
    );
    const release = readRelease(IN_RELEASE);
    assert.ok(release);
    assert.deepEqual(
      [release.suite, release.codename, release.date],
      ['stable', 'bookworm', 'Sat, 10 Feb 2026 10:00:00 UTC'],
    );
    assert.equal(release.lists.size, 3);
    const at = { url: 'https://deb.example/debian', suite: 'bookworm' };
    const main = { component: 'main', architecture: 'amd64' };
    assert.equal(
      packageListRequest(at, release, main)?.url,
      'https://deb.example/debian/dists/bookworm/main/binary-amd64/Packages.gz',
    );
    assert.equal(
      packageListRequest({ ...at, byHash: true }, release, main)?.url,
      `https://deb.example/debian/dists/bookworm/main/binary-amd64/by-hash/SHA256/${'a'.repeat(64)}`,
    );
    assert.equal(
      packageListRequest(at, release, { component: 'contrib', architecture: 'arm64' })?.url.endsWith('/Packages'),
      true,
    );
    assert.equal(packageListRequest(at, release, { component: 'main', architecture: 's390x' }), undefined);
    assert.equal(readRelease('<html>'), undefined);
    const names = (...forms: string[]) => ({
      lists: new Map(forms.map((form) => [`main/binary-amd64/Packages${form}`, 'e'.repeat(64)])),
    });
    const form = (...forms: string[]) =>
      /Packages(.*)$/.exec(packageListRequest(at, names(...forms), main)?.url ?? '')?.[1];
    assert.deepEqual(
      [form('', '.xz', '.gz'), form('', '.xz'), form(''), form('.zst')],
      ['.gz', '.xz', '', undefined],
      'the plain list is mostly named only',
    );
  });

  it('is unpacked from what archives have: gzip, xz, or plain', async () => {
    const text = 'Package: a\nVersion: 1\n'.repeat(20_000);
    // `printf 'Package: b\nVersion: 2\n' | xz`, compressed and with the usual checksum.
    const byXz =
      '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAVUGFja2FnZTogYgpWZXJzaW9uOiAyCgAAAB0zOuLFs+gVAAEuFlYJVd8ftvN9AQAAAAAEWVo=';
    for (const body of [gzipSync(text), xzStored(Buffer.from(text)), Buffer.from(text)]) {
      assert.equal((await unpacked(body)).toString('utf8'), text);
    }
    assert.equal((await unpacked(Buffer.from(byXz, 'base64'))).toString('utf8'), 'Package: b\nVersion: 2\n');
    await assert.rejects(unpacked(xzStored(Buffer.from(text)), 1000), /unfolds to more than 1000 bytes/);
    await assert.rejects(unpacked(gzipSync(text), 1000));
    for (const packed of [gzipSync(text), xzStored(Buffer.from(text))])
      await assert.rejects(unpacked(packed.subarray(0, packed.length / 2)));
  });
});

describe('an Alpine index', () => {
  const index = 'C:Q1=\nP:musl\nV:1.2.5-r0\nA:x86_64\nt:1709287200\n\nP:busybox\nV:1.36.1-r29\n\nP:broken\n';
  // A signature member without the closing blocks, then the index, each in a gzip member of its own.
  const archive = Buffer.concat([
    gzipSync(tarEntry('.SIGN.RSA.key.pub', 'signature')),
    gzipSync(Buffer.concat([tarEntry('DESCRIPTION', 'v3.20'), tarEntry('APKINDEX', index), Buffer.alloc(1024)])),
  ]);

  it('is asked for by architecture and read through its members', () => {
    assert.equal(
      apkRequest('https://a.example/v3.20/main', 'x86_64').url,
      'https://a.example/v3.20/main/x86_64/APKINDEX.tar.gz',
    );
    assert.deepEqual(
      [...(readApkIndex(archive) ?? [])],
      [
        ['musl', [{ version: '1.2.5-r0', released: '2024-03-01T10:00:00.000Z' }]],
        ['busybox', [{ version: '1.36.1-r29' }]],
      ],
    );
    assert.equal(readApkIndex(Buffer.from('<html>')), undefined);
    assert.equal(readApkIndex(gzipSync(Buffer.alloc(2048))), undefined);
    assert.equal(readApkIndex(archive.subarray(0, archive.length - 20)), undefined);
  });

  it('has a branch for a tag that names one', () => {
    const rows: [string, string, string | undefined][] = [
      ['library/alpine', '3.19', 'v3.19'],
      ['alpine', '3.19.1', 'v3.19'],
      ['alpine', 'edge', 'edge'],
      ['alpine', 'latest', undefined],
      ['library/node', '20-alpine3.19', 'v3.19'],
      ['library/openjdk', '8u191-jdk-alpine3.8', 'v3.8'],
      ['library/node', '20-alpine', undefined],
      ['library/python', '3.12', undefined],
    ];
    for (const [repository, tag, branch] of rows) assert.equal(alpineBranch({ repository, tag }), branch, tag);
  });
});

describe('a conda channel', () => {
  it('offers the builds of the label main for a platform', () => {
    assert.equal(
      condaRequest('https://api.example', 'conda-forge', 'r-base').url,
      'https://api.example/package/conda-forge/r-base',
    );
    const answer = readCondaPackage(
      JSON.stringify({
        files: [
          {
            version: '1.0',
            upload_time: '2024-01-31 10:00:00.123000+00:00',
            labels: ['main'],
            attrs: { subdir: 'linux-64', build: 'py39_0' },
          },
          { version: '1.1', labels: ['main'], attrs: { subdir: 'noarch', build: 'py_0' } },
          { version: '2.0', labels: ['rc'], attrs: { subdir: 'linux-64' } },
          { version: '3.0', labels: ['main'], attrs: { subdir: 'osx-64' } },
          null,
        ],
      }),
      'linux-64',
    );
    assert.deepEqual(versionsOf(answer), ['1.0 2024-01-31T10:00:00.123Z', '1.1']);
    assert.ok('versions' in answer);
    assert.equal(newestFor({ manager: 'conda', wanted: '*=py39*', options: {} }, answer)?.version, '1.0');
    assert.equal(newestFor({ manager: 'conda', wanted: '', options: {} }, answer)?.version, '1.1');
  });
});

describe('every index reader', () => {
  it('survives any answer', () => {
    const package1 =
      '{"files":[{"version":"1","attrs":{"subdir":"noarch"},"labels":["main"]}],"versions":{"1.0.0":{}},"time":{"1.0.0":"x"}}';
    for (const body of [PYPI, PYPI_HTML, IN_RELEASE, package1]) {
      for (const text of mutations(body, { seed: 5, count: 200 })) {
        readPypi(text, { name: 'foo-bar', python: '3.12' });
        readNpmPackage(text);
        readCondaPackage(text, 'linux-64');
        readPackageList(text);
        readRelease(text);
        readApkIndex(Buffer.from(text));
        readApkIndex(gzipSync(text.repeat(5)));
      }
    }
  });

  it('asks for what changed alone', () => {
    assert.deepEqual(conditionalHeaders({ etag: '"x"', lastModified: 'y' }), { 'If-None-Match': '"x"' });
    assert.deepEqual(conditionalHeaders({ lastModified: 'y' }), { 'If-Modified-Since': 'y' });
    assert.deepEqual(conditionalHeaders({}), {});
  });
});

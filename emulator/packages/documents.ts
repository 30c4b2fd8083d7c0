import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A version of a package, as a test or the demo puts it into an index. */
export interface PackageVersion {
  version: string;
  /** ISO 8601. */
  released?: string;
  yanked?: boolean;
  requiresPython?: string;
}

/** A project page of a Python index. https://packaging.python.org/specifications/simple-repository-api/ */
export function pypiPage(name: string, versions: readonly PackageVersion[]): string {
  const file = name.replace(/-/g, '_');
  const files = versions.flatMap(({ version, released, yanked = false, requiresPython = '>=3.9' }) => {
    const common = {
      'requires-python': requiresPython,
      'upload-time': released ?? '2020-01-01T00:00:00.000000Z',
      yanked: yanked ? 'taken back' : false,
    };
    return [`${file}-${version}-py3-none-any.whl`, `${file}-${version}.tar.gz`].map((filename) => ({
      ...{ 'core-metadata': false, 'data-dist-info-metadata': false, filename, hashes: { sha256: sha256(filename) } },
      ...{ provenance: null, size: 1000, url: `https://files.example/${filename}`, ...common },
    }));
  });
  return JSON.stringify({
    ...{ 'alternate-locations': [], files, meta: { '_last-serial': versions.length, 'api-version': '1.4' }, name },
    ...{ 'project-status': { status: 'active' }, versions: versions.map(({ version }) => version) },
  });
}

/** A package's document of an npm registry; the abbreviated one has no dates. https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
export function npmDocument(name: string, versions: readonly PackageVersion[], isWhole: boolean): string {
  const latest = versions.at(-1)?.version ?? '';
  const all = Object.fromEntries(
    versions.map(({ version }) => [version, { name, version, dist: { tarball: `https://npm.example/${name}.tgz` } }]),
  );
  const time = Object.fromEntries(
    versions.map(({ version, released }) => [version, released ?? '2020-01-01T00:00:00.000Z']),
  );
  const whole = { _id: name, time: { created: '2020-01-01T00:00:00.000Z', ...time }, readme: '' };
  return JSON.stringify({
    ...{ name, 'dist-tags': { latest }, versions: all },
    ...(isWhole ? whole : { modified: '2026-01-01T00:00:00.000Z' }),
  });
}

/** PACKAGES of an R repository. https://cran.r-project.org/doc/manuals/r-release/R-admin.html#Setting-up-a-package-repository */
export function rPackages(packages: ReadonlyMap<string, readonly PackageVersion[]>): string {
  return [...packages]
    .map(([name, versions]) =>
      [
        ...[`Package: ${name}`, `Version: ${versions.at(-1)?.version ?? ''}`, 'Depends: R (>= 3.5), methods,'],
        ...['        stats', 'License: MIT + file LICENSE', `MD5sum: ${sha256(name).slice(0, 32)}`],
        'NeedsCompilation: no\n',
      ].join('\n'),
    )
    .join('\n');
}

/** Packages of a component. https://wiki.debian.org/DebianRepository/Format */
export function debianPackages(packages: ReadonlyMap<string, readonly PackageVersion[]>, architecture: string): string {
  return [...packages]
    .flatMap(([name, versions]) =>
      versions.map(({ version }) =>
        [
          ...[`Package: ${name}`, `Version: ${version}`, 'Installed-Size: 100', 'Maintainer: M <m@example.org>'],
          ...[`Architecture: ${architecture}`, 'Depends: libc6 (>= 2.36)', 'Description: a package'],
          ...[`Filename: pool/main/${name}_${version}.deb`, 'Size: 1000', `SHA256: ${sha256(name + version)}\n`],
        ].join('\n'),
      ),
    )
    .join('\n');
}

/** InRelease of a suite over its lists by path. */
export function debianRelease(suite: string, date: string, lists: ReadonlyMap<string, Buffer>): string {
  const hashes = [...lists].map(([path, body]) => ` ${sha256(body)} ${String(body.length).padStart(8)} ${path}`);
  return [
    ...['-----BEGIN PGP SIGNED MESSAGE-----', 'Hash: SHA256', '', 'Origin: Debian', 'Label: Debian'],
    ...[`Suite: ${suite}`, `Codename: ${suite}`, `Date: ${new Date(date).toUTCString()}`, 'Acquire-By-Hash: yes'],
    ...['Architectures: all amd64 arm64', 'Components: main', 'SHA256:', ...hashes],
    ...['-----BEGIN PGP SIGNATURE-----', '', 'iQIzBAEBCAAdFiEE', '=abcd', '-----END PGP SIGNATURE-----', ''],
  ].join('\n');
}

/** APKINDEX.tar.gz: a gzip member with the signature, one with the index. https://wiki.alpinelinux.org/wiki/Apk_spec */
export function apkIndex(packages: ReadonlyMap<string, readonly PackageVersion[]>, architecture: string): Buffer {
  const index = [...packages]
    .flatMap(([name, versions]) =>
      versions.map(({ version, released }) =>
        [
          ...[
            `C:Q1${sha256(name).slice(0, 27)}=`,
            `P:${name}`,
            `V:${version}`,
            `A:${architecture}`,
            'S:1000',
            'I:4096',
          ],
          ...['T:a package', 'U:https://example.org', 'L:MIT', `o:${name}`, 'm:M <m@example.org>'],
          ...[
            `t:${Math.floor(Date.parse(released ?? '2020-01-01') / 1000)}`,
            'c:0000000',
            'D:so:libc.musl-x86_64.so.1\n',
          ],
        ].join('\n'),
      ),
    )
    .join('\n');
  const signature = tarMember('.SIGN.RSA.alpine-devel@lists.alpinelinux.org-00000000.rsa.pub', 'signature');
  const content = [tarMember('DESCRIPTION', 'v3.20'), tarMember('APKINDEX', index), Buffer.alloc(1024)];
  return Buffer.concat([gzipSync(signature), gzipSync(Buffer.concat(content))]);
}

/** A package of a channel at the package API of anaconda.org. */
export function condaPackage(channel: string, name: string, versions: readonly PackageVersion[]): string {
  const files = versions.map(({ version, released }) => ({
    ...{ version, type: 'conda', owner: channel, labels: ['main'], basename: `linux-64/${name}-${version}-0.conda` },
    upload_time: (released ?? '2020-01-01T00:00:00.000Z').replace('T', ' ').replace('Z', '000+00:00'),
    attrs: { subdir: 'linux-64', build: '0', build_number: 0, name, version, platform: 'linux', arch: 'x86_64' },
  }));
  const latest = versions.at(-1)?.version ?? '';
  return JSON.stringify({
    ...{ name, owner: { login: channel }, summary: 'a package', latest_version: latest },
    ...{ versions: versions.map(({ version }) => version), package_types: ['conda'], files },
  });
}

function tarMember(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

/** SHA-256 in hexadecimal digits. */
export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

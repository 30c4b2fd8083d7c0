import assert from 'node:assert/strict';
import { familiarReference, formatReference, parseReference } from '../../../tasks/DockerBaseStaleCheck/reference';

const SHA256 = `sha256:${'a'.repeat(64)}`;
const SHA512 = `sha512:${'b'.repeat(128)}`;
const HEX = 'c'.repeat(64);
const LONG = 'n'.repeat(248);

// Written, in full, as people write it.
const GOOD: [string, string, string][] = [
  ['ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['ubuntu:22.04', 'docker.io/library/ubuntu:22.04', 'ubuntu:22.04'],
  ['ubuntu:5000', 'docker.io/library/ubuntu:5000', 'ubuntu:5000'],
  ['library/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['docker.io/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['docker.io/library/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['index.docker.io/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['index.docker.io/team/app', 'docker.io/team/app:latest', 'team/app:latest'],
  ['team/app', 'docker.io/team/app:latest', 'team/app:latest'],
  ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['library', 'docker.io/library/library:latest', 'library:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['localhost', 'docker.io/library/localhost:latest', 'localhost:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000/app:latest'],
  ['myreg:5000/app', 'myreg:5000/app:latest', 'myreg:5000/app:latest'],
  ['127.0.0.1:5000/a/b:1', '127.0.0.1:5000/a/b:1', '127.0.0.1:5000/a/b:1'],
  ['[::1]:5000/app:1', '[::1]:5000/app:1', '[::1]:5000/app:1'],
  ['[fe80::1]/app', '[fe80::1]/app:latest', '[fe80::1]/app:latest'],
  ['MyOrg/app:1', 'MyOrg/app:1', 'MyOrg/app:1'],
  ['My-Host.Example/app', 'My-Host.Example/app:latest', 'My-Host.Example/app:latest'],
  [
    'mcr.microsoft.com/dotnet/sdk:8.0-jammy',
    'mcr.microsoft.com/dotnet/sdk:8.0-jammy',
    'mcr.microsoft.com/dotnet/sdk:8.0-jammy',
  ],
  ['xn--n3h.com/app', 'xn--n3h.com/app:latest', 'xn--n3h.com/app:latest'],
  ['my_host.x/app', 'my_host.x/app:latest', 'my_host.x/app:latest'],
  ['my__ns/app_x:1', 'docker.io/my__ns/app_x:1', 'my__ns/app_x:1'],
  ['a.b-c--d/e', 'a.b-c--d/e:latest', 'a.b-c--d/e:latest'],
  ['x/a.b-c--d_e__f', 'docker.io/x/a.b-c--d_e__f:latest', 'x/a.b-c--d_e__f:latest'],
  ['app:_Tag-1.2_x', 'docker.io/library/app:_Tag-1.2_x', 'app:_Tag-1.2_x'],
  [`app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`, `app:${'t'.repeat(128)}`],
  [`alpine@${SHA256}`, `docker.io/library/alpine@${SHA256}`, `alpine@${SHA256}`],
  [`alpine:3.19@${SHA256}`, `docker.io/library/alpine:3.19@${SHA256}`, `alpine:3.19@${SHA256}`],
  [`r.example/a@${SHA512}`, `r.example/a@${SHA512}`, `r.example/a@${SHA512}`],
  [`docker.io/library/${LONG.slice(1)}`, `docker.io/library/${LONG.slice(1)}:latest`, `${LONG.slice(1)}:latest`],
  [`x/${HEX}`, `docker.io/x/${HEX}:latest`, `x/${HEX}:latest`],
];

const INVALID = 'invalid reference format';
const BAD: [string, string][] = [
  ['', INVALID],
  ['b:', INVALID],
  [':1', INVALID],
  ['a b', INVALID],
  ['a//b', INVALID],
  ['/a', INVALID],
  ['a/', INVALID],
  ['-a', INVALID],
  ['a-', INVALID],
  ['a..b', INVALID],
  ['a___b', INVALID],
  ['a:-1', INVALID],
  [`app:${'t'.repeat(129)}`, INVALID],
  ['ubuntu:22.04:x', INVALID],
  ['-host.x/app', INVALID],
  ['host:port/app', INVALID],
  ['[zz]:1/app', INVALID],
  ['a@sha256:abc', INVALID],
  ['a@sha256', INVALID],
  ['$img', INVALID],
  ['https://r.example/a', INVALID],
  ['Ubuntu', `${INVALID}: repository name (library/Ubuntu) must be lowercase`],
  ['library/Deps', `${INVALID}: repository name (library/Deps) must be lowercase`],
  ['r.example/App:1', `${INVALID}: repository name (App) must be lowercase`],
  ['REPLACE-ME', `${INVALID}: repository name (library/REPLACE-ME) must be lowercase`],
  ['A_b.x/app', 'repository name must be lowercase'],
  [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
  [`a@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'],
  [`a@sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
  [`a@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
  [`docker.io/library/${LONG}`, 'repository name must not be more than 255 characters'],
];

describe('Image references', () => {
  for (const [written, full, familiar] of GOOD) {
    it(`reads ${written.slice(0, 60)} as Docker does`, () => {
      const reference = parseReference(written);
      assert.ok(!('error' in reference), JSON.stringify(reference));
      assert.equal(formatReference(reference), full);
      assert.equal(familiarReference(reference), familiar);
      assert.deepEqual(parseReference(full), reference);
    });
  }

  for (const [written, error] of BAD) {
    it(`refuses '${written.slice(0, 60)}' with the reason`, () => {
      assert.deepEqual(parseReference(written), { error });
    });
  }

  it('gives host, path, tag and digest apart', () => {
    assert.deepEqual(parseReference(`localhost:5000/a/b:1@${SHA256}`), {
      host: 'localhost:5000',
      path: 'a/b',
      tag: '1',
      digest: SHA256,
    });
    assert.deepEqual(parseReference(`a@${SHA256}`), { host: 'docker.io', path: 'library/a', digest: SHA256 });
  });
});

import assert from 'node:assert/strict';
import { readManifest } from '../../../../tasks/DockerBaseStaleCheck/registry/manifest';
import { choosePlatforms } from '../../../../tasks/DockerBaseStaleCheck/registry/platforms';
import { pauseAsked, pullsUsedUp } from '../../../../tasks/DockerBaseStaleCheck/registry/rateLimit';

const entries = (...platforms: string[]) =>
  platforms.map((platform, index) => ({ platform, digest: `sha256:${index}` }));

function chosen(offered: string[], wanted: string[]): string[] | string {
  const found = choosePlatforms(entries(...offered), wanted);
  return 'reason' in found ? found.reason : found.entries.map(({ platform }) => platform);
}

describe('Platforms of an index', () => {
  it('are linux/amd64, else the only one, unless some are wanted', () => {
    assert.deepEqual(chosen(['linux/arm64', 'linux/amd64'], []), ['linux/amd64']);
    assert.deepEqual(chosen(['linux/s390x'], []), ['linux/s390x']);
    assert.match(chosen(['linux/s390x', 'linux/arm64'], []) as string, /not for linux\/amd64/);
    assert.deepEqual(chosen(['linux/arm64', 'linux/amd64'], ['linux/arm64/v8']), ['linux/arm64']);
    assert.deepEqual(chosen(['linux/arm/v6', 'linux/arm/v7'], ['linux/arm']), ['linux/arm/v7']);
    assert.match(chosen(['linux/amd64'], ['linux/arm64']) as string, /not offered for linux\/arm64/);
    assert.match(chosen([], []) as string, /names no image/);
  });

  it('of Windows count in all their versions, or in the wanted one', () => {
    const windows = ['windows(10.0.20348)/amd64', 'windows(10.0.17763)/amd64'];
    assert.deepEqual(chosen(windows, []), windows);
    assert.deepEqual(chosen(windows, ['windows(10.0.17763.999)/amd64']), ['windows(10.0.17763)/amd64']);
    assert.deepEqual(chosen(windows, ['windows/amd64']), windows);
  });

  it('leave out attestations and unknown ones', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    const manifest = readManifest(
      JSON.stringify({
        manifests: [
          { digest: 'sha256:a', platform },
          { digest: 'sha256:b', platform: { os: 'unknown', architecture: 'unknown' } },
          { digest: 'sha256:c', platform, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
        ],
      }),
    );
    assert.deepEqual(manifest, { kind: 'index', entries: [{ digest: 'sha256:a', platform: 'linux/arm64' }] });
    assert.equal(readManifest('{"schemaVersion":1,"fsLayers":[]}'), undefined);
    assert.equal(readManifest('<html>'), undefined);
  });
});

describe('Rate limits of registries', () => {
  const now = Date.parse('2026-11-21T00:00:00Z');
  it('may be seconds, a date, or a time since 1970 in either header', () => {
    assert.equal(pauseAsked({ 'retry-after': '7' }, now), 7000);
    assert.equal(pauseAsked({ 'retry-after': 'Sat, 21 Nov 2026 00:01:00 GMT' }, now), 60_000);
    assert.equal(pauseAsked({ 'x-retry-after': String(now / 1000 + 90) }, now), 90_000);
    assert.equal(pauseAsked({}, now), undefined);
  });
  it('say when no pulls are left', () => {
    assert.ok(pullsUsedUp({ 'ratelimit-remaining': '0;w=21600' }));
    assert.ok(!pullsUsedUp({ 'ratelimit-remaining': '10;w=21600' }));
    assert.ok(!pullsUsedUp({}));
  });
});

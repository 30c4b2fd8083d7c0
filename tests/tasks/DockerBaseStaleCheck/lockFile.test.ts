import assert from 'node:assert/strict';
import {
  formatLock,
  lockedDigests,
  parseLock,
  settle,
  withBases,
  type Lock,
} from '../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { lockPath } from '../../../tasks/DockerBaseStaleCheck/lock/lockPath';

const base = (reference: string, digest: string) => ({
  reference,
  role: 'base',
  digest,
  platforms: { 'linux/amd64': digest },
});
const LOCK: Lock = {
  version: 1,
  bases: [base('docker.io/library/z:1', 'sha256:1'), base('docker.io/library/a:1', 'sha256:2')],
  triggered: { runId: 7, digests: { 'docker.io/library/a:1': { digest: 'sha256:3', platforms: {} } }, failures: 1 },
};
const run = (status: 'succeeded' | 'failed' | 'running' | 'gone') => ({ status, number: '20261121.1', commit: 'abc' });

describe('The lock file', () => {
  it('has one text for one content: keys and bases in order, LF, a line end at the end', () => {
    const text = formatLock(LOCK);
    assert.ok(text.indexOf('library/a:1') < text.indexOf('library/z:1'));
    assert.ok(text.endsWith('}\n') && !text.includes('\r'));
    assert.equal(formatLock(parseLock(text)), text);
    assert.equal(formatLock(parseLock(text.replaceAll('\n', '\r\n'))), text);
  });

  it('is refused when it is none, such as a merge left half-way', () => {
    for (const text of ['<<<<<<< HEAD\n{}', '{"version":2}', '{"version":1,"bases":[{}]}'])
      assert.throws(() => parseLock(text));
  });

  it('makes built of a triggered run that succeeded, and counts one that failed', () => {
    const good = settle(LOCK, run('succeeded'));
    assert.equal(good.lock.triggered, undefined);
    assert.equal(good.lock.built?.runNumber, '20261121.1');
    assert.equal(lockedDigests(good.lock, 'docker.io/library/a:1')?.digest, 'sha256:3');
    assert.deepEqual([settle(LOCK, run('failed')).failures, settle(LOCK, run('running')).running], [2, true]);
    assert.equal(settle(LOCK, run('gone')).lock.triggered, undefined);
    assert.deepEqual(settle(LOCK, undefined).lock, LOCK, 'nobody could be asked');
  });

  it('keeps what it knows of bases, and drops those that the Dockerfile names no more', () => {
    const next = withBases(LOCK, [
      base('docker.io/library/a:1', 'sha256:9'),
      base('docker.io/library/n:1', 'sha256:8'),
    ]);
    assert.deepEqual(
      next.bases.map(({ digest }) => digest),
      ['sha256:2', 'sha256:8'],
    );
  });

  it('lies beside its Dockerfile, and never outside of the search folder', () => {
    const values = { folder: 'images/r', dockerfile: 'images/r/Dockerfile' };
    assert.equal(lockPath('/w', '${dockerfile}.lock.json', values), '/w/images/r/Dockerfile.lock.json');
    assert.equal(lockPath('/w', 'image.lock', values), '/w/images/r/image.lock');
    assert.throws(() => lockPath('/w', '${folder}/../../../x', values), /outside of the search folder/);
  });
});

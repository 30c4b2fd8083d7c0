import assert from 'node:assert/strict';
import type * as lockPaths from '../../tasks/DockerBaseStaleCheck/lock/lockPath';
import { onWindows } from './onWindows';

type LockPath = typeof lockPaths;

const ROOT = 'D:\\a\\1\\s';
const VALUES = { folder: 'images/r', dockerfile: 'images/r/Dockerfile', name: 'r' };

describe('Paths on Windows', function () {
  this.timeout(60_000);
  let locks: LockPath;
  before(async () => (locks = await onWindows<LockPath>('tasks/DockerBaseStaleCheck/lock/lockPath.ts')));

  const inside: [pattern: string, file: string][] = [
    ['${dockerfile}.lock.json', 'D:\\a\\1\\s\\images\\r\\Dockerfile.lock.json'],
    ['base.lock.json', 'D:\\a\\1\\s\\images\\r\\base.lock.json'],
    ['${folder}/locks/${name}.json', 'D:\\a\\1\\s\\images\\r\\locks\\r.json'],
    ['${folder}\\locks\\${name}.json', 'D:\\a\\1\\s\\images\\r\\locks\\r.json'],
    ['D:\\a\\1\\s\\locks\\r.json', 'D:\\a\\1\\s\\locks\\r.json'],
    ['d:/a/1/s/locks/r.json', 'd:\\a\\1\\s\\locks\\r.json'],
  ];
  for (const [pattern, file] of inside)
    it(`puts the lock '${pattern}' at ${file}`, () => assert.equal(locks.lockPath(ROOT, pattern, VALUES), file));

  const outside = [
    'C:\\locks\\r.json',
    '\\\\server\\share\\r.json',
    '../../../../r.json',
    '${folder}\\..\\..\\..\\r.json',
    '\\r.json',
  ];
  for (const pattern of outside)
    it(`refuses the lock '${pattern}', which lies outside of the search folder`, () =>
      assert.throws(() => locks.lockPath(ROOT, pattern, VALUES), /lies outside of the search folder/));
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { packageFile, root } from './thePackage';

describe('The package', function () {
  this.timeout(120_000);

  it('has the same bytes when it is built again, at another time, in another zone and for another user', () => {
    const file = packageFile();
    const before = fs.readFileSync(file);
    const script = 'umask 077 && exec "$0" --import tsx scripts/package.ts';
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath], {
      cwd: root,
      env: { ...process.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.ok(before.equals(fs.readFileSync(file)), 'the two packages differ');
  });
});

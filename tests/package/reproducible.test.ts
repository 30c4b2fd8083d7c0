import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageFile, root } from './thePackage';

describe('The package', function () {
  this.timeout(120_000);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-package-'));
  after(() => fs.rmSync(folder, { recursive: true }));

  it('has the same bytes when it is built again, at another time and place, in another zone and for another user', () => {
    const file = packageFile();
    const before = fs.readFileSync(file);
    const script = 'umask 077 && exec "$0" --import tsx scripts/package.ts "$1"';
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, folder], {
      cwd: root,
      env: { ...process.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const again = fs.readFileSync(path.join(folder, 'dist', path.basename(file)));
    assert.ok(before.equals(again), 'the two packages differ');
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startPackageIndexes } from '../../emulator/packages/server';
import { startRegistry } from '../../emulator/registry/server';
import { startGitServer } from '../../tests/git/server';
import type { Scene } from './scene';

const YAML = `
parameters:
  - name: image
    type: string
  - name: why
    type: string
steps:
  - script: docker build --pull .
`;
const LOCK = 'python/Dockerfile.lock.json';
const MONTH_MS = 30 * 86_400_000;

/** A package on top of an unchanged base: it makes the image stale, the image is rebuilt, and git keeps what it was built from. */
export const stalePackage: Scene = {
  title: 'A package has a newer version that fits: the image is rebuilt, and its lock is in git',
  async play(player) {
    const { state, token } = player.emulator;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-packages-'));
    const registry = await startRegistry();
    const indexes = await startPackageIndexes();
    const dockerfile = `FROM ${registry.host}/library/python:3.12-bookworm\nRUN pip install "numpy>=2"\n`;
    const server = await startGitServer({
      authorization: `Bearer ${token}`,
      files: { 'python/Dockerfile': dockerfile },
    });
    try {
      const created = new Date(Date.now() - 2 * MONTH_MS).toISOString();
      registry.put('library/python', '3.12-bookworm', { created, layers: ['python'] });
      indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1']);
      state.addPipeline({ name: 'rebuild-packages', folder: 'images', yaml: YAML, script: { durationMs: 500 } });
      const check = async (night: string) => {
        const sources = { folder: path.join(folder, night), url: server.url };
        await server.checkOut(sources.folder);
        return player.run({
          ...{ task: 'DockerBaseStaleCheck', name: 'check', sources },
          inputs: {
            packages: 'pip',
            packageIndexes: `pip: ${indexes.urls.pip}`,
            updateLock: 'commit',
            pipeline: String.raw`\images\rebuild-packages`,
            parameters: 'image: ${folder}\nwhy: ${reason}\n',
            waitForCompletion: 'true',
          },
        });
      };
      player.say('The first night nothing is stale, and the lock beside the Dockerfile is committed:');
      assert.equal((await check('first')).outputs.staleCount, '0');
      player.say('numpy 2.4.0 appears. The second night:');
      indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1', '2.4.0']);
      const before = state.runs.length;
      const second = await check('second');
      assert.equal(second.result, 'Succeeded');
      const started = state.runs.slice(before).map(({ templateParameters }) => templateParameters.why);
      assert.deepEqual(started, ['numpy 2.3.1 -> 2.4.0 fits numpy>=2'], 'one run was started, and told why');
      player.say('The third night that run is known to have ended well:');
      assert.equal((await check('third')).outputs.staleCount, '0');
      assert.equal(state.runs.length, before + 1, 'no second run for the same change');
      player.say('What the image was built from, in the history of git:');
      const history = server.git('log', '--format=%h %an: %s', 'main').split('\n');
      for (const line of history) player.say(`  ${line}`);
      for (const line of server.git('show', '--format=', 'main', '--', LOCK).split('\n')) player.say(`  ${line}`);
      assert.equal(history.length, 4, 'three commits of locks');
      assert.match(server.file(LOCK) ?? '', /"version": "2\.4\.0"/);
    } finally {
      await Promise.all([registry.close(), indexes.close(), server.close()]);
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startRegistry } from '../../emulator/registry/server';
import type { Scene } from './scene';

const YAML = `
parameters:
  - name: image
    type: string
steps:
  - script: docker build --pull .
`;
const DAY_MS = 86_400_000;

/** A base image that changed: the image on it is found and rebuilt, the other is left alone. */
export const staleImage: Scene = {
  title: 'A base image changed, and what is built on it is rebuilt',
  async play(player) {
    const { state } = player.emulator;
    const before = state.runs.length;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-images-'));
    const registry = await startRegistry();
    try {
      const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
      registry.put('library/r-base', '4.4', { created: daysAgo(2), layers: ['R 4.4.3'] });
      registry.put('library/ubuntu', '22.04', { created: daysAgo(40), layers: ['ubuntu'] });
      writeDockerfile(folder, 'r', `ARG R=4.4\nFROM ${registry.host}/library/r-base:$R\nRUN Rscript -e 1\n`);
      writeDockerfile(folder, 'python', `FROM ${registry.host}/library/ubuntu:22.04 AS base\nFROM base\n`);
      state.addPipeline({ name: 'rebuild-image', folder: 'images', yaml: YAML, script: { durationMs: 1500 } });
      player.say('Two Dockerfiles; the base of one was updated two days ago. A nightly pipeline has this step:');
      const { result, outputs } = await player.run({
        task: 'DockerBaseStaleCheck',
        name: 'check',
        inputs: {
          searchFolder: folder,
          pipeline: String.raw`\images\rebuild-image`,
          parameters: 'image: ${folder}\n',
          waitForCompletion: 'true',
        },
      });
      assert.equal(result, 'Succeeded');
      assert.equal(outputs.staleCount, '1');
      const started = state.runs.slice(before).map(({ templateParameters }) => templateParameters.image);
      assert.deepEqual(started, ['r'], 'one run was started, for the stale image');
    } finally {
      await registry.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};

function writeDockerfile(root: string, folder: string, text: string): void {
  fs.mkdirSync(path.join(root, folder));
  fs.writeFileSync(path.join(root, folder, 'Dockerfile'), text);
}

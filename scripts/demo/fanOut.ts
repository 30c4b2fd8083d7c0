import assert from 'node:assert/strict';
import type { Scene } from './scene';

const YAML = `
parameters:
  - { name: image, type: string }
  - { name: platform, type: string }
stages:
  - stage: Build
    jobs: [{ job: docker, steps: [{ script: docker build . }] }]
`;
const RUNS = `matrix:
  image: [ubuntu, r-base]
  platform: [amd64, arm64]
exclude:
  - { image: r-base, platform: arm64 }
`;

/** One step that starts a run for each combination, two at a time. */
export const fanOut: Scene = {
  title: 'A list of runs from a matrix, two at a time',
  async play(player) {
    const { state } = player.emulator;
    const before = state.runs.length;
    state.addPipeline({ name: 'image', folder: 'images', yaml: YAML, script: { durationMs: 1200 } });
    player.say('The pipeline image builds one image for one platform. One step starts it for three combinations:');
    const { result, outputs } = await player.run({
      task: 'TriggerPipeline',
      name: 'images',
      inputs: { pipeline: 'image', runs: RUNS, maxParallel: '2', pollingInterval: '1' },
    });
    assert.equal(result, 'Succeeded');
    assert.equal(state.runs.length - before, 3, 'three runs were started');
    const names = (JSON.parse(outputs.results ?? '[]') as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ['ubuntu amd64', 'ubuntu arm64', 'r-base amd64']);
  },
};

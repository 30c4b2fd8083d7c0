import assert from 'node:assert/strict';
import type { Scene } from './scene';

const YAML = `
parameters:
  - name: image
    type: string
    values: [ubuntu, r-base]
stages:
  - stage: Build
    jobs: [{ job: docker, steps: [{ script: docker build . }] }]
  - stage: Test
    jobs: [{ job: smoke, steps: [{ script: ./smoke.sh }] }]
`;

/** A run that is started with a parameter and waited for. */
export const startedRun: Scene = {
  title: 'A pipeline is started and waited for',
  async play(player) {
    const { state } = player.emulator;
    state.addPipeline({ name: 'rebuild', folder: 'images', yaml: YAML, script: { durationMs: 1500 } });
    player.say(String.raw`The pipeline \images\rebuild has the stages Build and Test. Another pipeline has this step:`);
    const { result, outputs } = await player.run({
      task: 'TriggerPipeline',
      name: 'rebuild',
      inputs: { pipeline: String.raw`\images\rebuild`, branch: 'main', parameters: 'image: r-base\n', tags: 'nightly' },
    });
    assert.equal(result, 'Succeeded');
    assert.equal(outputs.result, 'succeeded');
    assert.equal(state.runs.length, 1, 'one run was started');
    const [run] = state.runs;
    assert.equal(outputs.runId, String(run?.id));
    assert.equal(run?.templateParameters.image, 'r-base');
    assert.ok(run.tags.includes('nightly'), 'the run has its tag');
  },
};

import assert from 'node:assert/strict';
import type { Scene } from './scene';

const YAML = `
parameters:
  - { name: async, type: boolean, default: false }
  - { name: image, type: string, default: none }
stages:
  - stage: Build
    jobs: [{ job: build, steps: [{ script: docker build . }] }]
  - stage: SlowScan
    dependsOn: []
    condition: eq('\${{ parameters.async }}', 'true')
    jobs: [{ job: scan, steps: [{ script: scan-image }] }]
`;

/** A stage of the own YAML runs beside the parent as a run of its own; a later step collects it. */
export const asyncStage: Scene = {
  title: 'A stage runs beside its pipeline and is collected later',
  async play(player) {
    const { state } = player.emulator;
    const pipeline = state.addPipeline({ name: 'delivery', yaml: YAML, script: { durationMs: 1500 } });
    const parent = state.queue(pipeline, { templateParameters: { image: 'r-base' } });
    player.say('The pipeline delivery starts its own stage SlowScan as a small run, and does not wait for it:');
    const first = await player.run({
      task: 'TriggerPipeline',
      name: 'scan',
      parent,
      inputs: {
        pipeline: String(pipeline.id),
        branch: parent.branch,
        commit: parent.commit,
        stages: 'SlowScan',
        inherit: 'parameters, debug',
        parameters: 'async: true\n',
        waitForCompletion: 'false',
      },
    });
    assert.equal(first.outputs.result, 'started');
    player.say('A later step of the same run waits for whatever the run started, without being told what:');
    const { result, outputs } = await player.run({
      task: 'TriggerPipeline',
      name: 'collect',
      parent,
      job: first.job,
      inputs: { action: 'wait', retryFailedStages: '1' },
    });
    assert.equal(result, 'Succeeded');
    assert.equal(outputs.runId, first.outputs.runId);
    const small = state.findRun(Number(outputs.runId));
    assert.equal(small?.templateParameters.image, 'r-base', 'the parameter of the parent was handed on');
    assert.deepEqual(small.stagesToSkip, ['Build']);
  },
};

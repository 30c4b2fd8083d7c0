import assert from 'node:assert/strict';
import type { Scene } from './scene';

const YAML = `
stages:
  - stage: Scan
    jobs:
      - job: image
        steps:
          - task: CmdLine@2
            displayName: Scan the image
`;
const FINDING = 'CVE-2026-21345 (critical) in libarchive 3.6.2: fixed in 3.6.3';

/** A run that fails: its errors are brought back, and the step fails. */
export const failedRun: Scene = {
  title: 'A pipeline fails, and its errors are brought back',
  async play(player) {
    const { state } = player.emulator;
    const before = state.runs.length;
    state.addPipeline({
      name: 'scan',
      yaml: YAML,
      script: { durationMs: 1500, result: 'failed', issues: [{ type: 'error', message: FINDING }] },
    });
    player.say('The pipeline scan finds something. The step that started it says what, with links, and fails:');
    const { result, outputs, log } = await player.run({
      task: 'TriggerPipeline',
      name: 'scan',
      inputs: { pipeline: 'scan' },
    });
    assert.equal(result, 'Failed');
    assert.equal(outputs.result, 'failed');
    assert.equal(state.runs.length - before, 1, 'one run was started');
    assert.ok(
      log.some((line) => line.includes(FINDING)),
      'the log shows the error of the run',
    );
  },
};

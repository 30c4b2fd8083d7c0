import assert from 'node:assert/strict';
import type { Scene } from './scene';

const YAML = `
parameters:
  - { name: image, type: string }
stages:
  - stage: Build
    jobs: [{ job: docker, steps: [{ script: docker build . }] }]
  - stage: Test
    jobs: [{ job: smoke, steps: [{ script: ./smoke.sh }] }]
`;
const RUNS = `- { name: ubuntu, parameters: { image: ubuntu } }
- { name: r-base, parameters: { image: r-base } }
- { name: python, parameters: { image: python } }
`;

/** A run whose step starts others, looked at on its page: the tab reads what the step has attached, while it still works. */
export function cascadeTab(durationMs: number): Scene {
  return {
    title: "The Cascade tab on the run's own page",
    async play(player) {
      const { state } = player.emulator;
      const nightly = state.addPipeline({ name: 'nightly', script: { durationMs: 60 * durationMs } });
      const parent = state.queue(nightly);
      const issues = [{ type: 'error' as const, message: 'package libicu72 is not available' }];
      state.addPipeline({
        name: 'nightly-image',
        folder: 'images',
        yaml: YAML,
        script: ({ parameters }) =>
          parameters.image === 'r-base'
            ? { durationMs, stages: { Test: { result: 'failed', issues } } }
            : { durationMs: 2 * durationMs },
      });
      player.say(`Open ${player.pageOf(parent)} in a browser, and see the runs come and end:`);
      const { result } = await player.run({
        task: 'TriggerPipeline',
        name: 'images',
        inputs: {
          pipeline: String.raw`\images\nightly-image`,
          runs: RUNS,
          onFailure: 'warn',
          pollingInterval: '1',
        },
        parent,
      });
      assert.equal(result, 'SucceededWithIssues');
      assert.equal((await fetch(player.pageOf(parent))).status, 200, 'the page of the tab');
      assert.ok(parent.attachments.length, 'the step attached its register');
    },
  };
}

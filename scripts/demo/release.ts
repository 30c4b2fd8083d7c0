import assert from 'node:assert/strict';
import type { Scene } from './scene';

/** A release that goes through three stages, the last of them after an approval. */
export const release: Scene = {
  title: 'A release goes through three stages, with an approval',
  async play(player) {
    const { releaseArea } = player.emulator.state;
    releaseArea.addDefinition({
      name: 'Scan Pre Prod',
      project: 'Fabrikam',
      stages: [{ name: 'Dev' }, { name: 'Test' }, { name: 'Prod', preApprovers: ['Norman Paulk'] }],
      script: { durationMs: 700 },
    });
    player.say("The release definition 'Scan Pre Prod' has the stages Dev, Test and Prod; Prod wants an approval.");
    const { result, outputs, log } = await player.run({
      task: 'TriggerRelease',
      name: 'scan',
      inputs: { definition: 'Scan Pre Prod', approvals: 'approve', pollingInterval: '2' },
    });
    assert.equal(result, 'Succeeded');
    assert.equal(outputs.result, 'succeeded');
    assert.equal(releaseArea.releases.length, 1, 'one release was created');
    assert.ok(log.some((line) => line.includes('stage Prod: pre-deployment approval given')));
  },
};

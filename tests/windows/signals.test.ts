import assert from 'node:assert/strict';
import { startStep } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { startBundle, type BundleProcess } from '../faults/bundleProcess';
import { PROJECT, startWorld } from '../faults/world';
import { taskFolder } from '../tasks/taskFolder';

/** What Node makes of the keys of a Windows console. */
const KEYS = [
  ['Ctrl+C', 'SIGINT'],
  ['Ctrl+Break', 'SIGBREAK'],
] as const;

describe('Signals on Windows', function () {
  this.timeout(60_000);

  for (const [key, signal] of KEYS) {
    it(`${key} cancels the runs of a step, which then ends by itself`, async () => {
      const world = await startWorld();
      try {
        const { emulator, time } = world;
        emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 3_600_000 } });
        let task: BundleProcess | undefined;
        const running = await startStep({
          taskFolder: await taskFolder('TriggerPipeline'),
          inputs: { project: PROJECT, pipeline: 'rebuild' },
          variables: buildVariables({ collectionUri: emulator.url, project: PROJECT }),
          systemConnection: { url: emulator.url, token: emulator.token },
          startProcess: (start) => (task = startBundle(start, time)),
        });
        time.setTimeout(() => task?.signal(signal), 10_000);
        const step = (await time.runUntil(running.finished))?.value;
        assert.equal(step?.signal, null);
        assert.equal(step.exitCode, 0);
        assert.deepEqual(
          emulator.state.runs.map(({ events }) => events.map(({ kind }) => kind)),
          [['cancel']],
        );
      } finally {
        await world.close();
      }
    });
  }
});

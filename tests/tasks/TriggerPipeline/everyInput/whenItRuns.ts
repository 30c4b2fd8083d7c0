import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { logOf, until } from '../organization';
import { HOUR_MS, succeed, withPipeline, type InputTests } from './inputTest';

const IMAGE = [{ name: 'image', type: 'string', default: 'none' }];
const TWO = '- { name: a, parameters: { image: x } }\n- { name: b, parameters: { image: y } }';

/** A pipeline with one run that the service was told of before. */
async function withRun(script: object) {
  const fabrikam = await withPipeline({
    script: ({ runId }) => (runId === 1001 ? script : { durationMs: 0 }),
  });
  const { state } = fabrikam.emulator;
  state.queue(state.pipelines[0]!);
  return fabrikam;
}

async function withEndedRun(script: object) {
  const fabrikam = await withRun({ durationMs: 0, ...script });
  await until(() => fabrikam.emulator.state.look(fabrikam.runs[0]!).status === 'completed');
  return fabrikam;
}

/** Inputs that say how many runs are started, when, and whether at all. */
export const WHEN_IT_RUNS: InputTests = {
  runs: {
    use: [
      'starts one run an item, or for each combination of a matrix, or from a file',
      async () => {
        const fabrikam = await withPipeline({ parameters: IMAGE });
        const list = await succeed(fabrikam, { runs: TWO });
        await succeed(fabrikam, { runs: 'matrix: { image: [m1, m2] }' }, { stepName: 'matrix' });
        fs.writeFileSync(path.join(list.job.folder, 'runs.json'), '[{ "parameters": { "image": "f" } }]');
        const file = `@${path.join(list.job.folder, 'runs.json')}`;
        await succeed(fabrikam, { runs: file }, { stepName: 'file' });
        const images = fabrikam.runs.map(({ templateParameters }) => templateParameters.image as string);
        assert.deepEqual(images.toSorted(), ['f', 'm1', 'm2', 'x', 'y']);
      },
    ],
    misuse: {
      inputs: { runs: '- { name: a }\n- { name: b, stage: Build }' },
      says: /^runs: item 2 \('b'\): unknown key 'stage'; known are name, pipeline/,
    },
  },
  maxParallel: {
    use: [
      'holds the next one back until one has ended',
      async () => {
        const fabrikam = await withPipeline({ parameters: IMAGE, script: { durationMs: 600 } });
        await succeed(fabrikam, { runs: TWO, maxParallel: '1', pollingInterval: '1' });
        const [first, second] = fabrikam.runs;
        const { finishTime } = fabrikam.emulator.state.look(first!);
        assert.ok(second!.queueTime >= finishTime!);
      },
    ],
    misuse: {
      inputs: { runs: TWO, maxParallel: 'two' },
      says: /^maxParallel: 'two' is no whole number from 0 to 10000/,
    },
  },
  stopOnFirstFailure: {
    use: [
      'cancels those that run when one has failed',
      async () => {
        const script = ({ parameters }: { parameters: Record<string, unknown> }) =>
          parameters.image === 'x' ? { durationMs: 0, result: 'failed' } : { durationMs: HOUR_MS, cancelTakesMs: 0 };
        const fabrikam = await withPipeline({ parameters: IMAGE, script });
        const step = await fabrikam.run({ runs: TWO, stopOnFirstFailure: 'true', pollingInterval: '1' });
        assert.equal(step.result, 'Failed');
        assert.equal(fabrikam.calls('PATCH', 'build/builds').length, 1);
      },
    ],
    misuse: { inputs: { stopOnFirstFailure: 'yes' }, says: /^stopOnFirstFailure: 'yes' is neither true nor false/ },
  },
  ifRunning: {
    use: [
      'join waits for the run that there is instead of starting one',
      async () => {
        const fabrikam = await withRun({ durationMs: 1000 });
        const step = await succeed(fabrikam, { ifRunning: 'join', pollingInterval: '1' });
        assert.equal(step.outputs.runId, '1001');
        assert.equal(fabrikam.starts().length, 0);
      },
    ],
    misuse: { inputs: { ifRunning: 'wait' }, says: /^ifRunning: 'wait' is none of start, skip, join, cancel, queue/ },
  },
  ifBuilt: {
    use: [
      'reuse takes the successful run of that commit',
      async () => {
        const fabrikam = await withEndedRun({});
        const step = await succeed(fabrikam, { ifBuilt: 'reuse' });
        assert.deepEqual([step.outputs.runId, fabrikam.starts().length], ['1001', 0]);
      },
    ],
    misuse: { inputs: { ifBuilt: 'maybe' }, says: /^ifBuilt: 'maybe' is none of start, reuse/ },
  },
  onlyIf: {
    use: [
      'starts only when the last run of a pipeline ended so',
      async () => {
        const fabrikam = await withEndedRun({ result: 'failed' });
        const no = await succeed(fabrikam, { onlyIf: 'rebuild: [succeeded, partiallySucceeded]' });
        assert.equal(no.outputs.result, 'skipped');
        const yes = await succeed(fabrikam, { onlyIf: 'rebuild: [failed, canceled]' }, { stepName: 'other' });
        assert.equal(yes.outputs.runId, '1002');
      },
    ],
    misuse: {
      inputs: { onlyIf: 'rebuild: [green]' },
      says: /^onlyIf: 'rebuild': 'green' is none of succeeded, partiallySucceeded, failed, canceled, notRunning/,
    },
  },
  dryRun: {
    use: [
      'says what would be started, and starts nothing, under its alias too',
      async () => {
        const fabrikam = await withPipeline({ parameters: IMAGE });
        for (const name of ['dryRun', 'validateOnly']) {
          const step = await succeed(fabrikam, { [name]: 'true', parameters: 'image: x' });
          assert.match(logOf(step), /rebuild would be started on refs\/heads\/main with image/);
        }
        assert.equal(fabrikam.starts().length, 0);
      },
    ],
    misuse: { inputs: { dryRun: 'perhaps' }, says: /^dryRun: 'perhaps' is neither true nor false/ },
  },
};

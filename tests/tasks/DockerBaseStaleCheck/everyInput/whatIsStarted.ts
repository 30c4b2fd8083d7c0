import assert from 'node:assert/strict';
import { EACH, flag, number, succeed, withImages, withRunningRebuild, word, type InputTests } from './inputTest';

/** Inputs that say what is started for a stale image. */
export const WHAT_IS_STARTED: InputTests = {
  project: {
    use: [
      'is where the pipeline is; this one unless given',
      async () => {
        const project = await withImages();
        const { state } = project.emulator;
        const other = state.addProject('Tailspin');
        state.addPipeline({ name: 'elsewhere', project: other.name, script: { durationMs: 0 } });
        await succeed(project, { pipeline: 'elsewhere', project: 'tailspin' });
        assert.deepEqual(
          state.runs.map(({ pipeline }) => pipeline.name),
          ['elsewhere'],
        );
      },
    ],
    misuse: { inputs: { ...EACH, project: '' }, says: /^project: give the name or id/ },
  },
  pipeline: {
    use: [
      'is started for each stale image, by name or id; without it nothing is',
      async () => {
        const project = await withImages();
        await succeed(project);
        assert.equal(project.emulator.state.runs.length, 0);
        await succeed(project, EACH);
        assert.deepEqual(
          project.emulator.state.runs.map(({ templateParameters: { image } }) => image),
          ['a'],
        );
      },
    ],
    misuse: { inputs: { pipeline: '$(pipe)' }, says: /^pipeline: the variable 'pipe' is not set in this job/ },
  },
  branch: {
    use: [
      'is what the run is for',
      async () => {
        const project = await withImages();
        const { state } = project.emulator;
        state.addCommit(state.pipelines[0]!, 'release/1');
        await succeed(project, { ...EACH, branch: 'release/1' });
        assert.equal(state.runs[0]?.branch, 'refs/heads/release/1');
      },
    ],
    misuse: { inputs: { ...EACH, branch: '$(branchName)' }, says: /^branch: the variable 'branchName' is not set/ },
  },
  parameters: {
    use: [
      'are given to the run, with placeholders',
      async () => {
        const project = await withImages();
        await succeed(project, { pipeline: 'rebuild', parameters: 'image: "x-${name}-$${name}"' });
        assert.equal(project.emulator.state.runs[0]?.templateParameters.image, 'x-a_Dockerfile-${name}');
      },
    ],
    misuse: { inputs: { ...EACH, parameters: 'image: x\nimage: y' }, says: /^parameters: .*line 2/ },
  },
  variables: {
    use: [
      'are given to the run, secret ones too',
      async () => {
        const settable = { value: '', allowOverride: true };
        const project = await withImages({ variables: { where: settable, key: settable } });
        const step = await succeed(project, {
          ...EACH,
          variables: 'where: ${folder}\nkey: { value: "the-key-of-${folder}", isSecret: true }',
        });
        const { variables } = project.emulator.state.runs[0]!;
        assert.match(JSON.stringify(variables), /"a"/);
        assert.ok(!step.log.join('\n').includes('the-key-of-a'));
      },
    ],
    misuse: { inputs: { ...EACH, variables: 'a: [1, 2' }, says: /^variables: / },
  },
  stages: {
    use: [
      'are those that run',
      async () => {
        const project = await withImages({ stages: [{ name: 'Build' }, { name: 'Scan' }] });
        await succeed(project, { ...EACH, stages: 'build' });
        assert.equal(project.emulator.state.runs.length, 1);
        const skipped = project.emulator.state.runs[0]!;
        assert.match(JSON.stringify(skipped.stagesToSkip), /Scan/);
      },
    ],
    misuse: { inputs: { ...EACH, stages: '{ a: b }' }, says: /^stages: / },
  },
  tags: {
    use: [
      'mark the run, with placeholders',
      async () => {
        const project = await withImages();
        await succeed(project, { ...EACH, tags: 'nightly, image-${name}' });
        const tags = project.emulator.state.runs[0]?.tags ?? [];
        assert.ok(tags.includes('nightly') && tags.includes('image-a_Dockerfile'), String(tags));
      },
    ],
    misuse: { inputs: { ...EACH, tags: '$(tagOfToday)' }, says: /^tags: the variable 'tagOfToday' is not set/ },
  },
  maxParallel: {
    use: [
      'holds the next one back until one has ended',
      async () => {
        const project = await withImages({ script: { durationMs: 600 } });
        const inputs = { ...EACH, maxAgeDays: '90', waitForCompletion: 'true', pollingInterval: '1' };
        await succeed(project, { ...inputs, maxParallel: '1' });
        const { runs } = project.emulator.state;
        const { finishTime } = project.emulator.state.look(runs[0]!);
        assert.ok(runs[1]!.queueTime >= finishTime!);
      },
    ],
    misuse: number('maxParallel', 0, 10_000),
  },
  ifRunning: {
    use: [
      'skip starts nothing beside a run of the pipeline that is under way',
      async () => {
        const project = await withRunningRebuild();
        const { state } = project.emulator;
        const before = state.runs.length;
        await succeed(project, { ...EACH, ifRunning: 'skip' });
        assert.equal(state.runs.length, before);
        await succeed(project, EACH);
        assert.equal(state.runs.length, before + 1);
      },
    ],
    misuse: word('ifRunning', 'start, skip, join, cancel, queue'),
  },
  group: {
    use: [
      'starts one run for all',
      async () => {
        const project = await withImages();
        await succeed(project, { ...EACH, group: 'true', maxAgeDays: '90' });
        assert.deepEqual(
          project.emulator.state.runs.map(({ templateParameters: { image } }) => image),
          ['["a","b"]'],
        );
      },
    ],
    misuse: flag('group'),
  },
  maxFailures: {
    use: [
      'is how often it is tried',
      async () => {
        const project = await withImages({ script: { durationMs: 0, result: 'failed' } });
        const inputs = { ...EACH, waitForCompletion: 'true', onFailure: 'ignore', maxFailures: '2' };
        for (const verdict of ['stale', 'stale', 'held', 'held'])
          assert.equal((await succeed(project, inputs)).verdicts['a/Dockerfile'], verdict);
        assert.equal(project.emulator.state.runs.length, 2);
      },
    ],
    misuse: number('maxFailures', 1, 100),
  },
  dryRun: {
    use: [
      'decides, and starts nothing',
      async () => {
        const project = await withImages();
        const step = await succeed(project, { ...EACH, dryRun: 'true' });
        assert.deepEqual([step.outputs.anyStale, project.emulator.state.runs.length], ['true', 0]);
      },
    ],
    misuse: flag('dryRun'),
  },
};

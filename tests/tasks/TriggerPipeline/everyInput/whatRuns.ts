import assert from 'node:assert/strict';
import { startOrganization, until } from '../organization';
import { startParent } from '../parentRun';
import { succeed, withPipeline, type InputTests } from './inputTest';

const IMAGE = [{ name: 'image', type: 'string', default: 'none' }];
const STAGES = [{ name: 'Build' }, { name: 'Scan', displayName: 'Scan it', dependsOn: [] }];
const LEVEL = { level: { value: 'x', allowOverride: true } };
const LATER = { waitForCompletion: 'false' };

/** Inputs that say what is started. */
export const WHAT_RUNS: InputTests = {
  action: {
    use: [
      'does with runs what it says, and starts none but for start',
      async () => {
        const fabrikam = await withPipeline({
          stages: [{ name: 'Build' }, { name: 'Deploy', manual: true }],
          script: { durationMs: 300, cancelTakesMs: 0 },
        });
        await succeed(fabrikam, { action: 'start', ...LATER });
        const existing = { pipeline: '', runIds: '1001', pollingInterval: '1' };
        await succeed(fabrikam, { action: 'runStages', stages: 'Deploy', ...existing });
        await succeed(fabrikam, { action: 'wait', ...existing });
        await succeed(fabrikam, { action: 'cancel', ...existing });
        assert.equal(fabrikam.starts().length, 1);
      },
    ],
    misuse: {
      inputs: { action: 'begin' },
      says: /^action: 'begin' is none of start, wait, cancel, runStages, approve/,
    },
  },
  project: {
    use: [
      'starts a pipeline of another project, by name or id',
      async () => {
        const fabrikam = await withPipeline();
        const project = fabrikam.emulator.state.addProject('Northwind');
        fabrikam.add({ project: 'Northwind' });
        for (const name of ['northwind', project.id]) await succeed(fabrikam, { project: name });
        assert.deepEqual(
          fabrikam.runs.map(({ pipeline }) => pipeline.project.name),
          ['Northwind', 'Northwind'],
        );
      },
    ],
    misuse: { inputs: { project: 'Nowhere' }, says: /Nowhere.*job authorization scope/ },
  },
  pipeline: {
    use: [
      'is found by id, name and path',
      async () => {
        const fabrikam = await withPipeline({ folder: 'images' });
        fabrikam.add({ folder: 'other' });
        for (const pipeline of ['11', '\\images\\REBUILD']) await succeed(fabrikam, { pipeline });
        assert.deepEqual(
          fabrikam.runs.map(({ pipeline }) => pipeline.id),
          [11, 11],
        );
      },
    ],
    misuse: { inputs: { pipeline: 'rebiuld' }, says: /no pipeline 'rebiuld'.*The nearest: \\rebuild/ },
  },
  branch: {
    use: [
      'is where the run starts',
      async () => {
        const fabrikam = await withPipeline();
        fabrikam.emulator.state.addCommit(fabrikam.emulator.state.pipelines[0]!, 'release/2');
        await succeed(fabrikam, { branch: 'release/2' });
        assert.equal(fabrikam.runs[0]?.branch, 'refs/heads/release/2');
      },
    ],
    misuse: { inputs: { branch: 'mian' }, says: /refs\/heads\/mian/ },
  },
  commit: {
    use: [
      'is what the run takes, though the branch has moved on',
      async () => {
        const fabrikam = await withPipeline();
        const { state } = fabrikam.emulator;
        const commit = state.branches(state.pipelines[0]!).main!;
        state.addCommit(state.pipelines[0]!, 'main');
        await succeed(fabrikam, { commit });
        assert.equal(fabrikam.runs[0]?.commit, commit);
      },
    ],
    misuse: {
      inputs: { commit: '3059301' },
      says: /^commit: '3059301' is no full commit id \(40 hexadecimal digits\)/,
    },
  },
  parameters: {
    use: [
      'reach the template as they are written',
      async () => {
        const fabrikam = await withPipeline({ parameters: IMAGE });
        await succeed(fabrikam, { parameters: 'image: 1.10' });
        assert.equal(fabrikam.runs[0]?.templateParameters.image, '1.10');
      },
    ],
    misuse: {
      where: () => withPipeline({ parameters: IMAGE }),
      inputs: { parameters: 'imgae: r-base' },
      says: /Unexpected parameter 'imgae'.*declares these parameters: image/,
    },
  },
  variables: {
    use: [
      'are set as the run is queued',
      async () => {
        const fabrikam = await withPipeline({ variables: LEVEL });
        await succeed(fabrikam, { variables: 'level=high' });
        assert.deepEqual(fabrikam.runs[0]?.variables, { level: 'high' });
      },
    ],
    misuse: {
      where: () => withPipeline({ variables: { level: 'fixed' } }),
      inputs: { variables: 'level: high' },
      says: /level.*settable at queue time|settable at queue time.*level/i,
    },
  },
  exportVariables: {
    use: [
      'hands variables of this run on',
      async () => {
        const fabrikam = await withPipeline({ variables: LEVEL });
        const parent = startParent(fabrikam).step();
        const variables = { ...parent.variables, level: 'high', other: 'no' };
        await succeed(fabrikam, { exportVariables: 'lev*' }, { ...parent, variables });
        assert.deepEqual(fabrikam.runs[1]?.variables, { level: 'high' });
      },
    ],
    misuse: { inputs: { exportVariables: 'levle' }, says: /^exportVariables: the variable 'levle' is not set/ },
  },
  inherit: {
    use: [
      'gives the child parameters of the parent',
      async () => {
        const fabrikam = await withPipeline({ parameters: IMAGE });
        const parent = startParent(fabrikam, JSON.stringify({ parameters: IMAGE, steps: [{ script: 'make' }] }));
        parent.run.templateParameters = { image: 'r-base' };
        await succeed(fabrikam, { inherit: 'parameters' }, parent.step());
        assert.equal(fabrikam.runs[1]?.templateParameters.image, 'r-base');
      },
    ],
    misuse: { inputs: { inherit: 'everything' }, says: /^inherit: 'everything' is none of parameters, debug/ },
  },
  stages: {
    use: [
      'run, and no others',
      async () => {
        const fabrikam = await withPipeline({ stages: STAGES });
        await succeed(fabrikam, { stages: 'scan' });
        assert.deepEqual(fabrikam.runs[0]?.stagesToSkip, ['Build']);
      },
    ],
    misuse: {
      where: () => withPipeline({ stages: STAGES }),
      inputs: { stages: 'Biuld' },
      says: /^stages: 'Biuld' is no stage of 'rebuild'\. Its stages: Build, Scan \('Scan it'\)\./,
    },
  },
  stagesToSkip: {
    use: [
      'are left out',
      async () => {
        const fabrikam = await withPipeline({ stages: STAGES });
        await succeed(fabrikam, { stagesToSkip: 'Scan it' });
        assert.deepEqual(fabrikam.runs[0]?.stagesToSkip, ['Scan']);
      },
    ],
    misuse: {
      where: () => withPipeline({ stages: STAGES }),
      inputs: { stagesToSkip: 'Scan', stages: 'Build' },
      says: /^stages and stagesToSkip are given at once/,
    },
  },
  resources: {
    use: [
      'are taken in the versions that are given',
      async () => {
        const yaml = 'resources: { containers: [{ container: base, image: r-base }] }\nsteps: [{ script: make }]';
        const fabrikam = await withPipeline({ yaml });
        await succeed(fabrikam, { resources: 'containers: { base: 4.10 }' });
        assert.equal(fabrikam.runs[0]?.resources.containers.base?.version, '4.10');
      },
    ],
    misuse: {
      inputs: { resources: 'containers: { bsae: 4.10 }' },
      says: /^resources: 'bsae' is no alias under resources: containers of 'rebuild'\. It declares none\./,
    },
  },
  tags: {
    use: [
      'are put on every child, beside that of its parent',
      async () => {
        const fabrikam = await withPipeline();
        await succeed(fabrikam, { tags: 'nightly, base image' });
        assert.deepEqual(fabrikam.runs[0]?.tags.toSorted(), ['base image', 'cascade-parent-4711', 'nightly']);
      },
    ],
    misuse: { inputs: { tags: 'good, bad:one' }, says: /^tags: 'bad:one' is no tag: it must not hold ':'/ },
  },
  requestedFor: {
    use: [
      "names the parent's person, or nobody but the connection",
      async () => {
        const fabrikam = await withPipeline();
        await succeed(fabrikam, {});
        await succeed(fabrikam, { requestedFor: 'connection' }, { stepName: 'other' });
        const asked = fabrikam.starts().map(({ body }) => (body as { requestedFor?: { id: string } }).requestedFor?.id);
        assert.deepEqual(asked, ['a7a3f3a4-1f0e-6b0c-8d52-9a1f4e6b7c01', undefined]);
      },
    ],
    misuse: { inputs: { requestedFor: 'me' }, says: /^requestedFor: 'me' is none of parent, connection/ },
  },
  queue: {
    use: [
      'of a classic pipeline is found by name or id',
      async () => {
        const fabrikam = await withPipeline({ kind: 'classic' });
        const queue = fabrikam.emulator.state.queues.find(({ name }) => name === 'Default')!;
        for (const given of ['default', String(queue.id)])
          await succeed(fabrikam, { queue: given }, { stepName: `by${given}` });
        assert.deepEqual(
          fabrikam.runs.map(({ queueId }) => queueId),
          [queue.id, queue.id],
        );
      },
    ],
    misuse: {
      where: () => withPipeline({ kind: 'classic' }),
      inputs: { queue: 'Defualt' },
      says: /^queue: project 'Fabrikam' has no agent queue 'Defualt'.*The nearest: Default/,
    },
  },
  demands: {
    use: [
      'are sent with a classic pipeline, with and without a value',
      async () => {
        const fabrikam = await withPipeline({ kind: 'classic' });
        await succeed(fabrikam, { demands: 'docker\nAgent.OS -equals Linux', ...LATER });
        assert.deepEqual(fabrikam.runs[0]?.demands.toSorted(), ['Agent.OS -equals Linux', 'docker']);
      },
    ],
    misuse: {
      inputs: { demands: 'docker' },
      says: /^The pipeline 'rebuild' is written in YAML.*leave queue and demands empty/,
    },
  },
  runIds: {
    use: [
      'names runs by id and by link',
      async () => {
        const fabrikam = await withPipeline();
        const { state, url } = fabrikam.emulator;
        for (let at = 0; at < 2; at++) state.queue(state.pipelines[0]!);
        const runIds = `1002, ${url}Fabrikam/_build/results?buildId=1001`;
        const step = await succeed(fabrikam, { action: 'wait', pipeline: '', runIds });
        assert.equal(step.outputs.runIds, '[1002,1001]');
        assert.equal(step.outputs.runId, '1002', 'the first of them as the author wrote them');
      },
    ],
    misuse: {
      inputs: { action: 'wait', runIds: '99999' },
      says: /^runIds: project 'Fabrikam' has no run 99999 that .* may see/,
    },
  },
  runTags: {
    use: [
      "finds the latest run that has them all, for 'latest'",
      async () => {
        const fabrikam = await withManual();
        const step = await fabrikam.run({ ...LATEST, runTags: 'candidate, signed' });
        assert.equal(step.outputs.runId, '1002', step.message);
      },
    ],
    misuse: {
      where: () => withManual(),
      inputs: { action: 'runStages', runIds: 'latest', stages: 'Deploy', runTags: 'missing', branch: 'main' },
      says: /^runIds: 'rebuild' has no run with branch main, tags missing that this identity may see/,
    },
  },
  runResult: {
    use: [
      "finds the latest run that ended so, for 'latest'",
      async () => {
        const fabrikam = await withManual();
        const step = await fabrikam.run({ ...LATEST, runResult: 'failed', branch: 'main' });
        assert.equal(step.outputs.runId, '1001', step.message);
      },
    ],
    misuse: {
      where: () => withManual(),
      inputs: { action: 'runStages', runIds: 'latest', stages: 'Deploy', runResult: 'green' },
      says: /^runResult: 'green' is none of succeeded, partiallySucceeded, failed, canceled/,
    },
  },
};

const LATEST = { action: 'runStages', runIds: 'latest', stages: 'Deploy', ...LATER };

/** Three runs, whose last stage a person starts: one that failed, one with tags, and one on another branch. */
async function withManual() {
  const fabrikam = await startOrganization();
  const pipeline = fabrikam.add({
    stages: [{ name: 'Build' }, { name: 'Deploy', manual: true, dependsOn: [] }],
    script: ({ runId }) => ({ durationMs: 0, ...(runId === 1001 ? { result: 'failed' } : {}) }),
  });
  const { state } = fabrikam.emulator;
  state.addCommit(pipeline, 'other');
  state.queue(pipeline);
  state.queue(pipeline, { tags: ['candidate', 'signed'] });
  state.queue(pipeline, { branch: 'refs/heads/other', tags: ['candidate'] });
  await until(() => fabrikam.runs.every((run) => state.look(run).status === 'completed'));
  return fabrikam;
}

import assert from 'node:assert/strict';
import type { Run } from '../../../emulator/state/runs';
import type { RunScript } from '../../../emulator/state/script';
import { readDocument } from '../../../tabs/model/documents';
import { runStep } from '../../agent/agent';
import { buildVariables } from '../../agent/systemVariables';
import { issuesOf, logOf, until } from '../TriggerPipeline/organization';
import { taskFolder } from '../taskFolder';
import { together } from '../together';
import { checked, closeProjects, daysAgo, startProject, type Project } from './project';

const OLD = { created: daysAgo(60), layers: ['base'] };
const NEW = { created: daysAgo(1), layers: ['base 2'] };
const HOUR_MS = 3_600_000;
const EACH = { pipeline: 'rebuild', parameters: 'image: ${folder}' };

function imageOf({ templateParameters: { image } }: Run): string {
  return typeof image === 'string' ? image : '';
}

/** A project with the pipeline 'rebuild', whose run for an image does as the script says. */
async function withPipeline(
  script: (image: string) => RunScript = () => ({ durationMs: 0 }),
  type = 'string',
): Promise<Project> {
  const project = await startProject();
  const { state } = project.emulator;
  const run = (runId: number) => state.runs.find(({ id }) => id === runId);
  state.addPipeline({
    name: 'rebuild',
    parameters: ['image', 'why', 'extra'].map((name) => ({ name, type, default: type === 'object' ? [] : '' })),
    script: ({ runId }) => script(imageOf(run(runId) ?? ({ templateParameters: {} } as Run))),
  });
  project.registry.put('base', 'new', NEW);
  project.registry.put('base', 'old', OLD);
  return project;
}

/** Dockerfiles that are built on each other: folder → its base, which is another folder or 'new'. */
function writeGraph(project: Project, graph: Record<string, string>): Record<string, string> {
  const { registry } = project;
  for (const [folder, base] of Object.entries(graph)) {
    if (base in graph) registry.put(`images/${base}`, 'latest', OLD);
    project.write(`${folder}/Dockerfile`, `FROM REGISTRY/${base in graph ? `images/${base}` : `base:${base}`}\n`);
  }
  return { ...EACH, image: `${registry.host}/images/\${folder}`, staleWhen: 'age', waitForCompletion: 'true' };
}

describe('DockerBaseStaleCheck: the rebuilds that it starts', function () {
  this.timeout(120_000);
  const it = together();
  after(closeProjects);

  it('starts an image as soon as the runs of its own bases succeeded, not when all of their level have', async () => {
    const project = await withPipeline((image) => ({ durationMs: image === 'slow' ? 9000 : 0 }));
    const inputs = writeGraph(project, {
      quick: 'new',
      slow: 'new',
      'on-quick': 'quick',
      'on-slow': 'slow',
      top: 'on-quick',
    });
    const step = await project.check({ ...inputs, pollingInterval: '1' });
    assert.equal(step.result, 'Succeeded', step.message);
    const { runs } = project.emulator.state;
    const at = (image: string) => runs.find((run) => imageOf(run) === image)?.queueTime ?? NaN;
    assert.deepEqual(runs.map(imageOf).toSorted(), ['on-quick', 'on-slow', 'quick', 'slow', 'top']);
    assert.ok(at('quick') < at('on-quick') && at('on-quick') < at('top'));
    assert.ok(at('top') < at('slow') + 9000, 'the slow one still ran');
    assert.ok(at('on-slow') >= at('slow') + 9000);
    assert.match(logOf(step), /rebuild \(on-slow\/Dockerfile\) waits for slow\/Dockerfile\./);
  });

  it('leaves out what is built on an image whose run failed, all the way up', async () => {
    const project = await withPipeline((image) => ({ durationMs: 0, result: image === 'a' ? 'failed' : 'succeeded' }));
    const inputs = writeGraph(project, { a: 'new', b: 'a', c: 'b', d: 'new' });
    const step = await project.check(inputs);
    assert.equal(step.result, 'Failed');
    assert.deepEqual(project.emulator.state.runs.map(imageOf).toSorted(), ['a', 'd']);
    const results = JSON.parse(step.outputs.results ?? '[]') as { name: string; result: string }[];
    assert.deepEqual(Object.fromEntries(results.map(({ name, result }) => [name, result])), {
      'a/Dockerfile': 'failed',
      'b/Dockerfile': 'skipped',
      'c/Dockerfile': 'skipped',
      'd/Dockerfile': 'succeeded',
    });
    assert.match(
      logOf(step),
      /\(b\/Dockerfile\) is not started: it comes after rebuild \S+ \(a\/Dockerfile\), which failed/,
    );
  });

  it('tells images that are built on each other in a circle, and judges them all the same', async () => {
    const project = await withPipeline();
    const inputs = writeGraph(project, { a: 'b', b: 'c', c: 'a', other: 'new' });
    const step = await project.check(inputs);
    assert.match(
      issuesOf(step, 'warning').join('\n'),
      /built on each other in a circle, so no order fits: a\/Dockerfile → b\/Dockerfile → c\/Dockerfile/,
    );
    assert.deepEqual(step.verdicts, {
      'a/Dockerfile': 'fresh',
      'b/Dockerfile': 'fresh',
      'c/Dockerfile': 'fresh',
      'other/Dockerfile': 'stale',
    });
  });

  it('without waiting starts the roots, and what is built on them at a later check', async () => {
    const project = await withPipeline();
    const { state } = project.emulator;
    const inputs = { ...writeGraph(project, { a: 'new', b: 'a' }), waitForCompletion: 'false' };
    const first = await project.check(inputs);
    assert.deepEqual(first.verdicts, { 'a/Dockerfile': 'stale', 'b/Dockerfile': 'pending' });
    assert.equal(
      first.report.dockerfiles.find(({ path }) => path === 'b/Dockerfile')?.reason,
      'after a/Dockerfile, from which its base is built',
    );
    project.registry.put('images/a', 'latest', { ...NEW, created: new Date().toISOString() });
    const second = await project.check(inputs);
    assert.deepEqual(second.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'stale' });
    assert.deepEqual(state.runs.map(imageOf), ['a', 'b']);
    assert.deepEqual((await project.check(inputs)).outputs.anyStale, 'false');
  });

  it('starts one run for all stale images, and remembers each of them', async () => {
    const project = await withPipeline(undefined, 'object');
    const { state } = project.emulator;
    for (const folder of ['a', 'b']) project.write(`${folder}/Dockerfile`, 'FROM REGISTRY/base:new\n');
    project.write('fresh/Dockerfile', 'FROM REGISTRY/base:old\n');
    const inputs = {
      ...{ pipeline: 'rebuild', group: 'true', waitForCompletion: 'true', tags: 'images-${name}, nightly' },
      parameters: 'image: ${folder}\nextra: { paths: "${dockerfile}", tags: "x:${folder}", always: same }',
    };
    const first = await project.check(inputs);
    assert.equal(first.result, 'Succeeded', first.message);
    assert.equal(state.runs.length, 1);
    const [run] = state.runs;
    assert.equal(run?.templateParameters.image, '["a","b"]');
    assert.deepEqual(JSON.parse(run.templateParameters.extra as string), {
      ...{ paths: ['a/Dockerfile', 'b/Dockerfile'], tags: 'x:a x:b', always: 'same' },
    });
    assert.deepEqual(run.tags.filter((tag) => !tag.startsWith('cascade')).toSorted(), [
      'images-a_Dockerfile',
      'images-b_Dockerfile',
      'nightly',
    ]);
    const second = await project.check(inputs);
    assert.deepEqual(second.verdicts, {
      'a/Dockerfile': 'fresh',
      'b/Dockerfile': 'fresh',
      'fresh/Dockerfile': 'fresh',
    });
    project.write('c/Dockerfile', 'FROM REGISTRY/base:new\n');
    await project.check(inputs);
    assert.deepEqual(state.runs.map(imageOf), ['["a","b"]', '["c"]'], 'only the new one is rebuilt');
  });

  it('starts one rebuild for a change of an undated base, also when the build does not pull', async () => {
    const project = await withPipeline();
    const { registry, emulator } = project;
    const undated = (layer: string) => ({ created: '1970-01-01T00:00:00Z', layers: [layer] });
    registry.put('base', '1', undated('one'));
    registry.put('app', 'latest', { ...undated('zero'), layers: ['zero', 'app'] });
    project.write('app/Dockerfile', 'FROM REGISTRY/base:1\n');
    const inputs = { ...EACH, image: `${registry.host}/\${folder}`, waitForCompletion: 'true' };
    for (const nights of [1, 2]) {
      const first = await project.check(inputs);
      assert.deepEqual(first.verdicts, { 'app/Dockerfile': 'stale' });
      const next = await project.check(inputs);
      assert.deepEqual(next.verdicts, { 'app/Dockerfile': 'fresh' });
      assert.match(
        next.report.dockerfiles[0]?.reason ?? '',
        /rebuilt it since\. Should the image still have the old base, its build lacks --pull/,
      );
      assert.equal(emulator.state.runs.length, nights);
      registry.put('base', '1', undated(`another ${nights}`));
    }
  });

  it('rebuilds for a tag that was moved to an image made before the last rebuild', async () => {
    const project = await withPipeline();
    const { registry, emulator } = project;
    registry.put('base', '1', { ...NEW, created: daysAgo(3) });
    registry.put('app', 'latest', { ...OLD, layers: ['base', 'app'] });
    project.write('app/Dockerfile', 'FROM REGISTRY/base:1\n');
    const inputs = { ...EACH, image: `${registry.host}/\${folder}`, waitForCompletion: 'true' };
    await project.check(inputs);
    registry.put('base', '1', { ...OLD, layers: ['promoted'], created: daysAgo(2) });
    const step = await project.check(inputs);
    assert.deepEqual([step.verdicts, emulator.state.runs.length], [{ 'app/Dockerfile': 'stale' }, 2]);
  });

  it('does not take the reason, which tells the time, for another request', async () => {
    const project = await withPipeline();
    project.write('a/Dockerfile', 'FROM REGISTRY/base:new\n');
    const inputs = { pipeline: 'rebuild', waitForCompletion: 'true', parameters: 'image: ${folder}\nwhy: "${reason}"' };
    await project.check({ ...inputs, maxAgeDays: '7' });
    const step = await project.check({ ...inputs, maxAgeDays: '8' });
    assert.deepEqual([step.verdicts, project.emulator.state.runs.length], [{ 'a/Dockerfile': 'fresh' }, 1]);
  });

  it('takes up what an earlier attempt of the step started: waits for it, and starts nothing twice', async () => {
    const project = await withPipeline(() => ({ durationMs: 4000 }));
    project.write('a/Dockerfile', 'FROM REGISTRY/base:new\n');
    project.emulator.faults.add({
      ...{ kind: 'status', status: 403 },
      match: ({ method, path }) => method === 'GET' && path.includes('buildIds='),
    });
    const step = await project.check(
      { ...EACH, waitForCompletion: 'true' },
      { retryCountOnTaskFailure: 1, times: { retryMs: () => 10 } },
    );
    assert.equal(step.result, 'Succeeded', logOf(step));
    assert.equal(project.emulator.state.runs.length, 1);
    assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'stale' });
    assert.match(logOf(step), /was started by an earlier attempt of this step: it is waited for/);
  });

  it('is cancelled with its rebuilds, starts no more, and its outputs say what there is', async () => {
    const project = await withPipeline(() => ({ durationMs: HOUR_MS }));
    const { state } = project.emulator;
    const inputs = writeGraph(project, { a: 'new', b: 'new', onA: 'a' });
    const running = await project.start(inputs);
    await until(() => state.runs.length === 2);
    const canceledAt = Date.now();
    const step = checked(await running.cancel());
    assert.equal(step.result, 'Canceled');
    const calls = project.emulator.calls.filter(({ method }) => method === 'PATCH');
    assert.equal(calls.length, 2);
    assert.ok(calls.every(({ at, body }) => at - canceledAt < 4000 && JSON.stringify(body).includes('cancelling')));
    assert.equal(state.runs.length, 2);
    assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'stale', 'b/Dockerfile': 'stale', 'onA/Dockerfile': 'stale' });
    assert.deepEqual(
      JSON.parse(step.outputs.runIds ?? '[]'),
      state.runs.map(({ id }) => id),
    );
    assert.deepEqual([step.outputs.anyStale, step.outputs.staleCount, step.outputs.result], ['true', '3', 'started']);
  });

  it('says nothing of images that it had not judged yet when it was cancelled', async () => {
    const project = await withPipeline();
    project.registry.fault = ({ method }) =>
      method === 'HEAD' ? { status: 429, headers: { 'retry-after': '20' } } : undefined;
    project.write('a/Dockerfile', 'FROM REGISTRY/base:new\n');
    const running = await project.start(EACH);
    await until(() => project.registry.calls.some(({ method }) => method === 'HEAD'));
    const step = checked(await running.cancel());
    assert.deepEqual([step.result, step.outputs, project.emulator.state.runs], ['Canceled', {}, []]);
  });

  it('attaches its Dockerfiles to the run for the Runs tab, with and without rebuilds', async () => {
    const project = await withPipeline();
    project.write('a/Dockerfile', 'FROM REGISTRY/base:new AS build\nFROM build\n');
    project.write('b/Dockerfile', 'FROM a b\n');
    for (const inputs of [{}, { ...EACH, waitForCompletion: 'true' }]) {
      const step = await project.check(inputs);
      const documents = step.attachments
        .filter(({ type }) => type === 'pipeline-cascade')
        .map(({ content }) => readDocument(content));
      const last = documents.at(-1);
      assert.equal(last?.task, 'DockerBaseStaleCheck');
      assert.equal(last.children.length, 'pipeline' in inputs ? 1 : 0);
      const [a, b] = last.dockerfiles;
      assert.deepEqual([a?.path, a?.verdict, b?.verdict], ['a/Dockerfile', 'stale', 'invalid']);
      assert.deepEqual(
        a?.references.map(({ role, line, image, verdict }) => [role, line, image, verdict]),
        [['base', 1, `${project.registry.host}/base:new`, 'stale']],
      );
      assert.match(a.reason, /within 7 days/);
      assert.match(b?.reason ?? '', /^line 1: /);
    }
  });

  it('gives a list that TriggerPipeline takes as its runs', async () => {
    const project = await withPipeline();
    for (const folder of ['a', 'b']) project.write(`${folder}/Dockerfile`, 'FROM REGISTRY/base:new\n');
    const check = await project.check({ parameters: 'image: ${folder}\nextra: "007"' });
    assert.equal(project.emulator.state.runs.length, 0);
    const runs = [check.outputs.stale ?? '', `@${check.outputs.staleFile ?? ''}`];
    for (const list of runs) {
      project.emulator.state.runs.splice(0);
      const step = await runStep({
        taskFolder: await taskFolder('TriggerPipeline'),
        inputs: { pipeline: 'rebuild', runs: list },
        stepName: 'rebuild',
        job: check.job,
      });
      assert.equal(step.result, 'Succeeded', step.message);
      const { runs: started } = project.emulator.state;
      assert.deepEqual(
        started.map((run) => [imageOf(run), run.templateParameters.extra]),
        [
          ['a', '007'],
          ['b', '007'],
        ],
      );
      const results = JSON.parse(step.outputs.results ?? '[]') as { name: string }[];
      assert.deepEqual(
        results.map(({ name }) => name),
        ['a/Dockerfile', 'b/Dockerfile'],
      );
    }
  });

  it('gives a map that the platform takes as a matrix, one job for each image', async () => {
    const project = await withPipeline();
    const folders = ['images/r-base', 'images/r_base', '4th', `deep/${'x'.repeat(120)}`, `deep/${'x'.repeat(121)}`];
    for (const folder of folders) project.write(`${folder}/Dockerfile`, 'FROM REGISTRY/base:new\n');
    const check = await project.check({ image: 'contoso.azurecr.io/${folder}', staleWhen: 'age' });
    const matrix = JSON.parse(check.outputs.matrix ?? '{}') as Record<string, Record<string, string>>;
    const legs = Object.entries(matrix);
    assert.equal(legs.length, folders.length);
    for (const [name, values] of legs) {
      // https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/jobs-job-strategy
      assert.match(name, /^[A-Za-z][A-Za-z0-9_]{0,99}$/);
      assert.deepEqual(Object.keys(values), ['folder', 'dockerfile', 'image', 'base', 'reason']);
      for (const value of Object.values(values)) assert.equal(typeof value, 'string');
    }
    assert.equal(new Set(legs.map(([name]) => name.toLowerCase())).size, legs.length);
    // What a job of the matrix is: its values as variables, macros in its steps.
    for (const [, leg] of legs.slice(0, 2)) {
      const step = await runStep({
        taskFolder: await taskFolder('TriggerPipeline'),
        inputs: { pipeline: 'rebuild', parameters: 'image: $(folder)\nwhy: $(base)' },
        stepName: 'rebuild',
        variables: { ...buildVariables({ collectionUri: project.emulator.url, project: 'Fabrikam' }), ...leg },
        systemConnection: { url: project.emulator.url, token: project.emulator.token },
      });
      assert.equal(step.result, 'Succeeded', step.message);
      const run = project.emulator.state.runs.at(-1);
      assert.deepEqual([run?.templateParameters.image, run?.templateParameters.why], [leg.folder, leg.base]);
    }
  });

  it('sets no matrix of more than 256 jobs, and cuts a long list down to names', async () => {
    const project = await withPipeline();
    for (let one = 0; one < 257; one++)
      project.write(`${'long/'.repeat(12)}${one}/Dockerfile`, 'FROM REGISTRY/base:new\n');
    const step = await project.check({ parameters: 'image: ${folder}' });
    assert.equal(step.outputs.matrix, undefined);
    assert.match(logOf(step), /'matrix' is not set: 257 images are more than the 256 legs/);
    assert.equal(step.outputs.staleCount, '257');
    const stale = JSON.parse(step.outputs.stale ?? '[]') as object[];
    assert.deepEqual([stale.length, Object.keys(stale[0] ?? {})], [257, ['name']]);
    assert.ok((step.outputs.stale ?? '').length <= 24_000);
  });
});

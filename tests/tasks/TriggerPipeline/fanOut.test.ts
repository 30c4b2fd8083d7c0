import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Call } from '../../../emulator/calls';
import type { ScriptQuestion } from '../../../emulator/state/script';
import type { StepResult } from '../../agent/agent';
import { together } from '../together';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  sleep,
  startOrganization,
  until,
  type Organization,
} from './organization';

const HOUR_MS = 3_600_000;
const YAML = `
parameters:
  - { name: image, type: string, default: none }
  - { name: os, type: string, default: linux }
steps: [{ script: docker build . }]
`;

interface Entry {
  name: string;
  id: number;
  result: string;
  number?: string;
}

async function withImages(
  script: (question: ScriptQuestion) => object = () => ({ durationMs: 0 }),
): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({ yaml: YAML, script, variables: { level: { value: 'x', allowOverride: true } } });
  return organization;
}

function named(count: number, more = ''): string {
  return Array.from(
    { length: count },
    (_, at) => `- { name: i${at + 1}, parameters: { image: i${at + 1} }${more} }`,
  ).join('\n');
}

function entries({ outputs }: StepResult): Entry[] {
  return JSON.parse(outputs.results ?? '[]') as Entry[];
}

function wholeResults({ outputs }: StepResult): Entry[] {
  return JSON.parse(fs.readFileSync(outputs.resultsFile ?? '', 'utf8')) as Entry[];
}

/** The most runs that were unfinished at one moment, seen at the emulator. */
async function mostAtOnce(organization: Organization, ended: Promise<unknown>): Promise<number> {
  let most = 0;
  const over = { yet: false };
  void ended.finally(() => (over.yet = true));
  while (!over.yet) {
    const { state } = organization.emulator;
    most = Math.max(most, state.runs.filter((run) => state.look(run).status !== 'completed').length);
    await sleep(10);
  }
  return most;
}

describe('TriggerPipeline: a list of runs', function () {
  this.timeout(90_000);
  const it = together();
  after(closeOrganizations);

  it('starts one run an item, laid over the inputs, maps merged', async () => {
    const fabrikam = await withImages();
    const step = await fabrikam.run({
      parameters: 'os: windows\nimage: base',
      variables: 'level: low',
      runs: '- { name: a, parameters: { image: ubuntu } }\n- { name: b, variables: { level: high }, branch: main }\n- parameters: { os: mac }',
    });
    assert.equal(step.result, 'Succeeded', step.message);
    const given = fabrikam.runs.map((run) => [
      run.templateParameters.image,
      run.templateParameters.os,
      run.variables.level,
    ]);
    assert.deepEqual(given.toSorted(), [
      ['base', 'mac', 'low'],
      ['base', 'windows', 'high'],
      ['ubuntu', 'windows', 'low'],
    ]);
    assert.deepEqual(
      entries(step).map(({ name }) => name),
      ['a', 'b', '3'],
    );
    assert.equal(step.outputs.runIds, JSON.stringify(entries(step).map(({ id }) => id)));
  });

  it('takes the JSON list of an earlier step as it is', async () => {
    const fabrikam = await withImages();
    const runs = JSON.stringify(
      [
        { name: 'x', parameters: { image: '007' } },
        { name: 'y', pipeline: 'rebuild' },
      ],
      undefined,
      1,
    );
    const step = await fabrikam.run({ runs });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.ok(fabrikam.runs.some((run) => run.templateParameters.image === '007'));
  });

  it('starts the product of a matrix without what is excluded', async () => {
    const fabrikam = await withImages();
    const runs =
      'matrix: { image: [ubuntu, r-base, alpine], os: [linux, windows] }\nexclude: [{ image: alpine, os: windows }, { image: r-base }]';
    const step = await fabrikam.run({ runs });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(
      entries(step).map(({ name }) => name),
      ['ubuntu linux', 'ubuntu windows', 'alpine linux'],
    );
  });

  it('reads a list of 200 KB from a file', async () => {
    const fabrikam = await withImages();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-list-'));
    const items = [{ name: 'a', parameters: { image: 'x'.repeat(200_000) } }, { name: 'b' }];
    fs.writeFileSync(path.join(folder, 'runs.json'), `\uFEFF${JSON.stringify(items)}`);
    const step = await fabrikam.run({ runs: '@runs.json' }, { workingDirectory: folder });
    fs.rmSync(folder, { recursive: true });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(
      fabrikam.runs
        .map((run) => ((run.templateParameters.image as string | undefined) ?? '').length)
        .toSorted((a, b) => a - b),
      [0, 200_000],
    );
  });

  it('names number and key of an item that is wrong, before anything starts', async () => {
    const wrong: [string, RegExp][] = [
      ['- { name: a }\n- { name: b, paramters: { x: 1 } }', /item 2 \('b'\).*paramters/],
      ['- { name: a }\n- { name: A }', /item 2 has the name 'A' of item 1/],
      ['- { name: a, commit: abc }', /item 1 \('a'\): commit: 'abc'/],
      ['- { name: a, stages: x, stagesToSkip: y }', /item 1 \('a'\).*at once/],
      ['- a', /item 1 is a scalar/],
      ['{ matrix: { image: [] } }', /'image' wants a list of values/],
      ['{ matrix: { image: [a] }, exclude: [{ os: x }] }', /'os' is no key of the matrix/],
      ['- { name: a }\n- { name: b, pipeline: nothing-such }', /item 2 \('b'\).*nothing-such/],
      ['@no-such.yml', /runs: the file '.*no-such\.yml' cannot be read/],
    ];
    const fabrikam = await withImages();
    for (const [runs, message] of wrong) {
      const step = await fabrikam.run({ runs });
      assert.equal(step.result, 'Failed', runs);
      assert.match(step.message ?? '', message);
    }
    assert.equal(fabrikam.starts().length, 0);
  });

  it('starts nothing for an empty list, which is no error unless onSkipped says so', async () => {
    const fabrikam = await withImages();
    const step = await fabrikam.run({ runs: '[]' });
    assert.equal(step.result, 'Succeeded');
    assert.match(step.message ?? '', /list of runs is empty/);
    assert.deepEqual([step.outputs.result, step.outputs.results, step.outputs.runIds], ['skipped', '[]', '[]']);
    const excluded = await fabrikam.run({
      runs: '{ matrix: { image: [a] }, exclude: [{ image: a }] }',
      onSkipped: 'fail',
    });
    assert.equal(excluded.result, 'Failed');
    assert.equal(fabrikam.starts().length, 0);
  });

  it('never has more than maxParallel at a time', async () => {
    const fabrikam = await withImages(() => ({ durationMs: 300 }));
    const running = await fabrikam.start({ runs: named(7), maxParallel: '2', pollingInterval: '1' });
    assert.equal(await mostAtOnce(fabrikam, running.finished), 2);
    const step = await running.finished;
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.starts().length, 7);
  });

  it('without waiting lasts until the last one is started, maxParallel kept', async () => {
    const fabrikam = await withImages(({ parameters }) => ({ durationMs: parameters.image === 'i4' ? HOUR_MS : 200 }));
    const running = await fabrikam.start({
      runs: named(4),
      maxParallel: '1',
      pollingInterval: '1',
      waitForCompletion: 'false',
    });
    assert.equal(await mostAtOnce(fabrikam, running.finished), 1);
    const step = await running.finished;
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.starts().length, 4);
    assert.equal(step.outputs.result, 'started');
  });

  it('stops at the first failure: starts no more and cancels those that run', async () => {
    const fabrikam = await withImages(({ parameters }) =>
      parameters.image === 'i1' ? { durationMs: 100, result: 'failed' } : { durationMs: HOUR_MS, cancelTakesMs: 0 },
    );
    const step = await fabrikam.run({
      runs: named(5),
      maxParallel: '3',
      stopOnFirstFailure: 'true',
      pollingInterval: '1',
    });
    assert.equal(step.result, 'Failed');
    assert.equal(fabrikam.starts().length, 3);
    assert.deepEqual(
      entries(step).map(({ result }) => result),
      ['failed', 'canceled', 'canceled', 'skipped', 'skipped'],
    );
    assert.equal(step.outputs.result, 'failed');
  });

  it('counts one that is refused as failed and starts the others', async () => {
    const fabrikam = await withImages();
    const step = await fabrikam.run({
      runs: `${named(3)}\n- { name: bad, parameters: { imag: x } }`,
      onFailure: 'ignore',
    });
    assert.equal(step.result, 'Failed', 'no policy makes a refused start a success');
    assert.match(issuesOf(step, 'error').join('\n'), /rebuild \(bad\) could not be started.*imag/);
    assert.deepEqual(
      entries(step).map(({ result }) => result),
      ['succeeded', 'succeeded', 'succeeded', 'failed'],
    );
  });

  it('starts no more after a 401 or 403, which would meet all of them', async () => {
    const fabrikam = await withImages();
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 403,
      times: 99,
      match: { method: 'POST', route: 'build/builds' },
    });
    const step = await fabrikam.run({ runs: named(12) });
    assert.equal(step.result, 'Failed');
    assert.ok(fabrikam.starts().length <= 4, String(fabrikam.starts().length));
    assert.equal(fabrikam.runs.length, 0);
  });

  it('asks at once for the cancellation of all of its 20 runs', async () => {
    const fabrikam = await withImages(() => ({ durationMs: HOUR_MS }));
    const running = await fabrikam.start({ runs: named(20) });
    await until(() => fabrikam.calls('GET', 'build/builds').length > 0);
    const canceledAt = Date.now();
    const step = await running.cancel();
    const asked = fabrikam.calls('PATCH', 'build/builds');
    assert.equal(asked.length, 20);
    assert.ok(Math.max(...asked.map(({ at }) => at)) - canceledAt < 4000);
    assert.equal(logOf(step).match(/cancellation accepted/g)?.length, 20);
    assert.equal(step.result, 'Canceled');
  });

  it('cancels also those whose start is answered after the signal, and starts none after it', async () => {
    const fabrikam = await withImages(() => ({ durationMs: HOUR_MS }));
    fabrikam.emulator.faults.add({
      kind: 'slow',
      ms: 1500,
      times: 4,
      match: { method: 'POST', route: 'build/builds', nth: 5 },
    });
    const running = await fabrikam.start({ runs: named(20) });
    await until(() => fabrikam.starts().length === 8);
    await running.cancel();
    assert.equal(fabrikam.runs.length, 8, 'none is started after the signal');
    const { state } = fabrikam.emulator;
    await until(() => state.runs.every((run) => ['cancelling', 'completed'].includes(state.look(run).status)));
    assert.equal(fabrikam.calls('PATCH', 'build/builds').length, 8);
  });

  it('takes up each item when the step is tried again, however often', async () => {
    const fabrikam = await withImages(({ parameters, runId }) =>
      parameters.image === 'i2' && runId < 1013 ? { durationMs: 0, result: 'failed' } : { durationMs: 3000 },
    );
    // The second attempt ends before it came to all of them: what it had not come to must not be forgotten.
    let looks = 0;
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 403,
      times: 2,
      match: ({ method, path: address }) =>
        method === 'GET' &&
        (address.includes('buildIds=')
          ? looks === 0 && ++looks === 1
          : address.includes('builds/1003?') && ++looks === 2),
    });
    const step = await fabrikam.run(
      { runs: named(12), pollingInterval: '1' },
      { retryCountOnTaskFailure: 3, times: { retryMs: () => 10 } },
    );
    const perImage = new Map<unknown, number>();
    for (const run of fabrikam.runs)
      perImage.set(run.templateParameters.image, (perImage.get(run.templateParameters.image) ?? 0) + 1);
    assert.equal(perImage.get('i2'), 2, 'the failed one is started anew');
    assert.equal(fabrikam.runs.length, 13, logOf(step));
    assert.equal(step.result, 'Succeeded', step.message);
  });

  it('gives a lost answer its own run and not that of a neighbour', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: ['A', 'B', 'C', 'D'].map((name) => ({ name, dependsOn: [] })) });
    // Runs that differ in their stages look alike to whoever searches for one.
    fabrikam.emulator.faults.add({ kind: 'drop', match: { method: 'POST', route: '/runs', nth: 2 } });
    const runs = ['A', 'B', 'C', 'D'].map((stage) => `- { name: ${stage}, stages: ${stage} }`).join('\n');
    const step = await fabrikam.run({ runs });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(new Set(entries(step).map(({ id }) => id)).size, 4);
    assert.equal(fabrikam.runs.length, 4);
  });

  it('takes no run on when two starts were lost that differ in their stages only', async () => {
    const { clock, env } = fastTime(10);
    const fabrikam = await startOrganization({ clock });
    fabrikam.add({ stages: ['A', 'B', 'C'].map((name) => ({ name, dependsOn: [] })) });
    // One of the two made a run and the other none: to swap them would call B done, which never ran.
    const startOf = (stage: string) => (call: Call) =>
      call.method === 'POST' &&
      call.path.includes('/runs') &&
      !(call.body as { stagesToSkip: string[] }).stagesToSkip.includes(stage);
    fabrikam.emulator.faults.add({ kind: 'dropAfter', match: startOf('A') });
    fabrikam.emulator.faults.add({ kind: 'drop', match: startOf('B') });
    const runs = ['A', 'B', 'C'].map((stage) => `- { name: ${stage}, stages: ${stage} }`).join('\n');
    const step = await fabrikam.run({ runs }, { env });
    assert.equal(step.result, 'Failed');
    assert.deepEqual(
      entries(step).map(({ name, result }) => `${name} ${result}`),
      ['A failed', 'B failed', 'C succeeded'],
    );
    const orphan = fabrikam.runs.find(({ stagesToSkip }) => !stagesToSkip.includes('A'));
    const errors = issuesOf(step, 'error').filter((text) => /could not be started.*cannot be told/.test(text));
    assert.equal(errors.length, 2);
    for (const text of errors) assert.match(text, new RegExp(`buildId=${orphan!.id}\\b`));
    assert.equal(fabrikam.starts().length, 3, 'nothing is sent again');
  });

  it('goes past one that is held, and does not ask without end while all are', async () => {
    const fabrikam = await withImages(() => ({ durationMs: 5000 }));
    const { state } = fabrikam.emulator;
    state.addCommit(fabrikam.emulator.state.pipelines[0]!, 'release', {});
    state.queue(state.pipelines[0]!, { templateParameters: { image: 'i1' } });
    const running = await fabrikam.start({
      runs: named(2),
      ifRunning: 'queue',
      maxParallel: '1',
      pollingInterval: '1',
    });
    await until(() => fabrikam.starts().length === 1);
    assert.deepEqual(fabrikam.runs[1]?.templateParameters, { image: 'i2' });
    await running.finished;
    assert.equal(fabrikam.starts().length, 2);
    assert.ok(fabrikam.calls('GET', 'build/builds').length < 60);
  });

  it('cuts outputs of 500 runs down and keeps the whole in resultsFile', async () => {
    const fabrikam = await withImages(() => ({ durationMs: HOUR_MS }));
    const step = await fabrikam.run({ runs: named(500), waitForCompletion: 'false' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(wholeResults(step).length, 500);
    assert.ok(wholeResults(step).every(({ number }) => number));
    for (const [name, value] of Object.entries(step.outputs)) assert.ok(value.length <= 24_000, name);
    assert.equal(entries(step).length, 500, 'name, id and result');
    assert.deepEqual(Object.keys(entries(step)[0] ?? {}), ['name', 'id', 'result']);
    assert.match(logOf(step), /output 'results' is cut down/);
  });

  it('looks at 100 runs with one request a turn, at 500 with as few as addresses allow', async () => {
    for (const [count, requests] of [
      [100, 1],
      [500, 2],
    ] as const) {
      const { clock, env } = fastTime(60);
      const fabrikam = await startOrganization({ clock });
      const pipeline = fabrikam.add({ script: { durationMs: 20 * 60_000 } });
      const ids = Array.from({ length: count }, () => fabrikam.emulator.state.queue(pipeline).id);
      const step = await fabrikam.run({ action: 'wait', runIds: ids.join(' '), pollingInterval: '120' }, { env });
      assert.equal(step.result, 'Succeeded', step.message);
      // The first of them ends a little before the last, and is not asked for again then.
      const endsAt = Math.min(...fabrikam.runs.map(({ queueTime }) => queueTime)) + 20 * 60_000;
      const before = fabrikam.calls('GET', 'build/builds').filter(({ at }) => at < endsAt);
      const looks = before.flatMap(({ path: address }) => {
        const named = new URLSearchParams(address.split('?')[1]).get('buildIds')?.split(',').map(Number);
        assert.ok(address.length < 2000);
        return named ? [named] : [];
      });
      // The last turn may be cut in two by that end.
      const turns = Array.from({ length: Math.floor(looks.length / requests) }, (_, at) =>
        looks.slice(at * requests, (at + 1) * requests).flat(),
      );
      assert.ok(turns.length > 5, String(turns.length));
      // The requests of one turn are under way together.
      for (const named of turns) {
        const sorted = named.toSorted((a, b) => a - b);
        assert.deepEqual(sorted, ids, 'each run once, in no more requests than that');
      }
      const timelines = fabrikam.calls('GET', 'timeline').length - count;
      assert.ok(timelines <= 5 * (turns.length + 2), `${timelines} timelines beside the last one of each`);
    }
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { StepResult } from '../../agent/agent';
import { buildVariables } from '../../agent/systemVariables';
import { together } from '../together';
import {
  closeOrganizations,
  issuesOf,
  logOf,
  PROJECT,
  startOrganization,
  STEP,
  until,
  type Organization,
} from './organization';

const STAGES = [
  { name: 'Build', displayName: 'Build it' },
  { name: 'Scan', dependsOn: [], condition: 'eq(1, 2)' },
];

async function withStages(): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({
    folder: '\\images',
    parameters: [{ name: 'image', default: 'r' }],
    stages: STAGES,
    variables: { region: { value: 'eu', allowOverride: true } },
  });
  return organization;
}

function entryOf(step: StepResult): Record<string, unknown> {
  const [entry, ...others] = JSON.parse(step.outputs.results ?? '[]') as Record<string, unknown>[];
  assert.deepEqual(others, []);
  return entry!;
}

describe('TriggerPipeline: outputs', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('sets the outputs of the contract, and no others', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run({ branch: 'main' });
    const [run] = fabrikam.runs;
    assert.deepEqual(Object.keys(step.outputs).toSorted(), [
      'result',
      'results',
      'resultsFile',
      'runId',
      'runIds',
      'runNumber',
      'runUrl',
    ]);
    assert.equal(step.outputs.runId, String(run!.id));
    assert.equal(step.outputs.runNumber, run!.number);
    assert.equal(step.outputs.runIds, `[${run!.id}]`);
    assert.equal(step.outputs.result, 'succeeded');
    assert.match(step.outputs.runUrl ?? '', new RegExp(`^http://.*/_build/results\\?buildId=${run!.id}$`));
    assert.deepEqual(step.secretNames, []);
  });

  it('gives of the child what the contract lists, in the output and in the file', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run();
    const [run] = fabrikam.runs;
    const entry = entryOf(step);
    const times = ['queueTime', 'startTime', 'finishTime'].map((name) => entry[name]);
    for (const time of times) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(entry, {
      name: 'rebuild',
      id: run!.id,
      number: run!.number,
      url: step.outputs.runUrl,
      project: PROJECT,
      pipeline: 'rebuild',
      branch: 'refs/heads/main',
      commit: run!.commit,
      result: 'succeeded',
      attempts: 1,
      queueTime: times[0],
      startTime: times[1],
      finishTime: times[2],
      stages: [
        { name: 'Build', result: 'succeeded', attempt: 1 },
        { name: 'Scan', result: 'skipped', attempt: 1 },
      ],
    });
    assert.deepEqual(JSON.parse(fs.readFileSync(step.outputs.resultsFile!, 'utf8')), [entry]);
    assert.equal(step.outputs.resultsFile?.startsWith(step.job.tempDirectory), true);
  });

  it('sets what is known at once, so that it exists although the step is killed', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 600_000 } });
    const running = await fabrikam.start();
    const names = ['runId', 'runIds', 'runNumber', 'runUrl'];
    const missing = new Set(names);
    running.onLine(({ line }) => missing.delete(/setvariable variable=(\w+)/.exec(line)?.[1] ?? ''));
    await until(() => missing.size === 0);
    const step = await running.kill();
    assert.deepEqual(Object.keys(step.outputs).toSorted(), names);
    assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id));
  });

  it('sets none when nothing was started', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run({ parameters: 'nonsense: 1' });
    assert.equal(step.result, 'Failed');
    assert.deepEqual(step.outputs, {});
    assert.deepEqual(step.summaries, []);
  });

  it('attaches the register to the parent as soon as the id is known and again at the end', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run({}, { variables: parentOf(fabrikam, { stage: 'Nightly', job: 'images' }) });
    const [run] = fabrikam.runs;
    const registers = step.attachments.filter(({ type }) => type === 'pipeline-cascade');
    assert.equal(registers.length, 2);
    assert.equal(new Set(registers.map(({ name }) => name)).size, 1, 'the second takes the place of the first');
    for (const part of ['Nightly', 'images', STEP]) assert.ok(registers[0]?.name.includes(part));
    const documents = registers.map(({ content }) => JSON.parse(content) as { children: { result: string }[] });
    const whole = {
      version: 1,
      task: 'TriggerPipeline',
      step: registers[0]?.name,
      children: [
        {
          organization: fabrikam.emulator.url,
          project: PROJECT,
          kind: 'run',
          id: run!.id,
          name: 'rebuild',
          number: run!.number,
          url: step.outputs.runUrl,
          item: '',
          attempt: 1,
          result: 'succeeded',
        },
      ],
    };
    assert.deepEqual(documents[1], whole);
    assert.deepEqual(documents[0], { ...whole, children: [{ ...whole.children[0], result: '' }] });
  });

  it('adds a table to the summary: link, names of the parameters, result, duration, stages', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run({ parameters: 'image: secret-name', variables: 'region: secret-place' });
    const [summary, ...others] = step.summaries;
    const { name, markdown } = summary!;
    assert.deepEqual(others, []);
    assert.ok(name.includes(STEP));
    const [, , row = ''] = markdown.split('\n');
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    assert.deepEqual(cells, [
      '',
      '✅',
      `[rebuild ${fabrikam.runs[0]!.number.replace('.', '\\.')}](${step.outputs.runUrl})<br>succeeded`,
      'image, region',
      '0 s',
      '✅ Build it<br>⏭️ Scan (skipped)',
      '',
    ]);
  });

  it('moves the progress to 100 when all have ended', async () => {
    const fabrikam = await withStages();
    const step = await fabrikam.run();
    assert.equal(step.progress.at(-1)?.value, 100);
  });

  it('tags the child with its parent and with tags', async () => {
    const fabrikam = await withStages();
    await fabrikam.run({ tags: 'nightly, r-base\nnightly' });
    assert.deepEqual(fabrikam.runs[0]?.tags, ['nightly', 'r-base', 'cascade-parent-4711']);
    assert.equal(fabrikam.calls('POST', 'tags').length, 0, 'the start takes them along');
  });

  it('warns once, and no more, when the tags are refused', async () => {
    const fabrikam = await withStages();
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 403,
      body: { message: 'TF215106: Access denied.' },
      match: { method: 'POST', route: 'tags' },
      times: 9,
    });
    const step = await fabrikam.run({ stages: 'Build', tags: 'nightly' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(
      issuesOf(step, 'warning').join('\n'),
      /tags nightly, cascade-parent-4711 could not be put on http.*TF215106/,
    );
    assert.equal(issuesOf(step, 'warning').length, 1);
  });

  it('logs what was started, on what, with which names, and how it ended', async () => {
    const fabrikam = await withStages();
    const log = logOf(await fabrikam.run({ branch: 'main', parameters: 'image: x' }));
    const { number } = fabrikam.runs[0]!;
    assert.match(log, new RegExp(`^Started rebuild ${number} on refs/heads/main with image\\. http`, 'm'));
    assert.match(log, new RegExp(`^rebuild ${number}: stage Build it succeeded`, 'm'));
    assert.match(log, new RegExp(`^rebuild ${number} succeeded\\. http`, 'm'));
  });

  it('says nothing of stages with progress: none, and of jobs with progress: jobs', async () => {
    const fabrikam = await withStages();
    const [none, jobs] = await Promise.all([
      fabrikam.run({ progress: 'none' }, { stepName: 'none' }),
      fabrikam.run({ progress: 'jobs' }, { stepName: 'jobs' }),
    ]);
    assert.doesNotMatch(logOf(none), /: stage|: job/);
    assert.match(logOf(jobs), /: job Build it > job succeeded/);
    assert.match(logOf(jobs), /: stage Build it succeeded/);
  });
});

function parentOf({ emulator }: Organization, place: { stage: string; job: string }): Record<string, string> {
  return buildVariables({ collectionUri: emulator.url, project: PROJECT, ...place });
}

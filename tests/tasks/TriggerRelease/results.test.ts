import assert from 'node:assert/strict';
import fs from 'node:fs';
import { together } from '../together';
import { closeOrganizations, fastTime, issuesOf, logOf, startOrganization, until } from './organization';

const HOUR_MS = 3_600_000;
const { clock, env } = fastTime(60);

describe('TriggerRelease: what the step tells of its releases', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('attaches one document of the schema, with the release as soon as its id is known and with its result at the end', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define();
    const step = await fabrikam.run();
    const documents = step.attachments.map(({ content }) => JSON.parse(content) as Record<string, unknown>);
    const release = fabrikam.releases[0]!;
    const child = {
      ...{ organization: fabrikam.emulator.url, project: 'Fabrikam', kind: 'release', id: release.id, name: 'Deploy' },
      ...{ number: release.name, url: step.outputs.releaseUrl, item: '', attempt: 1 },
    };
    const common = { version: 1, task: 'TriggerRelease', step: step.attachments[0]?.name };
    assert.deepEqual(documents.at(-1), { ...common, children: [{ ...child, result: 'succeeded' }] });
    assert.deepEqual(documents[0], { ...common, children: [{ ...child, result: '' }] });
    assert.deepEqual([...new Set(step.attachments.map(({ type, name }) => `${type} ${name}`))].length, 1);
  });

  it('keeps the whole in a file, and sets no output that is too long for a variable', async () => {
    const fabrikam = await startOrganization();
    const stages = Array.from({ length: 150 }, (_, index) => ({ name: `Stage ${index}`, after: [] }));
    fabrikam.define({ stages });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.stageResults, undefined);
    assert.match(
      logOf(step),
      /The output stageResults is not set: it is longer than 24000 letters\. resultsFile has it/,
    );
    const file = step.outputs.resultsFile ?? '';
    const [release] = JSON.parse(fs.readFileSync(file, 'utf8')) as { name: string; stages: Record<string, object> }[];
    assert.equal(release?.name, 'Release-1');
    assert.equal(Object.keys(release.stages).length, 150);
    assert.deepEqual(Object.keys(release.stages['Stage 7'] ?? {}), [
      ...['status', 'attempt', 'startTime', 'finishTime', 'url'],
    ]);
  });

  it('sets the outputs although it fails later, and although it is cancelled', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ script: { durationMs: HOUR_MS, cancelTakesMs: 0 } });
    const running = await fabrikam.start();
    await until(() => fabrikam.calls('GET', 'releases/{releaseId}').length > 0);
    const step = await running.cancel();
    const [release] = fabrikam.releases;
    assert.deepEqual([step.outputs.releaseId, step.outputs.releaseName], [String(release?.id), release?.name]);
    assert.ok(step.outputs.resultsFile && step.outputs.stageResults);
  });

  it('ends with issues when the time is over and that is only a warning', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({ script: { durationMs: HOUR_MS } });
    const step = await fabrikam.run({ waitTimeoutInMinutes: '1', onTimeout: 'warn' }, { env });
    assert.deepEqual([step.result, step.outputs.result], ['SucceededWithIssues', 'timedOut']);
    assert.deepEqual(fabrikam.statuses(), ['Dev inProgress', 'Test notStarted']);
  });

  it('waits only until the first job runs where that is wanted, and not while only an approval is asked for', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({
      stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }],
      script: { durationMs: HOUR_MS },
    });
    const running = await fabrikam.start({ waitFor: 'start' }, { env });
    let asked = false;
    running.onLog((line) => (asked ||= line.includes('waits for pre-deployment approval')));
    await until(() => asked);
    assert.equal(fabrikam.releases[0]?.events.length, 0);
    const { state } = fabrikam.emulator;
    const [pending] = state.releaseArea.approvals().filter(({ approval }) => !approval.automated);
    const answer = { status: 'approved', comment: '' } as const;
    state.releaseArea.answerApproval(pending!, answer, { identity: state.owner, denied: [] });
    const step = await running.finished;
    assert.deepEqual([step.result, step.outputs.result], ['Succeeded', 'started'], step.message);
    assert.deepEqual(fabrikam.statuses(), ['Dev inProgress']);
  });

  it('fails where a job was to run and none will', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({
      stages: [{ name: 'Dev' }],
      script: { durationMs: 0, gates: { durationMs: 1, result: 'failed' } },
    });
    const step = await fabrikam.run({ waitFor: 'start' }, { env });
    assert.deepEqual([step.result, step.outputs.result], ['Failed', 'failed'], step.message);
  });

  it('says once that a status is unknown, and goes on waiting', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({ stages: [{ name: 'Dev' }], script: { durationMs: 120_000 } });
    const paused = (json: unknown) =>
      JSON.parse(JSON.stringify(json).replaceAll('"status":"inProgress"', '"status":"paused"')) as unknown;
    fabrikam.emulator.faults.add({
      kind: 'rewrite',
      rewrite: paused,
      times: 4,
      match: ({ method, path }) => method === 'GET' && path.includes('releaseIdFilter'),
    });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    const said = issuesOf(step, 'warning').filter((text) => text.includes("a stage of status 'paused'"));
    assert.equal(said.length, 1, logOf(step));
  });

  it('speaks when something changes, and every ten minutes', async () => {
    const fabrikam = await startOrganization({ clock });
    fabrikam.define({ stages: [{ name: 'Dev' }], script: { durationMs: 25 * 60_000 } });
    const { log } = await fabrikam.run({ pollingInterval: '60' }, { env });
    const own = log.filter((line) => line.includes('Deploy Release-1'));
    const still = own.filter((line) => line.includes('Still waiting for 1 of 1: Deploy Release-1 (in Dev).'));
    assert.equal(still.length, 2, log.join('\n'));
    assert.ok(own.length <= 7, `${own.length} lines in 25 minutes:\n${own.join('\n')}`);
  });

  it('logs nothing of the stages, each stage, or each task, as progress says', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define({ stages: [{ name: 'Dev' }], script: { tasks: [{ name: 'Scan', log: ['found nothing'] }] } });
    const logs = await Promise.all(
      ['none', 'stages', 'jobs'].map(async (progress) => logOf(await fabrikam.run({ progress }))),
    );
    assert.deepEqual(
      logs.map((log) => [log.includes('stage Dev succeeded'), log.includes('Dev > Agent job > Scan succeeded')]),
      [
        [false, false],
        [true, false],
        [true, true],
      ],
    );
    for (const log of logs) assert.ok(!log.includes('found nothing'));
  });

  it('keeps secrets among stage variables out of the log, and sends them as secrets', async () => {
    const fabrikam = await startOrganization();
    const key = { value: '', allowOverride: true };
    fabrikam.define({ stages: [{ name: 'Dev', variables: { key } }] });
    const step = await fabrikam.run({ stageVariables: 'Dev: { key: { value: hunter-two-2, isSecret: true } }' });
    assert.equal(step.result, 'Succeeded', step.message);
    const [{ body } = { body: {} }] = fabrikam.creations();
    const { environmentsMetadata } = body as { environmentsMetadata: { variables: Record<string, object> }[] };
    assert.deepEqual(environmentsMetadata[0]?.variables.key, { value: 'hunter-two-2', isSecret: true });
    assert.ok(step.secrets.includes('hunter-two-2'));
    assert.ok(![logOf(step), ...step.attachments.map(({ content }) => content)].join().includes('hunter-two-2'));
  });

  it('creates it for the person of the parent unless told otherwise', async () => {
    const fabrikam = await startOrganization();
    fabrikam.define();
    await fabrikam.run();
    const { createdFor } = fabrikam.creations()[0]?.body as { createdFor?: { id: string } };
    assert.equal(createdFor?.id, 'a7a3f3a4-1f0e-6b0c-8d52-9a1f4e6b7c01');
  });
});

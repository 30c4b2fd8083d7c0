import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import type { NewPipeline } from '../../emulator/state/EmulatorState';
import { request, standingClock, type Wire } from './request';

describe('Runs of the emulator', () => {
  const clock = standingClock();
  let emulator: Emulator;

  beforeEach(async () => {
    emulator = await startEmulator({ clock });
    emulator.state.addProject('Fabrikam');
  });

  afterEach(async () => {
    await emulator.close();
  });

  async function start(
    options: Partial<NewPipeline>,
    body: object = {},
  ): Promise<{ id: number; look(): Promise<Wire>; records(): Promise<Wire[]> }> {
    const pipeline = emulator.state.addPipeline({ name: 'p', ...options });
    const answer = await request(emulator, `POST Fabrikam/_apis/pipelines/${pipeline.id}/runs`, { body });
    assert.equal(answer.status, 200, answer.text);
    const { id } = answer.body;
    return {
      id,
      look: async () => (await request(emulator, `GET Fabrikam/_apis/build/builds/${id}`)).body,
      records: async () => (await request(emulator, `GET Fabrikam/_apis/build/builds/${id}/timeline`)).body.records,
    };
  }

  function stageOf(records: Wire[], name: string): Wire {
    return records.find((record) => record.type === 'Stage' && record.refName === name)!;
  }

  it('are notStarted, then inProgress, then completed as the clock goes, with a result only at the end', async () => {
    const run = await start({ stages: [{ name: 'A' }, { name: 'B' }] });
    assert.equal((await run.look()).status, 'notStarted');
    clock.jump(1500);
    const going = await run.look();
    assert.deepEqual([going.status, going.result, going.finishTime], ['inProgress', undefined, undefined]);
    assert.deepEqual(
      (await run.records()).filter(({ type }) => type === 'Stage').map(({ state }) => state),
      ['completed', 'inProgress'],
    );
    clock.jump(500);
    const ended = await run.look();
    assert.deepEqual([ended.status, ended.result], ['completed', 'succeeded']);
    assert.equal(Date.parse(String(ended.finishTime)) - Date.parse(String(ended.queueTime)), 2000);
  });

  it('show the hidden stage and job of a pipeline without stages', async () => {
    const run = await start({ yaml: 'steps:\n- script: echo\n' });
    clock.jump(1);
    const shown = (await run.records()).map(({ type, refName, identifier }) => [type, refName, identifier].join(' '));
    assert.deepEqual(shown.slice(0, 3), [
      'Stage __default __default',
      'Phase Job __default.Job',
      'Job __default __default.Job.__default',
    ]);
  });

  it('give a step its log, with ids in the order of the ends, only when it has ended', async () => {
    const run = await start({ stages: [{ name: 'A' }], script: { log: ['first line', 'second line'] } });
    clock.jump(500);
    const task = (records: Wire[]): Wire => records.find(({ name, type }) => type === 'Task' && name === 'CmdLine')!;
    assert.equal(task(await run.records()).log, null);
    clock.jump(500);
    const { log } = task(await run.records());
    const { id } = log as { id: number };
    const text = await request(emulator, `GET Fabrikam/_apis/build/builds/${run.id}/logs/${id}`, {
      accept: 'text/plain',
    });
    assert.match(text.text, /^\S+Z ##\[section\]Starting: CmdLine\r\n\S+Z first line\r\n\S+Z second line\r\n/);
    const lines = await request(emulator, `GET Fabrikam/_apis/build/builds/${run.id}/logs/${id}?startLine=1&endLine=1`);
    assert.equal(lines.body.count, 1);
  });

  it('fail with the issues of the failed task and skip what depends on it', async () => {
    const script = { stages: { A: { result: 'failed', issues: [{ type: 'error' as const, message: 'no disk' }] } } };
    const run = await start({ stages: [{ name: 'A' }, { name: 'B' }, { name: 'C', condition: 'always()' }], script });
    clock.jump(10_000);
    assert.equal((await run.look()).result, 'failed');
    const records = await run.records();
    assert.deepEqual(
      ['A', 'B', 'C'].map((name) => stageOf(records, name).result),
      ['failed', 'skipped', 'succeeded'],
    );
    const task = records.find(({ errorCount }) => errorCount === 1)!;
    assert.deepEqual(task.issues, [{ type: 'error', category: 'General', message: 'no disk' }]);
  });

  it('are partiallySucceeded as a build and succeeded as a pipeline run when a task had issues', async () => {
    const run = await start({ stages: [{ name: 'A' }], script: { result: 'succeededWithIssues' } });
    clock.jump(5000);
    assert.equal((await run.look()).result, 'partiallySucceeded');
    const { pipeline } = emulator.state.runs[0]!;
    const other = await request(emulator, `GET Fabrikam/_apis/pipelines/${pipeline.id}/runs/${run.id}`);
    assert.equal(other.body.result, 'succeeded');
  });

  it('carry out conditions on parameters and on the branch', async () => {
    const yaml = `parameters:
- { name: deep, type: boolean, default: false }
stages:
- stage: A
  jobs: [{ job: a, steps: [{ script: x }] }]
- stage: B
  condition: eq('\${{ parameters.deep }}', 'true')
  jobs: [{ job: b, steps: [{ script: x }] }]
- stage: C
  dependsOn: A
  condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
  jobs: [{ job: c, steps: [{ script: x }] }]
- \${{ if parameters.deep }}:
  - stage: D
    jobs: [{ job: d, steps: [{ script: x }] }]
`;
    const plain = await start({ yaml });
    const deep = await start({ name: 'q', yaml }, { templateParameters: { deep: 'true' } });
    clock.jump(10_000);
    const results = (records: Wire[]): string[] =>
      records.filter(({ type }) => type === 'Stage').map(({ name, result }) => `${name} ${result}`);
    assert.deepEqual(results(await plain.records()), ['A succeeded', 'B skipped', 'C succeeded']);
    assert.deepEqual(results(await deep.records()), ['A succeeded', 'B succeeded', 'C succeeded', 'D succeeded']);
  });

  it('leave out the stages that are to be skipped and run what depends on them', async () => {
    const run = await start({ stages: [{ name: 'A' }, { name: 'B' }] }, { stagesToSkip: ['A'] });
    clock.jump(1000);
    const records = await run.records();
    assert.deepEqual([stageOf(records, 'A').result, stageOf(records, 'B').result], ['skipped', 'succeeded']);
  });

  it('are cancelling until what runs has stopped, then canceled', async () => {
    const run = await start({
      stages: [{ name: 'A' }, { name: 'B' }],
      script: { durationMs: 60_000, cancelTakesMs: 3000 },
    });
    clock.jump(1000);
    const answer = await request(emulator, `PATCH Fabrikam/_apis/build/builds/${run.id}`, {
      body: { status: 'cancelling' },
    });
    assert.equal(answer.body.status, 'cancelling');
    clock.jump(2999);
    assert.equal((await run.look()).status, 'cancelling');
    clock.jump(1);
    const ended = await run.look();
    assert.deepEqual([ended.status, ended.result], ['completed', 'canceled']);
    const records = await run.records();
    assert.deepEqual([stageOf(records, 'A').result, stageOf(records, 'B').result], ['canceled', 'skipped']);
  });

  it('retry the failed jobs of a stage only, name the attempt before, and run what was skipped', async () => {
    const run = await start({
      stages: [{ name: 'A', jobs: ['good', 'bad'] }, { name: 'B' }],
      script: ({ attempt }) => ({
        stages: { A: { jobs: { bad: { result: attempt === 1 ? 'failed' : 'succeeded' } } } },
      }),
    });
    clock.jump(10_000);
    assert.equal((await run.look()).result, 'failed');
    const before = await run.records();
    const answer = await request(emulator, `PATCH Fabrikam/_apis/build/builds/${run.id}/stages/A`, {
      body: { state: 'retry' },
    });
    assert.deepEqual([answer.status, answer.text], [200, '']);
    clock.jump(1);
    assert.deepEqual([(await run.look()).status, (await run.look()).result], ['inProgress', undefined]);
    clock.jump(10_000);
    assert.equal((await run.look()).result, 'succeeded');
    const after = await run.records();
    const attempts = (type: string, name: string): unknown =>
      after.find((record) => record.type === type && record.name === name)?.attempt;
    assert.deepEqual(
      [attempts('Stage', 'A'), attempts('Job', 'good'), attempts('Job', 'bad'), attempts('Stage', 'B')],
      [2, 1, 2, 2],
    );
    const [previous] = stageOf(after, 'A').previousAttempts as {
      attempt: number;
      timelineId: string;
      recordId: string;
    }[];
    assert.ok(previous);
    assert.equal(previous.recordId, stageOf(before, 'A').id);
    const old = await request(emulator, `GET Fabrikam/_apis/build/builds/${run.id}/timeline/${previous.timelineId}`);
    assert.equal(stageOf(old.body.records, 'A').result, 'failed');
  });

  it('refuse to retry when nothing failed', async () => {
    const run = await start({ stages: [{ name: 'A' }] });
    clock.jump(10_000);
    const answer = await request(emulator, `PATCH Fabrikam/_apis/build/builds/${run.id}?retry=true`, { body: {} });
    assert.equal(answer.status, 409);
  });

  it('wait at a stage that is pending until its approval and its permission are given', async () => {
    const run = await start({
      stages: [{ name: 'A' }],
      script: {
        stages: {
          A: {
            checks: [
              { type: 'approval', approvers: ['Dana Reyes'] },
              { type: 'authorization', resource: { type: 'endpoint', id: 'e1', name: 'azure' } },
            ],
          },
        },
      },
    });
    clock.jump(5000);
    assert.equal((await run.look()).status, 'inProgress');
    const records = await run.records();
    assert.deepEqual(
      records.map(({ type, state }) => `${type} ${state}`),
      [
        'Stage pending',
        'Checkpoint inProgress',
        'Checkpoint.Approval inProgress',
        'Checkpoint.Authorization inProgress',
      ],
    );
    const approvalId = String(records[2]?.id);
    const [approval] = (
      await request(emulator, `GET Fabrikam/_apis/pipelines/approvals?approvalIds=${approvalId}&$expand=steps`)
    ).body.value;
    assert.deepEqual(
      [
        approval?.status,
        (approval?.steps as { assignedApprover: { displayName: string } }[])[0]?.assignedApprover.displayName,
      ],
      ['pending', 'Dana Reyes'],
    );
    await request(emulator, 'PATCH Fabrikam/_apis/pipelines/approvals', {
      body: [{ approvalId, status: 'approved', comment: '' }],
    });
    emulator.state.permit('endpoint', 'e1', [emulator.state.pipelines[0]!.id]);
    clock.jump(1000);
    assert.equal((await run.look()).result, 'succeeded');
  });

  it('fail when an approval is rejected, and when it times out skip the stage', async () => {
    const approval = { type: 'approval' as const, approvers: ['Dana Reyes'], timesOutAfterMs: 60_000 };
    const rejected = await start({
      name: 'r',
      stages: [{ name: 'A' }],
      script: { stages: { A: { checks: [approval] } } },
    });
    const late = await start({ name: 'l', stages: [{ name: 'A' }], script: { stages: { A: { checks: [approval] } } } });
    clock.jump(1);
    emulator.state.approve(emulator.state.approvals()[0]!.check.id, { status: 'rejected' });
    clock.jump(60_000);
    assert.equal((await rejected.look()).result, 'failed');
    assert.equal(stageOf(await late.records(), 'A').result, 'skipped');
  });

  it('never start while the pipeline is paused, and can be canceled', async () => {
    const run = await start({ queueStatus: 'paused' });
    clock.jump(3_600_000);
    assert.equal((await run.look()).status, 'notStarted');
    emulator.state.cancel(emulator.state.runs[0]!);
    const ended = await run.look();
    assert.deepEqual([ended.status, ended.result], ['completed', 'canceled']);
  });

  it('wait for ever when no agent of the pool meets the demands', async () => {
    const run = await start({ queue: 'Default', demands: ['gpu'] });
    clock.jump(3_600_000);
    assert.equal((await run.look()).status, 'notStarted');
    const job = (await run.records()).find(({ type }) => type === 'Job');
    assert.deepEqual([job?.state, job?.workerName], ['pending', null]);
    const pool = emulator.state.pools[0]!;
    const agents = await request(emulator, `GET _apis/distributedtask/pools/${pool.id}/agents?demands=gpu`);
    assert.equal(agents.body.count, 0);
    const requests = await request(emulator, `GET _apis/distributedtask/pools/${pool.id}/jobrequests`);
    assert.deepEqual([requests.body.value[0]?.demands, requests.body.value[0]?.matchedAgents], [['gpu'], []]);
  });

  it('say words on the wire that no client knows, where the script wants them', async () => {
    const run = await start({
      script: {
        wire: { status: 'hibernating', result: 'astonishing' },
        extraRecords: [{ id: 'x', type: 'Oddity', name: 'odd' }],
      },
    });
    clock.jump(500);
    assert.equal((await run.look()).status, 'hibernating');
    assert.ok((await run.records()).some(({ type }) => type === 'Oddity'));
    clock.jump(10_000);
    assert.equal((await run.look()).result, 'astonishing');
  });

  it('give only changed records to a client that names the change that it knows', async () => {
    const run = await start({ stages: [{ name: 'A' }, { name: 'B' }] });
    clock.jump(500);
    const path = `GET Fabrikam/_apis/build/builds/${run.id}/timeline`;
    const first = await request(emulator, path);
    const quiet = await request(emulator, `${path}?changeId=${String(first.body.changeId)}`);
    assert.deepEqual(quiet.body.records, []);
    clock.jump(500);
    const later = await request(emulator, `${path}?changeId=${String(first.body.changeId)}`);
    assert.ok(
      later.body.records.length > 0 &&
        later.body.records.every(({ changeId }) => Number(changeId) > Number(first.body.changeId)),
    );
  });

  it('are looked at together with one request, and a deleted one is missing', async () => {
    const one = await start({ name: 'a' });
    const two = await start({ name: 'b' });
    emulator.state.deleteRun(emulator.state.runs[0]!);
    const list = await request(emulator, `GET Fabrikam/_apis/build/builds?buildIds=${one.id},${two.id}`);
    assert.deepEqual(
      list.body.value.map(({ id }) => id),
      [two.id],
    );
    assert.equal((await request(emulator, `GET Fabrikam/_apis/build/builds/${one.id}`)).status, 404);
  });

  it('give lists in pages', async () => {
    for (const name of ['a', 'b', 'c']) await start({ name });
    const first = await request(emulator, 'GET Fabrikam/_apis/build/builds?$top=2');
    const token = first.headers.get('x-ms-continuationtoken');
    assert.deepEqual([first.body.count, token], [2, '2']);
    const rest = await request(emulator, `GET Fabrikam/_apis/build/builds?$top=2&continuationToken=${token}`);
    assert.deepEqual([rest.body.count, rest.headers.get('x-ms-continuationtoken')], [1, null]);
  });

  it('hand out their artifacts from the job that published them on', async () => {
    const artifacts = [{ name: 'drop', type: 'Container' as const, job: 'job', files: { 'a.txt': 'hello' } }];
    const run = await start({ stages: [{ name: 'A' }, { name: 'B', jobs: ['later'] }], script: { artifacts } });
    clock.jump(500);
    const path = `GET Fabrikam/_apis/build/builds/${run.id}/artifacts`;
    assert.equal((await request(emulator, path)).body.count, 0);
    clock.jump(500);
    assert.equal((await request(emulator, path)).body.count, 1);
    const zip = await request(emulator, `${path}?artifactName=drop&$format=zip`);
    assert.equal(zip.headers.get('content-type'), 'application/zip');
    assert.match(zip.text, /^PK[\s\S]*drop\/a\.txthello/);
  });
});

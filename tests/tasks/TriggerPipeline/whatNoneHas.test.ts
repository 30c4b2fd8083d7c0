import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startEntra } from '../../../emulator/entra/server';
import type { CheckScript } from '../../../emulator/state/script';
import { federationOf } from '../../../emulator/state/serviceConnections';
import { buildVariables } from '../../agent/systemVariables';
import { taskFolder } from '../taskFolder';
import { together } from '../together';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  PROJECT,
  proper,
  startOrganization,
  until,
  type Organization,
} from './organization';
import { startParent } from './parentRun';

const HOUR_MS = 3_600_000;
const START = { method: 'POST', route: 'build/builds' };
const LOOK = { method: 'GET', route: 'build/builds' };
const CONNECTION = 'c0a8f0d2-3e5b-4b1e-9d77-7a1f4b2c9e10';

interface Entry {
  name: string;
  id: number;
  project: string;
  result: string;
  attempts: number;
  stages: { name: string; result: string; attempt: number }[];
}

function entries(outputs: Record<string, string>): Entry[] {
  return JSON.parse(outputs.results ?? '[]') as Entry[];
}

function statusOf({ emulator, runs }: Organization, index = 0): string {
  return emulator.state.look(runs[index]!).status;
}

/**
 * What users of other extensions ask for and have not got: facts/peers.md, 1.7, in its order and by its numbers. Row 15 is about
 * releases alone.
 */
describe('TriggerPipeline: what none of the others has', function () {
  this.timeout(90_000);
  const it = together();
  after(closeOrganizations);

  it('1. cancels its children with the parent', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: HOUR_MS } });
    const running = await fabrikam.start({ runs: '- { name: a }\n- { name: b }' });
    await until(() => fabrikam.calls('GET', 'build/builds').length > 0);
    const step = proper(await running.cancel());
    assert.equal(step.result, 'Canceled');
    assert.deepEqual([statusOf(fabrikam, 0), statusOf(fabrikam, 1)], ['cancelling', 'cancelling']);
  });

  it('2. waits without a deadlock on a pool of one agent', async () => {
    const { clock, env } = fastTime(60);
    const fabrikam = await startOrganization({ clock });
    const pool = fabrikam.emulator.state.addPool('single', [{ name: 'fabrikam-agent-1' }]);
    pool.agents[0]!.id = 8;
    const script = { durationMs: 0, waitsForAgentMs: 'never', cancelTakesMs: 0 } as const;
    fabrikam.add({ kind: 'classic', queue: 'single', script });
    const step = await fabrikam.run({}, { env });
    assert.match(step.message ?? '', /deadlock/);
    assert.equal(statusOf(fabrikam), 'completed', 'the child that could never run is canceled, and the agent is free');
    const left = await fabrikam.run({ waitForCompletion: 'false' }, { env, stepName: 'other' });
    assert.equal(left.result, 'Succeeded', 'a step that does not wait gives its agent back at once');
  });

  it('3. takes up the run that was started already when the task is retried', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 2500 } });
    fabrikam.emulator.faults.add({ kind: 'status', status: 403, match: LOOK });
    const step = await fabrikam.run({}, { retryCountOnTaskFailure: 1, times: { retryMs: () => 10 } });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runId, '1001');
    assert.equal(fabrikam.starts().length, 1);
  });

  it("4. shows the server's own reason for a refusal, in a step that would have waited", async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ parameters: [{ name: 'image', type: 'string', values: ['r-base', 'python'] }] });
    const step = await fabrikam.run({ parameters: 'image: rbase\nimgae: x' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /Unexpected parameter 'imgae'/);
    assert.match(step.message ?? '', /'image' parameter value 'rbase' is not a valid value/);
    assert.match(step.message ?? '', /image \(r-base \| python, required\)/);
    assert.equal(fabrikam.runs.length, 0);
  });

  it('5. selects the right stages by reference name, and waits', async () => {
    const fabrikam = await startOrganization();
    // The display name of one is the reference name of the other: to mix them up runs the wrong stage.
    const stages = [
      { name: 'Deploy', displayName: 'Smoke' },
      { name: 'Smoke', displayName: 'Deploy', dependsOn: [] },
    ];
    fabrikam.add({ stages, script: { durationMs: 500 } });
    const step = await fabrikam.run({ stages: 'deploy' });
    assert.equal(step.result, 'Succeeded', step.message);
    const results = entries(step.outputs)[0]?.stages.map(({ name, result }) => `${name} ${result}`);
    assert.deepEqual(results, ['Deploy succeeded', 'Smoke skipped']);
  });

  it('6. takes typed template parameters of several lines', async () => {
    const fabrikam = await startOrganization();
    const names = ['url', 'script', 'count', 'push', 'targets'];
    const types = ['string', 'string', 'number', 'boolean', 'object'];
    fabrikam.add({ parameters: names.map((name, at) => ({ name, type: types[at]! })) });
    const step = await fabrikam.run({
      parameters: [
        'url: https://x, https://y',
        'script: |',
        '  make all',
        '  make "test: fast"',
        'count: 1.10',
        'push: true',
        'targets: [{ a: 1, b: [x, y] }]',
      ].join('\n'),
    });
    assert.equal(step.result, 'Succeeded', step.message);
    const { templateParameters } = fabrikam.starts()[0]?.body as { templateParameters: Record<string, string> };
    assert.deepEqual(templateParameters, {
      url: 'https://x, https://y',
      script: 'make all\nmake "test: fast"\n',
      count: '1.10',
      push: 'true',
      targets: '[{"a":1,"b":["x","y"]}]',
    });
  });

  it('7. keeps parameters and variables clearly apart', async () => {
    const fabrikam = await startOrganization();
    const variables = { level: { value: 'x', allowOverride: true } };
    fabrikam.add({ parameters: [{ name: 'level', type: 'string' }], variables });
    const step = await fabrikam.run({ parameters: 'level: from parameter', variables: 'level: from variable' });
    assert.equal(step.result, 'Succeeded', step.message);
    const [run] = fabrikam.runs;
    assert.deepEqual([run?.templateParameters.level, run?.variables.level], ['from parameter', 'from variable']);
    const mixed = await fabrikam.run({ variables: 'level: a\nlevle: b', parameters: 'level: c' });
    assert.match(mixed.message ?? '', /levle/);
    assert.equal(fabrikam.runs.length, 1);
  });

  it('8. starts on tags, pull requests and commits', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const pipeline = fabrikam.add();
    const older = state.branches(pipeline).main!;
    state.tags(pipeline).v1 = older;
    pipeline.repository.otherRefs['refs/pull/7/merge'] = older;
    state.addCommit(pipeline, 'main');
    for (const inputs of [{ branch: 'refs/tags/v1' }, { branch: 'v1' }, { branch: 'refs/pull/7/merge' }])
      assert.equal((await fabrikam.run(inputs)).result, 'Succeeded');
    assert.equal((await fabrikam.run({ branch: 'main', commit: older })).result, 'Succeeded');
    assert.deepEqual(
      fabrikam.runs.map(({ branch, commit }) => [branch, commit === older]),
      ['refs/tags/v1', 'refs/tags/v1', 'refs/pull/7/merge', 'refs/heads/main'].map((branch) => [branch, true]),
    );
  });

  it('9. chooses the versions of resources', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const source = state.queue(fabrikam.add({ name: 'upstream' }));
    state.queue(state.pipelines[0]!);
    fabrikam.add({
      yaml: [
        'resources:',
        '  pipelines: [{ pipeline: upstream, source: upstream }]',
        '  repositories: [{ repository: tools, type: git, name: tools, ref: refs/heads/main }]',
        '  containers: [{ container: base, image: "r-base:4" }]',
        'steps: [{ script: make }]',
      ].join('\n'),
    });
    const resources = `pipelines: { upstream: ${source.number} }\nrepositories: { tools: { ref: release/1 } }\ncontainers: { base: 1.10 }`;
    const step = await fabrikam.run({ resources });
    assert.equal(step.result, 'Succeeded', step.message);
    const chosen = state.findRun(Number(step.outputs.runId))?.resources;
    assert.equal(chosen?.pipelines.upstream?.runId, source.id);
    assert.equal(chosen.repositories.tools?.refName, 'refs/heads/release/1');
    assert.equal(chosen.containers.base?.version, '1.10');
  });

  it('10. signs in by federation and renews its token while it waits', async () => {
    const [fabrikam, northwind] = await Promise.all([
      startOrganization(),
      startOrganization({ organization: 'northwind' }),
    ]);
    northwind.add({ script: { durationMs: 4500 } });
    const entra = await startEntra({ organizations: [northwind.emulator], tokenLifetimeMs: 2000 });
    try {
      const { state } = fabrikam.emulator;
      const connection = state.addServiceConnection({ id: CONNECTION, name: 'northwind' });
      const [tenant, clientId] = ['7e4c0f4b-11d4-4f0c-a7b3-0f6b61c0d001', '5b1c8a50-2b7e-4a52-8f2e-c4a0d1e2f301'];
      const federated = [federationOf(state.organization, connection)];
      entra.applications.push({ tenant, clientId, identity: 'images', federated });
      const endpoint = {
        ...{ id: CONNECTION, name: 'northwind', url: northwind.emulator.url },
        ...{ scheme: 'WorkloadIdentityFederation', parameters: { tenantid: tenant, serviceprincipalid: clientId } },
        data: { activeDirectoryAuthority: entra.url },
      };
      const inputs = { azureDevOpsServiceConnection: CONNECTION, project: PROJECT, pollingInterval: '1' };
      const projectId = state.findProject(PROJECT)?.id ?? '';
      const variables = buildVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT, projectId });
      const step = await fabrikam.run(inputs, { endpoints: [endpoint], variables });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(northwind.runs.length, 1);
      assert.ok(entra.issued.length >= 2, 'no secret is stored, and one token was not enough');
    } finally {
      await entra.close();
    }
  });

  it("11. sets real output variables, and brings the child's outputs back", async () => {
    const fabrikam = await startOrganization();
    const artifacts = [{ name: 'outputs', files: { 'outputs.json': '{ "digest": "sha256:12", "tag": "4.4" }' } }];
    fabrikam.add({ script: { durationMs: 0, artifacts } });
    const step = await fabrikam.run({ outputsArtifact: 'outputs' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([step.outputs.out_digest, step.outputs.out_tag], ['sha256:12', '4.4']);
    assert.equal(step.outputs.runNumber, fabrikam.runs[0]?.number);
    const next = await fabrikam.run(
      { branch: 'main', tags: '$(rebuild.out_tag)' },
      { job: step.job, stepName: 'next' },
    );
    assert.ok(fabrikam.runs[1]?.tags.includes('4.4'), `a later step reads it as a variable: ${next.message ?? ''}`);
  });

  it('12. waits across projects and tasks without mixing them', async () => {
    const fabrikam = await startOrganization();
    fabrikam.emulator.state.addProject('Northwind');
    fabrikam.add({ script: { durationMs: 300 } });
    fabrikam.add({ project: 'Northwind', script: { durationMs: 300, result: 'failed' } });
    const first = await fabrikam.run(
      { waitForCompletion: 'false' },
      { ...startParent(fabrikam).step(), stepName: 'one' },
    );
    const { job } = first;
    const second = await fabrikam.run({ project: 'Northwind', waitForCompletion: 'false' }, { job, stepName: 'two' });
    const third = await fabrikam.run({}, { job, stepName: 'three' });
    assert.equal(third.result, 'Succeeded', 'it waits for its own run and for no other');
    const one = await fabrikam.run({ action: 'wait', runIds: first.outputs.runId! }, { job, stepName: 'four' });
    assert.equal(one.result, 'Succeeded', one.message);
    const all = await fabrikam.run({ action: 'wait' }, { job, stepName: 'all' });
    assert.equal(all.result, 'Failed', all.message);
    assert.deepEqual(
      entries(all.outputs).map(({ id, project, result }) => `${id} ${project} ${result}`),
      [
        `${first.outputs.runId!} Fabrikam succeeded`,
        `${second.outputs.runId!} Northwind failed`,
        `${third.outputs.runId!} Fabrikam succeeded`,
      ],
    );
  });

  it('13. links child and parent, and so their descendants', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const parent = startParent(fabrikam);
    const child = await fabrikam.run({}, parent.step());
    const childRun = fabrikam.runs[1]!;
    assert.ok(childRun.tags.includes(`cascade-parent-${parent.run.id}`), 'from the child to its parent');
    const register = JSON.parse(child.attachments.at(-1)?.content ?? '{}') as {
      children: { id: number; url: string }[];
    };
    assert.deepEqual([register.children[0]?.id, register.children[0]?.url], [childRun.id, child.outputs.runUrl]);
    assert.ok(
      child.summaries.some(({ markdown }) => markdown.includes(child.outputs.runUrl!)),
      'from the parent to its child',
    );
    await fabrikam.run({}, parent.step({ runId: childRun.id, runNumber: childRun.number }));
    assert.ok(fabrikam.runs[2]?.tags.includes(`cascade-parent-${childRun.id}`), 'and so on to its descendants');
  });

  it('14. reuses a run of the commit, and starts only if the last one failed', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: ({ runId }) => ({ durationMs: 0, ...(runId === 1001 ? { result: 'failed' } : {}) }) });
    assert.equal((await fabrikam.run()).result, 'Failed');
    const onlyIf = 'rebuild: failed';
    assert.equal((await fabrikam.run({ onlyIf }, { stepName: 'if-failed' })).outputs.runId, '1002');
    assert.equal((await fabrikam.run({ onlyIf }, { stepName: 'if-failed-2' })).outputs.result, 'skipped');
    const reused = await fabrikam.run({ ifBuilt: 'reuse' }, { stepName: 'reuse' });
    assert.deepEqual([reused.result, reused.outputs.runId, fabrikam.runs.length], ['Succeeded', '1002', 2]);
  });

  it('16. approves only, and only what waits for approval', async () => {
    const fabrikam = await startOrganization();
    fabrikam.emulator.tokens[0]!.identity = 'Kim Tran';
    const checks: CheckScript[] = [{ type: 'approval', approvers: ['Kim Tran'] }];
    const script = { durationMs: HOUR_MS, stages: { Deploy: { checks } } };
    const pipeline = fabrikam.add({ stages: [{ name: 'Deploy' }], script });
    const { state } = fabrikam.emulator;
    const run = state.queue(pipeline);
    await until(() => state.approvals().length > 0);
    const step = await fabrikam.run({ action: 'approve', runIds: String(run.id) });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.calls('PATCH', 'approvals').length, 1);
    assert.equal(state.look(run).status, 'inProgress', 'it waits for nothing');
    const again = await fabrikam.run({ action: 'approve', runIds: String(run.id) });
    assert.equal(again.result, 'Failed');
    assert.match(again.message ?? '', /no approval is pending/);
    assert.equal(fabrikam.calls('PATCH', 'approvals').length + fabrikam.starts().length, 1);
  });

  it('17. reruns failed stages only, and runs many in parallel with a cap', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({
      stages: [{ name: 'Build' }, { name: 'Test' }],
      script: ({ stage, attempt }) => ({
        durationMs: 150,
        ...(stage === 'Test' && attempt === 1 ? { result: 'failed' } : {}),
      }),
    });
    let most = 0;
    const runs = ['a', 'b', 'c', 'd'].map((name) => `- { name: ${name} }`).join('\n');
    const running = await fabrikam.start({ runs, maxParallel: '2', retryFailedStages: '1', pollingInterval: '1' });
    const ended = { yet: false };
    void running.finished.finally(() => (ended.yet = true));
    await until(() => {
      const open = fabrikam.runs.filter((run) => fabrikam.emulator.state.look(run).status !== 'completed').length;
      most = Math.max(most, open);
      return ended.yet;
    });
    const step = proper(await running.finished);
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(most, 2);
    assert.equal(fabrikam.starts().length, 4, 'no run is started a second time');
    const attempts = entries(step.outputs).map(({ stages }) => stages.map(({ attempt }) => attempt));
    assert.deepEqual(
      attempts,
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      'what had succeeded is kept',
    );
  });

  it('18. has build and release, start and wait, in one extension', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 300 } });
    const area = fabrikam.emulator.state.releaseArea;
    area.addDefinition({ name: 'Deploy', stages: [{ name: 'Production' }], script: { durationMs: 300 } });
    const built = await fabrikam.run();
    const folder = await taskFolder('TriggerRelease');
    assert.equal(path.dirname(folder), path.dirname(await taskFolder('TriggerPipeline')));
    const released = await fabrikam.run(
      { pipeline: undefined as unknown as string, definition: 'Deploy' },
      { taskFolder: folder, job: built.job, stepName: 'deploy' },
    );
    assert.deepEqual([built.result, released.result], ['Succeeded', 'Succeeded'], released.message);
    assert.deepEqual([built.outputs.result, released.outputs.result], ['succeeded', 'succeeded']);
  });

  it("19. prints the failed child's error text in the parent", async () => {
    const fabrikam = await startOrganization();
    const issues = [{ type: 'error' as const, message: 'ld: cannot find -lssl' }];
    fabrikam.add({ script: { durationMs: 0, result: 'failed', issues } });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(logOf(step), /what failed[\s\S]*ld: cannot find -lssl/);
  });

  it('20. repeats by method, obeys Retry-After, and keeps the real error', async () => {
    const { clock, env } = fastTime(10);
    const fabrikam = await startOrganization({ clock });
    fabrikam.add({ script: { durationMs: 40_000 } });
    const { faults } = fabrikam.emulator;
    faults.add({ kind: 'dropAfter', match: START });
    faults.add({ kind: 'drop', match: { ...LOOK, nth: 4 } });
    faults.add({ kind: 'status', status: 429, headers: { 'retry-after': '20' }, match: { ...LOOK, nth: 6 } });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.runs.length, 1, 'a POST is not sent twice; a GET is');
    const { calls } = fabrikam.emulator;
    const slowed = calls.findIndex(({ status }) => status === 429);
    assert.ok(calls[slowed + 1]!.at - calls[slowed]!.at >= 19_000);
    const why = { message: 'TF400898: An internal error occurred. Activity Id: 12.' };
    faults.add({ kind: 'status', status: 403, body: why, match: LOOK });
    const refused = await fabrikam.run({}, { env, stepName: 'refused' });
    assert.match(refused.message ?? '', /TF400898.*Activity Id: 12/);
  });

  it('21. downloads artifacts of failed children, of pipeline type as well', async () => {
    const fabrikam = await startOrganization();
    const artifacts = [
      { name: 'report', files: { 'junit.xml': '<x/>' } },
      { name: 'drop', type: 'Container' as const, files: { 'core.dump': '\0' } },
    ];
    fabrikam.add({ script: { durationMs: 0, result: 'failed', artifacts } });
    const step = await fabrikam.run({ downloadArtifacts: '*' });
    assert.equal(step.result, 'Failed');
    const folder = path.join(step.job.folder, '_work', '1', 'cascade', '1001');
    assert.equal(fs.readFileSync(path.join(folder, 'report', 'junit.xml'), 'utf8'), '<x/>');
    assert.equal(fs.readFileSync(path.join(folder, 'drop', 'core.dump'), 'utf8'), '\0');
  });

  it('22. has a limit over all with a chosen outcome', async () => {
    const { clock, env } = fastTime(60);
    const outcomes = [
      ['fail', 'Failed', 'inProgress'],
      ['cancel', 'Failed', 'completed'],
      ['warn', 'SucceededWithIssues', 'inProgress'],
    ] as const;
    const cases = outcomes.map(async ([onTimeout, result, child]) => {
      const fabrikam = await startOrganization({ clock });
      fabrikam.add({ script: { durationMs: 100 * HOUR_MS, cancelTakesMs: 0 } });
      const step = await fabrikam.run({ waitTimeoutInMinutes: '2', onTimeout }, { env });
      assert.deepEqual([step.result, step.outputs.result, statusOf(fabrikam)], [result, 'timedOut', child]);
    });
    await Promise.all(cases);
  });

  it('23. names what blocks a run: approval, check, permission, no agent', async () => {
    const { clock, env } = fastTime(60);
    const checks: [CheckScript[], RegExp][] = [
      [
        [{ type: 'approval', approvers: ['Robin Meyer'] }],
        /waits for approval by Robin Meyer before stage Deploy\. http/,
      ],
      [[{ type: 'taskCheck', name: 'Business hours', durationMs: HOUR_MS }], /waits for the check 'Business hours'/],
      [
        [{ type: 'authorization', resource: { type: 'queue', id: '7', name: 'metal' } }],
        /waits for a permission to use /,
      ],
      [[], /waits for an agent of pool 'metal'.*none is online and enabled/],
    ];
    const cases = checks.map(async ([some, said]) => {
      const fabrikam = await startOrganization({ clock });
      fabrikam.emulator.state.addPool('metal', []);
      const waitsForAgentMs = some.length ? 0 : ('never' as const);
      const script = { durationMs: 1000, waitsForAgentMs, stages: { Deploy: { checks: some } } };
      fabrikam.add({ stages: [{ name: 'Deploy' }], queue: some.length ? 'Default' : 'metal', script });
      const step = await fabrikam.run({ waitTimeoutInMinutes: '3', onTimeout: 'warn' }, { env });
      assert.equal(step.outputs.result, 'timedOut');
      assert.equal(step.log.filter((line) => said.test(line)).length, 1, logOf(step));
      assert.deepEqual(issuesOf(step, 'error'), []);
    });
    await Promise.all(cases);
  });
});

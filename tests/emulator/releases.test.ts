import { ReleaseApi } from 'azure-devops-node-api/ReleaseApi';
import { getPersonalAccessTokenHandler } from 'azure-devops-node-api/WebApi';
import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import type { NewDefinition } from '../../emulator/state/ReleaseArea';
import { request, standingClock, type Answer, type Wire } from './request';

describe('Releases of the emulator', () => {
  const clock = standingClock();
  let emulator: Emulator;

  beforeEach(async () => {
    emulator = await startEmulator({ clock });
    emulator.state.addProject('Fabrikam');
    const pipeline = emulator.state.addPipeline({ name: 'api' });
    emulator.state.queue(pipeline);
    emulator.state.addCommit(pipeline, 'release/2');
    clock.jump(5000);
    emulator.state.queue(pipeline, { branch: 'refs/heads/release/2' });
    clock.jump(5000);
  });

  afterEach(() => emulator.close());

  function send(line: string, body?: unknown): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ');
    return request(emulator, `${method} Fabrikam/_apis/release/${path}`, {
      url: emulator.releaseUrl,
      ...(body === undefined ? {} : { body }),
    });
  }

  async function create(options: Partial<NewDefinition>, body: object = {}): Promise<Wire> {
    const definition = emulator.state.releaseArea.addDefinition({
      name: 'Deploy',
      stages: [{ name: 'Dev' }, { name: 'Test' }],
      artifacts: { _api: 'api' },
      ...options,
    });
    const answer = await send('POST releases', { definitionId: definition.id, ...body });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  async function statuses(release: Wire): Promise<string[]> {
    const { body } = await send(`GET releases/${release.id}`);
    return (body.environments as Wire[]).map(({ name, status }) => `${name} ${status}`);
  }

  async function operations(release: Wire): Promise<unknown[]> {
    const { body } = await send(`GET deployments?definitionId=1`);
    assert.ok(release.id);
    return body.value.map(({ operationStatus }) => operationStatus);
  }

  it('deploy their stages one after the other, each after the success of the one before', async () => {
    const release = await create({});
    assert.deepEqual(await statuses(release), ['Dev inProgress', 'Test notStarted']);
    clock.jump(1500);
    assert.deepEqual(await statuses(release), ['Dev succeeded', 'Test inProgress']);
    clock.jump(500);
    assert.deepEqual(await statuses(release), ['Dev succeeded', 'Test succeeded']);
  });

  it('stop at a rejected stage, and deploy it again by hand as another attempt', async () => {
    const release = await create({
      script: ({ attempt, environment }) => ({
        result: environment === 'Dev' && attempt === 1 ? 'failed' : 'succeeded',
      }),
    });
    clock.jump(5000);
    assert.deepEqual(await statuses(release), ['Dev rejected', 'Test notStarted']);
    const [dev] = release.environments as Wire[];
    assert.equal(
      (await send(`PATCH releases/${release.id}/environments/${dev!.id}`, { status: 'inProgress' })).status,
      200,
    );
    clock.jump(5000);
    assert.deepEqual(await statuses(release), ['Dev succeeded', 'Test succeeded']);
    const { body } = await send(`GET releases/${release.id}/environments/${dev!.id}`);
    assert.deepEqual(
      (body.deploySteps as Wire[]).map(({ attempt, status }) => `${String(attempt)} ${status}`),
      ['1 failed', '2 succeeded'],
    );
  });

  it('do not deploy a stage a second time while it is being deployed', async () => {
    const release = await create({ script: { environments: { Test: { durationMs: 10_000 } } } });
    clock.jump(2000);
    const [dev, test] = release.environments as Wire[];
    await send(`PATCH releases/${release.id}/environments/${dev!.id}`, { status: 'inProgress' });
    clock.jump(2000);
    assert.deepEqual(await statuses(release), ['Dev succeeded', 'Test inProgress']);
    const { body } = await send(`GET releases/${release.id}/environments/${test!.id}`);
    assert.equal((body.deploySteps as Wire[]).length, 1);
    const again = await send(`PATCH releases/${release.id}/environments/${test!.id}`, { status: 'inProgress' });
    assert.equal(again.status, 400);
  });

  it('do not deploy by themselves what is in manualEnvironments, nor go on after a partial success', async () => {
    const release = await create({}, { manualEnvironments: ['Dev'] });
    const partial = await create({ name: 'Other', script: { result: 'succeededWithIssues' } });
    clock.jump(60_000);
    assert.deepEqual(await statuses(release), ['Dev notStarted', 'Test notStarted']);
    assert.deepEqual(await statuses(partial), ['Dev partiallySucceeded', 'Test notStarted']);
  });

  it('wait for approvals before and after, gates, agents and manual interventions, and say so', async () => {
    const release = await create({
      stages: [{ name: 'Dev', preApprovers: ['Dana Reyes'], postApprovers: ['Dana Reyes'] }],
      script: { gates: { durationMs: 1000 }, intervention: { instructions: 'Look' }, waitsForAgentMs: 1000 },
    });
    const approve = async (type: string): Promise<void> => {
      const { body } = await send(`GET approvals?releaseIdsFilter=${release.id}&typeFilter=${type}`);
      assert.equal(
        (await send(`PATCH approvals/${body.value[0]!.id}`, { status: 'approved', comments: 'x' })).status,
        200,
      );
    };
    const seen = [(await operations(release))[0]];
    await approve('preDeploy');
    seen.push((await operations(release))[0]);
    clock.jump(1000);
    seen.push((await operations(release))[0]);
    const { body } = await send(`GET releases/${release.id}/manualinterventions`);
    await send(`PATCH releases/${release.id}/manualinterventions/${body.value[0]!.id}`, {
      status: 'approved',
      comment: '',
    });
    for (let second = 0; second < 3; second++) {
      seen.push((await operations(release))[0]);
      clock.jump(1000);
    }
    await approve('postDeploy');
    seen.push((await operations(release))[0]);
    assert.deepEqual(seen, [
      'pending',
      'evaluatingGates',
      'manualInterventionPending',
      'queuedForAgent',
      'phaseInProgress',
      'pending',
      'approved',
    ]);
    assert.deepEqual(await statuses(release), ['Dev succeeded']);
  });

  it('are rejected by a rejected approval and by a failed gate', async () => {
    const rejected = await create({ stages: [{ name: 'Dev', preApprovers: ['Dana Reyes'] }] });
    const gate = await create({
      name: 'Other',
      stages: [{ name: 'Dev' }],
      script: { gates: { durationMs: 10, result: 'failed' } },
    });
    const { body } = await send('GET approvals');
    await send(`PATCH approvals/${body.value[0]!.id}`, { status: 'rejected', comments: 'no' });
    clock.jump(10);
    assert.deepEqual([...(await statuses(rejected)), ...(await statuses(gate))], ['Dev rejected', 'Dev rejected']);
  });

  it('are canceled, at once while they wait and after a while when they work', async () => {
    const release = await create({ script: { durationMs: 60_000 } });
    clock.jump(1000);
    const [dev] = release.environments as Wire[];
    await send(`PATCH releases/${release.id}/environments/${dev!.id}`, { status: 'canceled' });
    assert.deepEqual(await operations(release), ['cancelling']);
    clock.jump(1000);
    assert.deepEqual(await statuses(release), ['Dev canceled', 'Test notStarted']);
    assert.equal(
      (await send(`PATCH releases/${release.id}/environments/${dev!.id}`, { status: 'canceled' })).status,
      400,
    );
  });

  it('deploy a stage at the time that was asked for', async () => {
    const release = await create({ stages: [{ name: 'Dev', manual: true }] });
    const [dev] = release.environments as Wire[];
    const scheduledDeploymentTime = new Date(clock.now() + 60_000).toISOString();
    await send(`PATCH releases/${release.id}/environments/${dev!.id}`, {
      status: 'inProgress',
      scheduledDeploymentTime,
    });
    assert.deepEqual(await statuses(release), ['Dev scheduled']);
    clock.jump(61_000);
    assert.deepEqual(await statuses(release), ['Dev succeeded']);
  });

  it('take the versions that were asked for, and the newest good run otherwise', async () => {
    const { body } = await send('POST releases', {}).then(() => send('GET artifacts/versions?releaseDefinitionId=1'));
    assert.equal(body.typeKey, 'ReleaseDefinitionNotFoundException');
    const newest = await create({});
    const versions = (await send('GET artifacts/versions?releaseDefinitionId=1')).body.artifactVersions as {
      alias: string;
      versions: Wire[];
    }[];
    const [source] = versions;
    assert.ok(source);
    assert.deepEqual(
      source.versions.map(({ sourceBranch }) => sourceBranch),
      ['refs/heads/release/2', 'refs/heads/main'],
    );
    const version = (release: Wire): unknown =>
      (release.artifacts as { definitionReference: { branch: { id: string } } }[])[0]?.definitionReference.branch.id;
    assert.equal(version(newest), 'refs/heads/release/2');
    const older = await create(
      { name: 'Other' },
      { artifacts: [{ alias: '_api', instanceReference: { id: String(source.versions[1]!.id) } }] },
    );
    assert.equal(version(older), 'refs/heads/main');
    for (const artifacts of [
      [{ alias: 'nope', instanceReference: { id: '1' } }],
      [{ alias: '_api', instanceReference: { id: '1' } }],
    ]) {
      assert.equal((await send('POST releases', { definitionId: 1, artifacts })).status, 400);
    }
  });

  it('refuse variables that cannot be set at release time, and drafts deploy nothing until they are active', async () => {
    const variables = { open: { value: '1', allowOverride: true }, shut: '2' };
    const draft = await create({ variables }, { isDraft: true, variables: { open: { value: '3' } } });
    assert.equal((await send('POST releases', { definitionId: 1, variables: { shut: { value: '3' } } })).status, 400);
    clock.jump(60_000);
    assert.deepEqual([draft.status, await statuses(draft)], ['draft', ['Dev notStarted', 'Test notStarted']]);
    await send(`PATCH releases/${draft.id}`, { status: 'active' });
    assert.deepEqual(await statuses(draft), ['Dev inProgress', 'Test notStarted']);
  });

  it('name the permission that is missing', async () => {
    await create({});
    emulator.tokens.push({ token: 'weak', identity: 'Lee Moss', denied: ['createReleases'] });
    const line = 'POST Fabrikam/_apis/release/releases';
    const answer = await request(emulator, line, {
      url: emulator.releaseUrl,
      token: 'weak',
      body: { definitionId: 1 },
    });
    assert.deepEqual(
      [answer.status, answer.body.message],
      [
        403,
        'VS402904: Access denied: User Lee Moss does not have create releases permission. Contact your release manager.',
      ],
    );
  });

  it('live on the release host of Services and not on the other one', async () => {
    const other = await request(emulator, 'GET Fabrikam/_apis/release/definitions');
    assert.equal(other.status, 501);
    const server = await startEmulator({ kind: 'server' });
    try {
      server.state.addProject('Fabrikam');
      assert.equal(server.releaseUrl, server.url);
      const own = await request(server, 'GET Fabrikam/_apis/release/definitions', {
        accept: 'application/json;api-version=7.0',
      });
      assert.equal(own.status, 200);
    } finally {
      await server.close();
    }
  });

  it("are what Microsoft's own client takes them for", async () => {
    const definition = emulator.state.releaseArea.addDefinition({
      name: 'Deploy',
      stages: [{ name: 'Dev' }],
      artifacts: { _api: 'api' },
    });
    const api = new ReleaseApi(emulator.releaseUrl, [getPersonalAccessTokenHandler(emulator.token)]);
    const release = await api.createRelease({ definitionId: definition.id }, 'Fabrikam');
    clock.jump(5000);
    assert.equal((await api.getRelease('Fabrikam', release.id!)).environments?.[0]?.status, 4);
    assert.deepEqual(await api.addReleaseTags(['a', 'b'], 'Fabrikam', release.id!), ['a', 'b']);
    assert.deepEqual(await api.addReleaseTag('Fabrikam', release.id!, 'c'), ['a', 'b', 'c']);
    const { artifactVersions } = await api.getArtifactVersions('Fabrikam', definition.id);
    assert.equal(artifactVersions?.[0]?.alias, '_api');
    assert.deepEqual(
      emulator.calls.filter(({ route }) => route === 'emulator.unknown'),
      [],
    );
  });
});

import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { request, standingClock } from './request';

describe('Access to the emulator', () => {
  const clock = standingClock();
  let emulator: Emulator;
  let pipeline: number;

  before(async () => {
    emulator = await startEmulator({
      clock,
      tokens: [
        {
          token: 'job',
          identity: 'Fabrikam Build Service (contoso)',
          denied: ['queueBuilds', 'stopBuilds', 'readPools', 'readRepository'],
          projects: ['Fabrikam'],
        },
        { token: 'short', expiresAt: clock.now() + 1000 },
      ],
    });
    emulator.state.addProject('Fabrikam');
    emulator.state.addProject('Secret');
    pipeline = emulator.state.addPipeline({ name: 'rebuild' }).id;
  });

  after(() => emulator.close());

  it('takes its token as Bearer and as the password of Basic', async () => {
    for (const authorization of [`Bearer ${emulator.token}`, `Basic ${btoa(`anyone:${emulator.token}`)}`]) {
      const response = await fetch(`${emulator.url}_apis/projects`, { headers: { authorization } });
      assert.equal(response.status, 200);
    }
  });

  it('answers a wrong and an expired token with the sign-in page and 203', async () => {
    for (const token of ['wrong', null]) {
      const answer = await request(emulator, 'GET _apis/projects', { token });
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [203, 'text/html; charset=utf-8']);
    }
    assert.equal((await request(emulator, 'GET _apis/projects', { token: 'short' })).status, 200);
    clock.jump(1000);
    assert.equal((await request(emulator, 'GET _apis/projects', { token: 'short' })).status, 203);
  });

  it('can answer it with 302 and with 401 as well', async () => {
    for (const [badToken, status] of [
      ['redirect302', 302],
      ['unauthorized401', 401],
    ] as const) {
      const other = await startEmulator({ badToken });
      try {
        const answer = await request(other, 'GET _apis/projects', { token: 'wrong' });
        assert.equal(answer.status, status);
        if (status === 302) assert.match(answer.headers.get('location') ?? '', /_signin/);
        else assert.match(answer.body.message, /^TF400813: The user '' is not authorized/);
      } finally {
        await other.close();
      }
    }
  });

  it('names the identity and the permission that is missing', async () => {
    const queue = await request(emulator, 'POST Fabrikam/_apis/build/builds', {
      token: 'job',
      body: { definition: { id: pipeline } },
    });
    assert.equal(queue.status, 403);
    assert.match(
      queue.body.message,
      /^TF215106: Access denied\. Fabrikam Build Service \(contoso\) needs Queue builds permissions for build pipeline \d+:rebuild in team project Fabrikam/,
    );
    emulator.state.queue(emulator.state.pipelines[0]!);
    const stop = await request(emulator, 'PATCH Fabrikam/_apis/build/builds/1001', {
      token: 'job',
      body: { status: 'cancelling' },
    });
    assert.match(stop.body.message, /needs Stop builds permissions/);
    const pool = await request(emulator, 'GET _apis/distributedtask/pools/1', { token: 'job' });
    assert.equal(pool.status, 403);
  });

  it('hides projects and repositories that the identity may not see', async () => {
    const names = (await request(emulator, 'GET _apis/projects', { token: 'job' })).body.value.map(({ name }) => name);
    assert.deepEqual(names, ['Fabrikam']);
    const secret = await request(emulator, 'GET Secret/_apis/build/definitions', { token: 'job' });
    assert.deepEqual([secret.status, secret.body.message.slice(0, 8)], [404, 'VS800075']);
    const missing = await request(emulator, 'GET Nowhere/_apis/build/definitions');
    assert.deepEqual([missing.status, missing.body.message.slice(0, 8)], [404, 'TF200016']);
    const repository = await request(emulator, 'GET Fabrikam/_apis/git/repositories/Fabrikam/items?path=/x', {
      token: 'job',
    });
    assert.deepEqual([repository.status, repository.body.message.slice(0, 8)], [404, 'TF401019']);
  });

  it('reads the root YAML at a branch, and says what is not there', async () => {
    const path = 'GET Fabrikam/_apis/git/repositories/Fabrikam/items?path=/pipelines/rebuild.yml';
    const text = await request(emulator, `${path}&versionDescriptor.version=main`, { accept: 'text/plain' });
    assert.match(text.text, /echo hello/);
    const branch = await request(emulator, `${path}&versionDescriptor.version=nope`);
    assert.match(branch.body.message, /^TF401175/);
    assert.match((await request(emulator, `${path}x`)).body.message, /^TF401174/);
  });

  it('wants an api-version on what changes something, and none that is too new or no preview', async () => {
    const post = (accept: string): Promise<{ status: number; body: { typeKey: string } }> =>
      request(emulator, 'POST Fabrikam/_apis/build/builds', { accept, body: { definition: { id: pipeline } } });
    assert.equal((await post('application/json')).body.typeKey, 'VssVersionNotSpecifiedException');
    assert.equal((await post('application/json;api-version=9.0')).body.typeKey, 'VssVersionOutOfRangeException');
    assert.equal((await post('application/json;api-version=7.2')).body.typeKey, 'VssInvalidPreviewVersionException');
    assert.equal(
      (await post('application/json;api-version=7.2-preview.99')).body.typeKey,
      'VssVersionOutOfRangeException',
    );
    assert.equal((await post('application/json;api-version=7.1')).status, 200);
  });

  it('refuses an unknown route loudly and puts it on record', async () => {
    const answer = await request(emulator, 'GET Fabrikam/_apis/wit/workitems/1');
    assert.equal(answer.status, 501);
    assert.match(answer.body.message, /no route for GET Fabrikam\/_apis\/wit\/workitems\/1/);
    assert.equal(emulator.calls.at(-1)?.route, 'emulator.unknown');
    assert.match((await request(emulator, 'PUT _apis/projects')).body.message, /does not take PUT/);
  });

  it('serves a second organization with its own token and data', async () => {
    const other = await startEmulator({ organization: 'tailspin', clock });
    try {
      other.state.addProject('Toys');
      assert.match(other.url, /\/tailspin\/$/);
      assert.equal((await request(other, 'GET _apis/projects', { token: emulator.token })).status, 203);
      assert.equal((await request(other, 'GET _apis/projects')).body.value[0]?.name, 'Toys');
    } finally {
      await other.close();
    }
  });

  it('wants no token for a signed address, which is good for that address alone and for an hour', async () => {
    const run = emulator.state.queue(emulator.state.addPipeline({ name: 'logged', script: { durationMs: 0 } }));
    clock.jump(1000);
    const logs = `Fabrikam/_apis/pipelines/${run.pipeline.id}/runs/${run.id}/logs/1?$expand=signedContent`;
    const { url } = (await request(emulator, `GET ${logs}`)).body.signedContent as { url: string };
    const statusOf = async (address: string, method = 'GET') => (await fetch(address, { method })).status;
    assert.equal(await statusOf(url), 200);
    assert.equal(await statusOf(url.replace('logs/1', 'logs/2')), 203);
    assert.equal(await statusOf(url, 'DELETE'), 203);
    clock.jump(3_600_000);
    assert.equal(await statusOf(url), 203);
  });
});

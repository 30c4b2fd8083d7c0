import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { request } from './request';

describe('Faults of the emulator', () => {
  let emulator: Emulator;
  let pipeline: number;
  const builds = '{project}/_apis/build/builds';

  beforeEach(async () => {
    emulator = await startEmulator();
    emulator.state.addProject('Fabrikam');
    pipeline = emulator.state.addPipeline({ name: 'rebuild' }).id;
  });

  afterEach(() => emulator.close());

  function queue(): ReturnType<typeof request> {
    return request(emulator, 'POST Fabrikam/_apis/build/builds', { body: { definition: { id: pipeline } } });
  }

  it('drop the connection before anything happened, once', async () => {
    emulator.faults.add({ match: { method: 'POST', route: builds }, kind: 'drop' });
    await assert.rejects(queue());
    assert.equal(emulator.state.runs.length, 0);
    assert.equal((await queue()).status, 200);
    assert.deepEqual(
      emulator.calls.map(({ status }) => status),
      [0, 200],
    );
  });

  it('drop the connection after it happened', async () => {
    emulator.faults.add({ match: { method: 'POST', route: builds }, kind: 'dropAfter' });
    await assert.rejects(queue());
    assert.equal(emulator.state.runs.length, 1);
  });

  it('answer with a status, headers and a body while nothing happens', async () => {
    emulator.faults.add({
      match: (call) => call.method === 'POST',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '3' },
      body: { message: 'TF400733' },
    });
    const answer = await queue();
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), answer.body.message], [429, '3', 'TF400733']);
    assert.equal(emulator.state.runs.length, 0);
  });

  it('lose the answer behind a status although it happened', async () => {
    emulator.faults.add({ match: { method: 'POST' }, kind: 'statusAfter', status: 503 });
    assert.equal((await queue()).status, 503);
    assert.equal(emulator.state.runs.length, 1);
  });

  it('add Retry-After to an answer that is otherwise as usual', async () => {
    emulator.faults.add({
      match: { method: 'GET' },
      kind: 'headers',
      headers: { 'retry-after': '7', 'x-ratelimit-remaining': '0' },
      times: 2,
    });
    for (const expected of ['7', '7', null]) {
      const answer = await request(emulator, 'GET _apis/projects');
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [200, expected]);
    }
  });

  it('strike the request with the given number', async () => {
    emulator.faults.add({ match: { route: '_apis/projects', nth: 2 }, kind: 'status', status: 500 });
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await request(emulator, 'GET _apis/projects')).status);
    assert.deepEqual(statuses, [200, 500, 200]);
  });

  it('send pages, sign-in pages, wrong types, garbage and redirects', async () => {
    for (const kind of ['html', 'signIn203', 'wrongType', 'garbage', 'redirect'] as const)
      emulator.faults.add({ match: {}, kind });
    const seen = [];
    for (let count = 0; count < 5; count++) {
      const answer = await request(emulator, 'GET _apis/projects');
      seen.push(`${answer.status} ${answer.headers.get('content-type')?.split(';')[0]} ${'count' in answer.body}`);
    }
    assert.deepEqual(seen, [
      '200 text/html false',
      '203 text/html false',
      '200 text/plain true',
      '200 application/json false',
      '302 text/html false',
    ]);
  });

  it('break off in the middle of an answer, and drip one', async () => {
    emulator.faults.add({ match: {}, kind: 'truncate' });
    await assert.rejects(request(emulator, 'GET _apis/projects'));
    emulator.faults.add({ match: {}, kind: 'drip', ms: 1 });
    assert.equal((await request(emulator, 'GET _apis/projects')).body.count, 1);
  });

  it('stay silent until the emulator closes', async () => {
    emulator.faults.add({ match: {}, kind: 'silence' });
    const waiting = assert.rejects(request(emulator, 'GET _apis/projects'));
    // Once the request is on record, closing is all that can end it.
    const arrived = (): boolean => emulator.calls.length > 0;
    while (!arrived()) await new Promise((resolve) => setImmediate(resolve));
    await emulator.close();
    await waiting;
  });

  it('are in the record of calls, with what was asked and on which connection', async () => {
    await queue();
    const call = emulator.calls[0]!;
    assert.deepEqual(
      [call.method, call.path, call.route, call.status],
      ['POST', '/contoso/Fabrikam/_apis/build/builds', builds, 200],
    );
    assert.deepEqual(call.body, { definition: { id: pipeline } });
    assert.ok(call.bytesSent > 100 && call.connection >= 1);
  });
});

import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, Canceled } from '../../../tasks/lib/errors';
import { LostAnswer, Transport, type HttpRequest } from '../../../tasks/lib/transport';
import { handClock, worldOf } from '../../signin/jobStub';

type Answer = (response: http.ServerResponse, request: http.IncomingMessage) => void;

interface Scene {
  transport: Transport;
  /** Sends to the server; GET unless it says otherwise. */
  send: (request?: Partial<HttpRequest>) => ReturnType<Transport['send']>;
  log: string[];
  url: string;
  /** Authorization of each request that came. */
  came: (string | undefined)[];
  connections: Set<unknown>;
  /** Milliseconds that were slept on the clock. */
  slept: () => number;
}

const open: http.Server[] = [];

/** A server that answers the n-th request by the n-th answer, the last one from then on. */
async function serve(...answers: Answer[]): Promise<Scene> {
  const came: Scene['came'] = [];
  const connections = new Set<unknown>();
  const server = http.createServer((request, response) => {
    came.push(request.headers.authorization);
    connections.add(request.socket);
    request.resume();
    (answers[came.length - 1] ?? answers.at(-1))?.(response, request);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x?secret=1`;
  const clock = handClock(0);
  const log: string[] = [];
  const transport = new Transport(worldOf(log, clock));
  const send: Scene['send'] = (request = {}) => transport.send({ method: 'GET', url, ...request });
  return { transport, send, log, url, came, connections, slept: () => clock.now() };
}

const ok: Answer = (response) => response.end('fine');
const status =
  (code: number, headers: http.OutgoingHttpHeaders = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();
const drop: Answer = (response) => response.destroy();

function token(...tokens: string[]) {
  let at = 0;
  return {
    authorization: () => Promise.resolve(tokens[at] ?? ''),
    renew: () => Promise.resolve(++at < tokens.length),
  };
}

describe('The transport', () => {
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('tries again what passes, on one connection', async () => {
    const scene = await serve(status(503), status(502), ok);
    assert.equal((await scene.send()).text, 'fine');
    assert.equal(scene.came.length, 3);
    assert.equal(scene.connections.size, 1);
    assert.equal(scene.slept(), 1500);
  });

  it('gives the last answer when all attempts failed', async () => {
    const scene = await serve(status(503));
    assert.equal((await scene.send({ attempts: 3 })).status, 503);
    assert.equal(scene.came.length, 3);
  });

  it('sends a POST once, but for what certainly did nothing', async () => {
    for (const answer of [status(503), status(500), drop]) {
      const scene = await serve(answer);
      const sent = scene.send({ method: 'POST', body: '{}' });
      if (answer === drop) await assert.rejects(sent, LostAnswer);
      else await sent;
      assert.equal(scene.came.length, 1);
    }
    const throttled = await serve(status(429), ok);
    assert.equal((await throttled.send({ method: 'POST', body: '{}' })).text, 'fine');
  });

  it('sends a POST that may be repeated again', async () => {
    const scene = await serve(drop, ok);
    assert.equal((await scene.send({ method: 'POST', body: '{}', repeatable: true })).text, 'fine');
  });

  it('tries again after a connection that broke, and names no query when it gives up', async () => {
    assert.equal((await (await serve(drop, ok)).send()).text, 'fine');
    await assert.rejects((await serve(drop)).send({ attempts: 2 }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it('tries again a body that was cut off', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    };
    assert.equal((await (await serve(cut, ok)).send()).text, 'fine');
  });

  it('bounds an answer that keeps dripping', async () => {
    const drip: Answer = (response) => {
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    };
    await assert.rejects((await serve(drip)).send({ attempts: 1, timeoutMs: 150 }), /no answer within 0.15 s/);
  });

  it('bounds an answer that never comes', async () => {
    await assert.rejects((await serve(() => undefined)).send({ attempts: 1, timeoutMs: 100 }), ApiError);
  });

  it('waits as long as the server asks for before the next request, whatever the status, and says so once', async () => {
    const scene = await serve(status(200, { 'retry-after': '7' }));
    for (let i = 0; i < 3; i++) await scene.send();
    assert.equal(scene.slept(), 14_000);
    assert.equal(scene.log.filter((line) => line.includes('slows us down')).length, 1);
  });

  it('gets a new token once after a refused one', async () => {
    const scene = await serve(status(401), ok);
    assert.equal((await scene.send({ credentials: token('old', 'new') })).text, 'fine');
    assert.deepEqual(scene.came, ['old', 'new']);
    const stubborn = await serve(status(401));
    assert.equal((await stubborn.send({ credentials: token('a', 'b', 'c') })).status, 401);
    assert.deepEqual(stubborn.came, ['a', 'b']);
  });

  it('follows redirects on the same host with its token', async () => {
    const scene = await serve(status(302, { location: '/elsewhere' }), ok);
    assert.equal((await scene.send({ credentials: token('t') })).text, 'fine');
    assert.deepEqual(scene.came, ['t', 't']);
  });

  it('takes no token to another host, and goes there for downloads only', async () => {
    const other = await serve(ok);
    const scene = await serve(status(302, { location: other.url }));
    assert.equal((await scene.send({ credentials: token('t') })).status, 302);
    assert.equal(other.came.length, 0);
    assert.equal((await scene.send({ credentials: token('t'), followToOtherHosts: true })).text, 'fine');
    assert.deepEqual(other.came, [undefined]);
  });

  it('follows no redirect of what changes something, and not for ever', async () => {
    const scene = await serve(status(302, { location: '/x' }));
    assert.equal((await scene.send({ method: 'POST', body: '{}' })).status, 302);
    assert.deepEqual(scene.came, [undefined]);
    assert.equal((await scene.send()).status, 302);
    assert.equal(scene.came.length, 7);
  });

  it('ends at once when the step is canceled', async () => {
    const canceled = new AbortController();
    const scene = await serve(() => canceled.abort());
    await assert.rejects(scene.send({ signal: canceled.signal }), Canceled);
  });

  it('says that nobody listens', async () => {
    const scene = await serve(ok);
    await new Promise((resolve) => open.splice(0)[0]?.close(resolve));
    await assert.rejects(scene.send({ method: 'POST', body: '{}', attempts: 2 }), (error) => {
      assert.ok(error instanceof ApiError && !(error instanceof LostAnswer), 'nothing can have happened');
      return true;
    });
  });

  it('knows how far ahead the clock of the server is', async () => {
    const scene = await serve(status(200, { date: new Date(90_000).toUTCString() }));
    await scene.send();
    assert.equal(scene.transport.serverAheadMs, 90_000);
  });
});

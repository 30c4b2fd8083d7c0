import assert from 'node:assert/strict';
import { createPrivateKey, createSign, createVerify } from 'node:crypto';
import { describe, it } from 'mocha';
import { newAgentKey, registrationFiles } from '../../agents/azureDevOps/agentKey';
import { loop, Wake, type Condition } from '../../agents/loop';
import { jsonLog } from '../../agents/log';
import { newMetrics } from '../../agents/metrics';
import { registrationWay } from '../../agents/registrationWay';
import { startServer } from '../../agents/server';
import { Canceled } from '../../tasks/lib/errors';
import { Secrets } from '../../tasks/lib/secrets';
import { TestClock } from './orchestrating';

const secrets = new Secrets(() => undefined);

describe('the registration of an agent by key', () => {
  it('signs with the written key what the registered one verifies', async () => {
    const key = await newAgentKey();
    const files = registrationFiles(
      { id: 5, name: 'a', authorization: { clientId: 'c', authorizationUrl: 'https://server/tfs/_apis/oauth2/token' } },
      { key, pool: { id: 7, name: 'build' }, orgUrl: 'https://proxy.example:8443/tfs/Main/' },
    );
    const written = JSON.parse(files.credentials_rsaparams!) as Record<string, string>;
    const url = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString('base64url');
    const { d, dp, dq, exponent, inverseQ, modulus, p, q } = written;
    const jwk = { kty: 'RSA', n: url(modulus), e: url(exponent), d: url(d), p: url(p), q: url(q) };
    const privateKey = createPrivateKey({
      key: { ...jwk, dp: url(dp), dq: url(dq), qi: url(inverseQ) },
      format: 'jwk',
    });
    const signature = createSign('sha256').update('jwt').sign(privateKey);
    const publicKey = { kty: 'RSA', n: url(key.publicKey.modulus), e: url(key.publicKey.exponent) };
    assert.ok(createVerify('sha256').update('jwt').verify({ key: publicKey, format: 'jwk' }, signature));
    const { data } = JSON.parse(files.credentials!) as { data: Record<string, string> };
    assert.equal(data.oauthEndpointUrl, 'https://proxy.example:8443/tfs/_apis/oauth2/token');
    assert.equal(data.authorizationUrl, 'https://server/tfs/_apis/oauth2/token');
  });

  it('is chosen where every image is ours', () => {
    assert.equal(registrationWay('auto', ['contoso.azurecr.io/ci/pipeline-cascade-agent:1']), 'key');
    assert.equal(registrationWay('auto', ['contoso.azurecr.io/pipeline-cascade-agent:1', 'other:1']), 'token');
    assert.equal(registrationWay('auto', ['not-pipeline-cascade-agent']), 'token');
    assert.equal(registrationWay('key', ['other:1']), 'key');
  });
});

describe('the log of the orchestrator', () => {
  it('writes JSON lines without any secret, wherever it stands', () => {
    const known = new Secrets(() => undefined);
    known.add('t0pS3cretValue');
    const lines: string[] = [];
    const log = jsonLog('info', known, { write: (line: string) => lines.push(line) });
    log.say('warn', 'The token t0pS3cretValue', { inner: { url: 'https://x/?t=t0pS3cretValue' } });
    log.debug('not shown');
    assert.equal(lines.length, 1);
    assert.ok(!lines[0]!.includes('t0pS3cretValue'));
    assert.equal((JSON.parse(lines[0]!) as { level: string }).level, 'warn');
  });
});

describe('the loop of the orchestrator', () => {
  const condition = (): Condition => ({ standsBy: false, turnedAt: 0 });
  const log = jsonLog('silent', secrets, { write: () => undefined });

  it('looks often while anything waits, and more and more seldom while nothing does', async () => {
    const stop = new AbortController();
    const pauses: number[] = [];
    let time = 0;
    const clock = {
      now: () => time,
      sleep: async (ms: number) => {
        pauses.push(ms);
        time += ms;
      },
    };
    const waits = [true, true, false, false, false, false, false, true];
    await loop({
      round: async () => {
        const now = waits.shift() ?? false;
        if (!waits.length) stop.abort();
        return now;
      },
      elected: async () => true,
      ...{ pauses: { shortestMs: 1000, idleMs: 5000 }, runOnce: false, wake: new Wake(), condition: condition() },
      ...{ log, clock, signal: stop.signal },
    });
    assert.deepEqual(pauses.slice(0, 7), [1000, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  it('does nothing while another instance acts, and goes on after a failure', async () => {
    const stop = new AbortController();
    const turns = [false, true, true];
    let rounds = 0;
    await loop({
      round: async () => {
        rounds += 1;
        if (rounds === 1) throw new Error('away');
        stop.abort();
        return false;
      },
      elected: async () => turns.shift() ?? true,
      ...{ pauses: { shortestMs: 1000, idleMs: 5000 }, runOnce: false, wake: new Wake(), condition: condition() },
      ...{ log, clock: new TestClock(), signal: stop.signal },
    });
    assert.equal(rounds, 2);
  });

  it('looks at most once a second, however often the hook wakes it', async () => {
    const [stop, wake, clock] = [new AbortController(), new Wake(), new TestClock()];
    const looks: number[] = [];
    await loop({
      round: async () => {
        looks.push(clock.now());
        wake.now();
        if (looks.length === 10) stop.abort();
        return false;
      },
      elected: async () => true,
      ...{ pauses: { shortestMs: 60_000, idleMs: 60_000 }, runOnce: false, wake, condition: condition(), log },
      clock: {
        now: clock.now,
        sleep: async (ms, signal) => {
          if (signal?.aborted) throw new Canceled();
          clock.time += ms;
        },
      },
      signal: stop.signal,
    });
    const pauses = looks.slice(1).map((at, i) => at - looks[i]!);
    assert.deepEqual(pauses, Array(9).fill(1000));
  });

  it('does not wait for ever with RUN_ONCE for another instance that acts, but as long as a dead one holds its Lease', async () => {
    const lines: string[] = [];
    for (const [turns, rounds] of [
      [Infinity, 0],
      [5, 1],
    ] as const) {
      let [asked, done] = [0, 0];
      await loop({
        round: async () => (done += 1) > 9,
        elected: async () => ++asked > turns,
        ...{ pauses: { shortestMs: 1000, idleMs: 5000 }, runOnce: true, wake: new Wake(), condition: condition() },
        log: jsonLog('info', secrets, { write: (line: string) => lines.push(line) }),
        ...{ clock: new TestClock(), signal: new AbortController().signal },
      });
      assert.equal(done, rounds);
      assert.ok(asked > 5 && asked < 30);
    }
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /Another instance holds the Lease .* \(RUN_ONCE\) ends/);
  });

  it('ends after one round with RUN_ONCE, and throws what went wrong in it', async () => {
    const frame = {
      ...{ pauses: { shortestMs: 1, idleMs: 1 }, runOnce: true, wake: new Wake(), condition: condition() },
    };
    const rest = {
      ...frame,
      log,
      clock: new TestClock(),
      signal: new AbortController().signal,
      elected: async () => true,
    };
    await loop({ ...rest, round: async () => true });
    await assert.rejects(loop({ ...rest, round: () => Promise.reject(new Error('no')) }), /no/);
  });
});

describe('the server of the orchestrator', () => {
  it('tells health, readiness and metrics, and is woken by nobody without the password', async () => {
    let [woken, now] = [0, 1_000_000];
    const state: Condition = { standsBy: false, turnedAt: now };
    const server = await startServer({
      ...{ port: 0, hook: { user: 'u', password: 'p' }, condition: state, metrics: newMetrics(), now: () => now },
      wake: () => {
        woken += 1;
      },
    });
    try {
      const address = server.address();
      assert.ok(address && typeof address === 'object');
      const ask = async (
        path: string,
        init: { method?: string; body?: string; headers?: Record<string, string> } = {},
      ) => await fetch(`http://127.0.0.1:${address.port}${path}`, init);
      assert.equal((await ask('/healthz')).status, 200);
      assert.equal((await ask('/readyz')).status, 503);
      state.goodAt = now;
      assert.equal((await ask('/readyz')).status, 200);
      assert.match(await (await ask('/metrics')).text(), /# HELP cascade_jobs_queued/);
      const authorization = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
      assert.equal((await ask('/hook', { method: 'POST', headers: authorization('u:q') })).status, 401);
      assert.equal((await ask('/hook', { headers: authorization('u:p') })).status, 405);
      assert.equal(woken, 0);
      assert.equal((await ask('/hook', { method: 'POST', body: '{}', headers: authorization('u:p') })).status, 202);
      assert.equal(woken, 1);
      now += 700_000;
      assert.equal((await ask('/healthz')).status, 503);
      assert.equal((await ask('/readyz')).status, 503);
      assert.equal((await ask('/else')).status, 404);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

// An agent as the service sees it, without the running of tasks: `configure` registers it with a token as config.sh does, `run` signs in
// with the key of its three files, takes one job, and is gone. Knows nothing but those files, its variables and the service's answers.
import { createPrivateKey, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';

const [, , verb, ...args] = process.argv;
const jobMs = Number(process.env.FAKE_JOB_MS ?? 1000);
let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => (stopping = true));

await (verb === 'configure' ? configure() : run());

/** What config.sh does: registers a key of its own, and writes the three files. */
async function configure() {
  const option = (name) => args[args.indexOf(`--${name}`) + 1];
  const token = process.env.VSTS_AGENT_INPUT_TOKEN;
  const serverUrl = option('url').replace(/\/*$/, '/');
  const headers = { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` };
  const pools = await ask('GET', `${serverUrl}_apis/distributedtask/pools?poolName=${option('pool')}`, { headers });
  const { id: poolId } = pools.value[0];
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  const base64 = (text) => Buffer.from(text, 'base64url').toString('base64');
  const publicKey = { exponent: base64(jwk.e), modulus: base64(jwk.n) };
  const body = {
    name: option('agent'),
    version: '4.265.1',
    authorization: { publicKey },
    systemCapabilities: process.env,
  };
  const agent = await ask('POST', `${serverUrl}_apis/distributedtask/pools/${poolId}/agents?api-version=7.0`, {
    headers,
    body,
  });
  const data = { ...agent.authorization, oauthEndpointUrl: agent.authorization.authorizationUrl };
  write('.agent', { agentId: agent.id, agentName: agent.name, poolId, serverUrl, workFolder: '_work' });
  write('.credentials', { scheme: 'OAuth', data });
  const { d, dp, dq, qi, p, q } = jwk;
  const secret = { d, dp, dq, inverseQ: qi, p, q };
  write('.credentials_rsaparams', {
    ...Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, base64(value)])),
    ...publicKey,
  });
}

/** What `run-docker.sh --once` does. */
async function run() {
  const { agentId, agentName, poolId, serverUrl } = read('.agent');
  const bearer = await signIn(read('.credentials').data, read('.credentials_rsaparams'));
  const headers = { authorization: `Bearer ${bearer}` };
  const pool = `${serverUrl.replace(/\/*$/, '/')}_apis/distributedtask/pools/${poolId}`;
  const version = 'api-version=7.1-preview.1';
  const { sessionId } = await ask('POST', `${pool}/sessions?${version}`, { headers, body: { agent: { id: agentId } } });
  console.log(JSON.stringify({ agent: agentName, variables: Object.keys(process.env) }));
  while (!stopping) {
    const message = await ask('GET', `${pool}/messages?sessionId=${sessionId}&${version}`, { headers });
    if (message === undefined) {
      await sleep(200);
      continue;
    }
    await ask('DELETE', `${pool}/messages/${message.messageId}?sessionId=${sessionId}&${version}`, { headers });
    const { requestId } = JSON.parse(message.body);
    await sleep(jobMs);
    const request = `${pool}/jobrequests/${requestId}?lockToken=${randomUUID()}&${version}`;
    await ask('PATCH', request, { headers, body: { requestId, result: 'succeeded' } });
    console.log(JSON.stringify({ agent: agentName, did: requestId }));
    break;
  }
  await ask('DELETE', `${pool}/sessions/${sessionId}?${version}`, { headers });
}

/** Signs with the written key, as the agent's OAuthCredential does; gives the token of this agent. */
async function signIn({ clientId, authorizationUrl, oauthEndpointUrl }, parameters) {
  const url = (text) => Buffer.from(text, 'base64').toString('base64url');
  const { d, dp, dq, exponent, inverseQ, modulus, p, q } = parameters;
  const numbers = { n: modulus, e: exponent, d, p, q, dp, dq, qi: inverseQ };
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, url(value)]));
  const key = createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
  const now = Math.floor(Date.now() / 1000);
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: clientId, sub: clientId, aud: authorizationUrl, jti: randomUUID(), nbf: now, exp: now + 300 };
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  const assertion = `${text}.${createSign('sha256').update(text).sign(key).toString('base64url')}`;
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: type });
  body.set('client_assertion', assertion);
  return (await ask('POST', oauthEndpointUrl, { body })).access_token;
}

async function ask(method, url, { headers = {}, body } = {}) {
  const isForm = body instanceof URLSearchParams;
  const answer = await globalThis.fetch(url, {
    method,
    headers: { ...headers, ...(body && !isForm && { 'content-type': 'application/json' }) },
    ...(body && { body: isForm ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered with ${answer.status}: ${text}`);
  return answer.status === 202 || text === '' ? undefined : JSON.parse(text);
}

function read(name) {
  return JSON.parse(readFileSync(name, 'utf8'));
}

function write(name, content) {
  writeFileSync(name, JSON.stringify(content));
}

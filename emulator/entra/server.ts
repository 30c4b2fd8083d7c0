import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../calls';
import { answerWith, createDelays, type Delays } from '../faultAnswers';
import { createFaultList, type FaultList } from '../faults';
import { systemClock, type Clock } from '../state/clock';
import type { TokenOptions } from '../tokens';
import { identify, type Application } from './applications';
import { EntraRefusal } from './refusals';

/** An identity that a machine has. Without `clientId` it is the machine's own. */
export interface ManagedIdentity {
  identity: string;
  clientId?: string;
}

/** One request as the login or the metadata service saw it. */
export interface EntraCall {
  at: number;
  method: string;
  path: string;
  headers: Record<string, string>;
  form: Record<string, string>;
  /** Status of the answer. */
  status: number;
}

/** What is answered in place of the right answer. */
export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  /** JSON, or text as it is. */
  body?: unknown;
}

export interface EntraOptions {
  clock?: Clock;
  applications?: Application[];
  managedIdentities?: ManagedIdentity[];
  /** Where its tokens are good: what it gives out is put in there. */
  organizations?: { tokens: TokenOptions[] }[];
  /** Default one hour. */
  tokenLifetimeMs?: number;
  /** How far its clock is ahead of the given one. */
  aheadMs?: number;
  /** What `IDENTITY_HEADER` has to be on a machine that is no virtual machine; default a random one. */
  identityHeader?: string;
  /** How slow and dripping answers pass their time; the machine's own time unless given. */
  pause?: (ms: number) => Promise<void>;
}

export interface Entra extends Required<Omit<EntraOptions, 'clock' | 'pause'>> {
  /** The authority of a connection, and the host of the metadata service, with a closing slash. */
  url: string;
  calls: EntraCall[];
  /** Taken one by one in place of answers. */
  answers: ScriptedAnswer[];
  /** Faults of the wire, each of which waits for its request. */
  faults: FaultList;
  /** Every access token that was given out. */
  issued: string[];
  close(): Promise<void>;
}

interface Reply {
  status: number;
  json?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

/**
 * Plays the token endpoint of Microsoft Entra ID (v2.0) for any tenants, the instance metadata service of a virtual machine, and the
 * identity endpoint of App Service, on one free port of 127.0.0.1. Assertions are verified for real.
 */
export async function startEntra(options: EntraOptions = {}): Promise<Entra> {
  const clock = options.clock ?? systemClock;
  const delays = createDelays(options.pause);
  const server = createServer((request, response) => void answer(entra, clock, { request, response, delays }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const entra: Entra = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    applications: options.applications ?? [],
    managedIdentities: options.managedIdentities ?? [],
    organizations: options.organizations ?? [],
    tokenLifetimeMs: options.tokenLifetimeMs ?? 3600_000,
    aheadMs: options.aheadMs ?? 0,
    identityHeader: options.identityHeader ?? randomBytes(16).toString('hex'),
    calls: [],
    answers: [],
    faults: createFaultList(),
    issued: [],
    close: () =>
      new Promise((resolve) => {
        delays.end();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return entra;
}

async function answer(
  entra: Entra,
  clock: Clock,
  { request, response, delays }: { request: IncomingMessage; response: ServerResponse; delays: Delays },
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  const now = clock.now() + entra.aheadMs;
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const { method = 'GET', url: path = '/' } = request;
  const call: EntraCall = { at: clock.now(), method, path, headers, form: Object.fromEntries(form), status: 0 };
  entra.calls.push(call);
  const perform = () =>
    scripted(entra.answers.shift()) ?? performed(entra, call, { form, now, expiresAt: expiry(entra, clock) });
  const wire: Call = { ...call, route: 'login', host: 'core', body: undefined, bytesSent: 0, connection: 0 };
  const struck = entra.faults.take(wire);
  if (struck) {
    await answerWith(struck, { call: wire, response, base: entra.url, perform }, delays);
    call.status = wire.status;
    return;
  }
  const reply = perform();
  call.status = reply.status;
  response.writeHead(reply.status, {
    date: new Date(now).toUTCString(),
    'content-type': reply.text === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    ...reply.headers,
  });
  response.end(reply.text ?? JSON.stringify(reply.json));
}

interface Asked {
  form: URLSearchParams;
  now: number;
  /** On the clock of the organizations. */
  expiresAt: number;
}

function performed(entra: Entra, call: EntraCall, asked: Asked): Reply {
  const url = new URL(call.path, entra.url);
  const tenant = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(url.pathname)?.[1];
  if (tenant && call.method === 'POST') return byApplication(entra, { ...asked, tenant, address: url.href });
  if (url.pathname === '/metadata/identity/oauth2/token' && call.method === 'GET') {
    return call.headers.metadata === 'true'
      ? byMachine(entra, url, asked)
      : {
          status: 400,
          json: { error: 'bad_request_102', error_description: 'Required metadata header not specified' },
        };
  }
  if (url.pathname === '/msi/token' && call.method === 'GET') {
    return call.headers['x-identity-header'] === entra.identityHeader
      ? byMachine(entra, url, asked)
      : { status: 401, json: { statusCode: 401, message: 'X-IDENTITY-HEADER does not fit.' } };
  }
  return { status: 404, json: { error: 'not_found' } };
}

function byApplication(entra: Entra, asked: Asked & { tenant: string; address: string }): Reply {
  try {
    const { identity } = identify(entra.applications, asked);
    const token = issue(entra, identity, asked.expiresAt);
    const expiresIn = Math.round(entra.tokenLifetimeMs / 1000);
    return {
      status: 200,
      json: { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token },
    };
  } catch (error) {
    if (error instanceof EntraRefusal) return { status: error.status, json: error.body(asked.now) };
    return { status: 500, json: { error: 'server_error', error_description: String(error) } };
  }
}

/** Times come as texts here, unlike in the answers of the token endpoint. */
function byMachine(entra: Entra, url: URL, { now, expiresAt }: Asked): Reply {
  const clientId = url.searchParams.get('client_id') ?? undefined;
  const found = entra.managedIdentities.find((one) => one.clientId === clientId);
  if (!found) return { status: 400, json: { error: 'invalid_request', error_description: 'Identity not found' } };
  const resource = url.searchParams.get('resource') ?? '';
  const expiresIn = Math.round(entra.tokenLifetimeMs / 1000);
  return {
    status: 200,
    json: {
      access_token: issue(entra, found.identity, expiresAt),
      client_id: clientId ?? '',
      expires_in: String(expiresIn),
      expires_on: String(Math.floor(now / 1000) + expiresIn),
      resource,
      token_type: 'Bearer',
    },
  };
}

function issue(entra: Entra, identity: string, expiresAt: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ typ: 'JWT', alg: 'RS256' })}.${part({ name: identity })}.${randomBytes(48).toString('base64url')}`;
  entra.issued.push(token);
  for (const { tokens } of entra.organizations) tokens.push({ token, identity, expiresAt });
  return token;
}

function expiry(entra: Entra, clock: Clock): number {
  return clock.now() + entra.tokenLifetimeMs;
}

function scripted(answer: ScriptedAnswer | undefined): Reply | undefined {
  if (!answer) return undefined;
  const { status, headers = {}, body = '' } = answer;
  return typeof body === 'string' ? { status, headers, text: body } : { status, headers, json: body };
}

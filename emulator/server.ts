import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { badTokenReply, refusalReply } from './answers';
import { unknownRoute, type Call } from './calls';
import { findRoute, type Found } from './dispatch';
import { answerWith, createDelays, type Delays } from './faultAnswers';
import { createFaultList, type FaultList } from './faults';
import type { Reply } from './routes/route';
import { isSigned } from './signature';
import type { Clock } from './state/clock';
import { person } from './state/identity';
import { EmulatorState } from './state/EmulatorState';
import { Refusal } from './state/refusal';
import { accessFor, agentAccess, randomToken, tokenOf, type BadTokenAnswer, type TokenOptions } from './tokens';

export interface EmulatorOptions {
  clock?: Clock;
  /** `server`: releases on the same host, no resource areas, path /tfs/<Collection>, older versions. */
  kind?: 'services' | 'server';
  /** Default contoso; on a server the collection, default DefaultCollection. */
  organization?: string;
  /** Accepted as Bearer and as Basic password; default a random one. */
  token?: string;
  tokens?: TokenOptions[];
  /** How a wrong or expired token is told; default signIn203, on a server unauthorized401. */
  badToken?: BadTokenAnswer;
  /** To serve an organization from a state that there is already. */
  state?: EmulatorState;
  /** How slow and dripping answers pass their time; the machine's own time unless given. */
  pause?: (ms: number) => Promise<void>;
  /** Default 0: a free one. */
  port?: number;
}

export interface Emulator {
  /** Organization URL with its closing slash. */
  url: string;
  /** The same on the host of releases; on a server the same as url. */
  releaseUrl: string;
  token: string;
  /** Known tokens; what is put in here is accepted from then on. */
  tokens: TokenOptions[];
  state: EmulatorState;
  calls: Call[];
  faults: FaultList;
  close(): Promise<void>;
}

interface Frame {
  kind: 'services' | 'server';
  emulator: Emulator;
  prefix: string;
  badToken: BadTokenAnswer;
  delays: Delays;
  sockets: WeakMap<Socket, number>;
  connections: number;
}

/** Starts the emulator on free ports of 127.0.0.1. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const kind = options.kind ?? 'services';
  const name = options.organization ?? (kind === 'server' ? 'DefaultCollection' : 'contoso');
  const prefix = kind === 'server' ? `/tfs/${encodeURIComponent(name)}/` : `/${encodeURIComponent(name)}/`;
  const state =
    options.state ?? new EmulatorState({ organization: name, ...(options.clock ? { clock: options.clock } : {}) });
  const token = options.token ?? randomToken();
  const emulator: Emulator = {
    url: '',
    releaseUrl: '',
    token,
    tokens: [{ token }, ...(options.tokens ?? [])],
    state,
    calls: [],
    faults: createFaultList(),
    close: () => closeAll(frame, servers),
  };
  const badToken = options.badToken ?? (kind === 'server' ? 'unauthorized401' : 'signIn203');
  const frame: Frame = {
    kind,
    emulator,
    prefix,
    badToken,
    delays: createDelays(options.pause),
    sockets: new WeakMap(),
    connections: 0,
  };
  const hosts: ('core' | 'release')[] = kind === 'server' ? ['core'] : ['core', 'release'];
  const servers = hosts.map((host) => hostServer(frame, host));
  const ports = await Promise.all(
    servers.map((server, index) => listen(server, index === 0 ? (options.port ?? 0) : 0)),
  );
  emulator.url = `http://127.0.0.1:${ports[0] ?? 0}${prefix}`;
  emulator.releaseUrl = `http://127.0.0.1:${ports[1] ?? ports[0] ?? 0}${prefix}`;
  return emulator;
}

function hostServer(frame: Frame, host: 'core' | 'release'): Server {
  const server = createServer((request, response) => void answer(frame, host, request, response));
  server.on('connection', (socket) => frame.sockets.set(socket, ++frame.connections));
  return server;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function closeAll(frame: Frame, servers: Server[]): Promise<void> {
  frame.delays.end();
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
          server.closeAllConnections();
        }),
    ),
  );
}

async function answer(
  frame: Frame,
  host: 'core' | 'release',
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readBody(request).catch(() => undefined);
  if (text === undefined) return;
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const method = (request.method ?? 'GET').toUpperCase();
  const inside = url.pathname.toLowerCase().startsWith(frame.prefix.toLowerCase());
  const path = inside ? url.pathname.slice(frame.prefix.length).replace(/\/$/, '') : undefined;
  const found = path === undefined ? undefined : findRoute(method, path, host, frame.kind);
  const call: Call = {
    at: frame.emulator.state.now,
    method,
    path: request.url ?? '/',
    route: found?.name ?? unknownRoute,
    host,
    status: 0,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: parsed(text),
    bytesSent: 0,
    connection: frame.sockets.get(request.socket) ?? 0,
  };
  frame.emulator.calls.push(call);
  const perform = (): Reply => performed(frame, { call, found, url });
  const { faults, url: base } = frame.emulator;
  await answerWith(faults.take(call), { call, response, base, perform }, frame.delays);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Authentication, then the route; every refusal in the service's form. */
function performed(frame: Frame, { call, found, url }: { call: Call; found: Found | undefined; url: URL }): Reply {
  const { emulator } = frame;
  const { state } = emulator;
  const token = isSigned(call.method, url, state.now) ? emulator.token : tokenOf(call.headers.authorization);
  const agents = state.agentTokens.map(({ token, agent, expiresAt }) => agentAccess(token, agent.name, expiresAt));
  const access = found?.isLogin
    ? { identity: person('anonymous'), denied: [] }
    : accessFor(token, [...emulator.tokens, ...agents], state.now, state.owner);
  if (!access) return badTokenReply(frame.badToken, emulator.url, call.path);
  const isText = typeof call.body === 'string' && (call.headers['content-type'] ?? '').includes('json');
  try {
    if (!found) throw new Refusal(404, 'HostNotFoundException', `The resource cannot be found: ${call.path}`);
    if (isText)
      throw new Refusal(400, 'VssRequestContentInvalidException', 'The body of the request is not valid JSON.');
    return found.answer(
      {
        state,
        access,
        kind: frame.kind,
        base: emulator.url,
        releaseBase: emulator.releaseUrl,
        params: found.params,
        query: new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value])),
        accept: call.headers.accept ?? '',
        body: call.body,
      },
      call.headers['content-type'] ?? '',
    );
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error);
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return refusalReply(new Refusal(500, 'EmulatorFaultException', message));
  }
}

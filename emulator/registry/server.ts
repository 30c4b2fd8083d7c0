import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../calls';
import { answerWith, createDelays } from '../faultAnswers';
import { createFaultList, type FaultList } from '../faults';
import { buildImage, buildIndex, INDEX_TYPE, type BuiltImage, type ImageRecipe } from './images';

export interface RegistryCall extends Call {
  authorization: string | undefined;
}

export interface RegistryEmulatorOptions {
  /** User names and passwords; none lets everybody read. */
  users?: Record<string, string>;
  /** How a user is known: a token of this server's own, or Basic. */
  auth?: 'token' | 'basic';
  /** How slow and dripping answers pass their time; the machine's own time unless given. */
  pause?: (ms: number) => Promise<void>;
}

interface Tag {
  digest: string;
  /** What Docker Hub's record of tags would say. */
  lastUpdated?: string;
}

/** A registry of the OCI distribution API in memory, with Docker Hub's record of tags beside it. */
export interface RegistryEmulator {
  /** `127.0.0.1:<port>`. */
  host: string;
  calls: RegistryCall[];
  /** Answers instead of the registry, while it gives one. */
  fault: ((call: RegistryCall) => { status: number; headers?: Record<string, string> } | undefined) | undefined;
  /** Faults of the wire, each of which waits for its request. */
  faults: FaultList;
  /** Puts an image, or an index of several, under a tag and gives its digest. */
  put(
    repository: string,
    tag: string,
    recipes: ImageRecipe | ImageRecipe[],
    more?: { note?: string; lastUpdated?: string },
  ): string;
  close(): Promise<void>;
}

interface Stored {
  text: string;
  mediaType: string;
}

const TOKEN = 'emulated-registry-token';

/** Starts the registry on a free port of this machine. */
export async function startRegistry(options: RegistryEmulatorOptions = {}): Promise<RegistryEmulator> {
  const documents = new Map<string, Stored>();
  const tags = new Map<string, Tag>();
  const calls: RegistryCall[] = [];
  const keep = (image: BuiltImage): void => {
    documents.set(image.digest, { text: image.manifest, mediaType: image.mediaType });
    for (const [digest, text] of image.blobs) documents.set(digest, { text, mediaType: 'application/octet-stream' });
  };
  const server = createServer((request, response) => {
    const call: RegistryCall = {
      ...{ at: Date.now(), method: request.method ?? 'GET', path: request.url ?? '/', route: 'registry', host: 'core' },
      ...{ status: 0, body: undefined, bytesSent: 0, connection: 0 },
      authorization: request.headers.authorization,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    };
    calls.push(call);
    const perform = () => emulator.fault?.(call) ?? answer(request, call);
    const struck = emulator.faults.take(call);
    if (struck) void answerWith(struck, { call, response, base: `http://${host}/`, perform }, delays);
    else {
      const found = perform();
      call.status = found.status;
      send(response, found, call.method === 'HEAD');
    }
  });
  const delays = createDelays(options.pause);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function answer(request: IncomingMessage, call: RegistryCall): Reply {
    const url = new URL(call.path, `http://${host}`);
    if (url.pathname === '/token') return tokenReply(call, options);
    const hub = /^\/v2\/namespaces\/([^/]+)\/repositories\/(.+)\/tags\/([^/]+)$/.exec(url.pathname);
    if (hub) return hubReply(tags.get(`${hub[1] ?? ''}/${hub[2] ?? ''}:${hub[3] ?? ''}`));
    if (!isAllowed(call, options)) return challengeReply(host, url.pathname, options);
    const wanted = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname);
    if (!wanted) return url.pathname === '/v2/' ? { status: 200, text: '{}' } : missing('NAME_UNKNOWN');
    const [, repository = '', kind, name = ''] = wanted;
    const digest = name.includes(':') ? name : tags.get(`${repository}:${name}`)?.digest;
    const stored = documents.get(digest ?? '');
    if (!stored || !digest) return missing('MANIFEST_UNKNOWN');
    const accept = request.headers.accept ?? '';
    if (kind === 'manifests' && !accept.includes(stored.mediaType)) return missing('MANIFEST_UNKNOWN');
    const headers = { 'content-type': stored.mediaType, 'docker-content-digest': digest };
    return { status: 200, text: stored.text, headers };
  }

  const emulator: RegistryEmulator = {
    host,
    calls,
    fault: undefined,
    faults: createFaultList(),
    put(repository, tag, recipes, { note, lastUpdated } = {}) {
      const images = (Array.isArray(recipes) ? recipes : [recipes]).map(buildImage);
      for (const image of images) keep(image);
      let digest = images[0]?.digest ?? '';
      if (Array.isArray(recipes)) {
        const index = buildIndex(images, note);
        documents.set(index.digest, { text: index.manifest, mediaType: INDEX_TYPE });
        ({ digest } = index);
      }
      tags.set(`${repository}:${tag}`, { digest, ...(lastUpdated !== undefined && { lastUpdated }) });
      return digest;
    },
    close: () =>
      new Promise((resolve) => {
        delays.end();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return emulator;
}

interface Reply {
  status: number;
  text?: string;
  headers?: Record<string, string>;
}

function send(response: ServerResponse, { status, text = '', headers = {} }: Reply, head: boolean): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(head ? undefined : text);
}

function hubReply(tag: Tag | undefined): Reply {
  if (!tag) return { status: 404, text: '{"message":"tag not found"}' };
  const images = [{ os: 'linux', architecture: 'amd64', digest: tag.digest, last_pushed: tag.lastUpdated ?? null }];
  return { status: 200, text: JSON.stringify({ digest: tag.digest, last_updated: tag.lastUpdated ?? null, images }) };
}

function isAllowed({ authorization = '' }: RegistryCall, { users, auth = 'token' }: RegistryEmulatorOptions): boolean {
  if (!users) return true;
  return auth === 'token' ? authorization === `Bearer ${TOKEN}` : isUser(authorization, users);
}

function isUser(authorization: string, users: Record<string, string>): boolean {
  const [name = '', ...password] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':');
  return users[name] !== undefined && users[name] === password.join(':');
}

function challengeReply(host: string, path: string, { auth = 'token' }: RegistryEmulatorOptions): Reply {
  const repository = /^\/v2\/(.+)\/(manifests|blobs)\//.exec(path)?.[1] ?? '';
  const bearer = `Bearer realm="http://${host}/token",service="emulator",scope="repository:${repository}:pull"`;
  const challenge = auth === 'token' ? bearer : 'Basic realm="emulator"';
  return { status: 401, headers: { 'www-authenticate': challenge }, text: '{"errors":[{"code":"UNAUTHORIZED"}]}' };
}

function tokenReply({ authorization = '' }: RegistryCall, { users }: RegistryEmulatorOptions): Reply {
  if (users && !isUser(authorization, users)) return { status: 401, text: '{}' };
  return { status: 200, text: JSON.stringify({ token: TOKEN, expires_in: 300 }) };
}

function missing(code: string): Reply {
  return { status: 404, text: JSON.stringify({ errors: [{ code, message: 'not here' }] }) };
}

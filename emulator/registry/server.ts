import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../calls';
import { answerWith, createDelays } from '../faultAnswers';
import { createFaultList, type FaultList } from '../faults';
import { buildImage, buildIndex, INDEX_TYPE, type BuiltImage, type ImageRecipe } from './images';
import { signInOf, type Reply, type SignInOptions } from './signIn';

export interface RegistryCall {
  method: string;
  path: string;
  authorization: string | undefined;
  body: string;
  status: number;
}

export interface RegistryEmulatorOptions extends SignInOptions {
  /** How long every answer takes. */
  delayMs?: number;
  /** How slow and dripping answers pass their time; the machine's own time unless given. */
  pause?: (ms: number) => Promise<void>;
}

interface Tag {
  digest: string;
  /** What Docker Hub's record of the tag says. */
  hub?: object;
}

/** A registry of the OCI distribution API in memory, with Docker Hub's record of tags beside it. */
export interface RegistryEmulator {
  /** `127.0.0.1:<port>`. */
  host: string;
  calls: RegistryCall[];
  /** How many requests were under way at a time, at most. */
  busiest: number;
  /** Answers instead of the registry, while it gives one. */
  fault: ((call: RegistryCall) => Reply | undefined) | undefined;
  /** Faults of the wire, each of which waits for its request. */
  faults: FaultList;
  /** Added to every answer of the registry, such as what is left of a rate limit. */
  headers: Record<string, string>;
  /** Host that blobs are to be read from, as registries send to their storage. */
  blobsAt: string | undefined;
  /** Puts an image, or an index of several, under a tag and gives its digest. */
  put(
    repository: string,
    tag: string,
    recipes: ImageRecipe | ImageRecipe[],
    more?: { note?: string; lastUpdated?: string; hub?: object },
  ): string;
  close(): Promise<void>;
}

interface Stored {
  text: string;
  mediaType: string;
}

/** Starts the registry on a free port of this machine. */
export async function startRegistry(options: RegistryEmulatorOptions = {}): Promise<RegistryEmulator> {
  const documents = new Map<string, Stored>();
  const tags = new Map<string, Tag>();
  const calls: RegistryCall[] = [];
  let underWay = 0;
  const keep = (image: BuiltImage): void => {
    documents.set(image.digest, { text: image.manifest, mediaType: image.mediaType });
    for (const [digest, text] of image.blobs) documents.set(digest, { text, mediaType: 'application/octet-stream' });
  };
  const signIn = signInOf(() => host, options);
  const delays = createDelays(options.pause);
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    emulator.busiest = Math.max(emulator.busiest, ++underWay);
    response.once('close', () => underWay--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/' } = request;
    const body = Buffer.concat(chunks).toString();
    const call: RegistryCall = { method, path, authorization: request.headers.authorization, body, status: 0 };
    calls.push(call);
    if (options.delayMs) await new Promise((resolve) => setTimeout(resolve, options.delayMs));
    const perform = () => emulator.fault?.(call) ?? signIn.token(call) ?? answer(call, request.headers.accept ?? '');
    const wire = wireOf(call, request);
    const struck = emulator.faults.take(wire);
    if (struck) {
      await answerWith(struck, { call: wire, response, base: `http://${host}/`, perform }, delays);
      return;
    }
    const found = perform();
    call.status = found.status;
    send(response, { ...found, headers: { ...emulator.headers, ...found.headers } }, method === 'HEAD');
  }

  function answer(call: RegistryCall, accept: string): Reply {
    const { pathname } = new URL(call.path, `http://${host}`);
    const hub = /^\/v2\/namespaces\/([^/]+)\/repositories\/(.+)\/tags\/([^/]+)$/.exec(pathname);
    if (hub) return hubReply(tags.get(`${hub[1] ?? ''}/${hub[2] ?? ''}:${hub[3] ?? ''}`));
    const [, repository = '', kind, name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    if (!signIn.isAllowed(call, repository)) return signIn.challenge(repository);
    if (!kind) return pathname === '/v2/' ? { status: 200, text: '{}' } : missing('NAME_UNKNOWN');
    const digest = name.includes(':') ? name : tags.get(`${repository}:${name}`)?.digest;
    const stored = documents.get(digest ?? '');
    if (!stored || !digest) return missing('MANIFEST_UNKNOWN');
    if (kind === 'blobs' && emulator.blobsAt) {
      return { status: 307, headers: { location: `http://${emulator.blobsAt}/v2/${repository}/blobs/${digest}` } };
    }
    if (kind === 'manifests' && !accept.includes(stored.mediaType)) return missing('MANIFEST_UNKNOWN');
    const headers = { 'content-type': stored.mediaType, 'docker-content-digest': digest };
    return { status: 200, text: stored.text, headers };
  }

  const emulator: RegistryEmulator = {
    host,
    calls,
    busiest: 0,
    fault: undefined,
    faults: createFaultList(),
    headers: {},
    blobsAt: undefined,
    put(repository, tag, recipes, { note, lastUpdated, hub } = {}) {
      const images = (Array.isArray(recipes) ? recipes : [recipes]).map(buildImage);
      const index = Array.isArray(recipes) ? buildIndex(images, note) : undefined;
      for (const image of index?.all ?? images) keep(image);
      if (index) documents.set(index.digest, { text: index.manifest, mediaType: INDEX_TYPE });
      const digest = index?.digest ?? images[0]?.digest ?? '';
      const record = hub ?? (lastUpdated === undefined ? undefined : hubRecord(digest, lastUpdated));
      tags.set(`${repository}:${tag}`, { digest, ...(record && { hub: record }) });
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

/** The call as faults are told of it. */
function wireOf({ method, path, body, status }: RegistryCall, { headers }: IncomingMessage): Call {
  return {
    ...{ at: Date.now(), method, path, route: 'registry', host: 'core', status, body, bytesSent: 0, connection: 0 },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  };
}

function send(response: ServerResponse, { status, text = '', headers = {} }: Reply, head: boolean): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(head ? undefined : text);
}

function hubRecord(digest: string, lastUpdated: string): object {
  const images = [
    { os: 'linux', architecture: 'amd64', digest, last_pushed: lastUpdated },
    { os: 'unknown', architecture: 'unknown', digest, last_pushed: null },
  ];
  return { digest, last_updated: lastUpdated, tag_last_pushed: lastUpdated, images };
}

function hubReply(tag: Tag | undefined): Reply {
  if (!tag?.hub) return { status: 404, text: '{"message":"tag not found"}' };
  return { status: 200, text: JSON.stringify(tag.hub) };
}

function missing(code: string): Reply {
  return { status: 404, text: JSON.stringify({ errors: [{ code, message: 'not here' }] }) };
}

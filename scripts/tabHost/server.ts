import fs from 'node:fs';
import http, { type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Emulator } from '../../emulator/server';
import { readExtension, type Extension } from './extension';
import { hostPage } from './page';
import { scopesFor } from './scopes';

export interface TabHost {
  /** Address of the page with the tab of a run or release. */
  page(shown: { kind?: 'run' | 'release'; id: number; project?: string; theme?: 'light' | 'dark' }): string;
  close(): Promise<void>;
}

interface Options {
  emulator: Emulator;
  /** The unpacked .vsix. */
  folder: string;
  /** The viewer's; default the emulator's main one. */
  token?: string;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
/** As the service answers a page of another origin, which extensions are; it lets them read few headers. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'OPTIONS,GET,POST,PATCH,PUT,DELETE',
  'access-control-allow-headers': 'authorization,content-type,x-tfs-fedauthredirect',
  'access-control-expose-headers': 'Request-Context',
  'access-control-max-age': '3600',
};

/**
 * Two sites on free ports of 127.0.0.1, as a browser meets them: Azure DevOps, which is the host page with the emulator behind it, and the
 * site that serves the extension's own files. What the manifest has no scope for is refused.
 */
export async function startTabHost({ emulator, folder, token = emulator.token }: Options): Promise<TabHost> {
  const extension = readExtension(folder);
  const organization = new URL(emulator.url).pathname.split('/').filter(Boolean).at(-1) ?? '';
  const prefixes = { core: `/core/${organization}/`, release: `/release/${organization}/` };
  const files = await listen(({ request, response }) =>
    serveFile(response, extension, pathOf(request).replace(/^\//, '')),
  );
  const service = await listen((exchange) => {
    const { request, response } = exchange;
    const pathname = pathOf(request);
    const base = pathname.startsWith(prefixes.core)
      ? { url: emulator.url, prefix: prefixes.core }
      : pathname.startsWith(prefixes.release) && { url: emulator.releaseUrl, prefix: prefixes.release };
    if (base) forward(base, extension, exchange);
    else if (pathname !== '/') response.writeHead(404).end();
    else {
      const here = { core: `${service.origin}${prefixes.core}`, release: `${service.origin}${prefixes.release}` };
      reply(response, 'text/html', hostPage({ ...here, token, files: files.origin, tabs: extension.tabs }));
    }
  });
  return {
    page: ({ kind = 'run', id, project = 'Fabrikam', theme = 'light' }) =>
      `${service.origin}/?${new URLSearchParams({ kind, id: String(id), project, theme }).toString()}`,
    close: async () => {
      await Promise.all([closeServer(files.server), closeServer(service.server)]);
    },
  };
}

async function listen(answer: (exchange: Exchange) => void): Promise<{ server: Server; origin: string }> {
  const server = http.createServer((request, response) => answer({ request, response }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function pathOf({ url }: IncomingMessage): string {
  return new URL(url ?? '/', 'http://127.0.0.1').pathname;
}

function forward(base: { url: string; prefix: string }, { scopes }: Extension, { request, response }: Exchange): void {
  const { method = 'GET', headers } = request;
  if (method === 'OPTIONS' && headers['access-control-request-method']) {
    response.writeHead(200, CORS).end();
    return;
  }
  if (!scopesFor(method, pathOf(request)).some((scope) => scopes.includes(scope))) {
    const message = 'TF400813: The user is not authorized to access this resource.';
    response.writeHead(401, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    return;
  }
  const url = `${base.url}${(request.url ?? '').slice(base.prefix.length)}`;
  const onward = http.request(url, { method, headers: { ...headers, host: new URL(url).host } });
  onward.on('response', (answer) => {
    const all: OutgoingHttpHeaders = { ...answer.headers, ...CORS };
    response.writeHead(answer.statusCode ?? 502, all);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

function serveFile(response: ServerResponse, { folder, isAddressable }: Extension, name: string): void {
  const file = path.join(folder, name);
  const type = TYPES[path.extname(name)];
  if (!type || !isAddressable(name) || !fs.existsSync(file)) response.writeHead(404).end();
  else reply(response, type, fs.readFileSync(file));
}

function reply(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

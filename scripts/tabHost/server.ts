import fs from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Emulator } from '../../emulator/server';
import { hostPage } from './page';

export interface TabHost {
  /** Address of the page with the tab of a run or release. */
  page(shown: { kind?: 'run' | 'release'; id: number; project?: string; theme?: 'light' | 'dark' }): string;
  close(): Promise<void>;
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/**
 * A site on a free port of 127.0.0.1 with the host page, the built tab, and the emulator under the same origin, so that the browser
 * lets the tab talk to it.
 * @param folder of the built tab.
 */
export async function startTabHost(emulator: Emulator, folder: string, token = emulator.token): Promise<TabHost> {
  const organization = new URL(emulator.url).pathname.split('/').filter(Boolean).at(-1) ?? '';
  const prefixes = { core: `/core/${organization}/`, release: `/release/${organization}/` };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname.startsWith(prefixes.core)) forward(emulator.url, prefixes.core, { request, response });
    else if (pathname.startsWith(prefixes.release))
      forward(emulator.releaseUrl, prefixes.release, { request, response });
    else if (pathname === '/')
      reply(
        response,
        'text/html',
        hostPage({ core: `${origin()}${prefixes.core}`, release: `${origin()}${prefixes.release}`, token }),
      );
    else serveFile(response, path.join(folder, path.basename(pathname)));
  });
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    page: ({ kind = 'run', id, project = 'Fabrikam', theme = 'light' }) =>
      `${origin()}/?${new URLSearchParams({ kind, id: String(id), project, theme }).toString()}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forward(
  base: string,
  prefix: string,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): void {
  const url = `${base}${(request.url ?? '').slice(prefix.length)}`;
  const onward = http.request(url, {
    method: request.method,
    headers: { ...request.headers, host: new URL(url).host },
  });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

function serveFile(response: ServerResponse, file: string): void {
  const type = TYPES[path.extname(file)];
  if (!type || !fs.existsSync(file)) response.writeHead(404).end();
  else reply(response, type, fs.readFileSync(file));
}

function reply(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

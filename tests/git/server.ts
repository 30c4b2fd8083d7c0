import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export interface GitServerOptions {
  /** Only who sends this `Authorization` header reads and writes. */
  authorization?: string;
  /** Path of the repository below the server, as hosts have it: `Fabrikam/_git/images`. */
  repository?: string;
  /** Files of the first commit on main. */
  files?: Record<string, string>;
}

/** A bare repository behind `git http-backend`. */
export interface GitServer {
  url: string;
  /** Path of the bare repository. */
  repository: string;
  /** `Authorization` of every request, '' for none, and the address asked for. */
  requests: { authorization: string; url: string; status: number }[];
  /** Answers instead of the repository, while it gives a status. */
  fault: ((url: string) => number | undefined) | undefined;
  /** Runs before a push is taken in. */
  beforePush: (() => Promise<void>) | undefined;
  /** Output of a git command in the bare repository. */
  git(...args: string[]): string;
  /** What a checkout step of an agent leaves: one commit of a branch, detached, without credentials. */
  checkOut(folder: string, more?: { branch?: string; depth?: number; attached?: boolean }): Promise<void>;
  /** A file at the tip of a branch; undefined where there is none. */
  file(name: string, branch?: string): string | undefined;
  close(): Promise<void>;
}

const WHO = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];

/** Runs git and gives what it printed. */
export function git(folder: string, ...args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', [...WHO, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const {
    authorization = '',
    repository: place = 'Fabrikam/_git/images',
    files = { 'README.md': 'images\n' },
  } = options;
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-git-'));
  const repository = path.join(root, place);
  fs.mkdirSync(repository, { recursive: true });
  git(repository, 'init', '--quiet', '--bare', '--initial-branch=main');
  git(repository, 'config', 'http.receivepack', 'true');
  const first = path.join(root, 'first');
  git(root, 'init', '--quiet', '--initial-branch=main', first);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(first, name)), { recursive: true });
    fs.writeFileSync(path.join(first, name), text);
  }
  git(first, 'add', '--all');
  git(first, 'commit', '--quiet', '--message', 'First');
  git(first, 'push', '--quiet', repository, 'main');
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const record = { authorization: request.headers.authorization ?? '', url, status: 0 };
    result.requests.push(record);
    response.on('finish', () => (record.status = response.statusCode));
    const fault = result.fault?.(url);
    if (fault !== undefined) {
      response.writeHead(fault).end();
      return;
    }
    if (authorization && record.authorization !== authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    if (request.method === 'POST' && url.endsWith('/git-receive-pack')) await result.beforePush?.();
    backend(root, request, response);
  }

  const result: GitServer = {
    url: `${base}/${place}`,
    repository,
    requests: [],
    fault: undefined,
    beforePush: undefined,
    git: (...args) => git(repository, ...args),
    async checkOut(folder, { branch = 'main', depth = 1, attached = false } = {}) {
      fs.mkdirSync(folder, { recursive: true });
      git(folder, 'init', '--quiet');
      git(folder, 'remote', 'add', 'origin', `${base}/${place}`);
      // As the agent does: the credentials of the fetch are arguments, and nothing of them stays.
      const header = authorization ? ['-c', `http.extraHeader=Authorization: ${authorization}`] : [];
      const shallow = depth ? [`--depth=${depth}`] : [];
      const reference = `refs/remotes/origin/${branch}`;
      const fetching = ['fetch', '--quiet', '--no-tags', ...shallow, 'origin', `+refs/heads/${branch}:${reference}`];
      // Not in the way of the server, which is this process.
      await promisify(execFile)('git', [...header, ...fetching], { cwd: folder });
      git(folder, 'checkout', '--quiet', ...(attached ? ['-B', branch] : ['--detach']), reference);
    },
    file(name, branch = 'main') {
      try {
        return execFileSync('git', ['show', `refs/heads/${branch}:${name}`], {
          cwd: repository,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
      } catch {
        return undefined;
      }
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
  return result;
}

/** Hands a request to git's own program for it. https://git-scm.com/docs/git-http-backend */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [pathname = '', query = ''] = (request.url ?? '').split('?', 2);
  const { headers } = request;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...{ PATH: process.env.PATH, GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'build' },
      ...{ PATH_INFO: decodeURIComponent(pathname), QUERY_STRING: query, REQUEST_METHOD: request.method ?? 'GET' },
      ...{ CONTENT_TYPE: headers['content-type'] ?? '', CONTENT_LENGTH: headers['content-length'] ?? '' },
      ...(headers['content-encoding'] && { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
      ...(typeof headers['git-protocol'] === 'string' && { HTTP_GIT_PROTOCOL: headers['git-protocol'] }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  let isBody = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (isBody) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    isBody = true;
    const lines = head.toString('latin1', 0, end).split('\r\n');
    const pairs = lines.map(
      (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
    );
    const status = Number(pairs.find(([name]) => name === 'Status')?.[1].slice(0, 3) ?? '200');
    response.writeHead(status, Object.fromEntries(pairs.filter(([name]) => name !== 'Status')));
    response.write(head.subarray(end + 4));
  });
  child.on('close', () => response.end());
  child.on('error', () => response.destroy());
}

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certified } from './certificates';

/** What a proxy was asked for: a tunnel to `host:port`, or a whole address. */
export interface ProxyCall {
  method: string;
  target: string;
  authorization: string | undefined;
  status: number;
}

export interface Proxy {
  url: string;
  calls: ProxyCall[];
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** Where `host:port` really is; what is not in here is refused with 502. */
  hosts: Record<string, number>;
  credentials?: { username: string; password: string };
  /** Speaks TLS itself. */
  certified?: Certified;
}

/** A forward proxy: tunnels by CONNECT, plain http by whole addresses, Basic credentials. All its hosts are on this machine. */
export async function startProxy({ hosts, credentials, certified }: ProxyOptions): Promise<Proxy> {
  const calls: ProxyCall[] = [];
  const sockets = new Set<Duplex>();
  const wanted =
    credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  const judge = (request: http.IncomingMessage, target: string): number | undefined => {
    const authorization = request.headers['proxy-authorization'];
    const port = hosts[target];
    const status = wanted && authorization !== wanted ? 407 : port === undefined ? 502 : 200;
    calls.push({ method: request.method ?? '', target: request.url ?? '', authorization, status });
    return status === 200 ? port : undefined;
  };
  const server = certified
    ? https.createServer({ cert: certified.certificate, key: certified.key })
    : http.createServer();
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
    const port = url && judge(request, `${url.hostname}:${url.port || '80'}`);
    if (!url || port === undefined) {
      response.writeHead(calls.at(-1)?.status ?? 400).end();
      return;
    }
    const { 'proxy-authorization': _own, ...headers } = request.headers;
    const onward = http.request(
      { host: '127.0.0.1', port, method: request.method, path: url.pathname + url.search, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    const port = judge(request, request.url ?? '');
    socket.on('error', () => undefined);
    if (port === undefined) {
      const status = calls.at(-1)?.status ?? 502;
      socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  const port = await listen(server);
  return {
    url: `${certified ? 'https' : 'http'}://127.0.0.1:${port}`,
    calls,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

export interface TlsFrontOptions {
  certified: Certified;
  /** Asks for a client certificate of this authority. */
  clientAuthority?: string;
  /** Port of the plain server by the first segment of the path. */
  behind: Record<string, number>;
}

/** A TLS server with a certificate of its own, before plain servers. */
export async function startTlsFront({ certified, clientAuthority, behind }: TlsFrontOptions) {
  const secure = clientAuthority ? { ca: clientAuthority, requestCert: true, rejectUnauthorized: true } : {};
  const server = https.createServer(
    { cert: certified.certificate, key: certified.key, ...secure },
    (request, response) => {
      const port = behind[(request.url ?? '').split('/')[1] ?? ''] ?? behind['*'];
      const { method, url, headers } = request;
      const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    },
  );
  const port = await listen(server);
  return { port, close: () => closed(server) };
}

function listen(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
}

function closed(server: http.Server | https.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

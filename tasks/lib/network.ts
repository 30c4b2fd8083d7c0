import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Network } from './agent';
import { messageOf, UserError } from './errors';

/** Where the bytes of a request go: straight to its host, or through a proxy. */
export interface Route {
  agent: http.Agent;
  /** Set for plain http through a proxy, which is asked for the whole address instead of a tunnel. */
  via?: { proxy: URL; headers: Record<string, string> };
}

/** One attempt at a tunnel through a proxy takes no longer than this. */
const TUNNEL_MS = 30_000;

/**
 * Connections as the agent was configured: its proxy with user name, password and bypass list, its certificate authority, its client
 * certificate, its 'skip certificate validation'; kept alive, through a proxy as well. See notes/proxies-and-certificates.md.
 */
export class Connections {
  private readonly agents = new Map<string, http.Agent>();
  private secure: tls.SecureContext | undefined;

  constructor(private readonly network: Network) {}

  routeTo(url: URL): Route {
    const proxy = proxyFor(url, this.network);
    if (url.protocol === 'https:')
      return { agent: this.agent(`https ${proxy?.href ?? ''}`, () => this.secureAgent(proxy)) };
    // To the proxy itself the connection is that of the proxy's own protocol.
    if (!proxy) return { agent: this.agent('http', () => new http.Agent({ keepAlive: true })) };
    const agent =
      proxy.protocol === 'https:'
        ? this.agent('https ', () => this.secureAgent(undefined))
        : this.agent('http', () => new http.Agent({ keepAlive: true }));
    return { agent, via: { proxy, headers: proxyHeaders(proxy) } };
  }

  private agent(key: string, make: () => http.Agent): http.Agent {
    const known = this.agents.get(key) ?? make();
    this.agents.set(key, known);
    return known;
  }

  private secureAgent(proxy: URL | undefined): https.Agent {
    const options = { keepAlive: true, ...this.tlsOptions() };
    return proxy ? new TunnelAgent(options, proxy) : new https.Agent(options);
  }

  /** An own certificate authority is trusted besides the public ones: the login is on the internet, the server may not be. */
  private tlsOptions(): https.AgentOptions {
    const { cert = {}, ignoreSslError } = this.network;
    const own = Object.keys(cert).length ? { secureContext: (this.secure ??= secureContextOf(this.network)) } : {};
    return { ...own, ...(ignoreSslError && { rejectUnauthorized: false }) };
  }
}

function secureContextOf(network: Network): tls.SecureContext {
  const { cert = {} } = network;
  try {
    return tls.createSecureContext({
      ...(cert.caFile && { ca: [...tls.rootCertificates, ...extraAuthorities(network), read(cert.caFile)] }),
      ...(cert.certFile && { cert: read(cert.certFile) }),
      ...(cert.keyFile && { key: read(cert.keyFile) }),
      ...(cert.passphrase && { passphrase: cert.passphrase }),
    });
  } catch (cause) {
    const files = [cert.caFile, cert.certFile, cert.keyFile].filter(Boolean).join(', ');
    throw new UserError(
      `The certificates that the agent is configured with (${files}) cannot be used: ${messageOf(cause)}. Check the files and the password (config --sslcacert, --sslclientcert, --sslclientcertkey, --sslclientcertpassword).`,
      { cause },
    );
  }
}

/** TLS to the host through a tunnel that the proxy opens by CONNECT. */
class TunnelAgent extends https.Agent {
  constructor(
    options: https.AgentOptions,
    private readonly proxy: URL,
  ) {
    super(options);
  }

  override createConnection(
    options: https.RequestOptions,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { proxy } = this;
    const target = `${net.isIPv6(options.host ?? '') ? `[${options.host ?? ''}]` : (options.host ?? '')}:${options.port ?? 443}`;
    const request = (proxy.protocol === 'https:' ? https : http).request({
      method: 'CONNECT',
      host: proxy.hostname,
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
      timeout: TUNNEL_MS,
      ...(proxy.protocol === 'https:' && tlsOf(this.options)),
    });
    // There is no socket where there is an error; the types know no such case.
    const fail = (why: string, status?: number) =>
      done?.(new ProxyError(`the proxy ${proxy.host} ${why}`, status), undefined as never);
    request.once('connect', ({ statusCode = 0, statusMessage = '' }, socket) => {
      if (statusCode === 200) {
        socket.setTimeout(0);
        done?.(null, tls.connect({ ...(options as tls.ConnectionOptions), socket }));
        return;
      }
      socket.destroy();
      fail(`answered ${statusCode} ${statusMessage}`.trim(), statusCode);
    });
    request.once('timeout', () => request.destroy(new Error('it does not answer')));
    request.once('error', ({ message }) => fail(`cannot be used: ${message}`));
    request.end();
  }
}

/** No way through the proxy: the host itself was not reached. */
export class ProxyError extends Error {
  readonly code: 'PROXY' | 'PROXY_PASSWORD';

  constructor(message: string, status = 0) {
    super(message);
    this.code = status === 407 ? 'PROXY_PASSWORD' : 'PROXY';
  }
}

/** The proxy for an address, with user name and password in it where it wants them; undefined for none. */
export function proxyFor(url: URL, { proxy, environment = {} }: Network): URL | undefined {
  if (isLocal(url.hostname)) return undefined;
  if (proxy) {
    const bypassed = proxy.proxyBypassHosts?.some((pattern) => matches(pattern, url.href));
    if (bypassed) return undefined;
    const chosen = new URL(proxy.proxyUrl);
    if (proxy.proxyUsername) chosen.username = encodeURIComponent(proxy.proxyUsername);
    if (proxy.proxyPassword) chosen.password = encodeURIComponent(proxy.proxyPassword);
    return chosen;
  }
  const named = url.protocol === 'https:' ? environment.https : environment.http;
  if (!named || isExcepted(url, environment.none ?? '')) return undefined;
  const address = named.includes('://') ? named : `http://${named}`;
  if (!URL.canParse(address)) throw new UserError('The proxy of the environment (HTTP_PROXY, HTTPS_PROXY) is no URL.');
  return new URL(address);
}

/** This machine and the metadata service of a virtual machine are never behind a proxy: there it would be another machine. */
function isLocal(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\]|169\.254(\.\d+){2})$/.test(hostname);
}

/** The bypass list holds regular expressions; one that is none names no host. */
function matches(pattern: string, address: string): boolean {
  try {
    return new RegExp(pattern, 'i').test(address);
  } catch {
    return false;
  }
}

/** NO_PROXY: names with all below them, with or without port, or `*`. */
function isExcepted({ hostname, port, protocol }: URL, list: string): boolean {
  const actual = port || (protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((entry) => {
    const [, host = '', wanted] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (entry === '*') return true;
    return host !== '' && (hostname === host || hostname.endsWith(`.${host}`)) && (!wanted || wanted === actual);
  });
}

function proxyHeaders({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = `${unescaped(username)}:${unescaped(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A part of a URL as it was meant; a per cent sign that escapes nothing stays. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function tlsOf({ secureContext, rejectUnauthorized }: https.AgentOptions): https.AgentOptions {
  return { ...(secureContext && { secureContext }), ...(rejectUnauthorized === false && { rejectUnauthorized }) };
}

/** Naming authorities takes the place of the ones that Node trusts by itself, which NODE_EXTRA_CA_CERTS adds to. */
function extraAuthorities({ environment }: Network): string[] {
  const file = environment?.extraAuthorities;
  return file && fs.existsSync(file) ? [read(file)] : [];
}

function read(file: string): string {
  return fs.readFileSync(file, 'utf8');
}

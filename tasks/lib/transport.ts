import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { HttpClient } from 'typed-rest-client/HttpClient';
import type { IHttpClientResponse, IRequestInfo } from 'typed-rest-client/Interfaces';
import type { Network } from './agent';
import { pipeline } from 'node:stream/promises';
import { ApiError, Canceled, messageOf, UserError } from './errors';
import { Connections } from './network';
import { mayHaveHappened, retryAfterMs, retryDelay, type Failure } from './retryDelay';
import { orCanceled, type World } from './world';

export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** Who asks. Asked for its header before every attempt, so that a long wait outlasts any token. */
export interface Credentials {
  /** The value of the `Authorization` header. */
  authorization(): Promise<string>;
  /** Gets a fresh token after a 401 for this header's one; false when there is none to be had. */
  renew?(refused: string): Promise<boolean>;
}

export interface HttpRequest {
  method: Method;
  url: string;
  body?: string | undefined;
  headers?: Record<string, string> | undefined;
  credentials?: Credentials | undefined;
  /** Ends the attempts at once. Calls that start something are not given one: their answer holds the id that cancelling needs. */
  signal?: AbortSignal | undefined;
  /** Bounds one attempt, from sending to the last byte of the answer. */
  timeoutMs?: number | undefined;
  /** How many times at the most, the first one included. */
  attempts?: number | undefined;
  /** A changing call that may be sent twice without harm, such as a cancellation. */
  repeatable?: boolean | undefined;
  /** A download may be redirected to a host of storage; it goes there without credentials. */
  followToOtherHosts?: boolean | undefined;
  /** Path of a file that takes the body of a success, which then is not in the answer. */
  saveTo?: string | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** The request may have taken effect although no answer came. */
export class LostAnswer extends ApiError {}

/** The request was not sent, or refused, because who asks could not sign in: it certainly did nothing. */
export class NotSignedIn extends ApiError {}

/** What a POST made, by its id; an answer without one tells nothing, and counts as lost. */
export function made<T extends { id: number }>(answer: T | undefined, url: string): T {
  if (answer && Number.isSafeInteger(answer.id)) return answer;
  throw new LostAnswer({ method: 'POST', url: bare(url), status: 200, reasons: ['The answer names no id.'] });
}

const TIMEOUT_MS = { reading: 30_000, changing: 100_000 };
const LONGEST_ANSWER = 64 * 1024 * 1024;
const MOST_REDIRECTS = 5;
const UNREACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
  'PROXY',
  'PROXY_PASSWORD',
  'TLS',
  'CERTIFICATE',
  'CLIENT_CERTIFICATE',
]);
/** What another attempt cannot change; a password that is wrong again and again may even lock an account. */
const SETTLED = new Set(['PROXY_PASSWORD', 'CERTIFICATE', 'CLIENT_CERTIFICATE']);

/**
 * The one way to any server: the library's client with what it lacks: attempts by `retryDelay`, `Retry-After` on any status, fresh
 * credentials an attempt, no credentials across hosts, bounds and abort, and connections for every kind of proxy and certificate.
 */
export class Transport extends HttpClient {
  /** Per origin: no request before this time, because the server asked for it. */
  private readonly notBefore = new Map<string, number>();
  private saidThrottled = false;
  /** Server time minus ours in milliseconds, from the last answer's `Date`. */
  serverAheadMs = 0;
  private readonly connections: Connections;

  constructor(
    private readonly world: World,
    network: Network = {},
  ) {
    super('pipeline-cascade', [], {
      keepAlive: true,
      allowRedirects: false,
      allowRetries: false,
      socketTimeout: TIMEOUT_MS.changing,
    });
    this.connections = new Connections(network);
  }

  /** The library's own request over our connections: its agents mix up http with https, and know no http through a proxy. */
  override requestRaw(info: IRequestInfo, data: string | NodeJS.ReadableStream): Promise<IHttpClientResponse> {
    const { parsedUrl, options } = info;
    const { agent, via } = this.connections.routeTo(parsedUrl);
    options.agent = agent;
    // The library leaves an IPv6 address in its brackets, which no resolver knows.
    options.host = parsedUrl.hostname.replace(/^\[(.*)\]$/, '$1');
    if (via) {
      const { proxy, headers } = via;
      const secure = proxy.protocol === 'https:';
      info.httpModule = secure ? https : http;
      Object.assign(options, { host: proxy.hostname, port: proxy.port || (secure ? 443 : 80), path: parsedUrl.href });
      Object.assign(options.headers ?? {}, { host: parsedUrl.host, ...headers });
    }
    return super.requestRaw(info, data);
  }

  /** The answer, whatever its status. Throws `LostAnswer` or `ApiError` when there is none, `Canceled` on abort. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      await this.untilAllowed(request);
      // What goes wrong with a token is no failure of this request, which was not sent.
      const authorization = await orCanceled(signedIn(request.credentials?.authorization()), request.signal);
      const outcome = await this.attempt(request, authorization);
      if ('answer' in outcome) {
        const { answer } = outcome;
        this.heed(request.url, answer);
        if (asksToSignIn(answer) && !renewed && (await signedIn(request.credentials?.renew?.(authorization ?? '')))) {
          renewed = true;
          continue;
        }
        const pause = retryDelay(
          repeatableMethod(request),
          failureOf(answer, this.world.clock.now()),
          attempt,
          request.attempts,
        );
        if (pause === undefined) return answer;
        await this.world.clock.sleep(pause, request.signal);
        continue;
      }
      const { failure, cause } = outcome;
      const attempts = 'code' in failure && SETTLED.has(failure.code) ? 1 : request.attempts;
      const pause = retryDelay(repeatableMethod(request), failure, attempt, attempts);
      if (pause === undefined) throw noAnswer(request, failure, cause);
      this.world.log.debug(`${request.method} ${bare(request.url)}: ${reasonOf(cause)}; again in ${pause} ms.`);
      await this.world.clock.sleep(pause, request.signal);
    }
  }

  private async untilAllowed({ url, signal }: HttpRequest): Promise<void> {
    const pause = (this.notBefore.get(new URL(url).origin) ?? 0) - this.world.clock.now();
    if (pause > 0) await this.world.clock.sleep(pause, signal);
  }

  /** Remembers how long the server wants to be left alone, and what time it has. */
  private heed(url: string, { headers }: HttpAnswer): void {
    const now = this.world.clock.now();
    const date = Date.parse(one(headers.date) ?? '');
    if (!Number.isNaN(date)) this.serverAheadMs = date - now;
    const pause = retryAfterMs(one(headers['retry-after']), now);
    if (!pause) return;
    this.notBefore.set(new URL(url).origin, now + pause);
    if (this.saidThrottled) return;
    this.saidThrottled = true;
    const resource = one(headers['x-ratelimit-resource']);
    this.world.log.info(
      `${new URL(url).host} slows us down${resource ? ` (${resource})` : ''}: it asks for ${Math.ceil(pause / 1000)} s until the next request.`,
    );
  }

  private async attempt(
    request: HttpRequest,
    authorization: string | undefined,
  ): Promise<{ answer: HttpAnswer } | { failure: Failure; cause: unknown }> {
    const bound = deadline(request);
    try {
      return { answer: await this.follow(request, authorization, bound) };
    } catch (cause) {
      if (request.signal?.aborted || cause instanceof Canceled) throw new Canceled();
      if (cause instanceof UserError) throw cause;
      const code = codeOf(cause);
      return { failure: { kind: UNREACHED.has(code) ? 'unreached' : 'lost', code }, cause };
    } finally {
      bound.clear();
    }
  }

  /** One attempt with its redirects: credentials stay on the host they were meant for. */
  private async follow(request: HttpRequest, authorization: string | undefined, bound: Deadline): Promise<HttpAnswer> {
    let url = request.url;
    for (let redirects = 0; ; redirects++) {
      const sameHost = new URL(url).origin === new URL(request.url).origin;
      // No body is null, as in the library's own calls: an empty text would send a Content-Length with a GET.
      const headers = { ...request.headers, ...(authorization && sameHost ? { authorization } : {}) };
      const response = await bound.race(
        this.request(request.method, url, request.body ?? (null as unknown as string), headers),
      );
      const answer = await this.read(response, bound, request.saveTo);
      const next = redirectOf(request, answer, url);
      if (!next || redirects >= MOST_REDIRECTS) return answer;
      url = next;
    }
  }

  private async read(response: IHttpClientResponse, bound: Deadline, saveTo?: string): Promise<HttpAnswer> {
    const { message } = response;
    const status = message.statusCode ?? 0;
    if (saveTo !== undefined && status >= 200 && status < 203) {
      await bound.race(pipeline(message, fs.createWriteStream(saveTo)));
      return { status, headers: message.headers, text: '' };
    }
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LONGEST_ANSWER) message.destroy(new Error(`The answer is longer than ${LONGEST_ANSWER} bytes.`));
    });
    try {
      return { status, headers: message.headers, text: await bound.race(response.readBody()) };
    } catch (error) {
      message.destroy();
      throw error;
    }
  }
}

/** What the sign-in gives; what it fails with is told apart from what the request itself could fail with. */
async function signedIn<T>(signIn: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await signIn;
  } catch (error) {
    throw error instanceof ApiError ? new NotSignedIn(error.refusal, { cause: error.cause }) : error;
  }
}

interface Deadline {
  race<T>(promise: Promise<T>): Promise<T>;
  clear(): void;
}

/** Bounds one attempt in real time, also where bytes keep dripping in. */
function deadline({ method, timeoutMs, signal }: HttpRequest): Deadline {
  const ms = timeoutMs ?? (method === 'POST' || method === 'PATCH' ? TIMEOUT_MS.changing : TIMEOUT_MS.reading);
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error(`no answer within ${ms / 1000} s`), { code: 'ETIMEDOUT' })),
      ms,
    );
  });
  passed.catch(() => undefined);
  return {
    race: (promise) => orCanceled(Promise.race([promise, passed]), signal),
    clear: () => clearTimeout(timer),
  };
}

/** Where the answer sends us on to, if we go: reading calls only, never from https to http, elsewhere only for downloads. */
function redirectOf(request: HttpRequest, answer: HttpAnswer, from: string): string | undefined {
  const location = one(answer.headers.location);
  if (answer.status < 301 || answer.status > 308 || answer.status === 304 || !location) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS') return undefined;
  const next = new URL(location, from);
  if (next.pathname.includes('_signin')) return undefined;
  if (new URL(from).protocol === 'https:' && next.protocol !== 'https:') return undefined;
  return next.origin === new URL(request.url).origin || request.followToOtherHosts ? next.href : undefined;
}

/** An expired token is refused with 401, with a sign-in page as 203, or by sending us to one. */
export function asksToSignIn({ status, headers }: HttpAnswer): boolean {
  return status === 401 || status === 203 || (status === 302 && (one(headers.location) ?? '').includes('_signin'));
}

function repeatableMethod({ method, repeatable }: HttpRequest): string {
  return repeatable ? 'PUT' : method;
}

function failureOf(answer: HttpAnswer, now: number): Failure {
  return { kind: 'status', status: answer.status, retryAfterMs: retryAfterMs(one(answer.headers['retry-after']), now) };
}

/** The kind of what kept a request from being answered: Node's code, or one of those above. */
export function codeOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string };
  if (code && /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA)/.test(code)) return 'CLIENT_CERTIFICATE';
  if (code && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) return 'CERTIFICATE';
  if (code && /^ERR_TLS|^ERR_SSL|EPROTO/.test(code)) return 'TLS';
  return code ?? (message.startsWith('Request timeout') ? 'ETIMEDOUT' : 'ERROR');
}

function noAnswer(request: HttpRequest, failure: Failure, cause: unknown): ApiError {
  const refusal = {
    method: request.method,
    url: bare(request.url),
    status: 0,
    reasons: [`${reasonOf(cause)}.`.replace(/\.\.$/, '.')],
    cure: failure.kind === 'status' ? undefined : cureOf(failure.code, request.url),
  };
  const changes = request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
  return changes && mayHaveHappened(failure) ? new LostAnswer(refusal, { cause }) : new ApiError(refusal, { cause });
}

function cureOf(code: string, url: string): string | undefined {
  const { host } = new URL(url);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Check the host name '${host}' and the agent's DNS and proxy.`;
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `Check that the agent can reach ${host} (firewall, proxy).`;
    case 'PROXY':
      return 'Check the proxy of the agent (config --proxyurl) and its user name and password.';
    case 'PROXY_PASSWORD':
      return 'Check the user name and password of the proxy (config --proxyusername, --proxypassword).';
    case 'CLIENT_CERTIFICATE':
      return `${host} wants a client certificate that it knows: give it to the agent with config --sslclientcert and --sslclientcertkey.`;
    case 'TLS':
    case 'CERTIFICATE':
      return `Check the certificate of ${host}; a certificate authority of your own is given to the agent with config --sslcacert.`;
    default:
      return undefined;
  }
}

/** OpenSSL's own word where there is one; its full message is a line of addresses and file names. */
function reasonOf(cause: unknown): string {
  const { reason } = cause as { reason?: unknown };
  return typeof reason === 'string' && reason ? reason : messageOf(cause);
}

/** The address as it may be shown: without query, user and password. */
export function bare(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The one value of a header. */
export function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

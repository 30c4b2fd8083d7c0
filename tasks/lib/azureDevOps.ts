import { VsoClient } from 'azure-devops-node-api/VsoClient';
import { Misshapen, wellFormed } from './answerShape';
import { ApiError, UserError } from './errors';
import { cureFor } from './knownRefusals';
import { isOwnHost } from './ownHosts';
import {
  bare,
  one,
  type Credentials,
  type HttpAnswer,
  type HttpRequest,
  type Method,
  type Transport,
} from './transport';
import { orCanceled } from './world';

/** A resource as the service's location documents list it. */
export interface Place {
  area: 'build' | 'Release' | 'distributedtask' | 'core';
  /** Location id, the same on every server. */
  id: string;
  /** What it is, for a server that lacks it: 'stages of a run (PATCH builds/{id}/stages)'. */
  name: string;
  version?: string;
}

export interface Call {
  route?: Record<string, string | number | undefined>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  signal?: AbortSignal | undefined;
  repeatable?: boolean | undefined;
  attempts?: number | undefined;
  timeoutMs?: number | undefined;
  contentType?: string | undefined;
}

/** An organization or collection, and who we are there. */
export interface Account {
  /** Organization or collection URL with a trailing slash. */
  url: string;
  /** How messages name the way we signed in: 'the job's token', "service connection 'Contoso'". */
  credentialName: string;
  credentials: Credentials;
  /** Set when the credentials are the token of a job: whose rights then count is known from its project. */
  jobOf?: { project: string };
  /** What the token has to be good for, where that is not starting runs and releases. */
  scopes?: string;
}

const DOWNLOAD_TIMEOUT_MS = 30 * 60_000;
/** The newest version that this program was written for; an older server's own is used where it has less. */
const API_VERSION = '7.1';
/** The area of releases, which Azure DevOps Services keeps on a host of its own. */
const RELEASE_AREA = 'efc2f575-36ef-48e9-b672-0c6fb4a48ac5';
const BUILDS_ID = '0cd358e1-9217-4d94-8269-1c1ee6f93dcf';
/** The newest REST version of each server (https://learn.microsoft.com/rest/api/azure/devops, 'API and TFS version mapping'). */
const SERVERS: Record<string, string> = {
  '3.2': 'Team Foundation Server 2017',
  '4.0': 'Team Foundation Server 2018',
  '4.1': 'Team Foundation Server 2018',
  '5.0': 'Azure DevOps Server 2019',
  '5.1': 'Azure DevOps Server 2019',
  '6.0': 'Azure DevOps Server 2020',
  '7.0': 'Azure DevOps Server 2022',
  '7.1': 'Azure DevOps Server 2022.1',
};

/**
 * Azure DevOps over one transport. Addresses and versions come from the service's own location documents through the library's
 * negotiation; answers stay as the service wrote them (see notes/azure-devops-client.md).
 */
export class AzureDevOps {
  private readonly locations: VsoClient;
  private areas = new Map<string, Promise<unknown>>();
  private releases: Promise<AzureDevOps> | undefined;

  constructor(
    readonly account: Account,
    readonly transport: Transport,
  ) {
    // The library asks its REST client for one thing only: the location documents.
    const options = async (url: string) => {
      const answer = await this.request({ method: 'OPTIONS', url, headers: { accept: 'application/json' } });
      return { result: locationsOf(json(answer, 'OPTIONS', url)), statusCode: answer.status, headers: {} };
    };
    this.locations = new VsoClient(account.url, { options } as never);
  }

  /** Calls a resource of a location document and gives its JSON. Throws `ApiError` on any refusal. */
  async call<T>(method: Method, place: Place, call: Call = {}): Promise<{ value: T; headers: HttpAnswer['headers'] }> {
    await orCanceled(this.areaKnown(place.area), call.signal);
    if (!(await this.locations.beginGetLocation(place.area, place.id)))
      throw new UserError(await this.tooOld(place.name));
    const { requestUrl = '', apiVersion = API_VERSION } = await this.locations.getVersioningData(
      place.version ?? API_VERSION,
      place.area,
      place.id,
      call.route,
    );
    return this.json<T>(method, requestUrl + queryText(call.query), apiVersion, call);
  }

  /**
   * Calls a path of the collection that no location document of the library covers (runs of YAML pipelines, approvals, checks), with
   * the version that the server has for its builds.
   */
  async rest<T>(
    method: Method,
    path: string,
    call: Call & { preview?: number } = {},
  ): Promise<{ value: T; headers: HttpAnswer['headers'] }> {
    const version = `${await orCanceled(this.serverVersion(), call.signal)}-preview.${call.preview ?? 1}`;
    return this.json<T>(method, `${this.account.url}${path}${queryText(call.query)}`, version, call);
  }

  /** The text behind an address that the service itself gave, such as an attachment's. It must be of this organization. */
  async readUrl(url: string, signal?: AbortSignal): Promise<string> {
    const { origin } = new URL(url);
    if (origin !== new URL(this.account.url).origin) {
      throw new ApiError({
        method: 'GET',
        url: bare(url),
        status: 0,
        reasons: [`The address is not of ${this.account.url}.`],
      });
    }
    return (await this.request({ method: 'GET', url, signal, headers: { accept: '*/*' } })).text;
  }

  /**
   * Saves what lies behind an address to a file, whatever its size. A signed address needs no credentials and gets none; others must be
   * of this organization.
   */
  async download(
    url: string,
    { file, withCredentials, signal }: { file: string; withCredentials: boolean; signal?: AbortSignal },
  ): Promise<void> {
    const request: HttpRequest = {
      ...{ method: 'GET', url, signal, saveTo: file, followToOtherHosts: true, timeoutMs: DOWNLOAD_TIMEOUT_MS },
      headers: { accept: '*/*' },
      credentials: withCredentials ? this.account.credentials : undefined,
    };
    const answer = await this.transport.send(request);
    const refusal = refusalOf(answer, 'GET', url, this.account);
    if (refusal) throw refusal;
  }

  /**
   * The same organization, as the same identity, on the host that it names for its releases (GET resourceAreas/{id}); a server of one's own
   * names none and is that host itself. Throws `ApiError` for a refusal and for a host that is not the organization's own.
   */
  async releaseHost(signal?: AbortSignal): Promise<AzureDevOps> {
    this.releases ??= this.findReleaseHost();
    this.releases.catch(() => (this.releases = undefined));
    return orCanceled(this.releases, signal);
  }

  private async findReleaseHost(): Promise<AzureDevOps> {
    const { url } = this.account;
    const address = `${url}_apis/resourceAreas/${RELEASE_AREA}`;
    const answer = await this.request({ method: 'GET', url: address, headers: { accept: 'application/json' } });
    const named = (json(answer, 'GET', address) as { locationUrl?: string } | undefined)?.locationUrl;
    if (!named) return this;
    if (!isOwnHost(url, named)) {
      const reasons = [`It names '${named}' as the host of its releases, which is none of the organization's own.`];
      throw new ApiError({
        method: 'GET',
        url: address,
        status: answer.status,
        reasons,
        cure: 'No token is sent there.',
      });
    }
    const releaseUrl = `${named.replace(/\/+$/, '')}/`;
    return releaseUrl === url ? this : new AzureDevOps({ ...this.account, url: releaseUrl }, this.transport);
  }

  /** The lower of what this program knows and what the server offers, as in `7.0`. */
  private async serverVersion(): Promise<string> {
    const newest = await this.newestVersion();
    return newest !== undefined && Number(newest) < Number(API_VERSION) ? newest : API_VERSION;
  }

  private async newestVersion(): Promise<string | undefined> {
    await this.areaKnown('build');
    return (await this.locations.beginGetLocation('build', BUILDS_ID))?.maxVersion;
  }

  private async tooOld(name: string): Promise<string> {
    const newest = await this.newestVersion().catch(() => undefined);
    const server = newest && SERVERS[newest] ? ` (${SERVERS[newest]})` : '';
    const version = newest ? ` Its newest REST version is ${newest}${server}.` : '';
    return `The server at ${this.account.url} has no ${name}.${version} Azure DevOps Services or Azure DevOps Server 2022 and later has it.`;
  }

  /** One location document an area, also when several calls want it at once. */
  private async areaKnown(area: string): Promise<void> {
    let known = this.areas.get(area);
    if (!known) {
      known = this.locations.beginGetLocation(area, '');
      this.areas.set(area, known);
      known.catch(() => this.areas.delete(area));
    }
    await known;
  }

  private async json<T>(
    method: Method,
    url: string,
    version: string,
    call: Call,
  ): Promise<{ value: T; headers: HttpAnswer['headers'] }> {
    const answer = await this.request({
      method,
      url,
      signal: call.signal,
      repeatable: call.repeatable,
      attempts: call.attempts,
      timeoutMs: call.timeoutMs,
      headers: {
        accept: `application/json;api-version=${version}`,
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json; charset=utf-8' }),
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
    });
    return { value: json(answer, method, url) as T, headers: answer.headers };
  }

  private async request(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.transport.send({ ...request, credentials: this.account.credentials });
    const refusal = refusalOf(answer, request.method, request.url, this.account);
    if (refusal) throw refusal;
    return answer;
  }
}

/** A location document for the library, which takes every field of it for granted. */
function locationsOf(document: unknown): { value: object[] } {
  const { value } = (document ?? {}) as { value?: unknown[] };
  const isLocation = (one: unknown) =>
    ['id', 'area', 'resourceName', 'routeTemplate'].every(
      (field) => typeof (one as Record<string, unknown>)[field] === 'string',
    );
  return { value: (value ?? []).filter((one): one is object => typeof one === 'object' && isLocation(one)) };
}

/**
 * The value of a JSON answer; no body at all is undefined (and nothing in it, where something was to be read). Throws `ApiError` for
 * anything else that is no JSON, or not what the service documents.
 */
function json(answer: HttpAnswer, method: string, url: string): unknown {
  if (!answer.text.trim()) return method === 'GET' ? {} : undefined;
  try {
    const value: unknown = JSON.parse(answer.text.replace(/^\uFEFF/, ''));
    // What a change answers is of use only where it is an object.
    return Array.isArray(value) && method !== 'GET' ? value : wellFormed(value);
  } catch (cause) {
    const what = cause instanceof Misshapen ? `The answer holds ${cause.message}` : 'The answer is no JSON';
    throw new ApiError(
      { method, url: bare(url), status: answer.status, reasons: [`${what}: '${start(answer.text)}'.`] },
      { cause },
    );
  }
}

/** What an answer refuses, as an error; undefined when it is a success. */
export function refusalOf(answer: HttpAnswer, method: string, url: string, account: Account): ApiError | undefined {
  const { status, text } = answer;
  const html = (one(answer.headers['content-type']) ?? '').includes('text/html');
  const location = one(answer.headers.location);
  if (status >= 200 && status < 300 && status !== 203 && !html) return undefined;
  const body = html ? undefined : bodyOf(text);
  const reasons = body ? reasonsOf(body) : [];
  const known = { method, url: bare(url), status, typeKey: body?.typeKey, activityId: one(answer.headers.activityid) };
  if (!reasons.length) {
    if (status === 203 || (html && status < 300) || location?.includes('_signin')) {
      return new ApiError({
        ...known,
        reasons: [
          `The server answered with a sign-in page: ${account.credentialName} is invalid, expired, or of another organization.`,
        ],
      });
    }
    if (status >= 300 && status < 400 && location) {
      const target = new URL(location, url).origin;
      return new ApiError({
        ...known,
        reasons: [`The server redirects to ${target}, where no token is sent.`],
        cure: 'Give the URL that the organization has today.',
      });
    }
    if (text.trim()) reasons.push(`The answer says '${start(html ? textOf(text) : text)}'.`);
  }
  return new ApiError({ ...known, reasons, cure: cureFor({ account, url, status, reasons }) });
}

interface ErrorBody {
  message?: unknown;
  typeKey?: string;
  value?: { Message?: unknown };
  customProperties?: { ValidationResults?: unknown };
  ValidationResults?: unknown;
}

function bodyOf(text: string): ErrorBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** The service's sentences. The reasons of a refused start stand in `ValidationResults` only. */
function reasonsOf(body: ErrorBody): string[] {
  const message = body.message ?? body.value?.Message;
  const results = body.customProperties?.ValidationResults ?? body.ValidationResults;
  const details = (Array.isArray(results) ? results : [])
    .map((result: unknown) => (result as { message?: unknown } | null)?.message)
    .filter((text) => typeof text === 'string');
  return [...(typeof message === 'string' ? [message] : []), ...details].map(asSentence).filter(Boolean);
}

/** The service ends some of its sentences without a stop, and several would run into each other. */
function asSentence(text: string): string {
  const line = text.trim();
  return line && !/[.!?:]$/.test(line) ? `${line}.` : line;
}

function queryText(query: Call['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  // Commas of id lists stay as they are: encoded they would treble, and a look at hundreds of runs has to fit into one URL.
  const text = pairs
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value)).replace(/%2C/g, ',')}`)
    .join('&');
  return text ? `?${text}` : '';
}

function start(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function textOf(html: string): string {
  return (/<title[^>]*>([\s\S]*?)<\/title>/i.exec(html)?.[1] ?? html).replace(/<[^>]*>/g, ' ');
}

import fs from 'node:fs';
import { ApiError, messageOf } from '../../../lib/errors';
import { retryDelay } from '../../../lib/retryDelay';
import { bare, one, type HttpAnswer, type HttpRequest, type Transport } from '../../../lib/transport';
import type { World } from '../../../lib/world';
import { HostState, type RequestCounts } from '../../registry/hostState';
import { pauseAsked } from '../../registry/rateLimit';
import type { IndexCache, KeptAnswer } from './IndexCache';
import { conditionalHeaders, type IndexRequest, type Validators } from './indexVersion';

/** Why an index could not be asked; caught where a package is judged. */
export class IndexRefusal extends Error {
  override readonly name = 'IndexRefusal';
}

/** Gives the `Authorization` header for an address; undefined asks without. */
export type FindLogin = (url: string) => Promise<string | undefined>;

const AT_ONCE = 8;
const ATTEMPTS = 3;
const TIMEOUT_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;

/** Asks package indexes: each address once in a run, and with the answer of an earlier run only whether that still holds. */
export class PackageIndexes {
  private readonly hosts = new Map<string, HostState>();
  private readonly answers = new Map<string, Promise<KeptAnswer>>();

  constructor(
    private readonly transport: Transport,
    private readonly options: { cache: IndexCache; loginFor: FindLogin },
    private readonly world: World,
  ) {}

  /** What every host was asked, for the report. */
  get requests(): Record<string, RequestCounts> {
    return Object.fromEntries([...this.hosts].sort().map(([host, { counts }]) => [host, counts]));
  }

  /** Whether there is an answer of an earlier run, of which is only to be asked whether it holds. */
  isKept(request: IndexRequest): boolean {
    return this.options.cache.get(request)?.kind === 'found';
  }

  /**
   * The body behind an address, undefined where there is none. With `sha256` it is asked for only where no answer with that hash is
   * there. Throws `IndexRefusal` where there is no answer to judge by.
   */
  async read(request: IndexRequest, { sha256 }: { sha256?: string } = {}): Promise<Buffer | undefined> {
    const key = `${request.url}\n${request.headers.Accept ?? ''}`;
    const known = this.answers.get(key) ?? this.ask(request, sha256);
    this.answers.set(key, known);
    const kept = await known;
    if (sha256 !== undefined && kept.kind === 'found' && kept.sha256 !== sha256) {
      throw new IndexRefusal(`${bare(request.url)} is not what the repository's InRelease says: it is being changed`);
    }
    return kept.kind === 'found' ? this.options.cache.body(kept) : undefined;
  }

  private async ask(request: IndexRequest, sha256: string | undefined): Promise<KeptAnswer> {
    const { cache } = this.options;
    const kept = cache.get(request);
    if (kept && sha256 !== undefined && kept.sha256 === sha256) {
      cache.touch(request, kept);
      return kept;
    }
    const file = cache.newFile();
    try {
      // A hash is that of the file as it is: it must not come packed once more.
      const mayPack = sha256 === undefined && !request.url.endsWith('.gz');
      const answer = await this.send(request, { saveTo: file, kept, mayPack });
      if (answer.status === 304 && kept) {
        cache.touch(request, kept);
        return kept;
      }
      const about = { ...validatorsOf(answer.headers), packed: one(answer.headers['content-encoding']) === 'gzip' };
      if (answer.status === 200) return cache.put(request, { ...about, kind: 'found' }, file);
      if (answer.status === 404 || answer.status === 410) {
        return cache.put(request, { ...about, packed: false, kind: 'missing' }, file);
      }
      const { status } = answer;
      const access = status === 401 || status === 403 ? 'allows no access' : 'gave no answer';
      throw new IndexRefusal(`${bare(request.url)} ${access} (${status})`);
    } finally {
      fs.rmSync(file, { force: true });
    }
  }

  /** Sends with a few attempts, as the host's limits allow. */
  private async send(
    request: IndexRequest,
    { saveTo, kept, mayPack }: { saveTo: string; kept: KeptAnswer | undefined; mayPack: boolean },
  ): Promise<HttpAnswer> {
    const { host } = new URL(request.url);
    const state = this.hosts.get(host) ?? new HostState(AT_ONCE);
    this.hosts.set(host, state);
    const login = await this.options.loginFor(request.url);
    const wanted: HttpRequest = {
      method: 'GET',
      url: request.url,
      headers: {
        ...request.headers,
        ...(mayPack && { 'accept-encoding': 'gzip' }),
        ...(kept && conditionalHeaders(kept)),
      },
      credentials: login === undefined ? undefined : { authorization: () => Promise.resolve(login) },
      ...{ saveTo, followToOtherHosts: true, signal: this.world.signal, attempts: 1, timeoutMs: TIMEOUT_MS },
    };
    return state.turn(async () => {
      for (let attempt = 1; ; attempt++) {
        if (state.refused) throw new IndexRefusal(state.refused);
        state.counts.get++;
        const pause = await this.attempt(wanted, state, attempt);
        if (typeof pause !== 'number') return pause;
        await this.world.clock.sleep(pause, this.world.signal);
      }
    });
  }

  /** The answer, or how long to wait for the next attempt. */
  private async attempt(request: HttpRequest, state: HostState, attempt: number): Promise<HttpAnswer | number> {
    const { host } = new URL(request.url);
    let answer: HttpAnswer;
    try {
      answer = await this.transport.send(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const again = retryDelay('GET', { kind: 'lost', code: '' }, attempt, ATTEMPTS);
      if (again !== undefined) return again;
      state.refused ??= `${host} cannot be reached: ${messageOf(error)}`;
      throw new IndexRefusal(state.refused);
    }
    const { status, headers } = answer;
    if (status === 429) {
      state.counts.throttled++;
      const asked = pauseAsked(headers, this.world.clock.now()) ?? LONGEST_PAUSE_MS / 10;
      if (asked <= LONGEST_PAUSE_MS && attempt < ATTEMPTS) return asked;
      state.refused ??= `${host} refuses further requests for now (429, rate limit)`;
      throw new IndexRefusal(state.refused);
    }
    if (status >= 500 || status === 408) {
      const again = retryDelay('GET', { kind: 'status', status }, attempt, ATTEMPTS);
      if (again !== undefined) return again;
      state.failed(`${host} only fails (${status})`);
      return answer;
    }
    state.answered();
    return answer;
  }
}

/** By what the next request is conditional: where a server names neither, the time of its answer will do (RFC 9110, 13.1.3). */
function validatorsOf(headers: HttpAnswer['headers']): Validators {
  const etag = one(headers.etag);
  const lastModified = one(headers['last-modified']) ?? one(headers.date);
  return { ...(etag && { etag }), ...(lastModified && { lastModified }) };
}

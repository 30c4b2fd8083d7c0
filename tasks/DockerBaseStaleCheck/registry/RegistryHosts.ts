import { ApiError, messageOf } from '../../lib/errors';
import { retryDelay } from '../../lib/retryDelay';
import { codeOf, type HttpAnswer, type HttpRequest, type Transport } from '../../lib/transport';
import type { World } from '../../lib/world';
import { parseChallenges, type Challenge } from './challenge';
import { isLoopback, originOf, type HostOptions } from './hosts';
import { HostState, type RequestCounts } from './hostState';
import { pauseAsked, pullsUsedUp } from './rateLimit';
import { RegistryRefusal } from './refusal';

/** How a host is asked: its address, and the ways to sign in that it offers. */
export interface Entrance {
  /** As in `https://ghcr.io`. */
  origin: string;
  challenges: Challenge[];
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 20_000;
/** A registry that wants a longer pause is asked no further in this run. */
const LONGEST_PAUSE_MS = 30_000;
/** No repetition mends these: the certificate, or what speaks at that port. */
const SETTLED = new Set(['CERTIFICATE', 'CLIENT_CERTIFICATE', 'TLS']);
/** Docker Hub's challenge, known beforehand: it saves a request for every run. */
const KNOWN_CHALLENGES: Record<string, string> = {
  'registry-1.docker.io': 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
};

/** TLS was spoken to a port that answers in plain http. */
class PlainHttp extends Error {}

/** Sends to registries and what belongs to them, as the limits of every host allow, and remembers what each of them said. */
export class RegistryHosts {
  private readonly states = new Map<string, HostState>();
  private readonly entrances = new Map<string, Promise<Entrance>>();

  constructor(
    private readonly transport: Transport,
    private readonly options: HostOptions,
    private readonly world: World,
  ) {}

  /** What every host was asked, for the report. */
  get requests(): Record<string, RequestCounts> {
    return Object.fromEntries([...this.states].sort().map(([host, { counts }]) => [host, counts]));
  }

  /**
   * Address and challenges of a registry, found out once in a run by `GET /v2/`: so no question about an image is sent in vain. This
   * machine itself may speak http without being told so; it is tried by https first.
   */
  entrance(host: string): Promise<Entrance> {
    const known = this.entrances.get(host) ?? this.findEntrance(host);
    this.entrances.set(host, known);
    return known;
  }

  /** Sends with a few attempts. Throws `RegistryRefusal` where there is no answer, or where the host is to be left alone. */
  async send(request: HttpRequest, kind: Exclude<keyof RequestCounts, 'throttled'>): Promise<HttpAnswer> {
    const { host } = new URL(request.url);
    const state = this.states.get(host) ?? new HostState();
    this.states.set(host, state);
    const turn = kind === 'token' ? state.tokenTurn : state.turn;
    return turn(async () => {
      for (let attempt = 1; ; attempt++) {
        const refused = state.refused ?? (kind === 'get' ? state.noMorePulls : undefined);
        if (refused) throw new RegistryRefusal('unavailable', refused);
        state.counts[kind]++;
        const pause = await this.attempt(request, state, attempt);
        if (typeof pause !== 'number') return pause;
        await this.world.clock.sleep(pause, this.world.signal);
      }
    });
  }

  private async findEntrance(host: string): Promise<Entrance> {
    const known = KNOWN_CHALLENGES[host];
    if (known) return { origin: `https://${host}`, challenges: parseChallenges(known) };
    const origin = originOf(host, this.options);
    const maySpeakBoth = isLoopback(new URL(origin).hostname) && !this.options.insecure.has(host.toLowerCase());
    if (!maySpeakBoth) return this.knock(origin);
    try {
      return await this.knock(`https://${host}`);
    } catch (error) {
      if (error instanceof PlainHttp) return this.knock(`http://${host}`);
      throw error;
    }
  }

  private async knock(origin: string): Promise<Entrance> {
    const answer = await this.send({ method: 'GET', url: `${origin}/v2/`, headers: { accept: '*/*' } }, 'ping');
    return { origin, challenges: answer.status === 401 ? parseChallenges(answer.headers['www-authenticate']) : [] };
  }

  /** The answer, or how long to wait for the next attempt. */
  private async attempt(request: HttpRequest, state: HostState, attempt: number): Promise<HttpAnswer | number> {
    const { signal, clock } = this.world;
    const { host } = new URL(request.url);
    let answer: HttpAnswer;
    try {
      answer = await this.transport.send({ ...request, signal, attempts: 1, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isPlainHttp(request.url, error)) {
        state.counts.ping--;
        throw new PlainHttp();
      }
      const attempts = SETTLED.has(codeOf(error.cause)) ? 1 : ATTEMPTS;
      const again = retryDelay('GET', { kind: 'lost', code: '' }, attempt, attempts);
      if (again !== undefined) return again;
      state.refused ??= `${host} cannot be reached: ${messageOf(error)}`;
      throw new RegistryRefusal('unavailable', state.refused);
    }
    const { status, headers } = answer;
    if (pullsUsedUp(headers)) state.noMorePulls ??= `${host} allows no more pulls for now (rate limit)`;
    if (status === 429) {
      state.counts.throttled++;
      const asked = pauseAsked(headers, clock.now());
      if (asked !== undefined && asked <= LONGEST_PAUSE_MS && attempt < ATTEMPTS) return asked;
      state.refused ??= `${host} refuses further requests for now (429, rate limit)`;
      throw new RegistryRefusal('unavailable', state.refused);
    }
    if (status >= 500 || status === 408) {
      const again = retryDelay('GET', { kind: 'status', status }, attempt, ATTEMPTS);
      if (again !== undefined) return again;
      state.failed(`${host} only fails (${status})`);
      throw new RegistryRefusal('unavailable', `${host} failed (${status})`);
    }
    state.answered();
    return answer;
  }
}

/** Only at this machine a failed handshake may mean plain http: elsewhere it must never lead there. */
function isPlainHttp(url: string, { cause }: ApiError): boolean {
  const { protocol, hostname, pathname } = new URL(url);
  if (protocol !== 'https:' || pathname !== '/v2/' || !isLoopback(hostname)) return false;
  return codeOf(cause) === 'TLS' || /socket disconnected before secure|ECONNRESET/.test(messageOf(cause));
}

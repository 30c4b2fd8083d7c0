import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { HttpClientResponse } from 'typed-rest-client/HttpClient';
import type { IHttpClientResponse, IRequestInfo } from 'typed-rest-client/Interfaces';
import type { Network } from '../../tasks/lib/agent';
import { retryAfterMs } from '../../tasks/lib/retryDelay';
import { one, Transport } from '../../tasks/lib/transport';
import type { World } from '../../tasks/lib/world';
import type { Metrics } from '../metrics';
import type { NameSpace } from '../plan/names';
import { thinMatches } from './thinMatches';

/** The transport of the tasks, which repeats and waits as the service asks, with every attempt counted and long matchings shortened. */
export class CountedTransport extends Transport {
  /** Names of pools by id, for the label. */
  readonly pools = new Map<string, string>();

  constructor(
    private readonly around: World,
    network: Network,
    private readonly metrics: Metrics,
    /** What the names of our agents begin with. */
    private readonly prefix: string,
  ) {
    super(around, network);
  }

  override async requestRaw(info: IRequestInfo, data: string | NodeJS.ReadableStream): Promise<IHttpClientResponse> {
    const id = /\/distributedtask\/pools\/(\d+)/.exec(info.parsedUrl.pathname)?.[1] ?? '';
    const pool = this.pools.get(id) ?? '';
    try {
      const response = await super.requestRaw(info, data);
      const { statusCode, headers } = response.message;
      this.metrics.requests.inc({ pool, status: String(statusCode ?? 0) });
      const pause = retryAfterMs(one(headers['retry-after']), this.around.clock.now());
      if (pause) this.metrics.throttledSeconds.inc({ pool }, pause / 1000);
      const space = { prefix: this.prefix, pool: { id: Number(id), name: pool } };
      return info.parsedUrl.pathname.endsWith('/jobrequests') ? thinned(response, space) : response;
    } catch (error) {
      this.metrics.requests.inc({ pool, status: '0' });
      throw error;
    }
  }
}

function thinned(response: IHttpClientResponse, space: NameSpace): IHttpClientResponse {
  const { message } = response;
  const { statusCode, headers } = message;
  if (headers['content-encoding'] !== undefined) return response;
  const short = Object.assign(thinMatches(space), { statusCode, headers });
  // An answer that breaks off ends the shortened one with the same error.
  pipeline(message, short, () => undefined);
  return new HttpClientResponse(short as unknown as IncomingMessage);
}

import type { IHttpClientResponse, IRequestInfo } from 'typed-rest-client/Interfaces';
import type { Network } from '../../tasks/lib/agent';
import { retryAfterMs } from '../../tasks/lib/retryDelay';
import { one, Transport } from '../../tasks/lib/transport';
import type { World } from '../../tasks/lib/world';
import type { Metrics } from '../metrics';

/** The transport of the tasks, which repeats and waits as the service asks, with every attempt counted. */
export class CountedTransport extends Transport {
  /** Names of pools by id, for the label. */
  readonly pools = new Map<string, string>();

  constructor(
    private readonly around: World,
    network: Network,
    private readonly metrics: Metrics,
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
      return response;
    } catch (error) {
      this.metrics.requests.inc({ pool, status: '0' });
      throw error;
    }
  }
}

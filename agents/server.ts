import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Config } from './config';
import type { Condition } from './loop';
import type { Metrics } from './metrics';

export interface Serving {
  port: number;
  hook?: Config['hook'];
  condition: Condition;
  metrics: Metrics;
  /** Called when the service hook says that a job waits. */
  wake: () => void;
  now: () => number;
}

/** A loop that has not turned for so long hangs: every request of it is bounded. */
const hangsMs = 600_000;
/** Looks that have failed for so long are told to whoever asks. */
const unreadyMs = 120_000;

/** `/healthz`, `/readyz`, `/metrics` and, where it has a password, `/hook`. */
export function startServer(serving: Serving): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, serving));
  server.requestTimeout = 10_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(serving.port, () => {
      resolve(server);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { condition, metrics, now } = serving;
  // What was sent is of no interest, but has to be read for the connection to be used again.
  request.resume();
  switch ((request.url ?? '').split('?')[0]) {
    case '/healthz':
      end(response, now() - condition.turnedAt < hangsMs ? 200 : 503);
      return;
    case '/readyz':
      end(response, condition.goodAt !== undefined && now() - condition.goodAt < unreadyMs ? 200 : 503);
      return;
    case '/metrics':
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
      return;
    case '/hook':
      if (serving.hook === undefined) end(response, 404);
      else if (request.method !== 'POST') end(response, 405);
      else if (!isAllowed(request.headers.authorization, serving.hook)) end(response, 401);
      else {
        serving.wake();
        end(response, 202);
      }
      return;
    default:
      end(response, 404);
  }
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end(status < 300 ? 'ok\n' : `${status}\n`);
}

/** Compares digests, for a comparison of texts tells by its time how much of them is right. */
function isAllowed(header: string | undefined, { user, password }: NonNullable<Config['hook']>): boolean {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(wanted));
}

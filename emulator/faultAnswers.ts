import type { ServerResponse } from 'node:http';
import { badTokenReply, payloadOf, signInPage, standardHeaders } from './answers';
import type { Call } from './calls';
import type { Fault } from './faults';
import type { Reply } from './routes/route';

/** One request that is to be answered: `perform` makes it happen and gives the answer. */
export interface Exchange {
  call: Call;
  response: ServerResponse;
  base: string;
  perform: () => Reply;
}

/** Delays that are under way, so that closing can end them. */
export interface Delays {
  /** Of a slow answer. */
  pause(ms: number): Promise<void>;
  /** In which bytes leave this machine: always its own time. */
  flush(ms: number): Promise<void>;
  end(): void;
}

/** @param pause how slow answers pass their time; the machine's own time unless given. */
export function createDelays(pause?: (ms: number) => Promise<void>): Delays {
  const waiting = new Map<NodeJS.Timeout, () => void>();
  const flush = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(timer);
        resolve();
      }, ms);
      waiting.set(timer, resolve);
    });
  return {
    pause: pause ?? flush,
    flush,
    end() {
      for (const [timer, resolve] of waiting) {
        clearTimeout(timer);
        resolve();
      }
      waiting.clear();
    },
  };
}

/** Answers a request as the fault says, or as usual where there is none. */
export async function answerWith(fault: Fault | undefined, exchange: Exchange, delays: Delays): Promise<void> {
  const { response, perform } = exchange;
  switch (fault?.kind) {
    case undefined: {
      send(exchange, perform());
      return;
    }
    case 'headers': {
      send(exchange, withHeaders(perform(), fault.headers));
      return;
    }
    case 'drop': {
      reset(response);
      return;
    }
    case 'dropAfter':
      perform();
      {
        reset(response);
        return;
      }
    case 'status': {
      send(exchange, scripted(fault));
      return;
    }
    case 'statusAfter':
      perform();
      {
        send(exchange, scripted(fault));
        return;
      }
    case 'html': {
      send(exchange, {
        ...page(fault.status ?? 200, '<html><body>A page</body></html>'),
        headers: fault.headers ?? {},
      });
      return;
    }
    case 'signIn203': {
      send(exchange, page(203, signInPage));
      return;
    }
    case 'redirect': {
      const reply = badTokenReply('redirect302', exchange.base, exchange.call.path);
      send(exchange, withHeaders({ ...reply, status: fault.status ?? 302 }, fault.headers));
      return;
    }
    case 'slow':
      await delays.pause(fault.ms ?? 1000);
      {
        send(exchange, perform());
        return;
      }
    case 'silence':
      return;
    case 'silenceAfter':
      perform();
      return;
    case 'wrongType': {
      send(exchange, withHeaders(perform(), { 'content-type': 'text/plain; charset=utf-8', ...fault.headers }));
      return;
    }
    case 'garbage': {
      const bytes = Buffer.from('{"count": 1, "val');
      send(exchange, { status: perform().status ?? 200, bytes, contentType: 'application/json' });
      return;
    }
    case 'rewrite': {
      send(exchange, rewritten(perform(), fault));
      return;
    }
    case 'duplicate': {
      duplicate(exchange, fault);
      return;
    }
    case 'truncate':
      return truncate(exchange, fault, delays);
    case 'drip':
      return drip(exchange, fault, delays);
  }
}

function withHeaders(reply: Reply, headers: Record<string, string> | undefined): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function page(status: number, text: string): Reply {
  return { status, text, contentType: 'text/html' };
}

function scripted(fault: Fault): Reply {
  const body: Reply = typeof fault.body === 'string' ? { text: fault.body } : { json: fault.body };
  return { ...body, status: fault.status ?? 503, headers: fault.headers ?? {} };
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function writeHead({ call, response }: Exchange, reply: Reply): Buffer {
  const { bytes, contentType } = payloadOf(reply);
  call.status = reply.status ?? 200;
  call.bytesSent = bytes.length;
  response.writeHead(call.status, {
    ...standardHeaders(),
    // The emulator lives on its own clock, and a client learns from this what time the service has.
    date: new Date(call.at).toUTCString(),
    ...(contentType === '' ? {} : { 'content-type': contentType }),
    ...(call.status === 204 ? {} : { 'content-length': String(bytes.length) }),
    ...reply.headers,
  });
  return bytes;
}

function send(exchange: Exchange, reply: Reply): void {
  if (exchange.response.destroyed) return;
  exchange.response.end(writeHead(exchange, reply));
}

/** An answer without JSON stays as it is. */
function rewritten(reply: Reply, { rewrite }: Fault): Reply {
  const { text, ...rest } = reply;
  const json = reply.json ?? jsonOf(text);
  return json === undefined || !rewrite ? reply : { ...rest, json: rewrite(json) };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** The same answer twice, the second one without a question, as a broken gateway between sends it. */
function duplicate(exchange: Exchange, fault: Fault): void {
  const { response, call } = exchange;
  const reply = withHeaders(exchange.perform(), fault.headers);
  const bytes = writeHead(exchange, reply);
  const type = payloadOf(reply).contentType || 'application/json';
  const again = `HTTP/1.1 ${call.status} Again\r\ncontent-type: ${type}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  const { socket } = response;
  response.end(bytes, () => {
    if (!socket?.destroyed) socket?.write(Buffer.concat([Buffer.from(again), bytes]));
  });
}

async function truncate(exchange: Exchange, fault: Fault, delays: Delays): Promise<void> {
  const bytes = writeHead(exchange, exchange.perform());
  const half = Math.floor(bytes.length / 2);
  exchange.call.bytesSent = half;
  exchange.response.write(bytes.subarray(0, half));
  // The half has to leave the machine before the reset, which throws away what waits to be sent.
  await delays.flush(fault.ms ?? 20);
  reset(exchange.response);
}

async function drip(exchange: Exchange, fault: Fault, delays: Delays): Promise<void> {
  const { response } = exchange;
  const bytes = writeHead(exchange, exchange.perform());
  for (let at = 0; at < bytes.length && !response.destroyed; at += 16) {
    // With its last bytes the answer is whole, and the next question on this connection must find it so.
    if (at + 16 >= bytes.length) break;
    response.write(bytes.subarray(at, at + 16));
    await delays.pause(fault.ms ?? 10);
  }
  response.end(bytes.subarray(Math.max(0, Math.ceil(bytes.length / 16) - 1) * 16));
}

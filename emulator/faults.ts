import type { Call } from './calls';

export type FaultKind =
  /** The connection is reset and nothing happened. */
  | 'drop'
  /** It happened, and then the connection is reset instead of an answer. */
  | 'dropAfter'
  /** Nothing happened; `status`, `headers` and `body` are the answer. */
  | 'status'
  /** It happened, but the answer is `status`, `headers` and `body`. */
  | 'statusAfter'
  /** Nothing happened; a page of HTML with `status` (200). */
  | 'html'
  /** Nothing happened; the sign-in page, with 203 as the service sends it. */
  | 'signIn203'
  /** Nothing happened; 302 to `headers.location`, or to the sign-in page. */
  | 'redirect'
  /** It happens after `ms`, and is answered as usual. */
  | 'slow'
  /** Nothing happened and nothing is ever answered. */
  | 'silence'
  /** It happened, but nothing is ever answered. */
  | 'silenceAfter'
  /** It happened; the answer is what `rewrite` makes of its JSON. */
  | 'rewrite'
  /** It happened; the answer comes twice. */
  | 'duplicate'
  /** It happened; half of the answer comes, then the connection is reset. */
  | 'truncate'
  /** It happened; the answer says that it is text/plain (or `headers['content-type']`). */
  | 'wrongType'
  /** It happened; the answer is no JSON. */
  | 'garbage'
  /** It happened; the answer comes in pieces of 16 bytes every `ms`. */
  | 'drip'
  /** As usual, with more `headers`, such as Retry-After on a 200. */
  | 'headers';

export type FaultMatch = ((call: Call) => boolean) | { method?: string; route?: string | RegExp; nth?: number };

export interface Fault {
  /** By a function, or by method and route template (its text or a part of it); `nth` counts the requests that fit, from 1. */
  match: FaultMatch;
  kind: FaultKind;
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  ms?: number;
  rewrite?: (json: unknown) => unknown;
  /** How often it strikes; default 1. */
  times?: number;
}

/** Faults that wait for their request; the first one that fits strikes. */
export interface FaultList {
  add(fault: Fault): void;
  clear(): void;
  /** The fault for a request, which is used up by that; undefined for most. */
  take(call: Call): Fault | undefined;
}

export function createFaultList(): FaultList {
  let waiting: { fault: Fault; seen: number; left: number }[] = [];
  return {
    add(fault) {
      waiting.push({ fault, seen: 0, left: fault.times ?? 1 });
    },
    clear() {
      waiting = [];
    },
    take(call) {
      const fitting = waiting.filter((entry) => fits(entry.fault.match, call));
      for (const entry of fitting) entry.seen++;
      const struck = fitting.find(({ fault, seen, left }) => left > 0 && seen >= firstOf(fault.match));
      if (!struck) return undefined;
      struck.left--;
      return struck.fault;
    },
  };
}

function firstOf(match: FaultMatch): number {
  return typeof match === 'function' ? 1 : (match.nth ?? 1);
}

function fits(match: FaultMatch, call: Call): boolean {
  if (typeof match === 'function') return match(call);
  if (match.method !== undefined && match.method.toUpperCase() !== call.method) return false;
  if (match.route === undefined) return true;
  return match.route instanceof RegExp
    ? match.route.test(call.route)
    : call.route.toLowerCase().includes(match.route.toLowerCase());
}

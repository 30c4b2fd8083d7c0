import type { Emulator } from '../../emulator/server';

/** The fields of answers that the tests read, whatever the answer is; those that it lacks are undefined all the same. */
export interface Wire {
  id: number;
  name: string;
  leaseId: number;
  commitId: string;
  count: number;
  value: Wire[];
  status: string;
  state: string;
  result: string;
  records: Wire[];
  type: string;
  message: string;
  typeKey: string;
  customProperties: { ValidationResults: { result: string; message: string }[] };
  [field: string]: unknown;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; an empty object where it is none. */
  body: Wire;
}

export interface RequestOptions {
  body?: unknown;
  accept?: string;
  token?: string | null;
  url?: string;
  contentType?: string;
}

/** One request to an emulator, with its token; path below the organization. */
export async function request(emulator: Emulator, line: string, options: RequestOptions = {}): Promise<Answer> {
  const [method = 'GET', path = ''] = line.split(/ (.*)/s);
  const token = options.token === undefined ? emulator.token : options.token;
  const response = await fetch((options.url ?? emulator.url) + path, {
    method,
    redirect: 'manual',
    headers: {
      accept: options.accept ?? 'application/json;api-version=7.2-preview',
      ...(token === null ? {} : { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` }),
      ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

function jsonOf(text: string): Wire {
  try {
    return JSON.parse(text) as Wire;
  } catch {
    return {} as Wire;
  }
}

/** A clock that stands until it is told to jump. */
export function standingClock(at = '2026-11-21T08:00:00Z'): { now(): number; jump(ms: number): void } {
  let now = Date.parse(at);
  return {
    now: () => now,
    jump(ms) {
      now += ms;
    },
  };
}

import { retryAfterMs } from '../../lib/retryDelay';
import { one, type HttpAnswer } from '../../lib/transport';

type Headers = HttpAnswer['headers'];

/**
 * Milliseconds that a host asks to be left alone. `Retry-After` holds seconds or a date, at Docker Hub also the time itself, as does
 * the older `X-Retry-After`. Undefined where it says nothing.
 * https://docs.docker.com/docker-hub/usage/pulls/
 */
export function pauseAsked(headers: Headers, now: number): number | undefined {
  const text = one(headers['retry-after']) ?? one(headers['x-retry-after']);
  const pause = retryAfterMs(text, now);
  // So many seconds are no pause but a time since 1970.
  return pause !== undefined && pause > 1e12 ? Math.max(0, pause - now) : pause;
}

/** True when the pulls of this address are used up, as `ratelimit-remaining: 0;w=21600` says. */
export function pullsUsedUp(headers: Headers): boolean {
  return /^\s*0\s*(;|$)/.test(one(headers['ratelimit-remaining']) ?? '');
}

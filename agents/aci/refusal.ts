import type { Problem } from '../plan/workload';

/** The HTTP status of an answer that the client throws; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return field(error, 'statusCode', 'number');
}

/**
 * Why Resource Manager made no group, where asking the same again would get the same answer; undefined for what is no refusal. The code of
 * the answer tells the cause better than its status, which differs from region to region.
 */
export function refusalOf(error: unknown): { problem: Problem; retryAfterMs?: number } | undefined {
  const status = statusOf(error) ?? 0;
  if (status < 400 || status >= 500 || status === 401 || status === 408) return undefined;
  const code = field(error, 'code', 'string') ?? '';
  const message = error instanceof Error ? error.message : String(error);
  const text = code && !message.startsWith(code) ? `${code}: ${message}` : message;
  if (status === 429 || /quota|capacity|notavailable|serviceunavailable/i.test(code)) {
    const seconds = retryAfter(error);
    return { problem: { reason: 'quota', text }, ...(seconds !== undefined && { retryAfterMs: seconds * 1000 }) };
  }
  return { problem: { reason: /image|registry/i.test(code) ? 'image' : 'refused', text } };
}

function retryAfter(error: unknown): number | undefined {
  const response = field(error, 'response', 'object');
  const headers = response && 'headers' in response ? response.headers : undefined;
  if (typeof headers !== 'object' || headers === null || !('get' in headers) || typeof headers.get !== 'function')
    return undefined;
  const value: unknown = (headers as { get(name: string): unknown }).get('retry-after');
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

interface Kinds {
  number: number;
  string: string;
  object: object | null;
}

function field<K extends keyof Kinds>(error: unknown, name: string, kind: K): Kinds[K] | undefined {
  if (typeof error !== 'object' || error === null || !(name in error)) return undefined;
  const value: unknown = (error as Record<string, unknown>)[name];
  return typeof value === kind ? (value as Kinds[K]) : undefined;
}

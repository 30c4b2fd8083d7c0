import { ApiException } from '@kubernetes/client-node';

/** The HTTP status of an answer that the client throws; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}

/** The API server's own words: `message` of the Status that it answers with. */
export function messageOf(error: unknown): string {
  const body: unknown = error instanceof ApiException ? error.body : undefined;
  const status = typeof body === 'string' ? parsed(body) : body;
  if (typeof status === 'object' && status !== null && 'message' in status && typeof status.message === 'string')
    return status.message;
  return error instanceof Error ? error.message : String(error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

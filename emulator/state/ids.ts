import { createHash } from 'node:crypto';

/** A GUID that is always the same for the same text, so that a test's output does not change from run to run. */
export function guidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** A commit id (40 hex digits), always the same for the same text. */
export function commitOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}

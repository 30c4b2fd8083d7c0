import { createHmac, randomBytes } from 'node:crypto';

const key = randomBytes(32);

/** The address with a signature in it, by which whoever holds it may read it until then, without a token. */
export function signed(address: string, expiresAt: number): string {
  const url = new URL(address);
  url.searchParams.set('se', String(expiresAt));
  url.searchParams.set('sig', signatureOf(url));
  return url.href;
}

/** Whether a request is for an address that we signed and that has not expired. */
export function isSigned(method: string, url: URL, now: number): boolean {
  const { searchParams } = url;
  return method === 'GET' && Number(searchParams.get('se')) > now && searchParams.get('sig') === signatureOf(url);
}

function signatureOf({ pathname, searchParams }: URL): string {
  return createHmac('sha256', key)
    .update(`${pathname} ${searchParams.get('se') ?? ''}`)
    .digest('base64url');
}

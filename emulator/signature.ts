import { guidOf } from './state/ids';

/** The address with a signature of its path and query. */
export function signed(address: string): string {
  const { pathname, search } = new URL(address);
  return `${address}${search ? '&' : '?'}sig=${guidOf(`signature of ${pathname}${search}`)}`;
}

/** True for a path with query that carries its own signature. */
export function isSigned(path: string): boolean {
  const [, address = '', signature = ''] = /^(.*)[?&]sig=([0-9a-f-]+)$/.exec(path) ?? [];
  return signature !== '' && signature === guidOf(`signature of ${address}`);
}

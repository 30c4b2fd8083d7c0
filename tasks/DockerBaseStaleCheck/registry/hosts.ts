import { isIPv4, isIPv6 } from 'node:net';

export interface HostOptions {
  /** Host as an image names it → host that is asked instead. */
  mirrors: ReadonlyMap<string, string>;
  /** Hosts that speak plain http. */
  insecure: ReadonlySet<string>;
}

/** `docker.io` is a name only; its registry answers elsewhere. */
const API_HOSTS: Record<string, string> = { 'docker.io': 'registry-1.docker.io' };

/** The host that is asked about images of a host. */
export function apiHost(host: string, { mirrors }: HostOptions): string {
  return mirrors.get(host.toLowerCase()) ?? API_HOSTS[host] ?? host;
}

/** Address of a host: https, or http for this machine and for what the author called insecure. */
export function originOf(host: string, { insecure }: HostOptions): string {
  return `${isLoopback(nameOf(host)) || insecure.has(host.toLowerCase()) ? 'http' : 'https'}://${host}`;
}

/**
 * Why a token must not be asked for at the address that a registry names, or undefined. It must be https, unless the registry itself is
 * asked by http, and must not lead into a private network that the registry itself is no part of: an answer that somebody else wrote
 * could draw credentials there.
 */
export function realmRefusal(realm: string, registry: string): string | undefined {
  if (!URL.canParse(realm)) return `'${realm}' is no address`;
  const { protocol, hostname, username } = new URL(realm);
  const own = new URL(registry);
  if (username) return `'${hostname}' comes with a user name`;
  const plain = protocol === 'http:' && own.protocol === 'http:';
  if (protocol !== 'https:' && !plain) return `'${realm}' is not https`;
  if (hostname === own.hostname) return undefined;
  const loopbacks = isLoopback(hostname) && isLoopback(own.hostname);
  if (isPrivate(hostname) && !loopbacks) return `'${hostname}' lies in a private network`;
  return plain && !loopbacks ? `'${realm}' is not https` : undefined;
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '');
}

/** True for names and addresses of this machine; an IPv6 address may stand in brackets. */
export function isLoopback(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
  );
}

function isPrivate(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
  if (isLoopback(bare)) return true;
  if (isIPv4(bare))
    return /^(0|10|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(bare);
  return isIPv6(bare) && /^(::|f[cd]|fe[89ab])/.test(bare);
}

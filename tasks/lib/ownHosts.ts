/**
 * The name of an organization of Azure DevOps Services, in lower case: the first segment at `dev.azure.com` and its areas
 * (`vsrm.dev.azure.com`), the first label at `visualstudio.com`. Undefined for every other server.
 */
export function servicesOrganization(address: string): string | undefined {
  const { hostname, port, protocol, pathname } = new URL(address);
  if (protocol !== 'https:' || port) return undefined;
  const at = (domain: string) => hostname === domain || hostname.endsWith(`.${domain}`);
  if (at('dev.azure.com')) return pathname.split('/')[1]?.toLowerCase() || undefined;
  if (at('visualstudio.com')) return hostname.slice(0, -'.visualstudio.com'.length).split('.')[0] || undefined;
  return undefined;
}

/**
 * Whether a token for an organization may go to an address that its server named (the host of releases, of federation): the
 * organization's own forms on Azure DevOps Services; on any other server the same host name, where another port may be another area.
 * Never from https down to http, so that an answer that somebody changed cannot draw a token to a host of his.
 */
export function isOwnHost(organization: string, address: string): boolean {
  if (!URL.canParse(address)) return false;
  const own = new URL(organization);
  const other = new URL(address);
  if (other.username || other.password) return false;
  if (other.protocol !== 'https:' && other.protocol !== own.protocol) return false;
  const name = servicesOrganization(organization);
  return name === undefined ? own.hostname === other.hostname : name === servicesOrganization(address);
}

/** True for an address that never leaves this machine. */
export function isThisMachine(address: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);
}

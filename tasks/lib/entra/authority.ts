import type { Endpoint } from '../agent';
import { UserError } from '../errors';
import { isThisMachine } from '../ownHosts';

const PUBLIC = 'https://login.microsoftonline.com';

/** Where each cloud signs in, by the environment's name in a service connection. */
const CLOUDS: Record<string, string> = {
  azurecloud: PUBLIC,
  azureusgovernment: 'https://login.microsoftonline.us',
  azurechinacloud: 'https://login.chinacloudapi.cn',
  azuregermancloud: 'https://login.microsoftonline.de',
};

/** The hosts of Microsoft Entra ID in all clouds: a secret is sent to no other, whatever a connection's data say by now. */
const LOGIN_HOSTS = new Set([
  'login.microsoftonline.com',
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
  'login.microsoftonline.us',
  'login.chinacloudapi.cn',
  'login.partner.microsoftonline.cn',
  'login.microsoftonline.de',
  'login.microsoftonline.eaglex.ic.gov',
  'login.microsoftonline.microsoft.scloud',
]);

/**
 * The address at which the tenant of a connection gives tokens (v2.0), from the authority in the connection's data, else from the name of
 * its cloud. Throws `UserError` for an authority that is none of Microsoft's, and for a tenant that is no id or domain.
 */
export function tokenAddress(endpoint: Endpoint, connection: string): string {
  const named =
    endpoint.data('environmentAuthorityUrl') ??
    endpoint.data('activeDirectoryAuthority') ??
    CLOUDS[(endpoint.data('environment') ?? 'AzureCloud').toLowerCase()];
  const tenant = endpoint.parameter('tenantid') ?? '';
  if (!named || !URL.canParse(named) || !isLogin(named)) {
    throw new UserError(
      `${connection}: '${named ?? endpoint.data('environment') ?? ''}' is no place where Microsoft Entra ID signs in; mend the connection's environment.`,
    );
  }
  if (!/^[a-z0-9.-]+$/i.test(tenant))
    throw new UserError(`${connection}: '${tenant}' is no tenant; mend the connection's tenant id.`);
  return new URL(`/${tenant}/oauth2/v2.0/token`, named).href;
}

/** This machine is one as well: what could listen here could read this process anyway. */
function isLogin(address: string): boolean {
  const { protocol, hostname, port } = new URL(address);
  return isThisMachine(address) || (protocol === 'https:' && !port && LOGIN_HOSTS.has(hostname));
}

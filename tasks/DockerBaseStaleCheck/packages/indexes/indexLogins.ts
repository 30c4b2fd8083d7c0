import { isOwnHost, servicesOrganization } from '../../../lib/ownHosts';
import { unescaped } from '../../../lib/network';
import type { Secrets } from '../../../lib/secrets';
import { basicHeader, type NamedCredential } from '../../registry/credentials';
import { loginHost } from '../../registry/credentials';
import type { FindLogin } from './PackageIndexes';

interface LoginSources {
  /** Service connections by host. */
  connections: ReadonlyMap<string, NamedCredential>;
  /** The organization of the job, whose token reads its own feeds of packages. */
  own: { url: string; authorization: () => Promise<string> } | undefined;
  /** npm's token for a registry, of the agent's npm configuration. */
  npmToken: (url: string) => Promise<string | undefined>;
}

/** Takes user name and password out of an address, where they would be printed, and keeps them for the requests to its host. */
export class IndexLogins {
  private readonly byOrigin = new Map<string, string>();

  constructor(
    private readonly sources: LoginSources,
    private readonly secrets: Secrets,
  ) {}

  /** The address without user name and password, which are registered as secrets. What is no http address stays as it is. */
  clean(address: string): string {
    if (!URL.canParse(address)) return address;
    const url = new URL(address);
    if (!url.username && !url.password) return address;
    const [username, password] = [unescaped(url.username), unescaped(url.password)];
    this.secrets.add(password || username, password ? username : '');
    url.username = '';
    url.password = '';
    this.byOrigin.set(url.origin, basicHeader({ username, password }));
    return url.href;
  }

  /** Who asks: the login in the address, a service connection of the host, the job in its own organization, npm's token. */
  readonly find: FindLogin = async (address) => {
    const { origin, host } = new URL(address);
    const written = this.byOrigin.get(origin);
    if (written !== undefined) return written;
    const { connections, own, npmToken } = this.sources;
    const connection = connections.get(loginHost(host))?.credential;
    if (connection?.kind === 'password') return basicHeader(connection);
    if (own && isOwnFeed(own.url, address)) return own.authorization();
    const token = await npmToken(address);
    if (token !== undefined) this.secrets.add(token.replace(/^\w+ /, ''));
    return token;
  };
}

/** Feeds of Azure Artifacts: of the organization on Azure DevOps Services, on the very address of a server of one's own. */
function isOwnFeed(organization: string, address: string): boolean {
  if (servicesOrganization(organization) !== undefined) return isOwnHost(organization, address);
  return new URL(organization).origin === new URL(address).origin;
}

import type { Agent } from '../../lib/agent';
import { UserError } from '../../lib/errors';
import { entraCredentials, type SignIn } from '../../lib/entra/signIn';
import { isThisMachine } from '../../lib/ownHosts';
import { serviceConnection, shortName, type ServiceConnection } from '../../lib/serviceConnection';
import { loginHost, type NamedCredential, type RegistryCredential } from './credentials';

const INPUT = 'registryConnections';
/** What an Azure Container Registry takes a token of Microsoft Entra ID for. */
const AZURE = 'https://management.azure.com';
/** A token of Microsoft Entra ID goes to these registries and no others. */
const AZURE_REGISTRIES = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.azurecr\.(io|us|cn|de|eaglex\.ic\.gov|microsoft\.scloud)$/;

/**
 * Logins by Docker registry service connections, by host. Their secrets are registered; nothing is asked yet. Throws `UserError` for a
 * connection that the job does not carry or that holds no login, and for two of one registry.
 */
export function connectionCredentials(
  ids: readonly string[],
  agent: Agent,
  signIn: SignIn,
): Map<string, NamedCredential> {
  const logins = new Map<string, NamedCredential>();
  for (const id of ids) {
    const endpoint = agent.endpoint(id);
    if (!endpoint) {
      throw new UserError(
        `${INPUT}: the job carries no service connection '${id}'. A connection must be named in the pipeline itself, and the pipeline must be allowed to use it.`,
      );
    }
    const connection = serviceConnection(agent, endpoint, INPUT);
    const { host, credential } = loginOf(connection, signIn);
    if (logins.has(host)) throw new UserError(`${INPUT}: two connections are for ${host}: give one of them.`);
    logins.set(host, { name: shortName(connection), credential });
  }
  return logins;
}

function loginOf(connection: ServiceConnection, signIn: SignIn): { host: string; credential: RegistryCredential } {
  const { endpoint } = connection;
  const scheme = endpoint.scheme.toLowerCase();
  const isAzure = endpoint.data('registrytype')?.toUpperCase() === 'ACR';
  const registry = endpoint.parameter('loginServer') ?? endpoint.parameter('registry') ?? endpoint.url;
  const host = loginHost(registry);
  if (isAzure && (scheme === 'workloadidentityfederation' || scheme === 'managedserviceidentity')) {
    return { host, credential: exchanged(connection, host, signIn) };
  }
  const [username, password] =
    scheme === 'serviceprincipal'
      ? [endpoint.parameter('serviceprincipalid'), endpoint.parameter('serviceprincipalkey')]
      : [endpoint.parameter('username'), endpoint.parameter('password')];
  if (!username || !password) {
    throw new UserError(`${INPUT}: ${shortName(connection)} holds no user name and password for ${host}.`);
  }
  signIn.secrets.add(password, username);
  return { host, credential: { kind: 'password', username, password } };
}

/**
 * An identity of Microsoft Entra ID: its token is exchanged for the registry's own refresh token, once.
 * https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
function exchanged(connection: ServiceConnection, host: string, signIn: SignIn): RegistryCredential {
  const address = isThisMachine(`http://${host}`) ? `http://${host}` : `https://${host}`;
  if (address.startsWith('https:') && !AZURE_REGISTRIES.test(host)) {
    throw new UserError(
      `${INPUT}: ${shortName(connection)} names '${host}', which is no Azure Container Registry: no token is sent there.`,
    );
  }
  const entra = entraCredentials(connection, { ...signIn, resource: AZURE });
  const tenant = connection.endpoint.parameter('tenantid');
  let pending: Promise<string> | undefined;
  const exchange = async (): Promise<string> => {
    const [, token = ''] = (await entra.authorization()).split(' ');
    const answer = await signIn.transport.send({
      method: 'POST',
      url: `${address}/oauth2/exchange`,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'access_token',
        service: host,
        ...(tenant !== undefined && { tenant }),
        access_token: token,
      }).toString(),
      repeatable: true,
    });
    const refresh = answer.status === 200 ? (JSON.parse(answer.text) as { refresh_token?: string }).refresh_token : '';
    if (!refresh) throw new Error(`${host} does not exchange its token (${answer.status}).`);
    signIn.secrets.add(refresh);
    return refresh;
  };
  return { kind: 'refreshToken', token: () => (pending ??= exchange()) };
}

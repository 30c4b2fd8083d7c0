import type { Agent } from '../agent';
import type { Account } from '../azureDevOps';
import { UserError } from '../errors';
import { ExpiringToken, type Token } from '../expiringToken';
import { oidcToken } from '../oidcToken';
import { fullName, shortName, type ServiceConnection } from '../serviceConnection';
import type { Credentials } from '../transport';
import { accessToken, type Application, type Proof, type Reach } from './accessToken';
import { tokenAddress } from './authority';
import { managedIdentityToken } from './managedIdentity';

export interface SignIn extends Reach {
  agent: Agent;
  /** This organization, with the token of the job; undefined outside a job. */
  own: Account | undefined;
  /** What the token is for; Azure DevOps unless given. */
  resource?: string;
}

/**
 * Who signs in to Microsoft Entra ID by a service connection, whichever way its kind has. All that the job carries is read and its secrets
 * are registered at once; the first token is asked for when it is needed. Throws `UserError` for a connection that cannot sign in.
 */
export function entraCredentials(connection: ServiceConnection, signIn: SignIn): Credentials {
  return new ExpiringToken(tokenRequest(connection, signIn), signIn.clock, signIn.secrets);
}

function tokenRequest(connection: ServiceConnection, signIn: SignIn): () => Promise<Token> {
  const { endpoint } = connection;
  const describe = () => fullName(connection, signIn);
  switch (endpoint.scheme.toLowerCase()) {
    case 'workloadidentityfederation':
      return byApplication(connection, federated(connection, signIn, describe), signIn);
    case 'serviceprincipal':
      return byApplication(connection, stored(connection, signIn), signIn);
    case 'managedserviceidentity': {
      const identity = {
        clientId: endpoint.data('msiclientId'),
        variable: (name: string) => signIn.agent.variable(name),
        resource: signIn.resource,
      };
      return () => managedIdentityToken(identity, signIn, describe);
    }
    default:
      throw new UserError(
        `${shortName(connection)} signs in by '${endpoint.scheme}', which is good for Azure only: use workload identity federation, a service principal or a managed identity.`,
      );
  }
}

function byApplication(connection: ServiceConnection, proof: Proof, signIn: SignIn): () => Promise<Token> {
  const { endpoint } = connection;
  const name = shortName(connection);
  const clientId = endpoint.parameter('serviceprincipalid');
  if (!clientId) throw new UserError(`${name} names no application (serviceprincipalid).`);
  const application: Application = {
    address: tokenAddress(endpoint, name),
    clientId,
    proof,
    resource: signIn.resource,
  };
  return () => accessToken(application, signIn, () => fullName(connection, signIn));
}

/** The proof that the connection holds: a secret, or a certificate whose key signs. */
function stored(connection: ServiceConnection, { secrets }: SignIn): Proof {
  const { endpoint } = connection;
  if (endpoint.parameter('authenticationType')?.toLowerCase() !== 'spncertificate') {
    const secret = endpoint.parameter('serviceprincipalkey');
    if (!secret) throw new UserError(`${shortName(connection)} holds no secret (serviceprincipalkey).`);
    secrets.add(secret);
    return { secret };
  }
  const pem = endpoint.parameter('servicePrincipalCertificate');
  if (!pem) throw new UserError(`${shortName(connection)} holds no certificate (servicePrincipalCertificate).`);
  secrets.add(pem);
  return {
    // Signing is loaded when there is something to sign.
    assertion: async (shown) => {
      const { certificateAssertion } = await import('./certificateAssertion');
      return certificateAssertion(pem, shortName(connection), shown);
    },
  };
}

/** No secret anywhere: the job's token gets an assertion of Azure DevOps for each sign-in. */
function federated(connection: ServiceConnection, signIn: SignIn, describe: () => Promise<string>): Proof {
  const { own, agent, transport } = signIn;
  if (!own)
    throw new UserError(
      `${shortName(connection)} signs in by workload identity federation, which works in a job only.`,
    );
  const requestUri = agent.variable('System.OidcRequestUri');
  const federation = { requestUri, own, connectionId: connection.endpoint.id };
  return { assertion: () => oidcToken(federation, transport, describe) };
}

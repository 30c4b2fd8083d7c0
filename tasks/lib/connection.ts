import type { Agent, Endpoint } from './agent';
import type { Account } from './azureDevOps';
import { UserError } from './errors';
import { entraCredentials } from './entra/signIn';
import { text } from './inputs';
import { organizationUrl } from './organizationUrl';
import { isThisMachine, servicesOrganization } from './ownHosts';
import type { Secrets } from './secrets';
import { serviceConnection, shortName, type ServiceConnection } from './serviceConnection';
import type { Transport } from './transport';
import type { Clock } from './world';

/** The inputs that choose where a call goes and as whom; at most one of them is given. */
const CONNECTION_INPUTS = ['azureDevOpsServiceConnection', 'reposConnection', 'azureConnection'] as const;

/** What a sign-in needs besides the connection itself. */
export interface Reach {
  transport: Transport;
  clock: Clock;
}

/**
 * Where the call goes and as whom, from the inputs alone: nothing is asked yet. Everything secret is registered before it is used.
 * Throws `UserError` for two connections at once, a connection that the job does not carry or that cannot sign in, and a URL that is none.
 */
export function readConnection(agent: Agent, secrets: Secrets, reach: Reach): Account {
  const read = (name: string) => text(agent.input.bind(agent), name);
  const given = CONNECTION_INPUTS.filter((name) => read(name) !== undefined);
  if (given.length > 1) {
    throw new UserError(
      `${given.join(' and ')} are given at once: choose one connection, it says both where the call goes and as whom.`,
    );
  }
  const organization = read('organization');
  const [kind] = given;
  if (organization && kind !== 'azureConnection') {
    throw new UserError(
      kind
        ? `organization: '${organization}' is given beside ${kind}, which carries its own organization; leave organization empty.`
        : `organization: '${organization}' needs azureConnection, because the job's own token is valid in this organization only.`,
    );
  }
  if (!kind) return ownOrganization(agent, secrets);
  const connection = serviceConnection(agent, namedEndpoint(agent, kind), kind);
  if (kind === 'reposConnection') return stored(connection, secrets);
  const signIn = { ...reach, agent, secrets, own: agent.systemEndpoint() && ownOrganization(agent, secrets) };
  return {
    url: entraOrganization(
      kind === 'azureConnection' ? (organization ?? signIn.own?.url) : connection.endpoint.url,
      kind,
    ),
    credentialName: shortName(connection),
    credentials: entraCredentials(connection, signIn),
  };
}

/** The organization of a sign-in by Microsoft Entra ID, whose token goes to Azure DevOps Services and nowhere else. */
function entraOrganization(address: string | undefined, input: string): string {
  const name = input === 'azureConnection' ? 'organization' : input;
  if (!address)
    throw new UserError('organization: give the URL of the organization, such as https://dev.azure.com/contoso.');
  const url = organizationUrl(address, name);
  if (servicesOrganization(url) !== undefined || isThisMachine(url)) return url;
  throw new UserError(
    `${name}: '${address}' is no organization of Azure DevOps Services, and a server knows no sign-in by Microsoft Entra ID: use reposConnection.`,
  );
}

/** This organization, with the token that every job has. */
export function ownOrganization(agent: Agent, secrets: Secrets): Account {
  // The system endpoint's URL is the release host in a release, so the organization comes from the variable.
  const url = agent.variable('System.CollectionUri') ?? agent.variable('System.TeamFoundationCollectionUri');
  const endpoint = agent.systemEndpoint();
  if (!url || !endpoint)
    throw new UserError('The job carries no connection of its own: give one of the connection inputs.');
  const account = { url: organizationUrl(url, 'System.CollectionUri'), credentialName: "the job's own token" };
  const project = agent.variable('System.TeamProject');
  const token = endpoint.parameter('AccessToken');
  if (token) {
    secrets.add(token);
    const credentials = { authorization: () => Promise.resolve(`Bearer ${token}`) };
    return { ...account, credentials, ...(project && { jobOf: { project } }) };
  }
  // From a shell: a personal access token.
  const connection = { endpoint, input: 'the token', page: undefined };
  return { ...stored(connection, secrets), ...account, credentialName: 'the personal access token' };
}

/** A service connection of Azure Repos/Team Foundation Server: a token, or user name and password, sent as Basic. */
function stored(connection: ServiceConnection, secrets: Secrets): Account {
  const { endpoint, input } = connection;
  const username = endpoint.parameter('username') ?? '';
  const password = endpoint.parameter('apitoken') ?? endpoint.parameter('password');
  if (!password) throw new UserError(`${input}: ${shortName(connection)} holds neither a token nor a password.`);
  secrets.add(password, username);
  const header = `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  return {
    url: organizationUrl(endpoint.url, input),
    credentialName: shortName(connection),
    credentials: { authorization: () => Promise.resolve(header) },
  };
}

function namedEndpoint(agent: Agent, input: string): Endpoint {
  const id = text(agent.input.bind(agent), input) ?? '';
  const endpoint = agent.endpoint(id);
  if (endpoint) return endpoint;
  throw new UserError(
    `${input}: the job carries no service connection '${id}'. A connection must be named in the pipeline itself, not by a variable that is set at run time, and the pipeline must be allowed to use it.`,
  );
}

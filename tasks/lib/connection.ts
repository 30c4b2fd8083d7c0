import type { Agent, Endpoint } from './agent';
import type { Account } from './azureDevOps';
import { UserError } from './errors';
import { organizationUrl } from './organizationUrl';
import { text } from './inputs';
import type { Secrets } from './secrets';

/** The inputs that choose where a call goes and as whom; at most one of them is given. */
const CONNECTION_INPUTS = ['azureDevOpsServiceConnection', 'reposConnection', 'azureConnection'] as const;

/**
 * Where the call goes and as whom, from the inputs alone: nothing is asked yet. Everything secret is registered before it is used.
 * Throws `UserError` for two connections at once, a connection that the job does not carry, and a URL that is none.
 */
export function readConnection(agent: Agent, secrets: Secrets): Account {
  const given = CONNECTION_INPUTS.filter((name) => text(agent.input.bind(agent), name) !== undefined);
  if (given.length > 1) {
    throw new UserError(
      `${given.join(' and ')} are given at once: choose one connection, it says both where the call goes and as whom.`,
    );
  }
  const organization = text(agent.input.bind(agent), 'organization');
  const [kind] = given;
  if (organization && kind !== 'azureConnection') {
    throw new UserError(
      kind
        ? `organization: '${organization}' is given beside ${kind}, which carries its own organization; leave organization empty.`
        : `organization: '${organization}' needs azureConnection, because the job's own token is valid in this organization only.`,
    );
  }
  if (!kind) return ownOrganization(agent, secrets);
  if (kind === 'reposConnection') return stored(namedEndpoint(agent, kind), kind, secrets);
  throw new UserError(`${kind}: this kind of connection is not supported yet.`);
}

/** This organization, with the token that every job has. */
export function ownOrganization(agent: Agent, secrets: Secrets): Account {
  // The system endpoint's URL is the release host in a release, so the organization comes from the variable.
  const url = agent.variable('System.CollectionUri') ?? agent.variable('System.TeamFoundationCollectionUri');
  const endpoint = agent.systemEndpoint();
  if (!url || !endpoint)
    throw new UserError('The job carries no connection of its own: give one of the connection inputs.');
  const account = { url: organizationUrl(url, 'System.CollectionUri'), credentialName: "the job's own token" };
  const token = endpoint.parameter('AccessToken');
  if (token) {
    secrets.add(token);
    return { ...account, credentials: { authorization: () => Promise.resolve(`Bearer ${token}`) } };
  }
  // From a shell: a personal access token.
  return { ...stored(endpoint, 'the token', secrets), ...account, credentialName: 'the personal access token' };
}

/** A service connection of Azure Repos/Team Foundation Server: a token, or user name and password, sent as Basic. */
function stored(endpoint: Endpoint, input: string, secrets: Secrets): Account {
  const username = endpoint.parameter('username') ?? '';
  const password = endpoint.parameter('apitoken') ?? endpoint.parameter('password');
  if (!password)
    throw new UserError(`${input}: the service connection '${endpoint.id}' holds neither a token nor a password.`);
  secrets.add(password, username);
  const header = `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  return {
    url: organizationUrl(endpoint.url, input),
    credentialName: `the service connection of ${input} (${endpoint.url})`,
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

import type { Agent, Endpoint } from './agent';
import type { Account } from './azureDevOps';
import type { Transport } from './transport';

/** A service connection, and where a person finds it. */
export interface ServiceConnection {
  endpoint: Endpoint;
  /** The input that names it. */
  input: string;
  /** Its page in this organization; undefined outside a job. */
  page: string | undefined;
}

export function serviceConnection(agent: Agent, endpoint: Endpoint, input: string): ServiceConnection {
  const project = projectPages(agent);
  const page = project && `${project}_settings/adminservices?resourceId=${endpoint.id}`;
  return { endpoint, input, page };
}

/** The pages of the job's own project, with a slash at the end. */
function projectPages(agent: Agent): string | undefined {
  const collection = agent.variable('System.CollectionUri') ?? agent.variable('System.TeamFoundationCollectionUri');
  const project = agent.variable('System.TeamProject');
  return collection && project && `${collection.replace(/\/+$/, '')}/${encodeURIComponent(project)}/`;
}

/** How messages name it at once: by its input and page. */
export function shortName({ input, page, endpoint }: ServiceConnection): string {
  return `the service connection of ${input} (${page ?? endpoint.url})`;
}

/**
 * How messages about it name it where there is time to ask: a job is told a connection's id only, and its name is worth one request of
 * the job's token, which may well be refused.
 */
export async function fullName(
  connection: ServiceConnection,
  { own, transport, agent }: { own: Account | undefined; transport: Transport; agent: Agent },
): Promise<string> {
  const project = projectPages(agent);
  if (!own || !project) return shortName(connection);
  try {
    const answer = await transport.send({
      method: 'GET',
      url: `${project}_apis/serviceendpoint/endpoints/${connection.endpoint.id}?api-version=7.0`,
      headers: { accept: 'application/json' },
      credentials: own.credentials,
      attempts: 1,
      timeoutMs: 5000,
    });
    const { name } = JSON.parse(answer.text) as { name?: unknown };
    if (answer.status === 200 && typeof name === 'string' && name)
      return `the service connection '${name}' of ${connection.input} (${connection.page ?? ''})`;
  } catch {
    // The message is the matter; without the name it still has the link.
  }
  return shortName(connection);
}

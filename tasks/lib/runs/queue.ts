import type { AzureDevOps } from '../azureDevOps';
import { UserError } from '../errors';
import { nearest } from '../nearest';

interface Queue {
  id: number;
  name: string;
}

/**
 * The id of an agent queue of a project, given by id or name.
 * https://learn.microsoft.com/rest/api/azure/devops/distributedtask/queues/get-agent-queues
 */
export async function findQueue(
  azureDevOps: AzureDevOps,
  project: string,
  wanted: string,
  signal: AbortSignal,
): Promise<number> {
  if (/^\d{1,9}$/.test(wanted)) return Number(wanted);
  const path = `${encodeURIComponent(project)}/_apis/distributedtask/queues`;
  const { value } = await azureDevOps.rest<{ value?: Queue[] }>('GET', path, { signal });
  const queues = value.value ?? [];
  const found = queues.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (found) return found.id;
  const near = nearest(
    wanted,
    queues.map(({ name }) => name),
  );
  throw new UserError(
    `queue: project '${project}' has no agent queue '${wanted}' that ${azureDevOps.account.credentialName} may see.${near.length ? ` The nearest: ${near.join(', ')}.` : ''}`,
  );
}

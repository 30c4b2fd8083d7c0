import type { AzureDevOps } from '../azureDevOps';
import { ApiError } from '../errors';
import type { World } from '../world';

/** The pool in which a run waits. */
export interface Pool {
  id: number;
  name: string;
  hosted: boolean;
}

/** An agent as far as it matters for waiting. https://learn.microsoft.com/rest/api/azure/devops/distributedtask/agents/list */
export interface PoolAgent {
  id: number;
  name: string;
  enabled?: boolean;
  status?: string;
  systemCapabilities?: Record<string, string>;
  userCapabilities?: Record<string, string>;
}

/** The agents of a pool, or undefined where this identity may not read them: a job's token usually may not. */
export async function readAgents(
  azureDevOps: AzureDevOps,
  pool: Pool,
  { signal }: World,
): Promise<PoolAgent[] | undefined> {
  try {
    const { value } = await azureDevOps.rest<{ value?: PoolAgent[] }>(
      'GET',
      `_apis/distributedtask/pools/${pool.id}/agents`,
      {
        query: { includeCapabilities: true },
        signal,
        attempts: 1,
      },
    );
    return value.value ?? [];
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** Agents that could take a job with these demands: online, enabled, with every capability. */
export function ableAgents(agents: PoolAgent[], demands: string[]): PoolAgent[] {
  return agents.filter(
    (agent) => agent.enabled !== false && agent.status === 'online' && demands.every((demand) => meets(agent, demand)),
  );
}

/** `name`, `name -equals value`, `name -gtVersion 1.2`: compared without regard to case, as the service does; versions are its matter. */
function meets({ systemCapabilities = {}, userCapabilities = {} }: PoolAgent, demand: string): boolean {
  const [, name = '', kind = '', wanted = ''] = /^(\S+)(?:\s+-(\w+)\s+(.*))?$/.exec(demand.trim()) ?? [];
  const all = Object.entries({ ...systemCapabilities, ...userCapabilities });
  const found = all.find(([key]) => key.toLowerCase() === name.toLowerCase());
  if (name.toLowerCase() === 'agent.version') return true;
  if (!found) return false;
  return kind.toLowerCase() === 'equals' ? found[1].toLowerCase() === wanted.toLowerCase() : true;
}

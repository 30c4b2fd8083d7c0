import { guidOf } from './ids';
import type { PoolJob } from './poolJobs';

export interface Agent {
  id: number;
  name: string;
  enabled: boolean;
  status: 'online' | 'offline';
  version: string;
  osDescription: string;
  systemCapabilities: Record<string, string>;
  userCapabilities: Record<string, string>;
  createdOn: number;
  /** Of an agent that was registered over HTTP, with the client id that it signs in with. */
  publicKey?: { exponent: string; modulus: string };
  clientId?: string;
}

export interface Pool {
  id: number;
  name: string;
  isHosted: boolean;
  agents: Agent[];
  /** Agents that ever were, deleted ones included. */
  agentsMade?: number;
  jobs?: PoolJob[];
  /** False: agents do not update themselves. */
  autoUpdate?: boolean;
}

/** The door of a project to a pool. */
export interface Queue {
  id: number;
  name: string;
  projectId: string;
  pool: Pool;
}

export interface NewAgent {
  name: string;
  capabilities?: Record<string, string>;
  status?: 'online' | 'offline';
  enabled?: boolean;
}

export function newAgent(pool: Pool, agent: NewAgent, at: number): Agent {
  pool.agentsMade = (pool.agentsMade ?? 0) + 1;
  return {
    id: pool.id * 100 + pool.agentsMade,
    name: agent.name,
    enabled: agent.enabled ?? true,
    status: agent.status ?? 'online',
    version: '4.265.1',
    osDescription: 'Linux 6.8.0 #1 SMP',
    systemCapabilities: { 'Agent.Name': agent.name, 'Agent.Version': '4.265.1', 'Agent.OS': 'Linux' },
    userCapabilities: agent.capabilities ?? {},
    createdOn: at,
  };
}

/** Whether the agent has what a demand asks for: `name`, or `name -equals value`. */
export function meets(agent: Agent, demand: string): boolean {
  const [name = '', , value] = demand.split(/\s+(-\w+)\s+/);
  const all = { ...agent.systemCapabilities, ...agent.userCapabilities };
  const found = Object.entries(all).find(([key]) => key.toLowerCase() === name.trim().toLowerCase());
  if (!found) return false;
  return value === undefined || demand.includes('-gtVersion') || found[1].toLowerCase() === value.trim().toLowerCase();
}

export function poolScope(organization: string): string {
  return guidOf(`organization/${organization}`);
}

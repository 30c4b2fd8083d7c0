import type { EmulatorState } from './EmulatorState';
import { guidOf } from './ids';
import { meets, newAgent, type Agent, type Pool } from './pools';
import { Refusal } from './refusal';

/** A job that waits in a pool until a registered agent takes it; beside those of runs, whose course is scripted. */
export interface PoolJob {
  id: number;
  demands: string[];
  priority: number;
  queuedAt: number;
  /** Taken and received in one step, as an agent that is online does. */
  takenAt?: number;
  agentId?: number;
  finishedAt?: number;
  result?: string;
  /** Why the service refused it. */
  message?: string;
}

/** Parallel jobs of the organization; undefined: the service does not tell. */
export interface ParallelJobs {
  total: number;
}

function poolNamed(state: EmulatorState, name: string): Pool {
  const pool = state.pools.find((candidate) => candidate.name === name);
  if (!pool) throw new Error(`There is no pool '${name}'.`);
  return pool;
}

/** Queues a job. The service refuses it at once when no registered agent, offline or not, meets its demands. */
export function queueJob(
  state: EmulatorState,
  poolName: string,
  { demands = [], priority = 0 }: { demands?: string[]; priority?: number } = {},
): PoolJob {
  const pool = poolNamed(state, poolName);
  pool.jobs ??= [];
  const job: PoolJob = {
    id: pool.id * 1_000_000 + pool.jobs.length + 1,
    demands,
    priority,
    queuedAt: state.now,
  };
  pool.jobs.push(job);
  if (pool.agents.some((agent) => agent.enabled && demands.every((demand) => meets(agent, demand)))) return job;
  const message = `No agent found in pool ${poolName} which satisfies the specified demands: ${demands.join(', ')}`;
  return Object.assign(job, { finishedAt: state.now, result: 'failed', message });
}

/** What an agent that is online gets when it asks: the first job that fits, within the parallel jobs of the organization. */
export function takeJob(state: EmulatorState, poolName: string, agentName: string): PoolJob | undefined {
  const pool = poolNamed(state, poolName);
  const agent = pool.agents.find((candidate) => candidate.name === agentName);
  if (!agent?.enabled || agent.status !== 'online' || jobOf(pool, agent)) return undefined;
  if (runningJobs(state) >= (state.parallelJobs?.total ?? Infinity)) return undefined;
  const waiting = (pool.jobs ?? []).filter((job) => job.takenAt === undefined && job.finishedAt === undefined);
  const job = waiting
    .toSorted((a, b) => b.priority - a.priority || a.id - b.id)
    .find(({ demands }) => demands.every((demand) => meets(agent, demand)));
  return job && Object.assign(job, { takenAt: state.now, agentId: agent.id });
}

export function endJob(state: EmulatorState, job: PoolJob, result = 'succeeded'): void {
  Object.assign(job, { finishedAt: state.now, result });
}

/** The job that an agent is at. */
export function jobOf(pool: Pool, agent: Agent): PoolJob | undefined {
  return pool.jobs?.find((job) => job.agentId === agent.id && job.finishedAt === undefined);
}

export function lastJobOf(pool: Pool, agent: Agent): PoolJob | undefined {
  return pool.jobs?.findLast((job) => job.agentId === agent.id && job.finishedAt !== undefined);
}

export function runningJobs(state: EmulatorState): number {
  const jobs = state.pools.flatMap((pool) => pool.jobs ?? []);
  return jobs.filter((job) => job.takenAt !== undefined && job.finishedAt === undefined).length;
}

/** Registers an agent under a name that is free; the service counts its ids up and never gives one twice. */
export function registerAgent(
  state: EmulatorState,
  pool: Pool,
  wanted: Pick<Agent, 'name'> & Partial<Omit<Agent, 'id' | 'createdOn'>>,
): Agent {
  if (pool.agents.some(({ name }) => name.toLowerCase() === wanted.name.toLowerCase())) {
    throw new Refusal(
      409,
      'TaskAgentExistsException',
      `Pool ${pool.id} already contains an agent with name ${wanted.name}.`,
    );
  }
  const agent: Agent = { ...newAgent(pool, { name: wanted.name, status: 'offline' }, state.now), ...wanted };
  agent.systemCapabilities = { 'Agent.Name': agent.name, ...wanted.systemCapabilities };
  if (agent.publicKey) agent.clientId = guidOf(`agent/${pool.id}/${agent.id}`);
  pool.agents.push(agent);
  return agent;
}

/** Takes an agent out of its pool; refused while it has a job. */
export function deleteAgent(pool: Pool, agent: Agent): void {
  const job = jobOf(pool, agent);
  if (job) {
    throw new Refusal(
      400,
      'TaskAgentJobStillRunningException',
      `Agent ${agent.id} cannot be deleted because it is currently running job ${job.id}.`,
    );
  }
  pool.agents.splice(pool.agents.indexOf(agent), 1);
}

import type { AzureDevOps } from '../../tasks/lib/azureDevOps';
import { ApiError } from '../../tasks/lib/errors';
import type { Registration, RegistrationWay } from '../agentHost';
import type { Profile } from '../plan/demands';
import { capabilitiesOf } from '../plan/demands';
import type { JobRequest, PoolAgent } from '../plan/jobRequest';
import type { Licences } from '../plan/licences';
import { newAgentKey, registrationFiles } from './agentKey';
import { places } from './places';
import { jobRequestFrom, poolAgentFrom, type WireAgent, type WireRequest } from './wire';

export interface Pool {
  id: number;
  name: string;
  /** Agents update themselves before their job, which one that runs one job must not. */
  autoUpdate: boolean;
  isHosted: boolean;
}

/** The name is taken: another instance registers this agent, or it is up already. */
export class AgentExists extends Error {
  override readonly name = 'AgentExists';
}

/** The agent pools of an organization. Every method throws `ApiError` on a refusal. */
export class PoolService {
  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly settings: { way: RegistrationWay; token: () => Promise<string>; now: () => number },
  ) {}

  async findPool(name: string): Promise<Pool | undefined> {
    const { value } = await this.azureDevOps.call<{ value: Partial<Pool>[] }>('GET', places.pools, {
      query: { poolName: name },
    });
    const found = value.value.find((pool) => pool.name?.toLowerCase() === name.toLowerCase());
    return (
      found && {
        id: found.id ?? 0,
        name: found.name ?? name,
        autoUpdate: found.autoUpdate ?? false,
        isHosted: found.isHosted ?? false,
      }
    );
  }

  /** Who waits and who is there, in two requests whatever the length of the queue or its history. */
  async look(
    pool: { id: number },
    { capabilities, signal }: { capabilities: boolean; signal?: AbortSignal },
  ): Promise<{ requests: JobRequest[]; agents: PoolAgent[] }> {
    const now = this.settings.now();
    // Without completedRequestCount the whole history comes; with $top the answer lacks the matching.
    const requests = this.azureDevOps.call<{ value: WireRequest[] }>('GET', places.jobRequests, {
      route: { poolId: pool.id },
      query: { completedRequestCount: 0 },
      signal,
    });
    const agents = this.listAgents(pool, { includeCapabilities: capabilities || undefined }, signal);
    const [waiting, registered] = await Promise.all([requests, agents]);
    return {
      requests: waiting.value.value.map((wire) => jobRequestFrom(wire, now)).filter((one) => one !== undefined),
      agents: registered.map((wire) => poolAgentFrom(wire, now)),
    };
  }

  /** Parallel jobs bought and used; undefined where the service does not tell, as a server does not. Internal: not every token may ask. */
  async licences(): Promise<Licences | undefined> {
    const { value } = await this.azureDevOps.call<
      { usedCount?: number; resourceLimit?: { totalCount?: number } } | undefined
    >('GET', places.resourceUsage, {
      query: { parallelismTag: 'Private', poolIsHosted: false, includeRunningRequests: false },
      attempts: 1,
    });
    const total = value?.resourceLimit?.totalCount;
    return total === undefined ? undefined : { total, used: value?.usedCount ?? 0 };
  }

  async find(pool: { id: number }, name: string): Promise<PoolAgent | undefined> {
    const [wire] = await this.listAgents(pool, { agentName: name });
    return wire && poolAgentFrom(wire, this.settings.now());
  }

  async disable(pool: { id: number }, agentId: number): Promise<void> {
    await this.azureDevOps.call('PATCH', places.agents, {
      route: { poolId: pool.id, agentId },
      body: { id: agentId, enabled: false },
      repeatable: true,
    });
  }

  /** `busy`: the service refused, for a job runs on it. */
  async deleteAgent(pool: { id: number }, agentId: number): Promise<'deleted' | 'busy'> {
    try {
      await this.azureDevOps.call('DELETE', places.agents, { route: { poolId: pool.id, agentId } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 400 && isRunning(error)) return 'busy';
      if (error.status !== 404) throw error;
    }
    return 'deleted';
  }

  /** Makes or makes anew the agent that never runs, whose being there lets the service accept jobs for a profile. */
  async ensurePlaceholder(pool: { id: number }, name: string, profile: Profile): Promise<void> {
    const there = await this.find(pool, name);
    if (there) await this.deleteAgent(pool, there.id);
    try {
      await this.post(pool, { ...agentBody(name), systemCapabilities: capabilitiesOf(profile) });
    } catch (error) {
      // Another instance was quicker.
      if (!isConflict(error)) throw error;
    }
  }

  /**
   * What the container of an agent needs to sign in. `replace`: an agent of this name that is off and has no job is of a start that was
   * cut, and goes. Throws `AgentExists` for any other one.
   */
  async register(
    { pool, name, profile }: { pool: { id: number; name: string }; name: string; profile: Profile },
    { replace }: { replace: boolean },
  ): Promise<Registration> {
    if (this.settings.way === 'token') return { AZP_TOKEN: await this.settings.token() };
    if (replace) await this.clear(pool, name);
    const key = await newAgentKey();
    try {
      const agent = await this.post(pool, {
        ...agentBody(name),
        authorization: { publicKey: key.publicKey },
        systemCapabilities: { ...capabilitiesOf(profile), 'Agent.Name': name },
      });
      return registrationFiles(agent, { key, pool, orgUrl: this.azureDevOps.account.url });
    } catch (error) {
      if (isConflict(error)) throw new AgentExists(`An agent '${name}' is registered already.`, { cause: error });
      throw error;
    }
  }

  /** Cancels a job that waits for an agent. */
  async cancel(pool: { id: number }, requestId: number): Promise<void> {
    await this.azureDevOps.call('DELETE', places.jobRequests, {
      route: { poolId: pool.id, requestId },
      query: { lockToken: '00000000-0000-0000-0000-000000000000', result: 'canceled' },
    });
  }

  private async clear(pool: { id: number }, name: string): Promise<void> {
    const there = await this.find(pool, name);
    if (there === undefined) return;
    if (there.online || there.assignedRequestId !== undefined) throw new AgentExists(`Agent '${name}' is up already.`);
    if ((await this.deleteAgent(pool, there.id)) === 'busy') throw new AgentExists(`Agent '${name}' has a job.`);
  }

  private async post(pool: { id: number }, body: object): Promise<WireAgent> {
    const { value } = await this.azureDevOps.call<WireAgent>('POST', places.agents, {
      route: { poolId: pool.id },
      body,
    });
    return value;
  }

  private async listAgents(
    pool: { id: number },
    query: Record<string, string | boolean | undefined>,
    signal?: AbortSignal,
  ): Promise<WireAgent[]> {
    const { value } = await this.azureDevOps.call<{ value: WireAgent[] }>('GET', places.agents, {
      route: { poolId: pool.id },
      query: { ...query, includeAssignedRequest: true, includeLastCompletedRequest: true },
      signal,
    });
    return value.value;
  }
}

function agentBody(name: string): object {
  return {
    name,
    // Meets every demand for a version; the agent that signs in tells its own.
    version: '99.999.9',
    osDescription: 'Linux',
    maxParallelism: 1,
    enabled: true,
    status: 'offline',
    provisioningState: 'Provisioned',
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 409 || error.refusal.typeKey === 'TaskAgentExistsException');
}

function isRunning({ refusal }: ApiError): boolean {
  return refusal.typeKey === 'TaskAgentJobStillRunningException' || /running/i.test(refusal.reasons.join(' '));
}

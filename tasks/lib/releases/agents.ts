import type { AzureDevOps } from '../azureDevOps';
import { ApiError } from '../errors';
import type { Pool } from '../runs/pool';
import type { World } from '../world';
import type { Environment } from './wire';

interface Queue {
  pool?: { id?: number; name?: string; isHosted?: boolean };
}

/** Finds the pool in which a stage waits for an agent; each queue is asked for once. */
export class StagePools {
  private readonly pools = new Map<string, Promise<Pool | undefined>>();

  /** @param azureDevOps the organization: queues do not lie on the host of the releases. */
  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly world: World,
  ) {}

  /** The pool of the phase that is under way, and what it demands of an agent. */
  async of(project: string, environment: Environment): Promise<{ pool: Pool | undefined; demands: string[] }> {
    const { queueId, demands } = inputOf(environment) ?? {};
    const words = (demands ?? []).map((one) =>
      typeof one === 'string' ? one : `${one.name ?? ''}${one.value ? ` -equals ${one.value}` : ''}`,
    );
    if (!queueId) return { pool: undefined, demands: words };
    const key = `${project}/${queueId}`;
    const known = this.pools.get(key) ?? this.read(project, queueId);
    this.pools.set(key, known);
    return { pool: await known, demands: words };
  }

  private async read(project: string, queueId: number): Promise<Pool | undefined> {
    const path = `${encodeURIComponent(project)}/_apis/distributedtask/queues/${queueId}`;
    try {
      const { value } = await this.azureDevOps.rest<Queue>('GET', path, { signal: this.world.signal, attempts: 1 });
      const { id, name, isHosted = false } = value.pool ?? {};
      return id && name ? { id, name, hosted: isHosted } : undefined;
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }
}

/** What the phase under way is given; before the first one it is that one. */
function inputOf({ deploySteps, deployPhasesSnapshot }: Environment) {
  const rank = Math.max(1, ...(deploySteps?.at(-1)?.releaseDeployPhases ?? []).map((phase) => phase.rank ?? 1));
  const phases = deployPhasesSnapshot ?? [];
  return (phases.find((phase) => phase.rank === rank) ?? phases[0])?.deploymentInput ?? undefined;
}

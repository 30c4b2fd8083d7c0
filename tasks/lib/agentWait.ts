import type { AzureDevOps } from './azureDevOps';
import { ableAgents, readAgents, type Pool } from './runs/pool';
import type { World } from './world';

/** A child that nothing but an agent is missing to. */
export interface Waiting {
  /** Tells it from others. */
  key: string;
  /** How the log names it. */
  title: string;
  url: string;
  pool: Pool | undefined;
  demands: string[];
  queuePosition?: number | undefined;
}

export interface AgentWaitOptions {
  onDeadlock: 'fail' | 'warn';
  /** The agent on which this step runs. */
  ownAgent: { id: number; name: string } | undefined;
}

const CERTAIN_AFTER_MS = 600_000;
const MORE_AGENTS = "Agents on demand, one for each queued job, are in the folder agents of this extension's project.";

/** Says which agent a child waits for, and finds the deadlock of one that waits for the agent of this very step. */
export class AgentWait {
  /** Since when a child certainly waits for our own agent. */
  private readonly deadlockedSince = new Map<string, number>();

  /** @param say says a line once. */
  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly options: AgentWaitOptions,
    private readonly world: World,
    private readonly say: (line: string) => void,
  ) {}

  /** A reason to give the child up, or undefined. */
  async look(child: Waiting): Promise<string | undefined> {
    const { pool, title, url, demands, queuePosition } = child;
    if (!pool) {
      this.say(`${title} waits for an agent. ${url}`);
      return undefined;
    }
    const agents = pool.hosted ? undefined : await readAgents(this.azureDevOps, pool, this.world);
    const position = queuePosition ? `, at place ${queuePosition} of the queue` : '';
    if (!agents) {
      this.say(`${title} waits for an agent of pool '${pool.name}'${position}. ${url}`);
      return undefined;
    }
    const able = ableAgents(agents, demands);
    if (!able.length) {
      this.moves(child.key);
      const wants = demands.length ? ` that meets its demands (${demands.join(', ')})` : '';
      this.say(
        `${title} waits for an agent of pool '${pool.name}'${position}: none is online and enabled${wants}. ${url}`,
      );
      return undefined;
    }
    const { ownAgent } = this.options;
    if (ownAgent && able.every(({ id, name }) => id === ownAgent.id && name === ownAgent.name))
      return this.deadlock(child, pool.name);
    this.say(`${title} waits for an agent of pool '${pool.name}'${position}. ${url}`);
    this.moves(child.key);
    return undefined;
  }

  /** The child does not wait for an agent any more. */
  moves(key: string): void {
    this.deadlockedSince.delete(key);
  }

  /** The only agent that could run the child is busy with waiting for it. */
  private deadlock({ key, title }: Waiting, pool: string): string | undefined {
    const { clock, log } = this.world;
    const since = this.deadlockedSince.get(key);
    if (since === undefined) {
      this.deadlockedSince.set(key, clock.now());
      log.warning(
        `${title} waits for the only agent of pool '${pool}' that could run it, and this step holds that agent while it waits: a deadlock. Add an agent to the pool, let this job run in another pool, or do not wait (waitForCompletion: false) and collect the result later with action: wait. ${MORE_AGENTS}`,
      );
      return undefined;
    }
    if (clock.now() - since < CERTAIN_AFTER_MS || this.options.onDeadlock === 'warn') return undefined;
    return `deadlock: for ${Math.round((clock.now() - since) / 60_000)} minutes it could not get an agent of pool '${pool}', because this step holds the only one`;
  }
}

/** The agent on which this step runs; undefined for another organization's children, where its id means nothing. */
export function ownAgentOf(
  agent: { variable(name: string): string | undefined },
  sameOrganization: boolean,
): AgentWaitOptions['ownAgent'] {
  const id = Number(agent.variable('Agent.Id'));
  const name = agent.variable('Agent.Name');
  return sameOrganization && name && id ? { id, name } : undefined;
}

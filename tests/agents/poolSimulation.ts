import assert from 'node:assert/strict';
import { unmetDemands, capabilitiesOf } from '../../agents/plan/demands';
import type { Profile } from '../../agents/plan/demands';
import type { JobRequest, PoolAgent } from '../../agents/plan/jobRequest';
import type { NameSpace } from '../../agents/plan/names';
import { agentName, placeholderProfile, purposeOf } from '../../agents/plan/names';
import type { Action, PoolView } from '../../agents/plan/plan';
import { plan } from '../../agents/plan/plan';
import { removeAgent } from '../../agents/plan/removeAgent';
import { isLive } from '../../agents/plan/workload';
import type { Workload } from '../../agents/plan/workload';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Job {
  request: JobRequest;
  durationMs: number;
  agentId?: number;
  doneAt?: number;
  end?: 'done' | 'canceled' | 'abandoned';
}

interface Container {
  workload: Workload;
  comesUpAt: number;
  signedIn: boolean;
  fate: 'works' | 'crashes' | 'stuck' | 'dies busy';
}

/** A pool, a cluster and the orchestrator's passes over them, in which everything that can go wrong does so by chance. */
export class PoolSimulation {
  readonly space: NameSpace = { prefix: 'agent-job-', pool: { id: 7, name: 'build' } };
  readonly profiles: Profile[] = [
    { name: 'default', capabilities: {}, namesAgents: true },
    { name: 'gpu', capabilities: { gpu: 'a100' }, namesAgents: true },
  ];
  readonly jobs = new Map<number, Job>();
  readonly agents = new Map<number, PoolAgent>();
  readonly containers = new Map<string, Container>();
  now = 1_700_000_000_000;
  /** The orchestrator's clock against the others'. */
  skewMs = 0;
  faulty = true;
  private nextId = 1;
  private seenWorkloads: Workload[] = [];

  constructor(
    private readonly random: () => number,
    private readonly rules: {
      maxAgents: number;
      licences: number | undefined;
      minimumIdle: number;
      registersFirst: boolean;
    },
  ) {}

  queue(demands: string[]): number {
    const requestId = this.nextId++;
    const request: JobRequest = {
      requestId,
      queuedAt: this.now,
      priority: 0,
      demands,
      received: false,
      matchesAllAgents: false,
      hosted: false,
      isPrivate: true,
    };
    this.jobs.set(requestId, { request, durationMs: 1000 + this.random() * 120_000 });
    return requestId;
  }

  cancel(requestId: number): void {
    const job = this.jobs.get(requestId);
    if (job && job.end === undefined && job.agentId === undefined) job.end = 'canceled';
  }

  dropPlaceholder(): void {
    for (const agent of this.agents.values())
      if (placeholderProfile(this.space, agent.name)) this.agents.delete(agent.id);
  }

  /** One pass of the orchestrator and the time until the next. */
  async pass(pauseMs: number): Promise<Action[]> {
    const requests = this.liveRequests();
    // The looks are not taken at one moment.
    if (this.faulty) this.live(this.random() * 2000);
    const workloads = this.workloads();
    const lagging = this.faulty && this.chance(0.15);
    const view: PoolView = {
      space: this.space,
      requests,
      agents: [...this.agents.values()].map((agent) => ({ ...agent })),
      workloads: lagging ? this.lagged(workloads) : workloads,
      profiles: this.profiles,
      hosts: [{ name: 'kubernetes', keepFinishedMs: 600_000 }],
      licences:
        this.rules.licences === undefined ? undefined : { total: this.rules.licences, used: this.runningJobs() },
      limits: {
        maxAgents: this.rules.maxAgents,
        minimumAgents: 0,
        minimumIdle: [{ count: this.rules.minimumIdle }],
        idleTimeoutMs: 300_000,
        startTimeoutMs: 900_000,
        cancelUnservableAfterMs: 1_200_000,
      },
      now: this.now + this.skewMs,
    };
    this.seenWorkloads = workloads;
    const actions = plan(view);
    for (const action of actions) {
      // A restart in the middle: the rest of the plan is never done.
      if (this.faulty && this.chance(0.02)) break;
      await this.carryOut(action);
      this.check();
    }
    this.live(pauseMs);
    this.check();
    return actions;
  }

  /** What the last pass saw. Only what was made since is never missed: a host lists its own creations at once. */
  private lagged(workloads: readonly Workload[]): Workload[] {
    const before = new Map(this.seenWorkloads.map((workload) => [workload.name, workload]));
    const made = workloads.filter(({ name, createdAt }) => before.get(name)?.createdAt !== createdAt);
    return [...new Map([...before, ...made.map((workload) => [workload.name, workload] as const)]).values()];
  }

  private async carryOut(action: Action): Promise<void> {
    switch (action.kind) {
      case 'ensurePlaceholder':
        if (action.agentId !== undefined) this.agents.delete(action.agentId);
        this.register(action.name, { ...capabilitiesOf(action.profile) });
        return;
      case 'startAgent': {
        if (this.faulty && this.chance(0.1)) return;
        if (this.containers.has(action.name)) return;
        const workload: Workload = {
          name: action.name,
          host: action.host,
          poolId: this.space.pool.id,
          profile: action.profile.name,
          purpose: action.purpose,
          state: 'pending',
          createdAt: this.now,
          handed: false,
        };
        this.containers.set(action.name, {
          workload,
          comesUpAt: this.now + 500 + this.random() * 40_000,
          signedIn: false,
          fate: this.fate(),
        });
        if (this.faulty && this.chance(0.1)) return;
        this.hand(workload);
        return;
      }
      case 'handRegistration': {
        const container = this.containers.get(action.workload.name);
        if (container) this.hand(container.workload);
        return;
      }
      case 'removeAgent':
        assert.equal(
          placeholderProfile(this.space, action.name),
          undefined,
          `a placeholder is no garbage: ${action.name}`,
        );
        await this.remove(action);
        return;
      case 'deleteLeftover':
        assert.ok(!isLive(this.containers.get(action.workload.name)?.workload ?? action.workload));
        this.containers.delete(action.workload.name);
        return;
      case 'cancelRequest':
        this.cancel(action.request.requestId);
        return;
      case 'tellReason':
      case 'tellRun':
        return;
    }
  }

  private async remove(action: Action & { kind: 'removeAgent' }): Promise<void> {
    const cutAfter = this.faulty && this.chance(0.2) ? Math.floor(this.random() * 4) : Infinity;
    let calls = 0;
    const step = (): void => {
      // The world goes on between any two calls.
      if (this.faulty) this.live(this.random() * 1500);
      if (calls++ >= cutAfter) throw new Error('cut');
    };
    let registered = true;
    await removeAgent(action, {
      find: async (name) => {
        step();
        const agent = this.agentOf(name);
        registered = agent !== undefined;
        return agent && { ...agent };
      },
      disable: async (id) => {
        step();
        const agent = this.agents.get(id);
        if (agent) agent.enabled = false;
      },
      deleteAgent: async (id) => {
        step();
        if (this.agents.get(id)?.assignedRequestId !== undefined) return 'busy';
        this.agents.delete(id);
        return 'deleted';
      },
      deleteWorkload: async (name, { onlyPending }) => {
        // A container that registers itself may do so in the instant between the look and this: nothing can close that gap.
        if (registered) step();
        const container = this.containers.get(name);
        if (onlyPending && container?.workload.state === 'running') return 'started';
        assert.ok(!this.agentOf(name)?.assignedRequestId, `${name} was removed with a job on it`);
        this.containers.delete(name);
        const agent = this.agentOf(name);
        if (agent) agent.online = false;
        return 'deleted';
      },
    }).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'cut') throw error;
    });
  }

  /** The world goes on: containers come up, the service gives out jobs, jobs end. */
  private live(ms: number): void {
    this.now += ms;
    for (const container of this.containers.values()) this.bringUp(container);
    for (const job of this.jobs.values()) this.advance(job);
    for (const job of this.jobs.values()) if (job.end === undefined && job.agentId === undefined) this.assign(job);
  }

  private bringUp(container: Container): void {
    const { workload, comesUpAt, fate } = container;
    if (!isLive(workload) || !workload.handed || fate === 'stuck' || this.now < comesUpAt) return;
    if (workload.state === 'pending') {
      workload.state = 'running';
      workload.startedAt = this.now;
      if (fate === 'crashes') {
        this.finish(workload, 'failed');
        return;
      }
    }
    if (this.now < comesUpAt + 2000) return;
    const registers = !this.rules.registersFirst && !container.signedIn;
    const agent = this.agentOf(workload.name) ?? (registers ? this.register(workload.name) : undefined);
    container.signedIn = true;
    if (agent) agent.online = true;
    // Its registration was taken away: the agent cannot sign in and gives up.
    else this.finish(workload, 'failed');
  }

  private advance(job: Job): void {
    const agent = job.agentId === undefined ? undefined : this.agents.get(job.agentId);
    if (agent === undefined || job.end !== undefined || job.doneAt === undefined) return;
    const container = this.containers.get(agent.name);
    job.request.received = true;
    if (this.now < job.doneAt) return;
    job.end = container?.fate === 'dies busy' ? 'abandoned' : 'done';
    delete agent.assignedRequestId;
    if (job.end === 'done') agent.completed = { requestId: job.request.requestId, finishedAt: this.now };
    agent.online = false;
    if (container) this.finish(container.workload, job.end === 'done' ? 'succeeded' : 'failed');
  }

  private assign(job: Job): void {
    const fits = [...this.agents.values()].filter((agent) => {
      const profile = this.profiles.find(({ name }) => name === this.containers.get(agent.name)?.workload.profile);
      if (profile === undefined || !agent.online || !agent.enabled) return false;
      if (agent.assignedRequestId !== undefined || agent.completed !== undefined) return false;
      return unmetDemands(job.request.demands, capabilitiesOf(profile)).length === 0;
    });
    const agent = fits[Math.floor(this.random() * fits.length)];
    if (agent === undefined || this.runningJobs() >= (this.rules.licences ?? Infinity)) return;
    agent.assignedRequestId = job.request.requestId;
    job.agentId = agent.id;
    job.request.reservedAgentId = agent.id;
    job.doneAt = this.now + job.durationMs;
  }

  /** What must hold at any moment. */
  private check(): void {
    const live = this.workloads().filter(isLive);
    assert.ok(live.length <= this.rules.maxAgents, `${live.length} agents at once`);
    const waiting = new Map<number, string>();
    for (const { workload } of this.containers.values()) {
      const agent = this.agentOf(workload.name);
      const used = agent?.assignedRequestId !== undefined || agent?.completed !== undefined;
      if (!isLive(workload) || used || !('requestId' in workload.purpose)) continue;
      const other = waiting.get(workload.purpose.requestId);
      assert.equal(other, undefined, `${other} and ${workload.name} wait for the same request`);
      waiting.set(workload.purpose.requestId, workload.name);
    }
  }

  private hand(workload: Workload): void {
    if (this.rules.registersFirst) {
      const old = this.agentOf(workload.name);
      // An agent that is up proves that the registration was handed over, whatever an old view says.
      if (old?.online) return;
      if (old) this.agents.delete(old.id);
      this.register(workload.name);
    }
    workload.handed = true;
  }

  private register(name: string, capabilities?: Record<string, string>): PoolAgent {
    const agent = {
      id: this.nextId++,
      name,
      enabled: true,
      online: false,
      createdAt: this.now,
      ...(capabilities && { capabilities }),
    };
    this.agents.set(agent.id, agent);
    return agent;
  }

  private finish(workload: Workload, state: 'succeeded' | 'failed'): void {
    workload.state = state;
    workload.finishedAt = this.now;
    const agent = this.agentOf(workload.name);
    if (agent) agent.online = false;
  }

  private fate(): Container['fate'] {
    if (!this.faulty || this.chance(0.7)) return 'works';
    return this.chance(0.4) ? 'crashes' : this.chance(0.5) ? 'stuck' : 'dies busy';
  }

  private agentOf(name: string): PoolAgent | undefined {
    return [...this.agents.values()].find((agent) => {
      const purpose = purposeOf(this.space, agent.name);
      return purpose && agentName(this.space, purpose) === name;
    });
  }

  private liveRequests(): JobRequest[] {
    return [...this.jobs.values()].filter(({ end }) => end === undefined).map(({ request }) => ({ ...request }));
  }

  workloads(): Workload[] {
    return [...this.containers.values()].map(({ workload }) => ({ ...workload }));
  }

  private runningJobs(): number {
    return [...this.jobs.values()].filter(({ end, agentId }) => end === undefined && agentId !== undefined).length;
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }
}

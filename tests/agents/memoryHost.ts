import assert from 'node:assert/strict';
import type { AgentHost, AgentSpec, Registration, Started } from '../../agents/agentHost';
import type { Workload } from '../../agents/plan/workload';
import { isLive } from '../../agents/plan/workload';
import type { EmulatorState } from '../../emulator/state/EmulatorState';
import type { Agent, Pool } from '../../emulator/state/pools';
import { endJob, jobOf, registerAgent, takeJob } from '../../emulator/state/poolJobs';

interface Container {
  spec: AgentSpec;
  workload: Workload;
  registration?: Registration;
  jobEndsAt?: number;
  configured?: boolean;
}

export interface Course {
  /** From being made to running. */
  startMs: number;
  /** How long each job takes. */
  jobMs: number;
  /** Says 'image' or so for an agent that shall never come. */
  problem?: (spec: AgentSpec) => Workload['problem'];
}

/** A cluster in memory whose containers behave as one-job agents do at the emulator. It outlives the orchestrators that use it. */
export class MemoryCluster {
  readonly containers = new Map<string, Container>();
  /** Every name that an agent was made under. */
  readonly made: string[] = [];
  /** Jobs that agents have done. */
  done = 0;

  constructor(
    private readonly state: EmulatorState,
    private readonly course: Course,
  ) {}

  /** The world goes on to the state's present time: containers come up, take a job, end. */
  live(): void {
    for (const container of this.containers.values()) this.advance(container);
  }

  private advance(container: Container): void {
    const { spec, workload, registration } = container;
    const { now } = this.state;
    if (!isLive(workload) || registration === undefined || workload.problem) return;
    if (now < workload.createdAt + this.course.startMs) return;
    if (workload.state === 'pending') Object.assign(workload, { state: 'running', startedAt: now });
    const pool = this.state.pools.find(({ id }) => id === spec.pool.id);
    const agent = pool?.agents.find(({ name }) => name === spec.name) ?? this.configured(container, pool);
    if (!pool || !agent) {
      // Its registration was taken away.
      Object.assign(workload, { state: 'failed', finishedAt: now });
      return;
    }
    agent.status = 'online';
    const job = jobOf(pool, agent);
    if (!job) {
      if (takeJob(this.state, pool.name, agent.name)) container.jobEndsAt = now + this.course.jobMs;
    } else if (now >= (container.jobEndsAt ?? 0)) {
      endJob(this.state, job);
      agent.status = 'offline';
      this.done += 1;
      Object.assign(workload, { state: 'succeeded', finishedAt: now });
    }
  }

  /** What `config.sh` does with a token, once. */
  private configured(container: Container, pool: Pool | undefined): Agent | undefined {
    if (!pool || container.configured || !container.registration?.AZP_TOKEN) return undefined;
    container.configured = true;
    return registerAgent(this.state, pool, {
      name: container.spec.name,
      systemCapabilities: { ...container.spec.profile.capabilities },
    });
  }

  /** A connection of one orchestrator. `fail` is asked before every change, with what is to happen, and may throw. */
  host(fail: (what: string) => void = () => undefined): AgentHost {
    const { containers, made, state } = this;
    const problemOf = (spec: AgentSpec) => this.course.problem?.(spec);
    const handOver = async (name: string, register: () => Promise<Registration>): Promise<void> => {
      const container = containers.get(name);
      if (!container) return;
      fail('register');
      const registration = await register();
      fail('hand over');
      container.registration = registration;
      container.workload.handed = true;
    };
    return {
      room: () => ({ name: 'kubernetes', keepFinishedMs: 600_000 }),
      workloads: async () => [...containers.values()].map(({ workload }) => ({ ...workload })),
      start: async (spec, register): Promise<Started> => {
        fail('create');
        if (containers.has(spec.name)) return 'duplicate';
        const problem = problemOf(spec);
        const workload: Workload = {
          name: spec.name,
          host: 'kubernetes',
          poolId: spec.pool.id,
          profile: spec.profile.name,
          purpose: spec.purpose,
          state: 'pending',
          createdAt: state.now,
          handed: false,
          ...(problem && { problem }),
        };
        containers.set(spec.name, { spec, workload });
        made.push(spec.name);
        await handOver(spec.name, register);
        return 'started';
      },
      finishStart: (workload, register) => handOver(workload.name, register),
      remove: async (name, { onlyPending }) => {
        const container = containers.get(name);
        if (!container) return 'deleted';
        if (onlyPending && container.workload.state !== 'pending') return 'started';
        const pool = state.pools.find(({ id }) => id === container.spec.pool.id);
        const agent = pool?.agents.find((one) => one.name === name);
        assert.ok(!pool || !agent || !jobOf(pool, agent), `${name} was removed with a job on it`);
        containers.delete(name);
        return 'deleted';
      },
      tell: async () => undefined,
      stop: async () => undefined,
    };
  }
}

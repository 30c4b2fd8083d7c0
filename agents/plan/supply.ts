import type { JobRequest, PoolAgent } from './jobRequest';
import type { NameSpace } from './names';
import { agentName, purposeOf } from './names';
import type { Profile } from './demands';
import type { Workload } from './workload';
import { isLive } from './workload';

/**
 * What a live workload is good for.
 * `free`: waits for a job or is on its way · `busy`: has one · `spent`: has done its one · `retiring`: disabled, so its removal was
 * begun · `lost`: its agent never came or went away.
 */
export type Use = 'free' | 'busy' | 'spent' | 'retiring' | 'lost';

/** A live workload, its agent if one is registered, and what it is good for. */
export interface Supply {
  workload: Workload;
  agent?: PoolAgent;
  use: Use;
}

/** All live workloads of the pool. `startTimeoutMs`: how long an agent may take to come up. */
export function supplyOf(view: {
  space: NameSpace;
  requests: readonly JobRequest[];
  agents: readonly PoolAgent[];
  workloads: readonly Workload[];
  profiles: readonly Profile[];
  startTimeoutMs: number;
  now: number;
}): Supply[] {
  const reserved = new Set(view.requests.map(({ reservedAgentId }) => reservedAgentId));
  const agents = new Map(view.agents.map((agent) => [workloadName(view.space, agent.name), agent]));
  return view.workloads.filter(isLive).map((workload) => {
    const agent = agents.get(workload.name);
    if (agent === undefined) return { workload, use: comesYet(workload) ? 'free' : 'lost' };
    if (agent.assignedRequestId !== undefined || reserved.has(agent.id)) return { workload, agent, use: 'busy' };
    if (agent.completed) return { workload, agent, use: 'spent' };
    if (!agent.enabled) return { workload, agent, use: 'retiring' };
    return { workload, agent, use: agent.online || comesYet(workload) ? 'free' : 'lost' };
  });

  function comesYet(workload: Workload): boolean {
    const named = view.profiles.find(({ name }) => name === workload.profile)?.namesAgents ?? true;
    // Under a name of the template's own it may be up and busy for all that can be seen.
    if (workload.state === 'running' && !named) return true;
    return view.now - (workload.startedAt ?? workload.createdAt) <= view.startTimeoutMs;
  }
}

/** The name of the workload that an agent of this name runs in. */
export function workloadName(space: NameSpace, agent: string): string | undefined {
  const purpose = purposeOf(space, agent);
  return purpose && agentName(space, purpose);
}

/**
 * Pairs waiting requests with free agents, as many as can be: the service gives a job to any agent that fits, so an agent made for one
 * request serves another one as well. Each request gets its own agent where that is free; the others are paired along augmenting paths.
 */
export function pairUp<R extends { request: JobRequest; profiles: readonly Profile[] }>(
  wanting: readonly R[],
  free: readonly Supply[],
): Map<R, Supply> {
  const takenBy = new Map<Supply, R>();
  for (const wants of wanting) {
    const own = free.find(({ workload }) => isFor(workload, wants.request));
    if (own) takenBy.set(own, wants);
  }
  const paired = new Set(takenBy.values());
  // What one request found no way for, none that can be served by the same profiles will find.
  const hopeless = new Set<string>();
  for (const wants of wanting) {
    const kind = wants.profiles.map(({ name }) => name).join();
    if (!paired.has(wants) && !hopeless.has(kind) && !place(wants, new Set())) hopeless.add(kind);
  }
  return new Map([...takenBy].map(([supply, wants]) => [wants, supply]));

  function place(wants: R, seen: Set<Supply>): boolean {
    for (const supply of free) {
      if (seen.has(supply) || !wants.profiles.some(({ name }) => name === supply.workload.profile)) continue;
      seen.add(supply);
      const holder = takenBy.get(supply);
      if (holder === undefined || place(holder, seen)) {
        takenBy.set(supply, wants);
        return true;
      }
    }
    return false;
  }
}

/** True for a workload that was made for this request. */
export function isFor({ purpose }: Workload, { requestId }: JobRequest): boolean {
  return 'requestId' in purpose && purpose.requestId === requestId;
}

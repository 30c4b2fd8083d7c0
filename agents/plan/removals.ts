import { idleMinimumAt } from './idleMinimum';
import type { PoolAgent } from './jobRequest';
import type { Action, PoolView } from './plan';
import type { Supply } from './supply';
import { isFor, workloadName } from './supply';
import { isFinished, isLive } from './workload';

/** Deleting many agents at once runs into the service's limits; the next look takes the next ones. */
const agentsAtOnce = 20;
/** How long the ends of a waiting request's agents are remembered: its pause between two attempts rests on them. */
const remembersEndsMs = 600_000;
/** How long side-cars may go on after their agent. */
const sideCarGraceMs = 30_000;
/** How long a pod that no node has room for waits before another host may have it. */
const noRoomGraceMs = 30_000;

/** What goes: agents that nobody needs or that never came, and what finished ones left behind. */
export function planRemovals(
  view: PoolView,
  { supply, surplus, blocked }: { supply: readonly Supply[]; surplus: readonly Supply[]; blocked: number },
): Action[] {
  const lost = supply.filter(({ use }) => use === 'lost');
  const retiring = supply.filter(({ use }) => use === 'retiring');
  const leaving = [
    ...retiring.map((one) => remove(one, 'its removal was begun')),
    ...supply.filter((one) => hangs(view, one)).map((one) => remove(one, 'it did its job and does not end')),
    ...lost.map((one) => remove(one, `no agent came up within ${view.limits.startTimeoutMs / 1000} s`)),
    ...supply.filter((one) => canMove(view, one)).map((one) => remove(one, 'another host may have room')),
    ...idle(view, { surplus, blocked, all: supply.length - lost.length - retiring.length }),
    ...gone(view),
  ];
  return [...leaving.slice(0, agentsAtOnce), ...leftovers(view)];
}

function remove({ workload, agent }: Supply, why: string): Action {
  return {
    kind: 'removeAgent',
    name: agent?.name ?? workload.name,
    workload,
    why,
  };
}

function hangs({ limits, now }: PoolView, { agent, use }: Supply): boolean {
  return use === 'spent' && now - (agent?.completed?.finishedAt ?? now) > limits.idleTimeoutMs;
}

function canMove({ hosts, profiles, now }: PoolView, { workload, use }: Supply): boolean {
  if (use !== 'free' || workload.state !== 'pending' || workload.problem?.reason !== 'noRoom') return false;
  const allowed = profiles.find(({ name }) => name === workload.profile)?.hosts;
  const later = hosts.slice(hosts.findIndex(({ name }) => name === workload.host) + 1);
  const room = later.some(
    ({ name, fullUntil = 0, crowdedUntil = 0 }) =>
      Math.max(fullUntil, crowdedUntil) <= now && (allowed?.includes(name) ?? true),
  );
  return room && now - workload.createdAt > noRoomGraceMs;
}

/** Surplus agents: after the idle timeout down to the minimum, and at once where they stand in the way of a job of another kind. */
function idle(
  view: PoolView,
  { surplus, blocked, all }: { surplus: readonly Supply[]; blocked: number; all: number },
): Action[] {
  const { limits, now, profiles } = view;
  const ordered = surplus.filter((one) => !canMove(view, one)).sort((a, b) => since(a) - since(b));
  const standby = ordered.filter(({ workload }) => workload.profile === profiles[0]?.name);
  let spareStandby = standby.length - idleMinimumAt(limits.minimumIdle, now);
  let spare = all - limits.minimumAgents;
  let inTheWay = blocked;
  const actions: Action[] = [];
  for (const one of ordered) {
    const isStandby = standby.includes(one);
    const expired = now - since(one) > limits.idleTimeoutMs && spare > 0 && (!isStandby || spareStandby > 0);
    if (!expired && inTheWay <= 0) continue;
    actions.push(
      remove(
        one,
        expired ? `no job came within ${limits.idleTimeoutMs / 1000} s` : 'a job of another kind needs its place',
      ),
    );
    inTheWay -= 1;
    spare -= 1;
    if (isStandby) spareStandby -= 1;
  }
  return actions;
}

function since({ workload }: Supply): number {
  return workload.startedAt ?? workload.createdAt;
}

/** Registrations of our making whose workload is over. One that has done no job gets time: its own may be on the way into view. */
function gone({ space, agents, requests, workloads, limits, now }: PoolView): Action[] {
  const byName = new Map(workloads.map((workload) => [workload.name, workload]));
  const reserved = new Set(requests.map(({ reservedAgentId }) => reservedAgentId));
  return agents.filter(isGone).map(({ name }) => ({ kind: 'removeAgent', name, why: 'its workload is over' }));

  function isGone(agent: PoolAgent): boolean {
    const name = workloadName(space, agent.name);
    if (name === undefined || agent.online || agent.assignedRequestId !== undefined || reserved.has(agent.id))
      return false;
    const workload = byName.get(name);
    if (workload === undefined) return agent.completed !== undefined || now - agent.createdAt > limits.startTimeoutMs;
    return !isLive(workload);
  }
}

/** Finished workloads that their cluster did not delete itself, or cannot. */
function leftovers({ workloads, requests, hosts, now }: PoolView): Action[] {
  return workloads.filter(isFinished).flatMap((workload): Action[] => {
    const hostKeepsMs = hosts.find(({ name }) => name === workload.host)?.keepFinishedMs ?? remembersEndsMs;
    const keepMs = workload.sideCarsRun ? sideCarGraceMs : hostKeepsMs;
    const waits = requests.some((request) => isFor(workload, request));
    const age = now - (workload.finishedAt ?? workload.createdAt);
    return age > (waits ? Math.max(keepMs, remembersEndsMs) : keepMs) ? [{ kind: 'deleteLeftover', workload }] : [];
  });
}

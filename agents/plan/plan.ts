import type { Profile } from './demands';
import { capabilitiesOf } from './demands';
import type { IdleMinimum } from './idleMinimum';
import type { JobRequest, PoolAgent } from './jobRequest';
import { judgeRequests } from './jobRequest';
import type { Licences } from './licences';
import type { NameSpace, Purpose } from './names';
import { placeholderName, placeholderProfile } from './names';
import { planRemovals } from './removals';
import { planStarts } from './starts';
import type { Supply } from './supply';
import { pairUp, supplyOf } from './supply';
import type { Problem, Workload } from './workload';

/** Everything that is known of one pool at one moment. Times are ms. */
export interface PoolView {
  space: NameSpace;
  /** Unfinished requests only. */
  requests: readonly JobRequest[];
  agents: readonly PoolAgent[];
  /** May lag behind, but never behind this process's own creations: an agent is not to be made twice. */
  workloads: readonly Workload[];
  /** The default one first. */
  profiles: readonly Profile[];
  /** In the order in which they are filled. */
  hosts: readonly HostRoom[];
  licences: Licences | undefined;
  limits: Limits;
  now: number;
}

/** A place where agents are made. */
export interface HostRoom {
  name: string;
  /** It refused more by a quota; nothing is started there before this time. */
  fullUntil?: number;
  /** Pods wait for a node there; another host is better before this time. */
  crowdedUntil?: number;
  /** How long a finished workload stays to be looked at. */
  keepFinishedMs: number;
}

export interface Limits {
  maxAgents: number;
  minimumAgents: number;
  minimumIdle: readonly IdleMinimum[];
  idleTimeoutMs: number;
  /** How long an agent may take from its creation until it is online. */
  startTimeoutMs: number;
  /** Undefined: a request that nobody can serve waits for ever. */
  cancelUnservableAfterMs?: number;
}

/** What is to be done. Each may be done twice, or by two instances, with the same end. */
export type Action =
  | { kind: 'ensurePlaceholder'; name: string; profile: Profile; agentId?: number }
  | { kind: 'startAgent'; name: string; purpose: Purpose; profile: Profile; host: string; request?: JobRequest }
  | { kind: 'handRegistration'; workload: Workload }
  /** Disable, look again, delete: see removeAgent. */
  | { kind: 'removeAgent'; name: string; workload?: Workload; why: string }
  | { kind: 'deleteLeftover'; workload: Workload }
  | { kind: 'cancelRequest'; request: JobRequest; why: string }
  | { kind: 'tellReason'; about: string; reason: Reason; text: string }
  /** Why it waits, where that is no fault of its own; for the page of its run. */
  | { kind: 'tellRun'; request: JobRequest; text: string };

/** A word to count by: why a job waits. */
export type Reason = Problem['reason'] | 'unservable' | 'maxAgents' | 'licence' | 'hostsFull' | 'retry';

/** How old a workload without its registration has to be until somebody else's hand is no longer expected. */
const handoverGraceMs = 10_000;

/** From what is known to what is to be done: pure, without memory, so that a restart or a second instance comes to the same. */
export function plan(view: PoolView): Action[] {
  const judged = judgeRequests(view);
  const supply = supplyOf({ ...view, startTimeoutMs: view.limits.startTimeoutMs });
  const wanting = judged.filter((judgement) => judgement.kind === 'serve');
  const pairs = pairUp(
    wanting,
    supply.filter(({ use }) => use === 'free'),
  );
  const unserved = wanting.filter((wants) => !pairs.has(wants));
  const paired = new Set(pairs.values());
  const surplus = supply.filter((one) => one.use === 'free' && !paired.has(one));
  const starts = planStarts(view, { supply, unserved, surplus });
  return [
    ...placeholders(view),
    ...registrations(view, supply),
    ...judged.flatMap((judgement) =>
      judgement.kind === 'unservable' ? unservable(view, judgement.request, judgement.why) : [],
    ),
    ...problems(supply),
    ...starts.actions,
    ...planRemovals(view, { supply, surplus, blocked: starts.blocked }),
  ];
}

function placeholders({ space, agents, profiles }: PoolView): Action[] {
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const missing = profiles.flatMap((profile): Action[] => {
    const name = placeholderName(space, profile.name);
    const agent = byName.get(name);
    if (agent?.enabled && hasCapabilities(agent, profile)) return [];
    return [{ kind: 'ensurePlaceholder', name, profile, ...(agent && { agentId: agent.id }) }];
  });
  const known = new Set(profiles.map(({ name }) => name));
  const stale = agents.filter(({ name }) => {
    const profile = placeholderProfile(space, name);
    return profile !== undefined && !known.has(profile);
  });
  return [
    ...missing,
    ...stale.map(({ name }): Action => ({
      kind: 'removeAgent',
      name,
      why: 'its profile is no longer configured',
    })),
  ];
}

function hasCapabilities({ capabilities }: PoolAgent, profile: Profile): boolean {
  return (
    capabilities === undefined ||
    Object.entries(capabilitiesOf(profile)).every(([name, value]) => capabilities[name] === value)
  );
}

/** A start that was cut between the workload and its registration is brought to its end. */
function registrations({ now }: PoolView, supply: readonly Supply[]): Action[] {
  return supply
    .filter(({ workload, agent, use }) => !workload.handed && use === 'free' && !agent?.online)
    .filter(({ workload }) => now - workload.createdAt > handoverGraceMs)
    .map(({ workload }) => ({ kind: 'handRegistration', workload }));
}

function unservable({ limits, now }: PoolView, request: JobRequest, why: string): Action[] {
  const { cancelUnservableAfterMs } = limits;
  if (cancelUnservableAfterMs !== undefined && now - request.queuedAt > cancelUnservableAfterMs) {
    return [{ kind: 'cancelRequest', request, why }];
  }
  return [{ kind: 'tellReason', about: `request ${request.requestId}`, reason: 'unservable', text: why }];
}

function problems(supply: readonly Supply[]): Action[] {
  return supply.flatMap(({ workload: { name, state, problem } }): Action[] =>
    state === 'pending' && problem ? [{ kind: 'tellReason', about: name, ...problem }] : [],
  );
}

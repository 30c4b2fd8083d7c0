import type { Profile } from './demands';
import { bindsToOneAgent, capabilitiesOf, unmetDemands } from './demands';
import type { NameSpace } from './names';
import { placeholderProfile, purposeOf } from './names';

/** An unfinished job request of a pool, as far as the plan needs it. Times are ms since the epoch. */
export interface JobRequest {
  requestId: number;
  queuedAt: number;
  priority: number;
  demands: readonly string[];
  /** An agent has the job, or is about to get it. */
  reservedAgentId?: number;
  /** The job was received by its agent. */
  received: boolean;
  /** The service's own matching: names of registered agents, offline ones too. Undefined where the answer lacks it. */
  matchedAgents?: readonly string[];
  /** Every agent of the pool matched; the service may then leave their names out. */
  matchesAllAgents: boolean;
  /** `agentSpecification` is set: a Microsoft-hosted image is asked for. */
  hosted: boolean;
  /** Counts against the private parallel jobs. */
  isPrivate: boolean;
  /** Where a person finds the run; goes onto the Job. */
  runUrl?: string;
  /** The run as its page knows it; undefined for a release. */
  build?: { id: number; project: string };
  planId?: string;
  jobId?: string;
}

/** An agent registered in the pool. */
export interface PoolAgent {
  id: number;
  name: string;
  enabled: boolean;
  online: boolean;
  createdAt: number;
  /** Known where the look asked for them. */
  capabilities?: Readonly<Record<string, string>>;
  assignedRequestId?: number;
  /** The last job that it has finished. An agent made for one job has nothing left to do after it. */
  completed?: { requestId: number; finishedAt: number };
}

/** What becomes of a request that waits. */
export type Judgement =
  | { kind: 'serve'; request: JobRequest; profiles: readonly Profile[] }
  | { kind: 'unservable'; request: JobRequest; why: string }
  | { kind: 'leave'; request: JobRequest };

/**
 * Sorts the waiting requests by what is to be done for them, the most urgent first. Requests and agents are two looks, so a request
 * counts as served when either of them says so.
 */
export function judgeRequests(view: {
  space: NameSpace;
  requests: readonly JobRequest[];
  agents: readonly PoolAgent[];
  profiles: readonly Profile[];
}): Judgement[] {
  const taken = new Set(view.agents.flatMap((agent) => [agent.assignedRequestId, agent.completed?.requestId]));
  return view.requests
    .filter(
      ({ requestId, reservedAgentId, received }) => reservedAgentId === undefined && !received && !taken.has(requestId),
    )
    .sort((a, b) => b.priority - a.priority || a.queuedAt - b.queuedAt || a.requestId - b.requestId)
    .map((request) => judge(view.space, withNames(request, view.agents), view.profiles));
}

function withNames(request: JobRequest, agents: readonly PoolAgent[]): JobRequest {
  if (!request.matchesAllAgents || request.matchedAgents?.length) return request;
  return { ...request, matchedAgents: agents.map(({ name }) => name) };
}

function judge(space: NameSpace, request: JobRequest, profiles: readonly Profile[]): Judgement {
  if (request.hosted) return { kind: 'leave', request };
  const serving = bindsToOneAgent(request.demands) ? [] : profiles.filter((profile) => serves(space, request, profile));
  if (serving.length > 0) return { kind: 'serve', request, profiles: serving };
  // An agent of somebody else's can take it, though it may be busy or off for now.
  if (request.matchedAgents?.some((name) => !isOurs(space, name))) return { kind: 'leave', request };
  return { kind: 'unservable', request, why: whyNot(request, profiles) };
}

/** The service's matching counts too: it knows capabilities that only the agent's own scan finds. */
function serves(space: NameSpace, request: JobRequest, profile: Profile): boolean {
  if (unmetDemands(request.demands, capabilitiesOf(profile)).length === 0) return true;
  return request.matchedAgents?.some((name) => placeholderProfile(space, name) === profile.name) ?? false;
}

function isOurs(space: NameSpace, name: string): boolean {
  return purposeOf(space, name) !== undefined || placeholderProfile(space, name) !== undefined;
}

function whyNot(request: JobRequest, profiles: readonly Profile[]): string {
  if (bindsToOneAgent(request.demands)) return 'it demands one agent by name, which is not registered in the pool';
  const lacks = profiles.map(
    (profile) => `${profile.name} lacks ${unmetDemands(request.demands, capabilitiesOf(profile)).join(', ')}`,
  );
  return `no profile meets its demands (${lacks.join('; ')})`;
}

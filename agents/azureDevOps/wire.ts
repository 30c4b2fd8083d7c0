import type { JobRequest, PoolAgent } from '../plan/jobRequest';

/** A job request as the service lists it; not in the published specification, so every field may be missing. */
export interface WireRequest {
  requestId: number;
  queueTime?: string;
  receiveTime?: string;
  finishTime?: string;
  result?: string | number | null;
  priority?: number;
  demands?: unknown[] | null;
  reservedAgent?: { id: number } | null;
  matchedAgents?: { name: string }[] | null;
  matchesAllAgentsInPool?: boolean;
  agentSpecification?: object | null;
  data?: Record<string, string> | null;
  owner?: { id?: number; _links?: { web?: { href?: string } } } | null;
  scopeId?: string;
  planType?: string;
  planId?: string;
  jobId?: string;
}

/** An agent as the service lists it. */
export interface WireAgent {
  id: number;
  name: string;
  enabled?: boolean;
  status?: 'online' | 'offline' | number;
  createdOn?: string;
  systemCapabilities?: Record<string, string>;
  assignedRequest?: WireRequest | null;
  lastCompletedRequest?: WireRequest | null;
  authorization?: { clientId?: string; authorizationUrl?: string };
}

/** An unfinished request as the plan needs it; undefined for a finished one. */
export function jobRequestFrom(wire: WireRequest, now: number): JobRequest | undefined {
  // A result of its own is what finishes a request; a time without one was seen as well.
  if ((wire.result !== undefined && wire.result !== null) || wire.finishTime !== undefined) return undefined;
  const runUrl = wire.owner?._links?.web?.href;
  return {
    requestId: wire.requestId,
    queuedAt: timeOf(wire.queueTime) ?? now,
    priority: wire.priority ?? 0,
    demands: (wire.demands ?? []).map(demandText),
    ...(wire.reservedAgent && { reservedAgentId: wire.reservedAgent.id }),
    received: wire.receiveTime !== undefined,
    ...(wire.matchedAgents && { matchedAgents: wire.matchedAgents.map(({ name }) => name) }),
    matchesAllAgents: wire.matchesAllAgentsInPool ?? false,
    hosted: wire.agentSpecification !== undefined && wire.agentSpecification !== null,
    isPrivate: wire.data?.ParallelismTag?.toLowerCase() !== 'public',
    ...(runUrl && { runUrl }),
    ...(wire.planId && { planId: wire.planId }),
    ...(wire.planType === 'Build' && wire.owner?.id && wire.scopeId
      ? { build: { id: wire.owner.id, project: wire.scopeId } }
      : {}),
    ...(wire.jobId && { jobId: wire.jobId }),
  };
}

export function poolAgentFrom(wire: WireAgent, now: number): PoolAgent {
  const last = wire.lastCompletedRequest;
  return {
    id: wire.id,
    name: wire.name,
    enabled: wire.enabled ?? true,
    // TaskAgentStatus: offline 1, online 2.
    online: wire.status === 'online' || wire.status === 2,
    createdAt: timeOf(wire.createdOn) ?? now,
    ...(wire.systemCapabilities && { capabilities: wire.systemCapabilities }),
    ...(wire.assignedRequest && { assignedRequestId: wire.assignedRequest.requestId }),
    ...(last && { completed: { requestId: last.requestId, finishedAt: timeOf(last.finishTime) ?? now } }),
  };
}

/** Written as text; a structured demand was seen in older answers. */
function demandText(demand: unknown): string {
  if (typeof demand === 'string') return demand;
  const { name = '', value } = demand as { name?: string; value?: string };
  return value === undefined ? name : `${name} -equals ${value}`;
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

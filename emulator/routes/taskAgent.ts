import { jobRequestsOf, type JobRequest } from '../state/jobRequests';
import { may } from '../state/identity';
import { jobOf, lastJobOf, type PoolJob } from '../state/poolJobs';
import { meets, type Agent, type Pool } from '../state/pools';
import { Refusal } from '../state/refusal';
import { location } from './resources';
import {
  idOf,
  listReply,
  projectOf,
  queryFlag,
  queryList,
  queryNumber,
  type Reply,
  type Route,
  type RouteCall,
} from './route';
import { identityRef, taskQueue, time } from './wire';

const pools = '_apis/distributedtask/pools';
const queues = '{project}/_apis/distributedtask/queues';

export const taskAgentRoutes: Route[] = [
  { method: 'GET', template: queues, resource: location.queues, handle: listQueues },
  { method: 'GET', template: `${queues}/{queueId}`, resource: location.queues, handle: getQueue },
  {
    method: 'GET',
    template: `${queues}/{queueId}/jobrequests`,
    resource: location.queueJobRequests,
    handle: queueRequests,
  },
  { method: 'GET', template: pools, resource: location.pools, handle: listPools },
  {
    method: 'GET',
    template: `${pools}/{poolId}`,
    resource: location.pools,
    handle: (call) => ({ json: poolWire(call, poolOf(call)) }),
  },
  { method: 'GET', template: `${pools}/{poolId}/agents`, resource: location.agents, handle: listAgents },
  { method: 'GET', template: `${pools}/{poolId}/agents/{agentId}`, resource: location.agents, handle: getAgent },
  {
    method: 'GET',
    template: `${pools}/{poolId}/jobrequests`,
    resource: location.poolJobRequests,
    handle: poolRequests,
  },
];

/** By name (`queueName`, `queueNames`), by id (`queueIds`) or by pool (`poolIds`). */
function listQueues(call: RouteCall): Reply {
  const project = projectOf(call);
  const name = call.query.get('queuename')?.toLowerCase();
  const names = queryList(call, 'queueNames')?.map((text) => text.toLowerCase());
  const ids = queryList(call, 'queueIds')?.map(Number);
  const poolIds = queryList(call, 'poolIds')?.map(Number);
  const found = call.state.queues
    .filter((queue) => queue.projectId === project.id)
    .filter((queue) => name === undefined || name === '*' || queue.name.toLowerCase() === name)
    .filter((queue) => names?.includes(queue.name.toLowerCase()) ?? true)
    .filter((queue) => ids?.includes(queue.id) ?? true)
    .filter((queue) => poolIds?.includes(queue.pool.id) ?? true);
  return listReply(found.map((queue) => taskQueue(call, queue)));
}

function getQueue(call: RouteCall): Reply {
  const project = projectOf(call);
  const id = idOf(call, 'queueId');
  const queue = call.state.queues.find((candidate) => candidate.id === id && candidate.projectId === project.id);
  if (!queue) throw new Refusal(404, 'TaskAgentQueueNotFoundException', `No agent queue found with identifier ${id}.`);
  return { json: taskQueue(call, queue) };
}

/** A job's own token normally may not look into pools; the service then refuses with this. */
function demandPools(call: RouteCall, what: string): void {
  if (may(call.access, 'readPools')) return;
  throw new Refusal(
    403,
    'AccessDeniedException',
    `Access denied. ${call.access.identity.displayName} needs View permissions for ${what} to perform the action. For more information, contact the Azure DevOps Server administrator.`,
  );
}

/** Pools that an identity may not see are left out of lists. */
function listPools(call: RouteCall): Reply {
  const name = call.query.get('poolname')?.toLowerCase();
  const ids = queryList(call, 'poolIds')?.map(Number);
  const found = call.state.pools
    .filter(() => may(call.access, 'readPools'))
    .filter((pool) => name === undefined || pool.name.toLowerCase() === name)
    .filter((pool) => ids?.includes(pool.id) ?? true);
  return listReply(found.map((pool) => poolWire(call, pool)));
}

export function poolOf(call: RouteCall): Pool {
  const id = idOf(call, 'poolId');
  demandPools(call, `pool ${id}`);
  const pool = call.state.pools.find((candidate) => candidate.id === id);
  if (!pool) throw new Refusal(404, 'TaskAgentPoolNotFoundException', `Agent pool ${id} was not found.`);
  return pool;
}

function poolWire(call: RouteCall, pool: Pool): object {
  return {
    createdOn: time(call.state.projects[0]?.lastUpdateTime ?? call.state.now),
    autoProvision: true,
    autoUpdate: pool.autoUpdate ?? true,
    autoSize: true,
    targetSize: null,
    agentCloudId: pool.isHosted ? 1 : null,
    createdBy: identityRef(call, call.state.owner),
    owner: identityRef(call, call.state.owner),
    id: pool.id,
    name: pool.name,
    isHosted: pool.isHosted,
    poolType: 'automation',
    size: pool.agents.length,
    isLegacy: false,
    options: 'none',
  };
}

function listAgents(call: RouteCall): Reply {
  const pool = poolOf(call);
  const name = call.query.get('agentname')?.toLowerCase();
  const demands = queryList(call, 'demands') ?? [];
  const found = pool.agents
    .filter((agent) => name === undefined || agent.name.toLowerCase() === name)
    .filter((agent) => demands.every((demand) => meets(agent, demand)));
  return listReply(found.map((agent) => agentWire(call, pool, agent)));
}

function getAgent(call: RouteCall): Reply {
  const pool = poolOf(call);
  return { json: agentWire(call, pool, agentOf(call, pool)) };
}

export function agentOf(call: RouteCall, pool: Pool): Agent {
  const id = idOf(call, 'agentId');
  const agent = pool.agents.find((candidate) => candidate.id === id);
  if (!agent) throw new Refusal(404, 'TaskAgentNotFoundException', `Agent ${id} was not found in pool ${pool.id}.`);
  return agent;
}

export function agentWire(call: RouteCall, pool: Pool, agent: Agent): object {
  const assigned = jobRequestsOf(call.state, pool.id).find(
    (request) => request.worker === agent.name && request.finishAt === undefined,
  );
  const job = jobOf(pool, agent);
  const last = lastJobOf(pool, agent);
  return {
    _links: { web: { href: `${call.base}_settings/agentpools?view=jobs&poolId=${pool.id}&agentId=${agent.id}` } },
    maxParallelism: 1,
    createdOn: time(agent.createdOn),
    ...(queryFlag(call, 'includeCapabilities')
      ? { systemCapabilities: agent.systemCapabilities, userCapabilities: agent.userCapabilities }
      : {}),
    ...(queryFlag(call, 'includeAssignedRequest') && assigned
      ? { assignedRequest: requestWire(call, pool, assigned) }
      : {}),
    ...(queryFlag(call, 'includeAssignedRequest') && job ? { assignedRequest: jobWire(pool, job, true) } : {}),
    ...(queryFlag(call, 'includeLastCompletedRequest') && last
      ? { lastCompletedRequest: jobWire(pool, last, true) }
      : {}),
    ...agentReference(agent),
  };
}

/**
 * Programs that read the service's answers look at the flag first and at the names only without it (no document settles whether they come
 * then), so they do not come.
 */
function matchingWire(pool: Pool, matched: readonly Agent[]): object {
  const matchesAllAgentsInPool = matched.length === pool.agents.length;
  return { ...(matchesAllAgentsInPool ? {} : { matchedAgents: matched.map(agentReference) }), matchesAllAgentsInPool };
}

function agentReference(agent: Agent): object {
  const { id, name, version, osDescription, enabled, status } = agent;
  return {
    id,
    name,
    version,
    osDescription,
    enabled,
    status,
    provisioningState: 'Provisioned',
    accessPoint: 'CodexAccessMapping',
  };
}

/** Jobs that wait or run, and as many completed ones as `completedRequestCount` asks for. */
function poolRequests(call: RouteCall): Reply {
  const pool = poolOf(call);
  return requestsReply(call, pool, jobRequestsOf(call.state, pool.id), pool.jobs ?? []);
}

function queueRequests(call: RouteCall): Reply {
  const project = projectOf(call);
  const id = idOf(call, 'queueId');
  const queue = call.state.queues.find((candidate) => candidate.id === id && candidate.projectId === project.id);
  if (!queue) throw new Refusal(404, 'TaskAgentQueueNotFoundException', `No agent queue found with identifier ${id}.`);
  return requestsReply(
    call,
    queue.pool,
    jobRequestsOf(call.state, queue.pool.id).filter((request) => request.queueId === id),
  );
}

function requestsReply(call: RouteCall, pool: Pool, all: JobRequest[], jobs: readonly PoolJob[] = []): Reply {
  const completed = queryNumber(call, 'completedRequestCount') ?? Infinity;
  const open = all.filter((request) => request.finishAt === undefined);
  const ended = all
    .filter((request) => request.finishAt !== undefined)
    .toReversed()
    .slice(0, completed);
  const top = queryNumber(call, '$top') ?? Infinity;
  const endedJobs = jobs.filter((job) => job.finishedAt !== undefined).slice(0, completed);
  const shown = [...jobs.filter((job) => job.finishedAt === undefined), ...endedJobs];
  return listReply(
    [
      ...[...open, ...ended].map((request) => requestWire(call, pool, request)),
      // A page lacks the matching.
      ...shown.map((job) => jobWire(pool, job, top !== Infinity || job.takenAt !== undefined)),
    ].slice(0, top),
  );
}

function jobWire(pool: Pool, job: PoolJob, brief: boolean): object {
  const agent = pool.agents.find(({ id }) => id === job.agentId);
  const matched = brief ? [] : pool.agents.filter((one) => job.demands.every((demand) => meets(one, demand)));
  return {
    requestId: job.id,
    queueTime: time(job.queuedAt),
    ...(job.takenAt === undefined ? {} : { assignTime: time(job.takenAt), receiveTime: time(job.takenAt) }),
    ...(job.finishedAt === undefined ? {} : { finishTime: time(job.finishedAt), result: job.result }),
    planType: 'Build',
    demands: job.demands,
    ...(agent ? { reservedAgent: agentReference(agent) } : {}),
    ...(brief ? {} : matchingWire(pool, matched)),
    ...(job.message ? { statusMessage: job.message } : {}),
    agentDelays: [],
    data: { ParallelismTag: 'Private', IsScheduledKey: 'False' },
    poolId: pool.id,
    priority: job.priority,
  };
}

function requestWire(call: RouteCall, pool: Pool, request: JobRequest): object {
  const { run } = request;
  const own = `${call.base}${run.pipeline.project.id}`;
  const matched = pool.agents.filter((agent) => request.demands.every((demand) => meets(agent, demand)));
  const reserved = pool.agents.find((agent) => agent.name === request.worker);
  return {
    requestId: request.id,
    queueTime: time(request.queuedAt),
    ...(request.assignedAt === undefined
      ? {}
      : { assignTime: time(request.assignedAt), receiveTime: time(request.assignedAt) }),
    ...(request.finishAt === undefined ? {} : { finishTime: time(request.finishAt), result: request.result }),
    scopeId: run.pipeline.project.id,
    planType: 'Build',
    planId: run.planId,
    jobId: request.jobId,
    jobName: request.jobName,
    demands: request.demands,
    ...(reserved && request.assignedAt !== undefined ? { reservedAgent: agentReference(reserved) } : {}),
    ...matchingWire(pool, matched),
    agentDelays: [],
    definition: {
      _links: { web: { href: `${own}/_build/definition?definitionId=${run.pipeline.id}` } },
      id: run.pipeline.id,
      name: run.pipeline.name,
    },
    owner: { _links: { web: { href: `${own}/_build/results?buildId=${run.id}` } }, id: run.id, name: run.number },
    data: { ParallelismTag: 'Private', IsScheduledKey: 'False' },
    poolId: pool.id,
    queueId: request.queueId,
    orchestrationId: `${run.planId}.${request.path}`,
    priority: 0,
  };
}

import { guidOf } from '../state/ids';
import { isMap } from '../state/json';
import { may } from '../state/identity';
import { deleteAgent, endJob, registerAgent, runningJobs } from '../state/poolJobs';
import type { Agent, Pool } from '../state/pools';
import { Refusal } from '../state/refusal';
import { location } from './resources';
import { bodyMap, idOf, type Reply, type Route, type RouteCall } from './route';
import { agentOf, agentWire, poolOf } from './taskAgent';

const agents = '_apis/distributedtask/pools/{poolId}/agents';

/** Agents as they are registered, changed and removed, the cancelling of what waits for them, and the parallel jobs. */
export const agentRoutes: Route[] = [
  { method: 'POST', template: agents, resource: location.agents, handle: addAgent },
  { method: 'PATCH', template: `${agents}/{agentId}`, resource: location.agents, handle: updateAgent },
  { method: 'DELETE', template: `${agents}/{agentId}`, resource: location.agents, handle: removeAgent },
  {
    method: 'DELETE',
    template: '_apis/distributedtask/pools/{poolId}/jobrequests/{requestId}',
    resource: location.poolJobRequests,
    handle: cancelRequest,
  },
  {
    method: 'GET',
    template: '_apis/distributedtask/resourceusage',
    resource: location.resourceUsage,
    handle: resourceUsage,
  },
];

function managedPool(call: RouteCall): Pool {
  const pool = poolOf(call);
  if (may(call.access, 'managePools')) return pool;
  throw new Refusal(
    403,
    'AccessDeniedException',
    `Access denied. ${call.access.identity.displayName} needs Manage permissions for pool ${pool.name} to perform the action. For more information, contact the Azure DevOps Server administrator.`,
  );
}

/** A usable agent brings its public key and is told under which client id it signs in. */
function addAgent(call: RouteCall): Reply {
  const pool = managedPool(call);
  const { name, authorization, ...body } = bodyMap(call);
  if (typeof name !== 'string' || name === '') throw new Refusal(400, 'ArgumentException', 'The agent has no name.');
  const publicKey = isMap(authorization) && isMap(authorization.publicKey) ? authorization.publicKey : undefined;
  const agent = registerAgent(call.state, pool, {
    name,
    ...(typeof body.version === 'string' && { version: body.version }),
    ...(typeof body.osDescription === 'string' && { osDescription: body.osDescription }),
    ...(isMap(body.systemCapabilities) && { systemCapabilities: body.systemCapabilities as Record<string, string> }),
    enabled: body.enabled !== false,
    ...(publicKey && { publicKey: publicKey as { exponent: string; modulus: string } }),
  });
  return { json: { ...agentWire(call, pool, agent), ...authorizationOf(call, agent) } };
}

function authorizationOf({ base }: RouteCall, { clientId }: Agent): object {
  if (!clientId) return {};
  const authorizationUrl = `${base}_apis/oauth2/token/${guidOf('deployment')}`;
  return { authorization: { clientId, authorizationUrl } };
}

function updateAgent(call: RouteCall): Reply {
  const pool = managedPool(call);
  const agent = agentOf(call, pool);
  const { enabled } = bodyMap(call);
  if (typeof enabled === 'boolean') agent.enabled = enabled;
  return { json: agentWire(call, pool, agent) };
}

function removeAgent(call: RouteCall): Reply {
  const pool = managedPool(call);
  deleteAgent(pool, agentOf(call, pool));
  return { status: 204 };
}

function cancelRequest(call: RouteCall): Reply {
  const pool = managedPool(call);
  const id = idOf(call, 'requestId');
  const job = pool.jobs?.find((candidate) => candidate.id === id && candidate.finishedAt === undefined);
  if (!job) throw new Refusal(404, 'TaskAgentJobNotFoundException', `Job request ${id} was not found.`);
  endJob(call.state, job, call.query.get('result') ?? 'canceled');
  return { status: 204 };
}

function resourceUsage(call: RouteCall): Reply {
  const total = call.state.parallelJobs?.total;
  return {
    json: {
      usedCount: runningJobs(call.state),
      runningRequests: [],
      ...(total === undefined
        ? {}
        : { resourceLimit: { parallelismTag: 'Private', isHosted: false, totalCount: total } }),
    },
  };
}

import { closeSession, finishJob, nextJob, openSession, sessionOf, signInAgent } from '../state/agentSessions';
import { isMap } from '../state/json';
import { Refusal } from '../state/refusal';
import { location } from './resources';
import { bodyMap, idOf, type Reply, type Route, type RouteCall } from './route';
import { agentOf, poolOf } from './taskAgent';

const pool = '_apis/distributedtask/pools/{poolId}';

/** Where agents sign in; the only place that takes no token, because it is where one comes from. */
export const agentLogin = '_apis/oauth2/token/{id}';

/** What an agent that runs asks: a token for its key, a session, messages with jobs, and the end of a job. */
export const agentSessionRoutes: Route[] = [
  { method: 'POST', template: agentLogin, resource: location.agentLogin, handle: signIn },
  { method: 'POST', template: `${pool}/sessions`, resource: location.agentSessions, handle: createSession },
  {
    method: 'DELETE',
    template: `${pool}/sessions/{sessionId}`,
    resource: location.agentSessions,
    handle: deleteSession,
  },
  { method: 'GET', template: `${pool}/messages`, resource: location.agentMessages, handle: getMessage },
  {
    method: 'DELETE',
    template: `${pool}/messages/{messageId}`,
    resource: location.agentMessages,
    handle: () => ({ status: 204 }),
  },
  {
    method: 'PATCH',
    template: `${pool}/jobrequests/{requestId}`,
    resource: location.poolJobRequests,
    handle: finishRequest,
  },
];

function signIn(call: RouteCall): Reply {
  const form = new URLSearchParams(typeof call.body === 'string' ? call.body : '');
  const audience = `${call.base}_apis/oauth2/token/${call.params.id ?? ''}`;
  const { token, expiresAt } = signInAgent(call.state, form.get('client_assertion') ?? '', audience);
  const seconds = Math.floor((expiresAt - call.state.now) / 1000);
  return { json: { access_token: token, token_type: 'Bearer', expires_in: seconds } };
}

function createSession(call: RouteCall): Reply {
  const { agent } = bodyMap(call);
  const id = isMap(agent) ? String(agent.id) : '';
  const found = agentOf({ ...call, params: { ...call.params, agentId: id } }, poolOf(call));
  if (call.access.identity.displayName !== found.name && call.access.denied.includes('managePools'))
    throw new Refusal(403, 'AccessDeniedException', `Access denied. An agent signs in as itself only.`);
  const session = openSession(call.state, poolOf(call), found);
  return { json: { sessionId: session.id, ownerName: found.name, agent: { id: found.id, name: found.name } } };
}

function deleteSession(call: RouteCall): Reply {
  closeSession(call.state, sessionOf(call.state, call.params.sessionId ?? ''));
  return { status: 204 };
}

/** One message or, where the service would hold the request open for 50 s, at once the 202 that it gives then. */
function getMessage(call: RouteCall): Reply {
  const job = nextJob(call.state, sessionOf(call.state, call.query.get('sessionid') ?? ''));
  if (!job) return { status: 202 };
  return {
    json: { messageId: job.id, messageType: 'PipelineAgentJobRequest', body: JSON.stringify({ requestId: job.id }) },
  };
}

function finishRequest(call: RouteCall): Reply {
  const id = idOf(call, 'requestId');
  const job = poolOf(call).jobs?.find((candidate) => candidate.id === id && candidate.finishedAt === undefined);
  if (!job) throw new Refusal(404, 'TaskAgentJobNotFoundException', `Job request ${id} was not found.`);
  const { result } = bodyMap(call);
  if (typeof result === 'string') finishJob(call.state, job, result);
  return { json: { requestId: id, result: job.result ?? null } };
}

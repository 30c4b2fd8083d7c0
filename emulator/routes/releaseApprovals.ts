import { demandReleasePermission } from '../state/identity';
import { textOf } from '../state/json';
import { Refusal } from '../state/refusal';
import type { PendingApproval, PendingIntervention } from '../state/ReleaseArea';
import { approvalWire, interventionWire } from './releaseWire';
import { releaseOf } from './releases';
import { location } from './resources';
import { bodyMap, idOf, listReply, page, projectOf, queryList, type Reply, type Route, type RouteCall } from './route';

const approvals = '{project}/_apis/release/approvals';
const interventions = '{project}/_apis/release/releases/{releaseId}/manualinterventions';

export const releaseApprovalRoutes: Route[] = [
  { method: 'GET', template: approvals, resource: location.releaseApprovals, handle: listApprovals },
  {
    method: 'PATCH',
    template: `${approvals}/{approvalId}`,
    resource: location.releaseApproval,
    handle: updateApproval,
  },
  { method: 'GET', template: interventions, resource: location.manualInterventions, handle: listInterventions },
  {
    method: 'GET',
    template: `${interventions}/{manualInterventionId}`,
    resource: location.manualInterventions,
    handle: (call) => ({ json: interventionWire(call, interventionOf(call)) }),
  },
  {
    method: 'PATCH',
    template: `${interventions}/{manualInterventionId}`,
    resource: location.manualInterventions,
    handle: updateIntervention,
  },
];

function inProject(call: RouteCall): PendingApproval[] {
  const project = projectOf(call);
  return call.state.releaseArea.approvals().filter(({ release }) => release.definition.project === project);
}

/** Without a status filter only what is pending; what approved itself is never listed. */
function listApprovals(call: RouteCall): Reply {
  const status = call.query.get('statusfilter')?.toLowerCase() ?? 'pending';
  const ids = queryList(call, 'releaseIdsFilter')?.map(Number);
  const type = call.query.get('typefilter')?.toLowerCase();
  const assigned = call.query.get('assignedtofilter')?.toLowerCase();
  const found = inProject(call)
    .filter(({ approval }) => !approval.automated)
    .filter((pending) => status === 'undefined' || call.state.releaseArea.approvalStatus(pending) === status)
    .filter(({ release }) => ids?.includes(release.id) ?? true)
    .filter(({ approval }) => type === undefined || type === 'all' || approval.type.toLowerCase() === type)
    .filter(({ approval }) => assigned === undefined || approval.approver.toLowerCase() === assigned);
  const { items, headers } = page(call, found, 50);
  return listReply(
    items.map((pending) => approvalWire(call, pending)),
    headers,
  );
}

function answerOf(call: RouteCall): 'approved' | 'rejected' {
  const status = textOf(bodyMap(call).status).toLowerCase();
  if (status === 'approved' || status === 'rejected') return status;
  throw new Refusal(400, 'InvalidRequestException', `The status '${status}' cannot be set.`);
}

function updateApproval(call: RouteCall): Reply {
  const id = idOf(call, 'approvalId');
  const pending = inProject(call).find(({ approval }) => approval.id === id);
  if (!pending)
    throw new Refusal(404, 'ReleaseApprovalNotFoundException', `The approval with ID ${id} does not exist.`);
  const { releaseArea } = call.state;
  releaseArea.answerApproval(pending, { status: answerOf(call), comment: textOf(bodyMap(call).comments) }, call.access);
  const after = inProject(call).find(({ approval }) => approval.id === id) ?? pending;
  return { json: approvalWire(call, after) };
}

function listInterventions(call: RouteCall): Reply {
  return listReply(
    call.state.releaseArea.interventions(releaseOf(call)).map((pending) => interventionWire(call, pending)),
  );
}

function interventionOf(call: RouteCall): PendingIntervention {
  const id = idOf(call, 'manualInterventionId');
  const found = call.state.releaseArea
    .interventions(releaseOf(call))
    .find(({ intervention }) => intervention.id === id);
  if (!found)
    throw new Refusal(404, 'ManualInterventionNotFoundException', `The manual intervention ${id} does not exist.`);
  return found;
}

function updateIntervention(call: RouteCall): Reply {
  const pending = interventionOf(call);
  demandReleasePermission(call.access, 'manageDeployments');
  call.state.releaseArea.answerIntervention(pending, {
    status: answerOf(call),
    comment: textOf(bodyMap(call).comment),
  });
  return { json: interventionWire(call, interventionOf(call)) };
}

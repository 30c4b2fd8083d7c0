import { may, type Permission } from '../state/identity';
import { asList, isMap, textOf, type Json } from '../state/json';
import { Refusal } from '../state/refusal';
import { location } from './resources';
import { bodyMap, listReply, projectOf, queryList, type Reply, type Route, type RouteCall } from './route';
import { identityRef, time } from './wire';

const all = '{project}/_apis/pipelines/pipelinepermissions';
const one = `${all}/{resourceType}/{resourceId}`;

/** Bits of the namespace ReleaseManagement. https://learn.microsoft.com/azure/devops/organizations/security/namespace-reference */
const releaseNamespace = 'c788c23e-1b46-4162-8f5e-d7585343b5de';
const releaseRights: [number, Permission][] = [
  [8, 'manageReleaseApprovers'],
  [16, 'manageReleases'],
  [64, 'createReleases'],
  [2048, 'manageDeployments'],
];

export const permissionRoutes: Route[] = [
  {
    method: 'GET',
    template: '_apis/permissions/{securityNamespaceId}/{permissions}',
    resource: location.hasPermissions,
    handle: hasPermissions,
  },
  { method: 'GET', template: one, resource: location.pipelinePermissions, handle: getPermissions },
  { method: 'PATCH', template: one, resource: location.pipelinePermissions, handle: patchPermissions },
  { method: 'PATCH', template: all, resource: location.pipelinePermissions, handle: patchMany },
];

/** For each token, whether whoever asks has all rights of the mask there. */
function hasPermissions(call: RouteCall): Reply {
  const { securityNamespaceId, permissions } = call.params;
  if (securityNamespaceId?.toLowerCase() !== releaseNamespace)
    throw new Refusal(
      404,
      'InvalidSecurityNamespaceException',
      `VS403284: There is no security namespace ${securityNamespaceId ?? ''}.`,
    );
  const mask = Number(permissions);
  const has = releaseRights.every(([bit, right]) => (mask & bit) === 0 || may(call.access, right));
  return listReply((queryList(call, 'tokens') ?? []).map(() => has));
}

function getPermissions(call: RouteCall): Reply {
  projectOf(call);
  return { json: permissionsWire(call, call.params.resourceType ?? '', call.params.resourceId ?? '') };
}

function patchPermissions(call: RouteCall): Reply {
  projectOf(call);
  const { resourceType = '', resourceId = '' } = call.params;
  change(call, resourceType, resourceId, bodyMap(call));
  return { json: permissionsWire(call, resourceType, resourceId) };
}

function patchMany(call: RouteCall): Reply {
  projectOf(call);
  return listReply(
    asList(call.body)
      .filter(isMap)
      .map((entry) => {
        const resource = isMap(entry.resource) ? entry.resource : {};
        change(call, textOf(resource.type), textOf(resource.id), entry);
        return permissionsWire(call, textOf(resource.type), textOf(resource.id));
      }),
  );
}

function change(call: RouteCall, type: string, id: string, body: Json): void {
  if (!may(call.access, 'administerPermissions')) {
    throw new Refusal(
      403,
      'AccessDeniedException',
      `Access denied. ${call.access.identity.displayName} needs Manage permissions for ${type} ${id} to perform the action.`,
    );
  }
  if (isMap(body.allPipelines) && body.allPipelines.authorized === true) call.state.permit(type, id, 'all');
  const authorized = asList(body.pipelines)
    .filter(isMap)
    .filter((pipeline) => pipeline.authorized === true)
    .map((pipeline) => Number(textOf(pipeline.id)));
  if (authorized.length > 0) call.state.permit(type, id, authorized);
}

function permissionsWire(call: RouteCall, type: string, id: string): object {
  const known = call.state.permits.get(`${type.toLowerCase()}/${id}`);
  const granted = {
    authorized: true,
    authorizedBy: identityRef(call, call.state.owner),
    authorizedOn: time(call.state.now),
  };
  return {
    resource: { type, id },
    ...(known?.all ? { allPipelines: granted } : {}),
    pipelines: [...(known?.pipelines ?? [])].map((pipelineId) => ({ id: pipelineId, ...granted })),
  };
}

import { guidOf } from '../state/ids';
import { Refusal } from '../state/refusal';
import { identityRef } from './wire';
import { versionsOf } from './apiVersion';
import { location } from './resources';
import { listReply, type Reply, type Resource, type Route, type RouteCall } from './route';

/** Areas that a client may ask for by id; releases live on a host of their own. */
const areas: { id: string; name: string; release?: true }[] = [
  { id: 'efc2f575-36ef-48e9-b672-0c6fb4a48ac5', name: 'Release', release: true },
  { id: '965220d5-5bb9-42cf-8d67-9b146df2a5a4', name: 'build' },
  { id: '79134c72-4a58-4b42-976c-04e7115f32bf', name: 'core' },
  { id: '2e0bf237-8973-4ec9-a581-9c3d679d1776', name: 'pipelines' },
  { id: '4e080c62-fa21-4fbc-8fef-2a10a2b38049', name: 'git' },
  { id: 'a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd', name: 'distributedtask' },
  { id: '1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7', name: 'serviceendpoint' },
  { id: '5264459e-e5e0-4bd8-b118-0985e68a4ec5', name: 'wit' },
];

/** The location documents of an area (all of them for an empty name), as OPTIONS gives them. */
export function locationDocuments(resources: Resource[], area: string, kind: RouteCall['kind']): Reply {
  const wanted = area.toLowerCase();
  const found = resources.filter((resource) => wanted === '' || resource.area.toLowerCase() === wanted);
  return listReply(
    found.map(({ id, area: name, resourceName, routeTemplate, resourceVersion }) => ({
      id,
      area: name,
      resourceName,
      routeTemplate,
      resourceVersion,
      ...versionsOf(kind),
    })),
  );
}

export const locationRoutes: Route[] = [
  { method: 'GET', template: '_apis/resourceAreas', resource: location.resourceAreas, handle: listAreas },
  { method: 'GET', template: '_apis/resourceAreas/{areaId}', resource: location.resourceAreas, handle: getArea },
  { method: 'GET', template: '_apis/connectionData', resource: location.connectionData, handle: connectionData },
];

function areaOf(call: RouteCall, area: (typeof areas)[number]): object {
  return { id: area.id, name: area.name, locationUrl: area.release ? call.releaseBase : call.base };
}

/** A Server answers with none: everything is at the address that the client already has. */
function listAreas(call: RouteCall): Reply {
  return listReply(call.kind === 'server' ? [] : areas.map((area) => areaOf(call, area)));
}

function getArea(call: RouteCall): Reply {
  if (call.kind === 'server') return listReply([]);
  const area = areas.find((candidate) => candidate.id === call.params.areaId?.toLowerCase());
  if (area) return { json: areaOf(call, area) };
  throw new Refusal(
    404,
    'ResourceAreaNotFoundException',
    `The resource area ${call.params.areaId ?? ''} was not found.`,
  );
}

function connectionData(call: RouteCall): Reply {
  const identity = call.access.identity;
  const user = {
    ...identityRef(call, identity),
    providerDisplayName: identity.displayName,
    isActive: true,
    properties: { Account: { $type: 'System.String', $value: identity.uniqueName } },
  };
  return {
    json: {
      authenticatedUser: user,
      authorizedUser: user,
      instanceId: guidOf(`organization/${call.state.organization}`),
      deploymentId: guidOf('deployment'),
      deploymentType: call.kind === 'server' ? 'onPremises' : 'hosted',
      locationServiceData: {
        serviceOwner: '00025394-6065-48ca-87d9-7f5672854ef7',
        defaultAccessMappingMoniker: 'PublicAccessMapping',
        lastChangeId: 1,
        lastChangeId64: 1,
      },
    },
  };
}

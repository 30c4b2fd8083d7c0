import { askedVersion, checkVersion, versionsOf } from './routes/apiVersion';
import { agentRoutes } from './routes/agents';
import { agentLogin, agentSessionRoutes } from './routes/agentSessions';
import { approvalRoutes } from './routes/approvals';
import { artifactRoutes } from './routes/artifacts';
import { buildRoutes } from './routes/builds';
import { tagRoutes } from './routes/buildTags';
import { coreRoutes } from './routes/core';
import { definitionRoutes } from './routes/definitions';
import { gitRoutes } from './routes/git';
import { pullRequestRoutes } from './routes/pullRequests';
import { leaseRoutes } from './routes/leases';
import { locationDocuments, locationRoutes } from './routes/locations';
import { permissionRoutes } from './routes/permissions';
import { pipelineRoutes } from './routes/pipelines';
import { releaseApprovalRoutes } from './routes/releaseApprovals';
import { releaseAttachmentRoutes } from './routes/releaseAttachments';
import { releaseDefinitionRoutes } from './routes/releaseDefinitions';
import { releaseRoutes } from './routes/releases';
import { resources } from './routes/resources';
import { serviceConnectionRoutes } from './routes/serviceConnections';
import { matchTemplate, type Reply, type Route, type RouteCall } from './routes/route';
import { settingsRoutes } from './routes/settings';
import { taskAgentRoutes } from './routes/taskAgent';
import { timelineRoutes } from './routes/timelines';
import { unknownRoute } from './calls';
import { Refusal } from './state/refusal';

/** Every route that the emulator knows. */
export const routes: Route[] = [
  ...locationRoutes,
  ...coreRoutes,
  ...definitionRoutes,
  ...buildRoutes,
  ...timelineRoutes,
  ...tagRoutes,
  ...leaseRoutes,
  ...settingsRoutes,
  ...artifactRoutes,
  ...approvalRoutes,
  ...permissionRoutes,
  ...gitRoutes,
  ...pullRequestRoutes,
  ...taskAgentRoutes,
  ...agentRoutes,
  ...agentSessionRoutes,
  ...pipelineRoutes,
  ...serviceConnectionRoutes,
  ...releaseDefinitionRoutes,
  ...releaseRoutes,
  ...releaseApprovalRoutes,
  ...releaseAttachmentRoutes,
];

export interface Found {
  /** Template of the route, for the record of calls. */
  name: string;
  params: Record<string, string>;
  /** It takes no token, because it is where one comes from. */
  isLogin?: boolean;
  answer(call: RouteCall, versionHeader: string): Reply;
}

/** What answers a path below the organization; what nobody knows is refused loudly, so that it cannot go unnoticed. */
export function findRoute(method: string, path: string, host: 'core' | 'release', kind: RouteCall['kind']): Found {
  const onHost = resources.filter(
    (resource) => kind === 'server' || (resource.host ?? 'core') === host || resource.area === 'Location',
  );
  if (method === 'OPTIONS') {
    const area = /^_apis(?:\/([^/]+))?\/?$/i.exec(path);
    if (area) {
      const name = area[1] ?? '';
      return { name: `OPTIONS ${name}`, params: {}, answer: () => locationDocuments(onHost, name, kind) };
    }
  }
  let otherMethod = false;
  for (const route of routes) {
    const resource = onHost.find((candidate) => candidate.id === route.resource);
    const params = resource && matchTemplate(route.template, path);
    if (!params) continue;
    if (route.method !== method) {
      otherMethod = true;
      continue;
    }
    return {
      name: route.template,
      params,
      isLogin: route.template === agentLogin,
      answer(call, contentType) {
        if (route.template !== agentLogin)
          checkVersion(askedVersion(call.query, call.accept, contentType), method, resource, versionsOf(kind));
        return route.handle(call);
      },
    };
  }
  return {
    name: unknownRoute,
    params: {},
    answer() {
      const what = otherMethod ? `does not take ${method} at` : 'has no route for';
      throw new Refusal(
        501,
        'EmulatorUnknownRouteException',
        `The emulator ${what} ${method} ${path} on the ${host} host.`,
      );
    },
  };
}

import { guidOf } from '../state/ids';
import { location } from './resources';
import { listReply, projectOf, queryNumber, sees, type Reply, type Route, type RouteCall } from './route';
import { projectRef } from './wire';

export const coreRoutes: Route[] = [
  { method: 'GET', template: '_apis/projects', resource: location.projects, handle: listProjects },
  { method: 'GET', template: '_apis/projects/{projectId}', resource: location.projects, handle: getProject },
];

/** Pages by `$top` with `$skip` or with the continuation token, which here is a number of projects as well. */
function listProjects(call: RouteCall): Reply {
  const all = call.state.projects.filter((project) => sees(call.access, project));
  const from = queryNumber(call, '$skip') ?? queryNumber(call, 'continuationToken') ?? 0;
  const top = queryNumber(call, '$top') ?? 100;
  const items = all.slice(from, from + top).map((project) => projectRef(call, project));
  const more = from + top < all.length;
  return listReply(items, more ? { 'x-ms-continuationtoken': String(from + top) } : undefined);
}

function getProject(call: RouteCall): Reply {
  const project = projectOf({ ...call, params: { project: call.params.projectId ?? '' } });
  return {
    json: {
      ...projectRef(call, project),
      _links: {
        self: { href: `${call.base}_apis/projects/${project.id}` },
        collection: {
          href: `${call.base}_apis/projectCollections/${guidOf(`organization/${call.state.organization}`)}`,
        },
        web: { href: `${call.base}${encodeURIComponent(project.name)}` },
      },
      defaultTeam: {
        id: guidOf(`${project.id}/team`),
        name: `${project.name} Team`,
        url: `${call.base}_apis/projects/${project.id}/teams/${guidOf(`${project.id}/team`)}`,
      },
    },
  };
}

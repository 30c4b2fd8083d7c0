import { location } from './resources';
import { projectOf, type Reply, type Route, type RouteCall } from './route';

export const settingsRoutes: Route[] = [
  {
    method: 'GET',
    template: '{project}/_apis/build/generalsettings',
    resource: location.buildGeneralSettings,
    handle: generalSettings,
  },
];

function generalSettings(call: RouteCall): Reply {
  const project = projectOf(call);
  return {
    json: {
      enforceReferencedRepoScopedToken: true,
      disableClassicPipelineCreation: false,
      enforceSettableVar: project.limitsSettableVariables,
      enforceJobAuthScope: true,
      enforceJobAuthScopeForReleases: true,
      publishPipelineMetadata: false,
      statusBadgesArePrivate: true,
    },
  };
}

import { signedByIssuer } from '../jwt';
import { Refusal } from '../state/refusal';
import { federationOf, type ServiceConnection } from '../state/serviceConnections';
import { location } from './resources';
import { projectOf, type Reply, type Route, type RouteCall } from './route';

export const serviceConnectionRoutes: Route[] = [
  {
    method: 'POST',
    template: '{project}/_apis/distributedtask/hubs/{hubName}/plans/{planId}/jobs/{jobId}/oidctoken',
    resource: location.oidcToken,
    handle: createOidcToken,
  },
  {
    method: 'GET',
    template: '{project}/_apis/serviceendpoint/endpoints/{endpointId}',
    resource: location.serviceEndpoints,
    handle: getEndpoint,
  },
];

const OIDC_LIFETIME_S = 600;
const HUBS = ['build', 'rm', 'checks'];

/** A token that says which connection the job may use; for the job's pipeline itself where none is named. */
function createOidcToken(call: RouteCall): Reply {
  const project = projectOf(call);
  const hub = call.params.hubName ?? '';
  if (!HUBS.includes(hub.toLowerCase()))
    throw new Refusal(404, 'TaskHubNotFoundException', `No task hub was found with the name ${hub}.`);
  const id = call.query.get('serviceconnectionid')?.toLowerCase();
  const connection = call.state.serviceConnections.find((one) => one.id === id && one.project === project);
  if (!connection?.federated || !connection.permitted) throw refusedToken(id ?? '', connection);
  const { issuer, subject } = federationOf(call.state.organization, connection);
  const now = Math.floor(call.state.now / 1000);
  const times = { nbf: now, iat: now, exp: now + OIDC_LIFETIME_S };
  const claims = { iss: issuer, sub: subject, aud: 'api://AzureADTokenExchange', ...times };
  return { json: { oidcToken: signedByIssuer(claims) } };
}

function refusedToken(id: string, connection: ServiceConnection | undefined): Refusal {
  if (!connection) {
    return new Refusal(
      404,
      'ServiceEndpointNotFoundException',
      `The service connection with ID ${id} could not be found, or this job is not allowed to use it.`,
    );
  }
  return connection.permitted
    ? new Refusal(
        400,
        'InvalidOperationException',
        `The service connection ${connection.name} does not use workload identity federation.`,
      )
    : new Refusal(
        403,
        'UnauthorizedAccessException',
        `The pipeline is not authorized to use the service connection ${connection.name}.`,
      );
}

function getEndpoint(call: RouteCall): Reply {
  const project = projectOf(call);
  const id = call.params.endpointId?.toLowerCase();
  const connection = call.state.serviceConnections.find((one) => one.id === id && one.project === project);
  // The service answers with null for what is not there or not to be seen.
  if (!connection || call.access.denied.includes('viewServiceConnections')) return { json: null };
  const { name, type } = connection;
  return { json: { id, name, type, isShared: false, isReady: true, owner: 'library', data: {} } };
}

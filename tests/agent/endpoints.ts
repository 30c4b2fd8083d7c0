import { environmentName } from './jobVariables';

/** A service connection as the service sends it with the job. */
export interface Endpoint {
  /** GUID, lower case. */
  id: string;
  name: string;
  url: string;
  scheme: string;
  parameters: Record<string, string>;
  data?: Record<string, string>;
}

/** The connection of the job itself: in a classic release `url` is the release host, not the organization. */
export interface SystemConnection {
  url: string;
  token: string;
}

/** Auth parameters that the agent does not mask (Agent.Sdk/Util/MaskingUtil.cs). */
const publicParameters = new Set(
  `role scope tenantid issuedat expiresat audience authenticationtype authorizationtype accesstokentype
  accesstokenfetchingmethod usewindowssecurity unsecured oauthaccesstokenissupplied completecallbackpayload
  acceptuntrustedcertificates`.split(/\s+/),
);

/** Auth parameters that the agent masks although they only name somebody or a place. */
const identifyingParameters = new Set(['username', 'email', 'registry', 'loginserver', 'serviceprincipalid', 'scheme']);

export function isMaskedParameter(name: string): boolean {
  return !publicParameters.has(name.toLowerCase());
}

/** True for the auth parameters with which one could sign in. */
export function isCredential(name: string): boolean {
  return isMaskedParameter(name) && !identifyingParameters.has(name.toLowerCase());
}

/** The GUIDs in the value of a connectedService input: split at commas, and what is no GUID contributes nothing (TaskRunner.cs). */
export function endpointIds(value: string): string[] {
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  return value
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => guid.test(part));
}

/** The ENDPOINT_* variables of a connection. The id keeps its hyphens, in lower case (Handlers/Handler.cs). */
export function endpointEnvironment(endpoint: Endpoint): Record<string, string> {
  const { data } = endpoint;
  const result = authorizationEnvironment(endpoint.id, endpoint);
  result[`ENDPOINT_DATA_${endpoint.id}`] = data === undefined ? 'null' : JSON.stringify(data);
  for (const [name, value] of Object.entries(data ?? {})) {
    result[`ENDPOINT_DATA_${endpoint.id}_${environmentName(name)}`] = value;
  }
  return result;
}

/** The ENDPOINT_* variables of the job's own connection; it has no data and its key is a literal. */
export function systemConnectionEnvironment(connection: SystemConnection): Record<string, string> {
  return authorizationEnvironment('SYSTEMVSSCONNECTION', {
    url: connection.url,
    scheme: 'OAuth',
    parameters: { AccessToken: connection.token },
  });
}

function authorizationEnvironment(
  key: string,
  endpoint: Pick<Endpoint, 'url' | 'scheme' | 'parameters'>,
): Record<string, string> {
  const { url, scheme, parameters } = endpoint;
  const result: Record<string, string> = {
    [`ENDPOINT_URL_${key}`]: url,
    [`ENDPOINT_AUTH_${key}`]: JSON.stringify({ parameters, scheme }),
    [`ENDPOINT_AUTH_SCHEME_${key}`]: scheme,
  };
  for (const [name, value] of Object.entries(parameters)) {
    result[`ENDPOINT_AUTH_PARAMETER_${key}_${environmentName(name)}`] = value;
  }
  return result;
}

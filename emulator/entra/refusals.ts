import { randomUUID } from 'node:crypto';

type Details = Record<string, string>;

/** Status, OAuth error and sentence of each refusal, in the words of the service. */
const REFUSALS: Record<number, [status: number, error: string, text: (details: Details) => string]> = {
  50013: [400, 'invalid_grant', () => 'Assertion failed signature validation.'],
  50027: [400, 'invalid_request', () => 'Invalid JWT token. The token format is not valid.'],
  70003: [400, 'unsupported_grant_type', () => 'The app requested an unsupported grant type.'],
  70021: [
    400,
    'invalid_request',
    ({ subject, issuer }) =>
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer ?? ''}'. Assertion Subject: '${subject ?? ''}'.`,
  ],
  70052: [
    401,
    'invalid_client',
    () => 'The identity must be a managed identity, a single tenant app, or a service account.',
  ],
  90002: [
    400,
    'invalid_request',
    ({ tenant }) =>
      `Tenant '${tenant ?? ''}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  ],
  500011: [
    400,
    'invalid_resource',
    ({ scope, tenant }) =>
      `The resource principal named ${scope ?? ''} was not found in the tenant named ${tenant ?? ''}.`,
  ],
  700016: [
    400,
    'unauthorized_client',
    ({ clientId, tenant }) =>
      `Application with identifier '${clientId ?? ''}' was not found in the directory '${tenant ?? ''}'.`,
  ],
  700023: [401, 'invalid_client', () => 'Client assertion audience claim does not match Realm issuer.'],
  700024: [
    401,
    'invalid_client',
    ({ now }) => `Client assertion is not within its valid time range. Current time: ${now ?? ''}.`,
  ],
  700027: [
    401,
    'invalid_client',
    ({ clientId }) =>
      `The certificate with identifier used to sign the client assertion is not registered on application '${clientId ?? ''}'.`,
  ],
  700211: [
    401,
    'invalid_client',
    ({ issuer }) => `No matching federated identity record found for presented assertion issuer '${issuer ?? ''}'.`,
  ],
  700212: [
    401,
    'invalid_client',
    () => 'No matching federated identity record found for presented assertion audience.',
  ],
  700213: [
    401,
    'invalid_client',
    ({ subject }) => `No matching federated identity record found for presented assertion subject '${subject ?? ''}'.`,
  ],
  7000112: [400, 'unauthorized_client', ({ clientId }) => `Application '${clientId ?? ''}' is disabled.`],
  7000215: [
    401,
    'invalid_client',
    ({ clientId }) =>
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId ?? ''}'.`,
  ],
  7000216: [401, 'invalid_client', () => "'client_assertion', 'client_secret' or 'request' is required."],
  7000222: [
    401,
    'invalid_client',
    ({ clientId }) => `The provided client secret keys for app '${clientId ?? ''}' are expired.`,
  ],
};

/** A sign-in that Entra refuses, with the body that it sends. */
export class EntraRefusal extends Error {
  readonly status: number;
  private readonly error: string;

  constructor(
    readonly code: number,
    details: Details,
  ) {
    const [status, error, text] = REFUSALS[code] ?? [400, 'invalid_request', () => 'The request is not valid.'];
    super(`AADSTS${code}: ${text(details)}`);
    this.status = status;
    this.error = error;
  }

  body(now: number): object {
    const [trace, correlation] = [randomUUID(), randomUUID()];
    const timestamp = new Date(now).toISOString().replace('T', ' ').replace(/\.\d+/, '');
    return {
      error: this.error,
      error_description: `${this.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [this.code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${this.code}`,
    };
  }
}

import { createHash, X509Certificate } from 'node:crypto';
import { isSignedBy, issuerKeyPair, readJwt } from '../jwt';
import { EntraRefusal } from './refusals';

/** An application of a tenant, and what it may show to be known by. */
export interface Application {
  tenant: string;
  clientId: string;
  /** As whom its tokens come in an organization. */
  identity: string;
  secrets?: { value: string; expiresAt?: number }[];
  /** PEM of the certificates that were uploaded for it. */
  certificates?: string[];
  federated?: { issuer: string; subject: string; audience?: string }[];
  severalTenants?: boolean;
  disabled?: boolean;
}

export interface TokenRequest {
  tenant: string;
  /** The address of the token endpoint as it was asked. */
  address: string;
  form: URLSearchParams;
  /** Epoch milliseconds on the login's clock. */
  now: number;
}

/** Assertions may be off by so much. */
const SKEW_MS = 5 * 60_000;
/** Azure DevOps, and Azure itself, whose tokens registries take as well. */
const SCOPES = ['499b84ac-1321-427f-aa17-267ca6975798/.default', 'https://management.azure.com/.default'];
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The application that a request proves to be; throws how Entra refuses it. */
export function identify(applications: Application[], request: TokenRequest): Application {
  const { tenant, form } = request;
  const clientId = form.get('client_id') ?? '';
  if (!applications.some((one) => one.tenant === tenant)) throw new EntraRefusal(90002, { tenant });
  const application = applications.find((one) => one.tenant === tenant && one.clientId === clientId);
  if (!application) throw new EntraRefusal(700016, { clientId, tenant });
  if (application.disabled) throw new EntraRefusal(7000112, { clientId });
  if (form.get('grant_type') !== 'client_credentials') throw new EntraRefusal(70003, {});
  const scope = form.get('scope') ?? '';
  if (!SCOPES.includes(scope)) throw new EntraRefusal(500011, { scope, tenant });
  const assertion = form.get('client_assertion');
  if (assertion === null) checkSecret(application, form.get('client_secret') ?? '', request.now);
  else if (form.get('client_assertion_type') !== ASSERTION_TYPE) throw new EntraRefusal(7000216, {});
  else checkAssertion(application, assertion, request);
  return application;
}

function checkSecret({ clientId, secrets = [] }: Application, secret: string, now: number): void {
  const known = secrets.find(({ value }) => value === secret);
  if (!known) throw new EntraRefusal(7000215, { clientId });
  if (known.expiresAt !== undefined && known.expiresAt <= now) throw new EntraRefusal(7000222, { clientId });
}

/** An assertion signed for the application's own certificate names the application as issuer; any other is one of a federation. */
function checkAssertion(application: Application, assertion: string, { address, now }: TokenRequest): void {
  const { clientId, certificates = [] } = application;
  const jwt = readJwt(assertion);
  if (!jwt) throw new EntraRefusal(50027, {});
  const { claims, header } = jwt;
  const inTime = Number(claims.nbf) * 1000 - SKEW_MS <= now && now < Number(claims.exp) * 1000 + SKEW_MS;
  if (!inTime) throw new EntraRefusal(700024, { now: new Date(now).toISOString() });
  if (claims.iss !== clientId) {
    checkFederation(application, assertion, claims);
    return;
  }
  const certificate = certificates
    .map((pem) => new X509Certificate(pem))
    .find(({ raw }) => createHash('sha256').update(raw).digest('base64url') === header['x5t#S256']);
  if (!certificate || !isSignedBy(assertion, certificate.publicKey) || claims.sub !== clientId)
    throw new EntraRefusal(700027, { clientId });
  if (claims.aud !== address) throw new EntraRefusal(700023, { address });
}

function checkFederation(application: Application, assertion: string, claims: Record<string, unknown>): void {
  const { federated = [], severalTenants, clientId } = application;
  const details = { issuer: String(claims.iss), subject: String(claims.sub), clientId };
  if (severalTenants) throw new EntraRefusal(70052, {});
  if (!federated.length) throw new EntraRefusal(70021, details);
  const ofIssuer = federated.filter(({ issuer }) => issuer === claims.iss);
  if (!ofIssuer.length) throw new EntraRefusal(700211, details);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.sub);
  if (!ofSubject.length) throw new EntraRefusal(700213, details);
  if (!ofSubject.some(({ audience = 'api://AzureADTokenExchange' }) => audience === claims.aud))
    throw new EntraRefusal(700212, details);
  if (!isSignedBy(assertion, issuerKeyPair().publicKey)) throw new EntraRefusal(50013, {});
}

import { generateKeyPair, type KeyPairKeyObjectResult } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Registration } from '../agentHost';
import { Gate } from '../gate';

/** Keys are made on Node's thread pool of four, which looks up host names as well: one thread stays free for them. */
const making = new Gate(Math.min(3, availableParallelism()));

/** An RSA key pair in the forms that the service and the agent read. */
export interface AgentKey {
  publicKey: { exponent: string; modulus: string };
  /** `RSAParametersSerializable` of the agent's `RSAFileKeyManager`. */
  parameters: Record<'d' | 'dp' | 'dq' | 'exponent' | 'inverseQ' | 'modulus' | 'p' | 'q', string>;
}

/** Makes the key that one agent signs in with: RSA of 2048 bits, as the agent itself would make it. */
export async function newAgentKey(): Promise<AgentKey> {
  const jwk = (await newKeyPair()).privateKey.export({ format: 'jwk' });
  const base64 = (value: string | undefined): string => Buffer.from(value ?? '', 'base64url').toString('base64');
  const [exponent, modulus] = [base64(jwk.e), base64(jwk.n)];
  const parameters = {
    d: base64(jwk.d),
    dp: base64(jwk.dp),
    dq: base64(jwk.dq),
    exponent,
    inverseQ: base64(jwk.qi),
    modulus,
    p: base64(jwk.p),
    q: base64(jwk.q),
  };
  return { publicKey: { exponent, modulus }, parameters };
}

async function newKeyPair(): Promise<KeyPairKeyObjectResult> {
  await making.enter();
  try {
    return await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  } finally {
    making.leave();
  }
}

/** The three files that `config.sh` would leave behind, so that a container needs neither it nor a token. Only for Linux. */
export function registrationFiles(
  agent: { id: number; name: string; authorization?: { clientId?: string; authorizationUrl?: string } },
  { key, pool, orgUrl }: { key: AgentKey; pool: { id: number; name: string }; orgUrl: string },
): Registration {
  const { clientId, authorizationUrl } = agent.authorization ?? {};
  if (!clientId || !authorizationUrl)
    throw new Error(`The service registered agent '${agent.name}' without telling how it signs in.`);
  const settings = {
    agentId: agent.id,
    agentName: agent.name,
    poolId: pool.id,
    poolName: pool.name,
    serverUrl: orgUrl,
    workFolder: '_work',
    acceptTeeEula: true,
  };
  const credentials = {
    scheme: 'OAuth',
    data: { clientId, authorizationUrl, oauthEndpointUrl: reachable(authorizationUrl, orgUrl) },
  };
  return {
    agent: JSON.stringify(settings),
    credentials: JSON.stringify(credentials),
    credentials_rsaparams: JSON.stringify(key.parameters),
  };
}

/** A server names itself as it knows itself; the agent asks it under the address that was used to register. */
function reachable(authorizationUrl: string, orgUrl: string): string {
  const [named, used] = [new URL(authorizationUrl), new URL(orgUrl)];
  if (/(^|\.)(dev\.azure\.com|visualstudio\.com|vssps\.[a-z.]+)$/i.test(used.hostname)) return authorizationUrl;
  return used.origin + named.pathname + named.search;
}

import type { Token } from '../expiringToken';
import type { Secrets } from '../secrets';
import { one, type HttpAnswer, type Transport } from '../transport';
import type { Clock } from '../world';
import { codesOf, loginRefusal } from './refusals';

/** The application id of Azure DevOps, the same in every tenant. */
export const AZURE_DEVOPS = '499b84ac-1321-427f-aa17-267ca6975798';

/** What an application shows to be known by. An assertion is made anew for every request. */
export type Proof = { secret: string } | { assertion: (shown: Shown) => Promise<string> };

/** What an assertion is made for. */
export interface Shown {
  /** Where it will be shown. */
  address: string;
  clientId: string;
  /** Epoch milliseconds as the login has them. */
  now: number;
}

export interface Application {
  /** The token endpoint of its tenant. */
  address: string;
  clientId: string;
  proof: Proof;
  /** What the token is for; Azure DevOps unless given. */
  resource?: string | undefined;
}

export interface Reach {
  transport: Transport;
  clock: Clock;
  secrets: Secrets;
}

const OUTSIDE_ITS_TIME = '700024';

/**
 * An access token by the OAuth 2.0 client credentials grant
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). Throws `ApiError` with the AADSTS code.
 */
export async function accessToken(
  application: Application,
  { transport, clock, secrets }: Reach,
  describe: () => Promise<string>,
): Promise<Token> {
  const { address, clientId, proof, resource = AZURE_DEVOPS } = application;
  const ask = async (now: number): Promise<HttpAnswer> => {
    const proven =
      'secret' in proof
        ? { client_secret: proof.secret }
        : await assertionFields(proof, { address, clientId, now }, secrets);
    const fields = {
      client_id: clientId,
      scope: `${resource}/.default`,
      grant_type: 'client_credentials',
      ...proven,
    };
    return transport.send({
      method: 'POST',
      url: address,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
      repeatable: true,
      timeoutMs: 30_000,
    });
  };
  let answer = await ask(clock.now());
  const theirs = Date.parse(one(answer.headers.date) ?? '');
  // An agent whose clock is wrong signs assertions for another time: once more, with the time that the login has.
  if (codesOf(answer).includes(OUTSIDE_ITS_TIME) && !Number.isNaN(theirs)) answer = await ask(theirs);
  const token = answer.status === 200 ? tokenIn(answer.text) : undefined;
  if (!token) throw loginRefusal(answer, address, await describe());
  return token;
}

/** The token of an answer; undefined when there is none in it. Times come as numbers or as texts, in seconds. */
export function tokenIn(text: string): Token | undefined {
  try {
    const { access_token: value, expires_in: seconds } = JSON.parse(text) as Record<string, unknown>;
    const lifetimeMs = Number(seconds ?? 0) * 1000;
    return typeof value === 'string' && value && lifetimeMs > 0 ? { value, lifetimeMs } : undefined;
  } catch {
    return undefined;
  }
}

async function assertionFields(
  { assertion }: Extract<Proof, { assertion: unknown }>,
  shown: Shown,
  secrets: Secrets,
): Promise<Record<string, string>> {
  const value = await assertion(shown);
  secrets.add(value);
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: value,
  };
}

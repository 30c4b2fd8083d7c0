import { ApiError } from '../errors';
import type { Token } from '../expiringToken';
import { bare, type HttpAnswer, type HttpRequest } from '../transport';
import { AZURE_DEVOPS, tokenIn, type Reach } from './accessToken';
import { withoutToken } from './refusals';

export interface ManagedIdentity {
  /** Of a user-assigned identity; undefined asks for the machine's own. */
  clientId: string | undefined;
  /** Reads an environment variable. */
  variable: (name: string) => string | undefined;
  /** What the token is for; Azure DevOps unless given. */
  resource?: string | undefined;
}

const METADATA_SERVICE = 'http://169.254.169.254';

/**
 * An access token by the managed identity of the machine that the agent runs on: from App Service and Container Apps by
 * `IDENTITY_ENDPOINT` with `IDENTITY_HEADER`, else from the instance metadata service of a virtual machine
 * (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token).
 * Throws `ApiError` with the reason of the service.
 */
export async function managedIdentityToken(
  { clientId, variable, resource = AZURE_DEVOPS }: ManagedIdentity,
  { transport, secrets }: Reach,
  describe: () => Promise<string>,
): Promise<Token> {
  const endpoint = variable('IDENTITY_ENDPOINT');
  const header = variable('IDENTITY_HEADER');
  secrets.add(header);
  const host = variable('AZURE_POD_IDENTITY_AUTHORITY_HOST') ?? METADATA_SERVICE;
  const [address, headers]: [string, HttpRequest['headers']] =
    endpoint && header
      ? [`${endpoint}?api-version=2019-08-01`, { 'x-identity-header': header }]
      : [new URL('/metadata/identity/oauth2/token?api-version=2018-02-01', host).href, { metadata: 'true' }];
  const url = new URL(address);
  url.searchParams.set('resource', resource);
  if (clientId) url.searchParams.set('client_id', clientId);
  const answer = await transport
    .send({ method: 'GET', url: url.href, headers, attempts: 4, timeoutMs: 5000 })
    .catch(async (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      const cure = `A managed identity exists on machines in Azure only, and this agent found none: let the step run on one, or choose another way in ${await describe()}.`;
      throw new ApiError({ ...error.refusal, cure }, { cause: error.cause });
    });
  const token = answer.status === 200 ? tokenIn(answer.text) : undefined;
  if (token) return token;
  throw new ApiError({
    method: 'GET',
    url: bare(url.href),
    status: answer.status,
    reasons: [reasonIn(answer)],
    cure: `The machine of this agent has no such managed identity: assign it, or choose another way in ${await describe()}.`,
  });
}

function reasonIn(answer: HttpAnswer): string {
  try {
    const { error_description: description, error, message } = JSON.parse(answer.text) as Record<string, unknown>;
    const said = description ?? message ?? error;
    if (typeof said === 'string' && said) return said;
  } catch {
    // Not JSON: nothing to quote.
  }
  return withoutToken(answer);
}

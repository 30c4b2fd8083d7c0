import type { Account } from './azureDevOps';
import { refusalOf } from './azureDevOps';
import { ApiError, UserError } from './errors';
import { withoutToken } from './entra/refusals';
import { isOwnHost, servicesOrganization } from './ownHosts';
import type { Transport } from './transport';

export interface Federation {
  /** `System.OidcRequestUri`: where the job gets tokens that say who it is. */
  requestUri: string | undefined;
  /** This organization, with the token of the job. */
  own: Account;
  connectionId: string;
}

/**
 * A token of Azure DevOps that says which service connection the job may use, to be exchanged for one of Microsoft Entra ID
 * (POST …/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken). It holds a few minutes, so each exchange asks for its own.
 * Throws `UserError` where the server has no federation, `ApiError` when it refuses.
 */
export async function oidcToken(
  { requestUri, own, connectionId }: Federation,
  transport: Transport,
  describe: () => Promise<string>,
): Promise<string> {
  if (!requestUri) {
    throw new UserError(
      `${await describe()} signs in by workload identity federation, which ${own.url} does not offer (System.OidcRequestUri is not set): use reposConnection.`,
    );
  }
  if (!takesJobToken(own.url, requestUri))
    throw new UserError(`System.OidcRequestUri: '${requestUri}' is no address of ${own.url}; no token is sent there.`);
  const url = new URL(requestUri);
  url.searchParams.set('api-version', '7.1');
  url.searchParams.set('serviceConnectionId', connectionId);
  const answer = await transport.send({
    method: 'POST',
    url: url.href,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: '{}',
    credentials: own.credentials,
    repeatable: true,
    timeoutMs: 30_000,
  });
  const refusal = refusalOf(answer, 'POST', url.href, own);
  const token = refusal ? undefined : tokenIn(answer.text);
  if (token) return token;
  const said = refusal?.refusal ?? {
    method: 'POST',
    url: url.origin + url.pathname,
    status: answer.status,
    reasons: [],
  };
  throw new ApiError({
    ...said,
    reasons: said.reasons.length ? said.reasons : [withoutToken(answer)],
    cure: `The job got no token for ${await describe()}: the connection must exist, and this pipeline must be allowed to use it (… > Security).`,
  });
}

/** All hosts of Azure DevOps Services are one service; a job's token is meant for each of them. */
function takesJobToken(organization: string, address: string): boolean {
  if (isOwnHost(organization, address)) return true;
  const both = [organization, address].map((text) => URL.canParse(text) && servicesOrganization(text) !== undefined);
  return both.every(Boolean);
}

function tokenIn(text: string): string | undefined {
  try {
    const { oidcToken: token } = JSON.parse(text) as { oidcToken?: unknown };
    return typeof token === 'string' && token ? token : undefined;
  } catch {
    return undefined;
  }
}

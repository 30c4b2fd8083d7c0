import { DefaultAzureCredential } from '@azure/identity';
import type { TokenCredential } from '@azure/identity';
import type { Account } from '../tasks/lib/azureDevOps';
import { UserError } from '../tasks/lib/errors';
import { ExpiringToken } from '../tasks/lib/expiringToken';
import { organizationUrl } from '../tasks/lib/organizationUrl';
import type { Secrets } from '../tasks/lib/secrets';
import type { Clock } from '../tasks/lib/world';
import type { Config } from './config';

/** Azure DevOps as Microsoft Entra ID knows it. */
const resource = '499b84ac-1321-427f-aa17-267ca6975798/.default';

/** What a token has to be good for, in the words of the page that makes it. */
export const scopes = 'Agent Pools: read & manage';

/** The organization and who we are there: by the token given, or as the identity of the workload. */
export function signIn(
  { orgUrl, orgPat }: Pick<Config, 'orgUrl' | 'orgPat'>,
  { secrets, clock, credential }: { secrets: Secrets; clock: Clock; credential?: TokenCredential },
): { account: Account; token: () => Promise<string> } {
  const url = organizationUrl(orgUrl, 'ORG_URL');
  if (orgPat !== undefined) {
    secrets.add(orgPat);
    const header = `Basic ${Buffer.from(`:${orgPat}`, 'utf8').toString('base64')}`;
    const credentials = { authorization: () => Promise.resolve(header) };
    return { account: { url, credentialName: 'ORG_PAT', credentials, scopes }, token: () => Promise.resolve(orgPat) };
  }
  const identity = credential ?? new DefaultAzureCredential();
  const credentials = new ExpiringToken(
    async () => {
      const given = await identity.getToken(resource);
      if (given === null)
        throw new UserError('The identity of the workload has no token for Azure DevOps: set ORG_PAT.');
      return { value: given.token, lifetimeMs: given.expiresOnTimestamp - clock.now() };
    },
    clock,
    secrets,
  );
  // `config.sh --auth PAT` takes an Entra token as well.
  const token = async () => (await credentials.authorization()).replace(/^Bearer /, '');
  return { account: { url, credentialName: "the workload's identity", credentials, scopes }, token };
}

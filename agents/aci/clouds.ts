import { ContainerInstanceManagementClient } from '@azure/arm-containerinstance';
import type { TokenCredential } from '@azure/identity';
import { AzureAuthorityHosts } from '@azure/identity';
import type { AzureCloud } from '../config';

/** Where Azure Resource Manager and the sign-in of each cloud are. */
export const clouds: Record<AzureCloud, { resourceManager: string; authorityHost: string }> = {
  public: { resourceManager: 'https://management.azure.com', authorityHost: AzureAuthorityHosts.AzurePublicCloud },
  usGovernment: {
    resourceManager: 'https://management.usgovcloudapi.net',
    authorityHost: AzureAuthorityHosts.AzureGovernment,
  },
  china: { resourceManager: 'https://management.chinacloudapi.cn', authorityHost: AzureAuthorityHosts.AzureChina },
};

/**
 * A client of Container Instances in a cloud. It repeats nothing itself: the next look comes soon, and a `Retry-After` is told to the plan
 * as a host without room instead of holding up everything else. `ca` and `endpoint` are for a server that is not Azure's own.
 */
export function containerInstances(
  credential: TokenCredential,
  { subscriptionId, cloud }: { subscriptionId: string; cloud: AzureCloud },
  { endpoint = clouds[cloud].resourceManager, ca }: { endpoint?: string; ca?: string } = {},
): ContainerInstanceManagementClient {
  return new ContainerInstanceManagementClient(credential, subscriptionId, {
    endpoint,
    credentialScopes: [`${clouds[cloud].resourceManager}/.default`],
    retryOptions: { maxRetries: 0 },
    ...(ca !== undefined && { tlsOptions: { ca } }),
  });
}

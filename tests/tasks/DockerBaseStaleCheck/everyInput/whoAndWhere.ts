import assert from 'node:assert/strict';
import { startEntra } from '../../../../emulator/entra/server';
import { federationOf } from '../../../../emulator/state/serviceConnections';
import type { Endpoint } from '../../../agent/endpoints';
import { startOrganization, type Organization } from '../../TriggerPipeline/organization';
import { EACH, withImages, type InputTests } from './inputTest';

const CONNECTION = 'c0a8f0d2-3e5b-4b1e-9d77-7a1f4b2c9e10';
const TENANT = '7e4c0f4b-11d4-4f0c-a7b3-0f6b61c0d001';
const CLIENT = '5b1c8a50-2b7e-4a52-8f2e-c4a0d1e2f301';
const SECRET = 'a-secret-of-the-application';
const PRINCIPAL = { tenantid: TENANT, serviceprincipalid: CLIENT };

function endpoint(url: string, scheme: string, parameters: Record<string, string>, data = {}): Endpoint {
  return { id: CONNECTION, name: 'northwind', url, scheme, parameters, data };
}

/** Rebuilds in another organization, by a connection that the login knows. */
async function rebuildElsewhere(
  inputsFor: (northwind: Organization) => Record<string, string>,
  connectionTo: (northwind: Organization, entra: string) => Endpoint,
): Promise<void> {
  const project = await withImages();
  const northwind = await startOrganization({ organization: 'northwind' });
  northwind.add({ parameters: [{ name: 'image', type: 'string', default: 'none' }] });
  const { state } = project.emulator;
  const federated = [
    federationOf(state.organization, state.addServiceConnection({ id: CONNECTION, name: 'northwind' })),
  ];
  const entra = await startEntra({ organizations: [northwind.emulator] });
  entra.applications.push({
    ...{ tenant: TENANT, clientId: CLIENT, identity: 'images' },
    ...{ federated, secrets: [{ value: SECRET }] },
  });
  try {
    const inputs = { ...EACH, project: 'Fabrikam', ...inputsFor(northwind) };
    const step = await project.check(inputs, { endpoints: [connectionTo(northwind, entra.url)] });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([state.runs.length, northwind.runs.length], [0, 1]);
  } finally {
    await entra.close();
  }
}

function azure(_: Organization, entra: string): Endpoint {
  const parameters = { ...PRINCIPAL, authenticationType: 'spnKey', serviceprincipalkey: SECRET };
  const data = { environment: 'AzureCloud', environmentAuthorityUrl: entra };
  return endpoint('https://management.azure.com/', 'ServicePrincipal', parameters, data);
}

/** Inputs that say where rebuilds run, and as whom they are started. */
export const WHO_AND_WHERE: InputTests = {
  azureDevOpsServiceConnection: {
    use: [
      'rebuilds in the organization of a connection without any stored secret',
      () =>
        rebuildElsewhere(
          () => ({ azureDevOpsServiceConnection: CONNECTION }),
          ({ emulator }, entra) =>
            endpoint(emulator.url, 'WorkloadIdentityFederation', PRINCIPAL, { activeDirectoryAuthority: entra }),
        ),
    ],
    misuse: {
      inputs: { ...EACH, azureDevOpsServiceConnection: CONNECTION },
      says: /^azureDevOpsServiceConnection: the job carries no service connection/,
    },
  },
  reposConnection: {
    use: [
      'rebuilds in the organization of a connection with a token',
      () =>
        rebuildElsewhere(
          () => ({ reposConnection: CONNECTION }),
          ({ emulator }) => endpoint(emulator.url, 'Token', { apitoken: emulator.token }),
        ),
    ],
    misuse: {
      inputs: { ...EACH, reposConnection: CONNECTION, azureConnection: CONNECTION },
      options: { endpoints: [endpoint('https://dev.azure.com/contoso', 'Token', { apitoken: 'some-token-here' })] },
      says: /^reposConnection and azureConnection are given at once: choose one/,
    },
  },
  azureConnection: {
    use: [
      'signs in by its service principal',
      () => rebuildElsewhere(({ emulator }) => ({ azureConnection: CONNECTION, organization: emulator.url }), azure),
    ],
    misuse: {
      inputs: { ...EACH, azureConnection: CONNECTION },
      options: {
        endpoints: [endpoint('https://management.azure.com/', 'PublishProfile', { password: 'a-password-of-it' })],
      },
      says: /azureConnection.*PublishProfile/,
    },
  },
  organization: {
    use: [
      'is the organization for azureConnection, with or without the slash at its end',
      () =>
        rebuildElsewhere(
          ({ emulator }) => ({ azureConnection: CONNECTION, organization: emulator.url.replace(/\/$/, '') }),
          azure,
        ),
    ],
    misuse: {
      inputs: { ...EACH, organization: 'https://dev.azure.com/contoso' },
      says: /^organization: '.*' needs azureConnection, because the job's own token is valid in this organization only/,
    },
  },
};

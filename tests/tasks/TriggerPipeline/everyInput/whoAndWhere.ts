import assert from 'node:assert/strict';
import { startEntra, type EntraOptions } from '../../../../emulator/entra/server';
import { federationOf } from '../../../../emulator/state/serviceConnections';
import type { Endpoint } from '../../../agent/endpoints';
import { buildVariables } from '../../../agent/systemVariables';
import { PROJECT, startOrganization, type Organization, type StepInputs } from '../organization';
import { withPipeline, type InputTests } from './inputTest';

const CONNECTION = 'c0a8f0d2-3e5b-4b1e-9d77-7a1f4b2c9e10';
const TENANT = '7e4c0f4b-11d4-4f0c-a7b3-0f6b61c0d001';
const CLIENT = '5b1c8a50-2b7e-4a52-8f2e-c4a0d1e2f301';
const SECRET = 'a-secret-of-the-application';
const PRINCIPAL = { tenantid: TENANT, serviceprincipalid: CLIENT };

function endpoint(url: string, scheme: string, parameters: Record<string, string>, data = {}): Endpoint {
  return { id: CONNECTION, name: 'northwind', url, scheme, parameters, data };
}

/** Runs a step of one organization in another one, by a connection that the login knows. */
async function startElsewhere(
  inputsFor: (northwind: Organization) => StepInputs,
  connectionTo: (northwind: Organization, entra: string) => Endpoint,
): Promise<void> {
  const [fabrikam, northwind] = await Promise.all([
    startOrganization(),
    startOrganization({ organization: 'northwind' }),
  ]);
  northwind.add();
  const { state, url } = fabrikam.emulator;
  const federated = [
    federationOf(state.organization, state.addServiceConnection({ id: CONNECTION, name: 'northwind' })),
  ];
  const options: EntraOptions = { organizations: [northwind.emulator] };
  const entra = await startEntra(options);
  entra.applications.push({
    ...{ tenant: TENANT, clientId: CLIENT, identity: 'images' },
    ...{ federated, secrets: [{ value: SECRET }] },
  });
  try {
    const projectId = state.findProject(PROJECT)?.id ?? '';
    const step = await fabrikam.run(
      { project: PROJECT, ...inputsFor(northwind) },
      {
        endpoints: [connectionTo(northwind, entra.url)],
        variables: buildVariables({ collectionUri: url, project: PROJECT, projectId }),
      },
    );
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([fabrikam.runs.length, northwind.runs.length], [0, 1]);
  } finally {
    await entra.close();
  }
}

function azure(_: Organization, entra: string): Endpoint {
  const parameters = { ...PRINCIPAL, authenticationType: 'spnKey', serviceprincipalkey: SECRET };
  const data = { environment: 'AzureCloud', environmentAuthorityUrl: entra };
  return endpoint('https://management.azure.com/', 'ServicePrincipal', parameters, data);
}

function federation({ emulator }: Organization, entra: string): Endpoint {
  const data = { activeDirectoryAuthority: entra };
  return endpoint(emulator.url, 'WorkloadIdentityFederation', PRINCIPAL, data);
}

function repos({ emulator }: Organization): Endpoint {
  return endpoint(emulator.url, 'Token', { apitoken: emulator.token });
}

/** Inputs that say where the call goes, and as whom. */
export const WHO_AND_WHERE: InputTests = {
  azureDevOpsServiceConnection: {
    use: [
      'goes to the organization of a connection without any stored secret, under its alias too',
      async () => {
        await startElsewhere(() => ({ azureDevOpsServiceConnection: CONNECTION }), federation);
        await startElsewhere(() => ({ azureDevOpsConnection: CONNECTION }), federation);
      },
    ],
    misuse: {
      inputs: { azureDevOpsServiceConnection: CONNECTION },
      says: /^azureDevOpsServiceConnection: the job carries no service connection/,
    },
  },
  reposConnection: {
    use: [
      'goes to the organization of a connection with a token, under its alias too',
      async () => {
        await startElsewhere(() => ({ reposConnection: CONNECTION }), repos);
        await startElsewhere(() => ({ externalTfsConnection: CONNECTION }), repos);
      },
    ],
    misuse: {
      inputs: { reposConnection: CONNECTION, azureConnection: CONNECTION },
      options: { endpoints: [endpoint('https://dev.azure.com/contoso', 'Token', { apitoken: 'some-token-here' })] },
      says: /^reposConnection and azureConnection are given at once: choose one/,
    },
  },
  azureConnection: {
    use: [
      'signs in by its service principal, under its alias too',
      async () => {
        const to = ({ emulator }: Organization) => ({ organization: emulator.url });
        await startElsewhere((northwind) => ({ azureConnection: CONNECTION, ...to(northwind) }), azure);
        await startElsewhere((northwind) => ({ azureSubscription: CONNECTION, ...to(northwind) }), azure);
      },
    ],
    misuse: {
      inputs: { azureConnection: CONNECTION },
      options: {
        endpoints: [endpoint('https://management.azure.com/', 'PublishProfile', { password: 'a-password-of-it' })],
      },
      says: /azureConnection.*PublishProfile/,
    },
  },
  organization: {
    use: [
      'is the organization for azureConnection',
      async () => {
        const inputs = ({ emulator }: Organization) => ({
          azureConnection: CONNECTION,
          organization: emulator.url.replace(/\/$/, ''),
        });
        await startElsewhere(inputs, azure);
      },
    ],
    misuse: {
      where: withPipeline,
      inputs: { organization: 'https://dev.azure.com/contoso' },
      says: /^organization: '.*' needs azureConnection, because the job's own token is valid in this organization only/,
    },
  },
};

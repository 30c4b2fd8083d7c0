import { startEntra, type Entra, type EntraOptions } from '../../emulator/entra/server';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator/server';
import { federationOf, type ServiceConnection } from '../../emulator/state/serviceConnections';
import { runStep, type JobOptions, type StepResult } from '../agent/agent';
import type { Endpoint } from '../agent/endpoints';
import { buildVariables } from '../agent/systemVariables';
import { taskFolder } from '../tasks/taskFolder';

export const TENANT = '7e4c0f4b-11d4-4f0c-a7b3-0f6b61c0d001';
export const CLIENT = '5b1c8a50-2b7e-4a52-8f2e-c4a0d1e2f301';
export const CONNECTION = 'c0a8f0d2-3e5b-4b1e-9d77-7a1f4b2c9e10';
/** As whom the application comes in an organization. */
export const IDENTITY = 'images-spn';
export const application = { tenant: TENANT, clientId: CLIENT, identity: IDENTITY };
export const PROJECT = 'Fabrikam';
/** In the other organization. */
export const OTHER_PROJECT = 'Images';

/** The organization that the job belongs to, another one with a pipeline to start, and a login that both trust. */
export interface Scene {
  own: Emulator;
  other: Emulator;
  entra: Entra;
  /** Runs TriggerPipeline as a step of a job of the own organization. */
  run(inputs: Record<string, string>, endpoints: Endpoint[], options?: Partial<JobOptions>): Promise<StepResult>;
  close(): Promise<void>;
}

export interface SceneOptions {
  entra?: EntraOptions;
  other?: EmulatorOptions;
  /** How long the run of the other organization takes. */
  durationMs?: number;
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const own = await startEmulator({ organization: 'contoso' });
  const other = await startEmulator({ organization: 'northwind', ...options.other });
  const entra = await startEntra({ organizations: [other], ...options.entra });
  own.state.addProject(PROJECT);
  other.state.addProject(OTHER_PROJECT);
  other.state.addPipeline({ name: 'rebuild', script: { durationMs: options.durationMs ?? 0 } });
  return {
    own,
    other,
    entra,
    run: async (inputs, endpoints, rest = {}) =>
      runStep({
        taskFolder: await taskFolder('TriggerPipeline'),
        node: process.env.CASCADE_TEST_NODE ?? process.execPath,
        inputs: { project: OTHER_PROJECT, pipeline: 'rebuild', pollingInterval: '1', ...inputs },
        stepName: 'rebuild',
        variables: jobVariables(own),
        systemConnection: { url: own.url, token: own.token },
        endpoints,
        ...rest,
      }),
    close: async () => {
      await Promise.all([own.close(), other.close(), entra.close()]);
    },
  };
}

/** The variables of a build in the project of the own organization. */
export function jobVariables(own: Emulator): Record<string, string> {
  const project = own.state.findProject(PROJECT);
  return buildVariables({ collectionUri: own.url, project: PROJECT, ...(project && { projectId: project.id }) });
}

/** An Azure Resource Manager connection of a scheme. */
export function azureConnection(
  entra: Entra,
  scheme: string,
  parameters: Record<string, string>,
  data: Record<string, string> = {},
): Endpoint {
  return {
    id: CONNECTION,
    name: 'images-spn',
    url: 'https://management.azure.com/',
    scheme,
    parameters: { tenantid: TENANT, serviceprincipalid: CLIENT, ...parameters },
    data: { environment: 'AzureCloud', environmentAuthorityUrl: entra.url, subscriptionName: 'Images', ...data },
  };
}

/** Gives the application of the tests the federated credential of a connection of the own organization. */
export function federate({ own, entra }: Pick<Scene, 'own' | 'entra'>, connection: ServiceConnection): void {
  entra.applications.push({ ...application, federated: [federationOf(own.state.organization, connection)] });
}

/** The connection to the other organization as a job carries it: workload identity, without a secret. */
export function workloadIdentity({ other, entra }: Pick<Scene, 'other' | 'entra'>): Endpoint {
  return {
    id: CONNECTION,
    name: 'northwind',
    url: other.url,
    scheme: 'WorkloadIdentityFederation',
    parameters: { tenantid: TENANT, serviceprincipalid: CLIENT },
    data: { activeDirectoryAuthority: entra.url },
  };
}

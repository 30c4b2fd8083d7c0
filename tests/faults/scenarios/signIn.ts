import type { Entra } from '../../../emulator/entra/server';
import type { Emulator } from '../../../emulator/server';
import type { Endpoint } from '../../agent/endpoints';
import {
  application,
  azureConnection,
  CONNECTION,
  federate,
  jobVariables,
  OTHER_PROJECT,
  workloadIdentity,
} from '../../signin/scene';
import type { Scenario } from '../scenario';
import type { World } from '../world';

const SECOND_MS = 1000;
const SECRET = 'p~8Q&marked=secret/+of the+application';

/** Another organization, and the login by which a job gets in there. */
async function elsewhere(world: World, tokenLifetimeMs = 3600 * SECOND_MS): Promise<{ other: Emulator; entra: Entra }> {
  const other = await world.organization({ organization: 'northwind' });
  other.state.addProject(OTHER_PROJECT);
  const entra = await world.login({ organizations: [other], tokenLifetimeMs });
  return { other, entra };
}

/** Read when the step is over: by then each token that was given out is among them. */
function secretsOf({ other, entra }: { other: Emulator; entra: Entra }): () => string[] {
  return () => [SECRET, other.token, ...entra.issued];
}

function principal({ entra }: { entra: Entra }): Endpoint {
  entra.applications.push({ ...application, secrets: [{ value: SECRET }] });
  const parameters = { authenticationType: 'spnKey', serviceprincipalkey: SECRET };
  return azureConnection(entra, 'ServicePrincipal', parameters);
}

/** Steps that sign in to another organization by a service connection: the login is among what fails. */
export const signIn: Scenario[] = [
  {
    name: 'start a run elsewhere by workload identity and wait',
    task: 'TriggerPipeline',
    async prepare(world) {
      const own = world.emulator;
      const there = await elsewhere(world);
      federate({ own, ...there }, own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' }));
      there.other.state.addPipeline({ name: 'rebuild', script: { durationMs: 8 * SECOND_MS } });
      return {
        step: {
          inputs: { azureDevOpsServiceConnection: CONNECTION, project: OTHER_PROJECT, pipeline: 'rebuild' },
          endpoints: [workloadIdentity(there)],
          variables: jobVariables(own),
        },
        childrenOf: there.other,
        starts: 1,
        secrets: secretsOf(there),
      };
    },
  },
  {
    name: 'wait elsewhere beyond the life of several tokens',
    task: 'TriggerPipeline',
    async prepare(world) {
      const there = await elsewhere(world, 60 * SECOND_MS);
      there.other.state.addPipeline({ name: 'rebuild', script: { durationMs: 150 * SECOND_MS } });
      return {
        step: {
          inputs: {
            ...{ azureConnection: CONNECTION, organization: there.other.url, project: OTHER_PROJECT },
            ...{ pipeline: 'rebuild', pollingInterval: '45', progress: 'none' },
          },
          endpoints: [principal(there)],
        },
        childrenOf: there.other,
        starts: 1,
        secrets: secretsOf(there),
      };
    },
  },
  {
    name: 'create a release elsewhere by a service principal',
    task: 'TriggerRelease',
    async prepare(world) {
      const there = await elsewhere(world);
      const script = { durationMs: 4 * SECOND_MS };
      there.other.state.releaseArea.addDefinition({ name: 'Deploy', stages: [{ name: 'Dev' }], script });
      return {
        step: {
          inputs: {
            ...{ azureConnection: CONNECTION, organization: there.other.url, project: OTHER_PROJECT },
            definition: 'Deploy',
          },
          endpoints: [principal(there)],
        },
        childrenOf: there.other,
        starts: 1,
        secrets: secretsOf(there),
      };
    },
  },
];

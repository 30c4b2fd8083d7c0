import assert from 'node:assert/strict';
import { federationOf } from '../../../emulator/state/serviceConnections';
import type { StepResult } from '../../agent/agent';
import type { Endpoint } from '../../agent/endpoints';
import { releaseVariables } from '../../agent/systemVariables';
import {
  azureConnection,
  CLIENT,
  CONNECTION,
  jobVariables,
  OTHER_PROJECT,
  PROJECT,
  startScene,
  TENANT,
  type Scene,
} from '../../signin/scene';
import { taskFolder } from '../taskFolder';
import { together } from '../together';

const SECRET = 'p~8Q&marked=secret/+of the+application';
const application = { tenant: TENANT, clientId: CLIENT, identity: 'images-spn' };

/** A connection of each kind to the other organization, as the input of its name takes it. */
const KINDS: Record<string, (scene: Scene) => { endpoint: Endpoint; inputs: Record<string, string> }> = {
  azureDevOpsServiceConnection: ({ own, other, entra }) => {
    const connection = own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' });
    entra.applications.push({ ...application, federated: [federationOf('contoso', connection)] });
    const endpoint = {
      ...{ id: CONNECTION, name: 'northwind', url: other.url, scheme: 'WorkloadIdentityFederation' },
      parameters: { tenantid: TENANT, serviceprincipalid: CLIENT },
      data: { activeDirectoryAuthority: entra.url },
    };
    return { endpoint, inputs: { azureDevOpsServiceConnection: CONNECTION } };
  },
  reposConnection: ({ other }) => ({
    endpoint: {
      ...{ id: CONNECTION, name: 'northwind', url: other.url, scheme: 'Token' },
      parameters: { apitoken: other.token },
    },
    inputs: { reposConnection: CONNECTION },
  }),
  'azureConnection, organization': ({ other, entra }) => {
    entra.applications.push({ ...application, secrets: [{ value: SECRET }] });
    const endpoint = azureConnection(entra, 'ServicePrincipal', { serviceprincipalkey: SECRET });
    return { endpoint, inputs: { azureConnection: CONNECTION, organization: other.url } };
  },
};

describe('TriggerRelease: where the call goes, and as whom', function () {
  this.timeout(60_000);
  const it = together();
  const scenes: Scene[] = [];
  after(() => Promise.all(scenes.map((scene) => scene.close())));

  async function open(): Promise<Scene> {
    const scene = await startScene();
    scenes.push(scene);
    const stages = [{ name: 'Dev' }];
    scene.other.state.releaseArea.addDefinition({ name: 'Deploy', stages, script: { durationMs: 0 } });
    return scene;
  }

  async function run(
    scene: Scene,
    host: string,
    { inputs, endpoints = [] }: { inputs: Record<string, string>; endpoints?: Endpoint[] },
  ): Promise<StepResult> {
    const { own } = scene;
    const projectId = own.state.findProject(PROJECT)?.id ?? '';
    const inRelease = {
      variables: releaseVariables({ collectionUri: own.url, project: PROJECT, projectId }),
      systemConnection: { url: own.releaseUrl, token: own.token },
    };
    return await scene.run({}, endpoints, {
      taskFolder: await taskFolder('TriggerRelease'),
      inputs: { project: OTHER_PROJECT, definition: 'Deploy', ...inputs },
      ...(host === 'release' ? inRelease : { variables: jobVariables(own) }),
    });
  }

  for (const host of ['build', 'release']) {
    for (const [kind, connect] of Object.entries(KINDS)) {
      it(`creates a release of another organization by ${kind}, in a ${host}`, async () => {
        const scene = await open();
        const { endpoint, inputs } = connect(scene);
        const step = await run(scene, host, { inputs, endpoints: [endpoint] });
        assert.equal(step.result, 'Succeeded', step.log.join('\n'));
        assert.deepEqual(step.leaks, []);
        const { releases } = scene.other.state.releaseArea;
        assert.equal(step.outputs.releaseId, String(releases[0]?.id));
        assert.match(step.log.join('\n'), /created for the identity of the connection, .* in another organization/);
        const creation = scene.other.calls.find(({ method, path }) => method === 'POST' && path.endsWith('/releases'));
        assert.equal(creation?.host, 'release', 'the other organization names the host of its releases itself');
        assert.equal(scene.own.state.releaseArea.releases.length, 0);
      });
    }

    it(`refuses connections that are misused in a ${host}, before any request`, async () => {
      const scene = await open();
      const { endpoint } = KINDS.reposConnection!(scene);
      const wrong: [Record<string, string>, RegExp][] = [
        [{ azureDevOpsServiceConnection: CONNECTION, reposConnection: CONNECTION }, /are given at once/],
        [{ azureConnection: CONNECTION, reposConnection: CONNECTION }, /are given at once/],
        [{ organization: scene.other.url }, /organization: .* needs azureConnection/],
        [
          { reposConnection: CONNECTION, organization: scene.other.url },
          /beside reposConnection, which carries its own/,
        ],
        [{ reposConnection: 'nobody' }, /carries no service connection 'nobody'/],
      ];
      for (const [inputs, message] of wrong) {
        const step = await run(scene, host, { inputs, endpoints: [endpoint] });
        assert.equal(step.result, 'Failed');
        assert.match(step.message ?? '', message);
      }
      assert.equal(scene.other.calls.length + scene.own.calls.length, 0);
    });
  }
});

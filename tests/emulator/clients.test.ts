import assert from 'node:assert/strict';
import { BuildApi } from 'azure-devops-node-api/BuildApi';
import { BuildStatus } from 'azure-devops-node-api/interfaces/BuildInterfaces';
import { CoreApi } from 'azure-devops-node-api/CoreApi';
import { GitApi } from 'azure-devops-node-api/GitApi';
import { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import { PipelinesApi } from 'azure-devops-node-api/PipelinesApi';
import { TaskAgentApi } from 'azure-devops-node-api/TaskAgentApi';
import { getPersonalAccessTokenHandler } from 'azure-devops-node-api/WebApi';
import { startEmulator, type Emulator } from '../../emulator/server';
import { standingClock } from './request';

/** Microsoft's own client, which negotiates routes and versions by what OPTIONS answers. */
for (const kind of ['services', 'server'] as const) {
  describe(`azure-devops-node-api and the emulator as ${kind}`, () => {
    const clock = standingClock();
    let emulator: Emulator;
    let pipeline: number;

    before(async () => {
      emulator = await startEmulator({ kind, clock });
      emulator.state.addProject('Fabrikam');
      pipeline = emulator.state.addPipeline({
        name: 'rebuild',
        stages: [{ name: 'A' }],
        script: { artifacts: [{ name: 'drop', files: { a: 'b' } }] },
      }).id;
    });

    after(() => emulator.close());

    function handlers(): ReturnType<typeof getPersonalAccessTokenHandler>[] {
      return [getPersonalAccessTokenHandler(emulator.token)];
    }

    it('finds resource areas on Services and none on a Server', async () => {
      const areas = (await new LocationsApi(emulator.url, handlers()).getResourceAreas()) as {
        name?: string;
        locationUrl?: string;
      }[];
      const release = areas.find(({ name }) => name === 'Release');
      assert.equal(release?.locationUrl, kind === 'services' ? emulator.releaseUrl : undefined);
      const data = await new LocationsApi(emulator.url, handlers()).getConnectionData();
      assert.equal(data.authenticatedUser?.providerDisplayName, 'Dana Reyes');
    });

    it('queues, looks, tags and cancels a build', async () => {
      const api = new BuildApi(emulator.url, handlers());
      const build = await api.queueBuild({ definition: { id: pipeline }, sourceBranch: 'refs/heads/main' }, 'Fabrikam');
      const id = build.id!;
      assert.equal(build.status, 32);
      clock.jump(500);
      assert.deepEqual(await api.addBuildTag('Fabrikam', id, 'cascade'), ['cascade']);
      const [seen] = await api.getBuilds(
        'Fabrikam',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        [id],
      );
      assert.deepEqual([seen?.id, seen?.status, seen?.tags], [id, 1, ['cascade']]);
      await api.updateBuild({ status: BuildStatus.Cancelling }, 'Fabrikam', id);
      clock.jump(5000);
      assert.deepEqual(
        [
          (await api.getBuild('Fabrikam', id)).result,
          (await api.getBuildTimeline('Fabrikam', id)).records?.[0]?.result,
        ],
        [32, 3],
      );
    });

    it('lists and reads through the other clients', async () => {
      const run = await new PipelinesApi(emulator.url, handlers()).runPipeline({}, 'Fabrikam', pipeline);
      clock.jump(5000);
      const api = new BuildApi(emulator.url, handlers());
      assert.equal((await api.getArtifact('Fabrikam', run.id!, 'drop')).resource?.type, 'PipelineArtifact');
      assert.deepEqual(
        (await api.getDefinitions('Fabrikam', 'reb*')).map(({ name }) => name),
        ['rebuild'],
      );
      assert.equal((await new CoreApi(emulator.url, handlers()).getProjects()).length, 1);
      const git = new GitApi(emulator.url, handlers());
      assert.deepEqual(
        (await git.getRefs('Fabrikam', 'Fabrikam', 'heads/')).map(({ name }) => name),
        ['refs/heads/main'],
      );
      assert.deepEqual(
        (await new TaskAgentApi(emulator.url, handlers()).getAgentQueues('Fabrikam', 'Default')).map(
          ({ name }) => name,
        ),
        ['Default'],
      );
    });

    it('has asked for nothing that the emulator does not know', () => {
      assert.deepEqual(
        emulator.calls.filter(({ route }) => route === 'emulator.unknown'),
        [],
      );
    });
  });
}

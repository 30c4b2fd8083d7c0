import assert from 'node:assert/strict';
import { buildVariables } from '../../agent/systemVariables';
import { CONNECTION, PROJECT, startScene, type Scene } from '../../signin/scene';

describe('TriggerPipeline: inheritance across organizations', function () {
  this.timeout(60_000);
  let scene: Scene;
  before(async () => (scene = await startScene()));
  after(() => scene.close());

  it('takes parameters from the parent in its own organization, not from a run of that id in the other one', async () => {
    const { own, other } = scene;
    const parameters = [{ name: 'image', type: 'string', default: 'none' }];
    const parent = own.state.queue(own.state.addPipeline({ name: 'parent', parameters }), {
      templateParameters: { image: 'r-base' },
    });
    const child = other.state.addPipeline({ name: 'child', parameters, script: { durationMs: 0 } });
    const stranger = other.state.queue(child, { templateParameters: { image: 'of-somebody-else' } });
    assert.equal(stranger.id, parent.id);
    const connection = { id: CONNECTION, name: 'northwind', url: other.url, scheme: 'Token' };
    const step = await scene.run(
      { reposConnection: CONNECTION, pipeline: 'child', inherit: 'parameters' },
      [{ ...connection, parameters: { apitoken: other.token } }],
      { variables: buildVariables({ collectionUri: own.url, project: PROJECT, runId: parent.id }) },
    );
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.deepEqual({ ...other.state.runs.at(-1)?.templateParameters }, { image: 'r-base' });
  });
});

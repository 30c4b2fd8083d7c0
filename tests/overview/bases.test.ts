import assert from 'node:assert/strict';
import { closeProjects, daysAgo, startProject } from '../tasks/DockerBaseStaleCheck/project';
import { yamlBlocks } from './yamlBlocks';

const TITLE = 'Rebuild images when their base image changes';

describe('The recipe for base images', function () {
  this.timeout(90_000);
  after(closeProjects);

  it('rebuilds an image once for a change of its base, with the tags that the page tells of', async () => {
    const [step] = yamlBlocks('overview.md', 'DockerBaseStaleCheck').find(({ title }) => title === TITLE)?.steps ?? [];
    assert.ok(step, `overview.md has a step under '${TITLE}'`);
    const project = await startProject();
    const { state } = project.emulator;
    const parameters = ['image', 'why'].map((name) => ({ name, type: 'string' }));
    state.addPipeline({ name: 'rebuild', folder: 'images', parameters, script: { durationMs: 0 } });
    project.write('images/r/Dockerfile', 'FROM REGISTRY/r:1\n');
    const inputs = { ...step.inputs, searchFolder: project.folder, project: 'Fabrikam' };
    const check = () => project.check(inputs);
    project.registry.put('r', '1', { created: daysAgo(60), layers: ['base'] });
    assert.equal((await check()).outputs.staleCount, '0');
    project.registry.put('r', '1', { created: daysAgo(3), layers: ['base 2'] });
    assert.equal((await check()).outputs.result, 'succeeded');
    assert.equal((await check()).verdicts['images/r/Dockerfile'], 'fresh');
    assert.equal(state.runs.length, 1);
    const [run] = state.runs;
    assert.equal(run?.templateParameters.image, 'images/r');
    assert.match(String(run.templateParameters.why), /^base .* moved from sha256:\w+… to sha256:\w+… 3 days ago/);
    assert.ok(
      run.tags.some((tag) => /^cascade-base-[0-9a-f]{12}$/.test(tag)),
      run.tags.join(),
    );
  });
});

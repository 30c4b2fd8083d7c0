import assert from 'node:assert/strict';
import { closeCheckouts, LOCK, setUp } from '../tasks/DockerBaseStaleCheck/lock/checkoutProject';
import { together } from '../tasks/together';
import { yamlBlocks } from './yamlBlocks';

function inputsUnder(title: string): Record<string, string> {
  const block = yamlBlocks('overview.md', 'DockerBaseStaleCheck').find((one) => one.title === title);
  const [step] = block?.steps ?? [];
  assert.ok(step, `overview.md has a step under '${title}'`);
  return step.inputs;
}

describe('The recipes for packages and locks', function () {
  this.timeout(90_000);
  const it = together();
  after(closeCheckouts);

  it('rebuild an image whose package changed, and commit its lock', async () => {
    const { run, indexes, server, project } = await setUp();
    const { state } = project.emulator;
    const parameters = ['image', 'why'].map((name) => `{ name: ${name}, type: string }`).join(', ');
    const yaml = `parameters: [${parameters}]\nsteps: [{ script: docker build . }]\n`;
    state.addPipeline({ name: 'rebuild', folder: 'images', yaml, script: { durationMs: 0 } });
    const inputs = inputsUnder('Rebuild images when a package on top of their base changes');
    assert.equal((await run({ ...inputs, project: 'Fabrikam' })).outputs.staleCount, '0');
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1', '2.4.0']);
    await server.checkOut(`${project.folder}/second`);
    const step = await run({ ...inputs, project: 'Fabrikam', searchFolder: `${project.folder}/second` });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.deepEqual(
      state.runs.map(({ templateParameters: { image, why } }) => [image, why]),
      [['images/r', 'numpy 2.3.1 -> 2.4.0 fits numpy>=2']],
    );
    assert.match(server.file(LOCK) ?? '', /"triggered"/);
  });

  it('offer the locks as a pull request with the message and author of the page', async () => {
    const { run, server } = await setUp();
    const step = await run(inputsUnder('Keep in git what each image was built from'));
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    const [newest] = server.git('log', '--format=%an %s', 'image-locks/main').split('\n');
    assert.equal(newest, 'Image Locks Image locks of run 20261121.7 [skip ci]');
  });
});

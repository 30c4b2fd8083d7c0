import assert from 'node:assert/strict';
import { problemsIn, type PackagedFile } from '../../scripts/packageContents';
import { packagedFiles, root } from './thePackage';

describe('What keeps a package from being published', function () {
  this.timeout(60_000);
  let files: PackagedFile[];
  before(() => {
    files = packagedFiles();
  });

  function withFile(name: string, text: string, zippedBytes = text.length): PackagedFile[] {
    return [...files.filter((file) => file.name !== name), { name, zippedBytes, content: Buffer.from(text) }];
  }

  function without(name: string): PackagedFile[] {
    return files.filter((file) => file.name !== name);
  }

  it('is nothing in the package as it is made', () => {
    assert.deepEqual(problemsIn(files, root), []);
  });

  it('is a task folder with more than six files', () => {
    const more = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].reduce<PackagedFile[]>(
      (all, name) => [...all, { name: `TriggerPipeline/${name}.js`, zippedBytes: 1, content: Buffer.from('') }],
      files,
    );
    assert.match(problemsIn(more, root).join(), /^TriggerPipeline has \d+ files; at most 6 are allowed\.$/);
  });

  it('is a task folder that takes more than 250 KB', () => {
    const problems = problemsIn(withFile('TriggerPipeline/yauzl.js', '', 250 * 1024), root);
    assert.match(problems.join(), /^TriggerPipeline has \d+ bytes zipped; at most 256000 are allowed\.$/);
  });

  it('is a task without its task.json, its icon or its script', () => {
    assert.deepEqual(problemsIn(without('TriggerPipeline/icon.png'), root), ['TriggerPipeline/icon.png is missing.']);
    assert.deepEqual(problemsIn(without('TriggerPipeline/index.js'), root), ['TriggerPipeline/index.js is missing.']);
    assert.deepEqual(problemsIn(without('TriggerPipeline/postJob.js'), root), [
      'TriggerPipeline/postJob.js is missing.',
    ]);
    assert.deepEqual(problemsIn(without('TriggerPipeline/task.json'), root), ['TriggerPipeline/task.json is missing.']);
  });

  it('is a missing notice, bill of materials, licence, page or icon of the extension', () => {
    for (const name of [
      'ThirdPartyNotices.txt',
      'sbom.cdx.json',
      'LICENSE.md',
      'overview.md',
      'privacy.md',
      'images/icon.png',
    ]) {
      assert.deepEqual(problemsIn(without(name), root), [`${name} is missing.`]);
    }
  });

  it('is a package that contributes no task', () => {
    const problems = problemsIn(withFile('extension.vsomanifest', '{"contributions":[]}'), root);
    assert.deepEqual(problems, ['The package contributes no task.']);
  });

  it('is a node_modules folder', () => {
    const problems = problemsIn(withFile('x/node_modules/yaml/index.js', ''), root);
    assert.deepEqual(problems, ['x/node_modules/yaml/index.js lies in node_modules.']);
  });

  it('is a source map, as a file or inside one', () => {
    assert.deepEqual(problemsIn(withFile('x.js.map', '{}'), root), ['x.js.map is or has a source map.']);
    const inline = problemsIn(withFile('x.js', '1;\n//# sourceMappingURL=data:,'), root);
    assert.deepEqual(inline, ['x.js is or has a source map.']);
  });

  it('is a path of the machine that built it', () => {
    const problems = problemsIn(withFile('x.js', `require('${root}/tasks/x')`), root);
    assert.equal(problems.filter((problem) => problem === `x.js names the folder ${root} of this machine.`).length, 1);
  });
});

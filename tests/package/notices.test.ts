import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { lazyRequires } from '../../scripts/lazyRequires';
import { taskFolders, type PackagedFile } from '../../scripts/packageContents';
import { packagedFiles, readJson, root, textIn } from './thePackage';

describe('The third-party notices', function () {
  this.timeout(60_000);
  let files: PackagedFile[];
  before(() => {
    files = packagedFiles();
  });

  it('name every package of which a task holds a part, with its version and the text of its licence', async () => {
    const notices = textIn(files, 'ThirdPartyNotices.txt');
    for (const folder of await bundledPackages(taskFolders(files))) {
      const { name, version } = readJson<{ name: string; version: string }>(path.join(folder, 'package.json'));
      assert.ok(notices.includes(`\n${name} ${version} (`), `${name} ${version}`);
      const licence = fs.readdirSync(path.join(root, folder)).find((file) => /^(licen[cs]e|copying)/i.test(file));
      if (licence) assert.ok(notices.includes(fs.readFileSync(path.join(root, folder, licence), 'utf8').trim()), name);
    }
  });
});

async function bundledPackages(tasks: string[]): Promise<Set<string>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: tasks.map((task) => `tasks/${task}/index.ts`),
    outdir: 'unused',
    bundle: true,
    platform: 'node',
    plugins: [lazyRequires],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const folders = Object.keys(metafile.inputs).map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const found = new Set(folders.filter((folder) => folder !== undefined));
  assert.ok(found.size > 3, 'the tasks hold parts of several packages');
  return found;
}

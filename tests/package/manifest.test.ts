import assert from 'node:assert/strict';
import type { PackagedFile } from '../../scripts/packageContents';
import { contentIn, packagedFiles, readJson, textIn } from './thePackage';

interface Contribution {
  id: string;
  type: string;
  targets: string[];
  properties: { name: string };
}

interface Manifest {
  manifestVersion: number;
  id: string;
  publisher: string;
  name: string;
  version: string;
  description: string;
  public: boolean;
  categories: string[];
  targets: { id: string }[];
  scopes: string[];
  contributions: Contribution[];
  files: { path: string; packagePath?: string }[];
}

/** A contribution id is part of the task's full name in YAML and must never change. */
const CONTRIBUTION_OF: Record<string, string> = {
  TriggerPipeline: 'trigger-pipeline',
  TriggerRelease: 'trigger-release',
  DockerBaseStaleCheck: 'docker-base-stale-check',
};

describe('The manifest of the extension', function () {
  this.timeout(60_000);
  let files: PackagedFile[];
  let manifest: Manifest;
  let tasks: Contribution[];
  before(() => {
    files = packagedFiles();
    manifest = readJson('vss-extension.json');
    tasks = manifest.contributions.filter(({ type }) => type === 'ms.vss-distributed-task.task');
  });

  it('has all fields that the Marketplace asks for', () => {
    assert.equal(manifest.manifestVersion, 1);
    assert.equal(manifest.id, 'pipeline-cascade');
    assert.equal(manifest.name, 'Pipeline Cascade');
    assert.match(manifest.publisher, /^[A-Za-z0-9-]+$/);
    assert.match(manifest.version, /^\d+\.\d+\.\d+$/);
    assert.equal(manifest.public, true);
    assert.deepEqual(manifest.categories, ['Azure Pipelines']);
    assert.deepEqual(manifest.targets, [{ id: 'Microsoft.VisualStudio.Services' }]);
    assert.ok(manifest.description.length > 0 && manifest.description.length <= 200, 'at most 200 characters');
  });

  it('has the version of the project', () => {
    assert.equal(manifest.version, readJson<{ version: string }>('package.json').version);
  });

  it('asks for no right but those that the tab needs, because a further one has to be granted by every organization', () => {
    // Cancelling a run and running its stages again need the first, a release's stages the second; both include reading.
    assert.deepEqual(manifest.scopes, ['vso.build_execute', 'vso.release_execute']);
  });

  it('explains each right on the page', () => {
    const overview = textIn(files, 'overview.md');
    for (const scope of manifest.scopes) assert.ok(overview.includes(`\`${scope}\``), scope);
  });

  it('ships no tool of the tests', () => {
    for (const { name, content } of files) {
      assert.doesNotMatch(name, /axe|playwright/i);
      assert.doesNotMatch(Buffer.from(content).toString('latin1'), /axe-core|deque\.com|playwright/i, name);
    }
  });

  it('contributes each task under its lasting id, from a folder of its own', () => {
    assert.ok(tasks.length > 0);
    for (const { id, targets, properties } of tasks) {
      assert.equal(id, CONTRIBUTION_OF[properties.name]);
      assert.deepEqual(targets, ['ms.vss-distributed-task.tasks']);
      const task = JSON.parse(textIn(files, `${properties.name}/task.json`)) as { name: string };
      assert.equal(task.name, properties.name);
    }
  });

  it('moves no file to another place, because tfx then stops looking at task.json', () => {
    assert.deepEqual(
      manifest.files.filter(({ packagePath }) => packagePath !== undefined),
      [],
    );
  });

  it('has every file that it names in the package', () => {
    for (const { path } of manifest.files) {
      assert.ok(
        files.some(({ name }) => name === path || name.startsWith(`${path}/`)),
        path,
      );
    }
  });

  it('packages every file with a type that a browser knows', () => {
    const types = textIn(files, '[Content_Types].xml');
    assert.doesNotMatch(types, /octet-stream/);
    assert.match(types, /ContentType="text\/plain" PartName="\/ThirdPartyNotices.txt"/);
  });

  it('has an icon of 128 by 128 pixels, and each task one of 32 by 32', () => {
    assert.deepEqual(pngSize(contentIn(files, 'images/icon.png')), [128, 128]);
    for (const { properties } of tasks) {
      assert.deepEqual(pngSize(contentIn(files, `${properties.name}/icon.png`)), [32, 32]);
    }
  });
});

/** Width and height stand behind the signature and the name of the first chunk. */
function pngSize(content: Uint8Array): [number, number] {
  const bytes = Buffer.from(content);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

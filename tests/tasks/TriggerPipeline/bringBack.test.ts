import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { ArtifactScript } from '../../../emulator/state/script';
import { together } from '../together';
import { closeOrganizations, issuesOf, logOf, startOrganization, until, type Organization } from './organization';

async function withArtifacts(artifacts: ArtifactScript[], script: object = {}): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({ script: { durationMs: 0, artifacts, ...script } });
  return organization;
}

function outputs(files: Record<string, string>): ArtifactScript[] {
  return [{ name: 'outputs', files }];
}

/** All files below a folder, relative, with `/`. */
function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

describe('TriggerPipeline: what the children leave', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('sets the entries of outputs.json as outputs, secrets as secrets, its own outputs untouched', async () => {
    const text = JSON.stringify({
      digest: 'sha256:1',
      n: 7,
      key: { value: 's3cret-value', isSecret: true },
      result: 'mine',
    });
    const fabrikam = await withArtifacts(outputs({ 'outputs.json': text }));
    const step = await fabrikam.run({ outputsArtifact: 'outputs' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([step.outputs.out_digest, step.outputs.out_n, step.outputs.out_result], ['sha256:1', '7', 'mine']);
    assert.equal(step.outputs.result, 'succeeded');
    assert.ok(step.secretNames.includes('out_key'));
    assert.ok(!logOf(step).includes('s3cret-value'));
  });

  it('sets those of each item under its name, and reads outputs.env', async () => {
    const fabrikam = await withArtifacts(outputs({ 'outputs.env': '# note\nTAG=a=b\n\nEMPTY=\r\n' }));
    const step = await fabrikam.run({ outputsArtifact: 'outputs', runs: '- { name: r-base }\n- { name: b }' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.out_r_base_TAG, 'a=b');
    assert.equal(step.outputs.out_b_TAG, 'a=b');
  });

  it('fails with the reason when the outputs cannot be used', async () => {
    const cases: [ArtifactScript[], RegExp][] = [
      [[{ name: 'drop', files: { x: '' } }], /has no artifact 'outputs'.*It has: drop/],
      [outputs({ 'other.txt': '' }), /neither outputs\.json nor outputs\.env/],
      [outputs({ 'outputs.json': '{ not json' }), /is no JSON/],
      [outputs({ 'outputs.json': '[1]' }), /no JSON object/],
      [outputs({ 'outputs.json': '{"a-b":"x"}' }), /'a-b' is no variable name/],
      [outputs({ 'outputs.env': 'no assignment' }), /line 1 is not NAME=value/],
      [outputs({ 'outputs.json': JSON.stringify({ a: 'x'.repeat(1_100_000) }) }), /larger than 1 MB/],
    ];
    for (const [artifacts, message] of cases) {
      const step = await (await withArtifacts(artifacts)).run({ outputsArtifact: 'outputs' });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
      assert.equal(step.outputs.result, 'succeeded', 'the outputs of the step itself are there');
    }
  });

  it('keeps what was set before, and names the file, when the outputs of one of several cannot be used', async () => {
    const files = (parameters: Record<string, unknown>) =>
      parameters.image === 'bad'
        ? { 'outputs.json': '{ "no good": 1 }' }
        : { 'outputs.json': '{ "digest": "sha256:1" }' };
    const fabrikam = await startOrganization();
    fabrikam.add({
      parameters: [{ name: 'image', type: 'string', default: '' }],
      script: ({ parameters }) => ({ durationMs: 0, artifacts: outputs(files(parameters)) }),
    });
    const runs = '- { name: a }\n- { name: b, parameters: { image: bad } }\n- { name: c }';
    const step = await fabrikam.run({ runs, outputsArtifact: 'outputs' });
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /^outputsArtifact: outputs\.json of artifact 'outputs' of rebuild \S+ \(b\): 'no good' is no variable name/,
    );
    assert.equal(step.outputs.out_a_digest, 'sha256:1');
    assert.deepEqual(
      Object.keys(step.outputs).filter((name) => name.startsWith('out_b_')),
      [],
    );
  });

  it('sets nothing but outputs of its own with their prefix, whatever the names', async () => {
    const names = ['result', 'runId', 'runIds', 'PATH', 'agent_jobstatus', 'system_accesstoken', 'SYSTEM_DEBUG'];
    const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, 'taken over'])));
    const fabrikam = await withArtifacts(outputs({ 'outputs.json': text }));
    const step = await fabrikam.run({ outputsArtifact: 'outputs' });
    assert.equal(step.result, 'Succeeded', step.message);
    const taken = Object.keys(step.outputs).filter((name) => step.outputs[name] === 'taken over');
    assert.deepEqual(taken.toSorted(), names.map((name) => `out_${name}`).toSorted());
    assert.deepEqual(step.variables, {}, 'no variable of the job is set');
    assert.deepEqual([step.outputs.result, step.outputs.runId], ['succeeded', '1001']);
  });

  it('refuses an output that another child has set already', async () => {
    const fabrikam = await withArtifacts(outputs({ 'outputs.json': '{ "tag": "1" }' }));
    const step = await fabrikam.run({ outputsArtifact: 'outputs', runs: '- { name: r-base }\n- { name: r.base }' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /would be the output out_r_base_tag, which rebuild \S+ \(r-base\) has set/);
  });

  it('downloads artifacts of both types by name and pattern, also of a run that failed', async () => {
    const artifacts: ArtifactScript[] = [
      { name: 'sbom-linux', files: { 'a/sbom.json': '{}' } },
      { name: 'drop', type: 'Container', files: { 'x.txt': 'x', 'sub/y.txt': 'y' } },
      { name: 'left', files: { z: 'z' } },
    ];
    const fabrikam = await withArtifacts(artifacts, { result: 'failed' });
    const step = await fabrikam.run({ downloadArtifacts: 'sbom-*, DROP, nothing', runs: '- { name: one }' });
    assert.equal(step.result, 'Failed');
    const folder = path.join(step.job.folder, '_work', '1', 'cascade');
    assert.deepEqual(filesBelow(folder), ['one/drop/sub/y.txt', 'one/drop/x.txt', 'one/sbom-linux/a/sbom.json']);
    assert.match(issuesOf(step, 'warning').join('\n'), /has no artifact 'nothing'/);
  });

  it('puts them below artifactsFolder, a single run under its id, also one that was reused', async () => {
    const fabrikam = await withArtifacts([{ name: 'drop', files: { x: 'x' } }]);
    const { state } = fabrikam.emulator;
    state.queue(state.pipelines[0]!);
    await until(() => state.look(fabrikam.runs[0]!).status === 'completed');
    const step = await fabrikam.run({ downloadArtifacts: 'drop', artifactsFolder: 'in', ifBuilt: 'reuse' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(filesBelow(path.join(step.job.folder, '_work', '1', 'in')), ['1001/drop/x']);
  });

  it('refuses to put the artifact of one item over that of another', async () => {
    const fabrikam = await withArtifacts([{ name: 'drop', files: { x: 'x' } }]);
    const runs = '- { name: images/r }\n- { name: images_r }';
    const step = await fabrikam.run({ downloadArtifacts: 'drop, d*', runs });
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /artifact drop of rebuild \S+ \(images_r\) would be put into \S+images_r\S+, where artifact drop of rebuild \S+ \(images\/r\) is/,
    );
  });

  it('refuses an entry that would leave the folder', async () => {
    const fabrikam = await withArtifacts([{ name: 'drop', files: { '../../../../evil.txt': 'x' } }]);
    const step = await fabrikam.run({ downloadArtifacts: 'drop' });
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /^The artifact 'drop' of rebuild \S+ holds the entry 'drop\/\.\.\/\.\.\/\.\.\/\.\.\/evil\.txt', which would leave its folder; nothing more of it is unpacked/,
    );
    assert.ok(!filesBelow(step.job.folder).some((file) => file.includes('evil')));
  });

  it('takes no half of an artifact: one that was cut off is asked for again', async () => {
    const big = 'x'.repeat(300_000);
    const fabrikam = await withArtifacts([{ name: 'drop', files: { 'a.txt': big } }]);
    const content = ({ path: address }: { path: string }) =>
      address.includes('format=zip') || address.includes('content');
    fabrikam.emulator.faults.add({ kind: 'truncate', match: content });
    const step = await fabrikam.run({ downloadArtifacts: 'drop' });
    assert.equal(step.result, 'Succeeded', step.message);
    const file = path.join(step.job.folder, '_work', '1', 'cascade', '1001', 'drop', 'a.txt');
    assert.equal(fs.readFileSync(file, 'utf8'), big);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ArtifactScript } from '../../../../emulator/state/script';
import { until } from '../organization';
import { succeed, withPipeline, type InputTests } from './inputTest';

const ARTIFACTS: ArtifactScript[] = [
  { name: 'outputs', files: { 'outputs.json': '{ "digest": "sha256:12" }' } },
  { name: 'sbom-linux', files: { 'sbom.json': '{}' } },
  { name: 'drop', type: 'Container', files: { 'a/x.txt': 'x' } },
];

function withArtifacts() {
  return withPipeline({ script: { durationMs: 0, artifacts: ARTIFACTS } });
}

/** A run that has ended, for what can be wrong with it only then. */
async function withEndedRun() {
  const fabrikam = await withArtifacts();
  const { state } = fabrikam.emulator;
  const run = state.queue(state.pipelines[0]!);
  await until(() => state.look(run).status === 'completed');
  return fabrikam;
}

/** Inputs that say what is brought back from the children. */
export const WHAT_COMES_BACK: InputTests = {
  outputsArtifact: {
    use: [
      'makes the entries of its outputs.json outputs of the step',
      async () => {
        const step = await succeed(await withArtifacts(), { outputsArtifact: 'outputs' });
        assert.equal(step.outputs.out_digest, 'sha256:12');
      },
    ],
    misuse: {
      where: withEndedRun,
      inputs: { action: 'wait', runIds: '1001', outputsArtifact: 'outptus' },
      says: /^outputsArtifact: rebuild \S+ has no artifact 'outptus' with outputs\. It has: outputs, sbom-linux, drop\./,
    },
  },
  downloadArtifacts: {
    use: [
      'downloads what fits a name or a pattern',
      async () => {
        const step = await succeed(await withArtifacts(), { downloadArtifacts: 'sbom-*, drop' });
        const folder = path.join(step.job.folder, '_work', '1', 'cascade', '1001');
        assert.deepEqual(fs.readdirSync(folder).toSorted(), ['drop', 'sbom-linux']);
        assert.equal(fs.readFileSync(path.join(folder, 'drop', 'a', 'x.txt'), 'utf8'), 'x');
      },
    ],
    misuse: {
      where: withArtifacts,
      inputs: { downloadArtifacts: '{ name: drop }' },
      says: /^downloadArtifacts: a list is wanted, this is a map/,
    },
  },
  artifactsFolder: {
    use: [
      'is where to, in the workspace or anywhere',
      async () => {
        const elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-'));
        try {
          const fabrikam = await withArtifacts();
          const step = await succeed(fabrikam, { downloadArtifacts: 'drop', artifactsFolder: 'in/here' });
          assert.ok(
            fs.existsSync(path.join(step.job.folder, '_work', '1', 'in', 'here', '1001', 'drop', 'a', 'x.txt')),
          );
          const inputs = { downloadArtifacts: 'drop', artifactsFolder: elsewhere };
          await succeed(fabrikam, inputs, { stepName: 'other' });
          assert.ok(fs.existsSync(path.join(elsewhere, '1002', 'drop', 'a', 'x.txt')));
        } finally {
          fs.rmSync(elsewhere, { recursive: true });
        }
      },
    ],
    misuse: {
      where: withArtifacts,
      inputs: { downloadArtifacts: 'drop', artifactsFolder: path.join(__filename, 'below') },
      says: /^artifactsFolder: '.*below' cannot be made: ENOTDIR.*Name another folder\./,
    },
  },
};

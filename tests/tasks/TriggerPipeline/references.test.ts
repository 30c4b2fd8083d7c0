import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, startOrganization, type Organization } from './organization';

/** A repository with branches, a tag, a pull request, and a name that is both a branch and a tag. */
async function withReferences(): Promise<Organization> {
  const organization = await startOrganization();
  const pipeline = organization.add();
  const { state } = organization.emulator;
  for (const branch of ['release/2', 'both']) state.addCommit(pipeline, branch);
  const head = state.branches(pipeline)['release/2']!;
  Object.assign(state.tags(pipeline), { 'v1.0': head, both: head });
  pipeline.repository.otherRefs['refs/pull/7/merge'] = head;
  return organization;
}

describe('TriggerPipeline: branch and commit', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('starts on the branch, tag or pull request that is given, else on the default branch', async () => {
    const fabrikam = await withReferences();
    const cases: [given: string, used: string][] = [
      ['', 'refs/heads/main'],
      ['release/2', 'refs/heads/release/2'],
      ['refs/heads/release/2', 'refs/heads/release/2'],
      ['refs/tags/v1.0', 'refs/tags/v1.0'],
      ['refs/pull/7/merge', 'refs/pull/7/merge'],
      ['both', 'refs/heads/both'],
      ['v1.0', 'refs/tags/v1.0'],
    ];
    for (const [branch, used] of cases) {
      const step = await fabrikam.run({ branch, waitForCompletion: 'false' });
      assert.equal(step.result, 'Succeeded', `${branch}: ${step.message}`);
      assert.equal(fabrikam.runs.at(-1)?.branch, used);
    }
    assert.equal(fabrikam.runs.length, cases.length);
  });

  it('takes a bare name for a tag with chosen stages as well', async () => {
    const fabrikam = await startOrganization();
    const pipeline = fabrikam.add({ stages: [{ name: 'Build' }, { name: 'Scan' }] });
    const { state } = fabrikam.emulator;
    state.tags(pipeline).v2 = state.branches(pipeline).main!;
    const step = await fabrikam.run({ branch: 'v2', stages: 'Build', waitForCompletion: 'false' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.runs[0]?.branch, 'refs/tags/v2');
  });

  it('gives the reasons of the service for a branch that does not exist', async () => {
    const fabrikam = await withReferences();
    const step = await fabrikam.run({ branch: 'mian' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /refs\/heads\/mian/);
    assert.equal(fabrikam.runs.length, 0);
  });

  it('starts at a commit', async () => {
    const fabrikam = await withReferences();
    const { state } = fabrikam.emulator;
    const pipeline = state.pipelines[0]!;
    const older = state.branches(pipeline).main!;
    state.addCommit(pipeline, 'main');
    const step = await fabrikam.run({ commit: older, branch: 'main', waitForCompletion: 'false' });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([fabrikam.runs[0]?.commit, fabrikam.runs[0]?.branch], [older, 'refs/heads/main']);
    const unknown = await fabrikam.run({ commit: 'f'.repeat(40) });
    assert.match(unknown.message ?? '', /f{40} could not be found/);
  });
});

import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, startOrganization, type Organization } from './organization';

/** Starts without waiting: which pipeline was meant shows in the run. */
async function startedBy(organization: Organization, pipeline: string, more = {}): Promise<number | undefined> {
  const step = await organization.run({ pipeline, waitForCompletion: 'false', ...more });
  assert.equal(step.result, 'Succeeded', step.message);
  return organization.runs.find(({ id }) => String(id) === step.outputs.runId)?.pipeline.id;
}

describe('TriggerPipeline: which pipeline is meant', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('finds it by id, by name and by path, without regard to case', async () => {
    const fabrikam = await startOrganization();
    const { id } = fabrikam.add({ folder: '\\images\\base' });
    const other = fabrikam.add({ folder: '\\apps', name: 'Web & API (main)' });
    const names = [String(id), 'rebuild', 'REBUILD', '\\images\\base\\rebuild', '/Images/base/Rebuild'];
    const found = await Promise.all(names.map((name) => startedBy(fabrikam, name)));
    assert.deepEqual(
      found,
      names.map(() => id),
    );
    assert.equal(await startedBy(fabrikam, 'web & api (MAIN)'), other.id);
  });

  it('takes a number for an id first, then for a name', async () => {
    const fabrikam = await startOrganization();
    const named = fabrikam.add({ id: 50, name: '2024' });
    const numbered = fabrikam.add({ id: 60, name: '50' });
    assert.equal(await startedBy(fabrikam, '2024'), named.id);
    assert.equal(await startedBy(fabrikam, '50'), named.id, 'the one with that id wins over the one of that name');
    assert.equal(await startedBy(fabrikam, '\\50'), numbered.id, 'a path is a name');
  });

  it('finds a name with a slash in it, and takes a project by name or id', async () => {
    const fabrikam = await startOrganization();
    const project = fabrikam.emulator.state.addProject('Other Project');
    const { id } = fabrikam.add({ name: 'images/rebuild', project: 'Other Project' });
    assert.equal(await startedBy(fabrikam, 'images/rebuild', { project: 'other project' }), id);
    assert.equal(await startedBy(fabrikam, 'images/rebuild', { project: project.id }), id);
  });

  it('lists the paths when a name means several pipelines', async () => {
    const fabrikam = await startOrganization();
    for (const folder of ['\\images', '\\apps\\web', '']) fabrikam.add({ folder });
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /'rebuild' names 3 pipelines of project 'Fabrikam'/);
    for (const path of ['\\images\\rebuild', '\\apps\\web\\rebuild', '\\rebuild'])
      assert.ok(step.message?.includes(path), path);
    assert.equal(fabrikam.runs.length, 0);
  });

  it('lists the nearest names when there is none', async () => {
    const fabrikam = await startOrganization();
    for (const name of ['rebuild', 'release', 'docs', 'integration-tests']) fabrikam.add({ name, folder: '\\images' });
    const step = await fabrikam.run({ pipeline: 'rebuidl' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /has no pipeline 'rebuidl'.* The nearest: \\images\\rebuild,/);
    const byId = await fabrikam.run({ pipeline: '4242' });
    assert.match(byId.message ?? '', /has no pipeline '4242'/);
  });

  it('says of a project that does not exist, or is not seen, what to check', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const step = await fabrikam.run({ project: 'Nowhere' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /Nowhere/);
    assert.match(step.message ?? '', /does not exist, or .+ may not see it/);
  });

  it('refuses a disabled and a paused pipeline before anything starts, with the link', async () => {
    const fabrikam = await startOrganization();
    for (const queueStatus of ['disabled', 'paused'] as const) {
      const { id } = fabrikam.add({ name: queueStatus, queueStatus });
      const step = await fabrikam.run({ pipeline: queueStatus });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', new RegExp(`'${queueStatus}' is ${queueStatus}: .*http\\S+definitionId=${id}`));
    }
    assert.equal(fabrikam.starts().length, 0);
    assert.equal(fabrikam.runs.length, 0);
  });

  it('asks little before the run is queued: three requests by id, one more by name, one more with stages', async () => {
    const before = async (inputs: Record<string, string>) => {
      const fabrikam = await startOrganization();
      fabrikam.add({ id: 77, stages: [{ name: 'Build' }, { name: 'Scan' }] });
      const step = await fabrikam.run({ waitForCompletion: 'false', ...inputs });
      assert.equal(step.result, 'Succeeded', step.message);
      const { calls } = fabrikam.emulator;
      assert.deepEqual([...new Set(calls.map(({ connection }) => connection))], [1], 'all over one connection');
      return calls.indexOf(fabrikam.starts()[0]!);
    };
    const [byId, byName, withStages, withAll] = await Promise.all([
      before({ pipeline: '77' }),
      before({ pipeline: 'rebuild' }),
      before({ pipeline: '77', stages: 'Build' }),
      before({ pipeline: '\\rebuild', stages: 'Build', branch: 'main', tags: 'nightly' }),
    ]);
    assert.ok(byId <= 3, `by id: ${byId}`);
    assert.ok(byName <= 4, `by name: ${byName}`);
    assert.ok(withStages <= 4, `with stages: ${withStages}`);
    assert.ok(withAll <= 5, `by path with stages: ${withAll}`);
  });
});

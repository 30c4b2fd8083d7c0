import assert from 'node:assert/strict';
import type { NewStage } from '../../../emulator/state/pipelines';
import { together } from '../together';
import { closeOrganizations, startOrganization, type Organization, type StepInputs } from './organization';

const STAGES: NewStage[] = [
  { name: 'Build', displayName: 'Build the image' },
  { name: 'Scan', displayName: 'Deploy', dependsOn: [] },
  { name: 'Deploy', displayName: 'To production', dependsOn: ['Build'] },
  { name: 'Audit', dependsOn: [], isSkippable: false },
];

async function withStages(stages: NewStage[] = STAGES): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({ stages });
  return organization;
}

async function skippedBy(inputs: StepInputs): Promise<string[] | undefined> {
  const fabrikam = await withStages();
  const step = await fabrikam.run({ ...inputs, waitForCompletion: 'false' });
  assert.equal(step.result, 'Succeeded', step.message);
  return fabrikam.runs[0]?.stagesToSkip.toSorted();
}

async function refusalOf(inputs: StepInputs, organization?: Organization): Promise<string> {
  const fabrikam = organization ?? (await withStages());
  const step = await fabrikam.run(inputs);
  assert.equal(step.result, 'Failed');
  assert.equal(fabrikam.starts().length, 0, 'nothing starts');
  return step.message ?? '';
}

describe('TriggerPipeline: stages', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('runs only the stages that are asked for, by reference name or display name in any case', async () => {
    assert.deepEqual(await skippedBy({ stages: 'build, AUDIT' }), ['Deploy', 'Scan']);
    assert.deepEqual(await skippedBy({ stages: 'Build the Image\nAudit' }), ['Deploy', 'Scan']);
    assert.deepEqual(await skippedBy({ stages: '- to production\n- Audit' }), ['Build', 'Scan']);
  });

  it('lets a reference name win over the same display name', async () => {
    assert.deepEqual(await skippedBy({ stages: 'deploy, audit' }), ['Build', 'Scan']);
  });

  it('leaves out the stages of stagesToSkip, in the case of the YAML', async () => {
    assert.deepEqual(await skippedBy({ stagesToSkip: 'SCAN' }), ['Scan']);
    assert.deepEqual(await skippedBy({ stagesToSkip: '["scan", "To production"]' }), ['Deploy', 'Scan']);
  });

  it('puts the tags on a run that it starts with stages', async () => {
    const fabrikam = await withStages();
    await fabrikam.run({ stages: 'Build, Audit', tags: 'nightly' });
    assert.deepEqual(fabrikam.runs[0]?.tags.toSorted(), ['cascade-parent-4711', 'nightly']);
  });

  it('lists the stages when one does not exist', async () => {
    for (const input of ['stages', 'stagesToSkip']) {
      assert.match(
        await refusalOf({ [input]: 'Build, Biuld' }),
        new RegExp(
          `${input}: 'Biuld' is no stage of 'rebuild'\\. Its stages: Build \\('Build the image'\\), Scan \\('Deploy'\\), Deploy \\('To production'\\), Audit\\.`,
        ),
      );
    }
  });

  it('lists the stages when one may not be skipped', async () => {
    assert.match(await refusalOf({ stages: 'Build' }), /Audit of 'rebuild' may not be skipped.* Its stages: Build/);
    assert.match(
      await refusalOf({ stagesToSkip: 'Audit' }),
      /Audit of 'rebuild' may not be skipped.* Its stages: Build/,
    );
  });

  it('refuses to skip all stages, to select and skip at once, and any of it without stages', async () => {
    assert.match(
      await refusalOf({ stagesToSkip: 'Build, Scan, Deploy' }, await withStages(STAGES.slice(0, 3))),
      /no stage/,
    );
    assert.match(await refusalOf({ stages: 'Build', stagesToSkip: 'Scan' }), /stages and stagesToSkip/);
    assert.match(await refusalOf({ stages: 'Build' }, await withStages([])), /'rebuild' has no stages/);
  });

  it('refuses stages of a classic pipeline', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ kind: 'classic' });
    assert.match(await refusalOf({ stages: 'Build' }, fabrikam), /classic.*no stages/);
  });

  it('judges only the stages that ran', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: STAGES, script: { durationMs: 0, stages: { Scan: { result: 'failed' } } } });
    const step = await fabrikam.run({ stagesToSkip: 'Scan' });
    assert.equal(step.result, 'Succeeded', step.message);
    const [entry] = JSON.parse(step.outputs.results ?? '[]') as { stages: { name: string; result: string }[] }[];
    assert.deepEqual(
      entry?.stages.map(({ name, result }) => `${name} ${result}`),
      ['Build succeeded', 'Scan skipped', 'Deploy succeeded', 'Audit succeeded'],
    );
  });
});

import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, logOf, startOrganization } from './organization';
import { startParent } from './parentRun';

const YAML = `
parameters:
  - { name: async, type: boolean, default: false }
  - { name: image, type: string, default: none }
stages:
  - stage: Build
    jobs: [{ job: build, steps: [{ script: docker build . }] }]
  - stage: SlowScan
    dependsOn: []
    condition: eq('\${{ parameters.async }}', 'true')
    jobs: [{ job: scan, steps: [{ script: scan }] }]
  - stage: Collect
    dependsOn: Build
    jobs: [{ job: collect, steps: [{ script: collect }] }]
`;

describe('TriggerPipeline: asynchronous stages', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('runs a stage of the own YAML beside the parent, and a later stage collects it', async () => {
    const fabrikam = await startOrganization();
    const parent = startParent(fabrikam, YAML);
    parent.run.pipeline.script = ({ runId }) => ({ durationMs: runId === parent.run.id ? 3_600_000 : 500 });
    const inputs = {
      pipeline: String(parent.run.pipeline.id),
      branch: parent.run.branch,
      commit: parent.run.commit,
      stages: 'SlowScan',
      inherit: 'parameters, debug',
      parameters: 'async: true\nimage: r-base',
      waitForCompletion: 'false',
    };
    const first = await fabrikam.run(inputs, parent.step({ stage: 'Build', job: 'build' }));
    assert.equal(first.result, 'Succeeded', first.message);
    assert.equal(first.outputs.result, 'started');
    const small = fabrikam.runs[1];
    assert.equal(small?.commit, parent.run.commit);
    assert.deepEqual(small.stagesToSkip.toSorted(), ['Build', 'Collect']);
    assert.equal(small.templateParameters.image, 'r-base');
    parent.publish(first);
    const step = await fabrikam.run(
      { action: 'wait', pipeline: '', retryFailedStages: '1' },
      parent.step({ stage: 'Collect', job: 'collect' }),
    );
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.outputs.runId, String(small.id));
    assert.match(logOf(step), new RegExp(`succeeded {2}parent \\S+ .*buildId=${small.id}`));
  });

  it('refuses a stage that is not in the YAML before anything starts', async () => {
    const fabrikam = await startOrganization();
    const parent = startParent(fabrikam, YAML);
    const step = await fabrikam.run({ pipeline: String(parent.run.pipeline.id), stages: 'Scan' }, parent.step());
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /'Scan' is no stage of 'parent'.*Build, SlowScan, Collect/);
    assert.equal(fabrikam.starts().length, 0);
  });
});

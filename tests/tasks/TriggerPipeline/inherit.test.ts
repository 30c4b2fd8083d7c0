import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, logOf, startOrganization } from './organization';
import { startParent } from './parentRun';

const PARENT = `
parameters:
  - { name: image, type: string, default: none }
  - { name: mine, type: string, default: x }
steps: [{ script: make }]
`;
const CHILD = `
parameters:
  - { name: image, type: string, default: none }
  - { name: level, type: string, default: low }
resources:
  pipelines: [{ pipeline: upstream, source: upstream }]
steps: [{ script: make }]
`;

describe('TriggerPipeline: what a run hands on', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('inherit: hands on the parameters of the same names; explicit ones win', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ yaml: CHILD });
    const parent = startParent(fabrikam, PARENT);
    parent.run.templateParameters = { image: 'r-base', mine: 'y' };
    const inputs = { inherit: 'parameters', waitForCompletion: 'false' };
    const step = await fabrikam.run(inputs, parent.step());
    assert.equal(step.result, 'Succeeded', step.message);
    await fabrikam.run({ ...inputs, parameters: 'image: other' }, { ...parent.step(), stepName: 'other' });
    const given = fabrikam.runs.slice(1).map(({ templateParameters }) => templateParameters);
    assert.deepEqual(given, [{ image: 'r-base' }, { image: 'other' }]);
  });

  it('inherit: debug reaches the child only when the parent runs with it', async () => {
    for (const debug of [false, true]) {
      const fabrikam = await startOrganization();
      fabrikam.add({ variables: { 'system.debug': { value: 'false', allowOverride: true } } });
      const parent = startParent(fabrikam, PARENT);
      const step = await fabrikam.run({ inherit: 'debug', waitForCompletion: 'false' }, parent.step({ debug }));
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(fabrikam.runs[1]?.variables['system.debug'], debug ? 'true' : undefined);
    }
  });

  it('inherit: repositories takes the same commit where both have the same repository', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ yaml: PARENT });
    const parent = startParent(fabrikam, PARENT);
    fabrikam.emulator.state.addCommit(parent.run.pipeline, 'main', { '/later': 'x' });
    const step = await fabrikam.run({ inherit: 'repositories', waitForCompletion: 'false' }, parent.step());
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.runs[1]?.commit, parent.run.commit);
  });

  it('exportVariables: a pattern takes public variables, a secret has to be named in full', async () => {
    const fabrikam = await startOrganization();
    const names = ['imgName', 'imgTag', 'imgKey', 'other'];
    const variables = Object.fromEntries(names.map((name) => [name, { value: '', allowOverride: true }]));
    fabrikam.add({ variables });
    fabrikam.add({ name: 'old', kind: 'classic', variables });
    const parent = startParent(fabrikam, PARENT);
    const options = {
      ...parent.step(),
      secretVariables: { imgKey: 'k3y-of-the-image' },
    };
    options.variables = { ...options.variables, imgName: 'r-base', imgTag: '4.4', other: 'no' };
    const inputs = { waitForCompletion: 'false' };
    const step = await fabrikam.run({ ...inputs, exportVariables: 'img*' }, options);
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(fabrikam.runs[1]?.variables, { imgName: 'r-base', imgTag: '4.4' });
    const secret = await fabrikam.run({ ...inputs, exportVariables: 'imgKey' }, { ...options, stepName: 'secret' });
    assert.equal(secret.result, 'Succeeded', secret.message);
    assert.deepEqual(fabrikam.runs[2]?.secrets, ['imgKey']);
    assert.ok(!logOf(secret).includes('k3y-of-the-image'));
    const classic = await fabrikam.run({ ...inputs, pipeline: 'old', exportVariables: 'imgKey' }, options);
    assert.match(classic.message ?? '', /classic one, to which no variable can be sent as a secret/);
    const missing = await fabrikam.run({ ...inputs, exportVariables: 'nothing' }, options);
    assert.match(missing.message ?? '', /the variable 'nothing' is not set/);
  });

  it('resources: an alias that is not declared is an error that lists them; a run goes by id and by number', async () => {
    const fabrikam = await startOrganization();
    const { state } = fabrikam.emulator;
    const upstream = fabrikam.add({ name: 'upstream' });
    const source = state.queue(upstream);
    state.queue(upstream);
    fabrikam.add({ yaml: CHILD });
    const wrong = await fabrikam.run({ resources: 'pipelines: { up: 1 }' });
    assert.match(wrong.message ?? '', /'up' is no alias under resources: pipelines of 'rebuild'. It declares upstream/);
    for (const version of [String(source.id), source.number]) {
      const inputs = { resources: `pipelines: { upstream: ${version} }`, waitForCompletion: 'false' };
      const step = await fabrikam.run(inputs);
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(state.findRun(Number(step.outputs.runId))?.resources.pipelines.upstream?.runId, source.id);
    }
  });
});

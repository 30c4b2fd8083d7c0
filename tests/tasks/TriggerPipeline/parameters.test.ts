import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, logOf, startOrganization, type Organization, type StepInputs } from './organization';

const DECLARED = [
  { name: 'image', type: 'string' },
  { name: 'environment', type: 'string', default: 'dev', values: ['dev', 'test', 'prod'] },
  { name: 'count', type: 'number', default: 1 },
  { name: 'push', type: 'boolean', default: false },
  { name: 'matrix', type: 'object', default: {} },
];

async function withParameters(): Promise<Organization> {
  const organization = await startOrganization();
  organization.add({
    parameters: DECLARED,
    variables: {
      region: { value: 'eu', allowOverride: true },
      fixed: 'x',
      key: { allowOverride: true, isSecret: true },
    },
  });
  return organization;
}

/** What the service was sent with the start. */
async function sent(inputs: StepInputs): Promise<{ templateParameters: Record<string, unknown>; variables: unknown }> {
  const fabrikam = await withParameters();
  const step = await fabrikam.run({ ...inputs, waitForCompletion: 'false' });
  assert.equal(step.result, 'Succeeded', step.message);
  const body = fabrikam.starts()[0]?.body as { templateParameters: Record<string, unknown>; parameters?: string };
  return { templateParameters: body.templateParameters, variables: JSON.parse(body.parameters ?? '{}') };
}

async function refusal(inputs: StepInputs, organization?: Organization): Promise<string> {
  const fabrikam = organization ?? (await withParameters());
  const step = await fabrikam.run(inputs);
  assert.equal(step.result, 'Failed');
  assert.equal(fabrikam.runs.length, 0);
  return step.message ?? '';
}

describe('TriggerPipeline: parameters and variables', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('sends plain values exactly as they are written', async () => {
    const { templateParameters } = await sent({ parameters: 'image: 1.10\ncount: 007\npush: True' });
    assert.deepEqual(templateParameters, { image: '1.10', count: '007', push: 'True' });
    const written = ['20261120.10', '12e4567', '0x1F', '1_000', '~', '2026-11-20', 'yes', "it's"];
    for (const value of written)
      assert.deepEqual((await sent({ parameters: `image: ${value}` })).templateParameters, { image: value });
  });

  it('reads name=value lines, with everything after the first = as value', async () => {
    const { templateParameters } = await sent({ parameters: 'image=r-base:4.3=x # y\n\nenvironment=prod' });
    assert.deepEqual(templateParameters, { image: 'r-base:4.3=x # y', environment: 'prod' });
  });

  it('sends an object as JSON text in which digits stay as they are written', async () => {
    const { templateParameters } = await sent({
      parameters: 'image: a\nmatrix:\n  version: [1.10, 007, "1.10", true, null, 1.0]\n  name: x',
    });
    assert.equal(templateParameters.matrix, '{"version":[1.10,"007","1.10",true,null,1.0],"name":"x"}');
  });

  it('accepts a block whose first line lost its indentation', async () => {
    const { templateParameters } = await sent({ parameters: 'image: a\n    environment: test\n    count: 3' });
    assert.deepEqual(templateParameters, { image: 'a', environment: 'test', count: '3' });
  });

  it('sends variables beside parameters', async () => {
    const { variables, templateParameters } = await sent({ parameters: 'image: a', variables: 'region: 01' });
    assert.deepEqual([variables, templateParameters], [{ region: '01' }, { image: 'a' }]);
  });

  it('sends a secret variable only through the API that marks it secret', async () => {
    const fabrikam = await withParameters();
    const step = await fabrikam.run({
      parameters: 'image: a',
      variables: 'region: us\nkey: { value: hunter2-hunter2, isSecret: true }',
      waitForCompletion: 'false',
    });
    assert.equal(step.result, 'Succeeded', step.message);
    const [start] = fabrikam.starts();
    assert.match(start?.route ?? '', /pipelines\/\{pipelineId\}\/runs/);
    assert.deepEqual((start?.body as { variables: unknown }).variables, {
      region: { value: 'us', isSecret: false },
      key: { value: 'hunter2-hunter2', isSecret: true },
    });
  });

  it('shows the reasons of the service with the declared names and values of the root YAML', async () => {
    const message = await refusal({ parameters: 'imgae: r-base\nenvironment: stage' });
    assert.match(message, /Unexpected parameter 'imgae'/);
    assert.match(message, /'environment' parameter value 'stage' is not a valid value/);
    assert.match(message, /A value for the 'image' parameter must be provided/);
    assert.match(
      message,
      /declares these parameters: image \(string, required\), environment \(dev \| test \| prod\), count \(number\), push \(boolean\), matrix \(object\)\./,
    );
    assert.match(message, /http\S+definitionId=\d+$/);
  });

  it('shows the same when stages are chosen, which the service checks earlier', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ parameters: DECLARED, stages: [{ name: 'Build' }, { name: 'Scan' }] });
    const message = await refusal({ stages: 'Build', parameters: 'imgae: x' }, fabrikam);
    assert.match(message, /Unexpected parameter 'imgae'.*declares these parameters: image/);
    assert.equal(fabrikam.starts().length, 0);
  });

  it('lets the reasons stand alone where the root YAML cannot be read', async () => {
    const fabrikam = await startOrganization({ tokens: [{ token: 'no-code-token', denied: ['readRepository'] }] });
    fabrikam.add({ parameters: DECLARED });
    const connection = { url: fabrikam.emulator.url, token: 'no-code-token' };
    const step = await fabrikam.run({ parameters: 'imgae: x' }, { systemConnection: connection });
    assert.match(step.message ?? '', /Unexpected parameter 'imgae'/);
    assert.doesNotMatch(step.message ?? '', /declares/);
  });

  it('shows why a variable may not be set, and where that is allowed', async () => {
    const message = await refusal({ parameters: 'image: a', variables: 'fixed: y\nunknown: z' });
    assert.match(message, /can't set the following variables \(fixed, unknown\)/);
    assert.match(message, /Let users override this value when running this pipeline/);
    const fabrikam = await startOrganization();
    fabrikam.add({ kind: 'classic', variables: { fixed: 'x' } });
    assert.match(await refusal({ variables: 'fixed: y' }, fabrikam), /'Settable at queue time'/);
  });

  it('refuses parameters and secret variables of a classic pipeline', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ kind: 'classic', variables: { key: { allowOverride: true } } });
    assert.match(
      await refusal({ parameters: 'image: x' }, fabrikam),
      /classic.*no parameters; what it takes are variables/,
    );
    assert.match(await refusal({ variables: 'key: { value: xyzxyz, isSecret: true }' }, fabrikam), /classic.*secret/);
  });

  it('prints names and never values', async () => {
    const fabrikam = await withParameters();
    const inputs = { parameters: 'image: very-private-image', variables: 'region: very-private-region' };
    const steps = [
      await fabrikam.run(inputs),
      await fabrikam.run({ ...inputs, parameters: 'imag: very-private-image' }),
    ];
    assert.match(logOf(steps[0]!), /with image, region\./);
    assert.match(steps[0]!.summaries[0]?.markdown ?? '', /image, region/);
    for (const { raw } of steps)
      assert.deepEqual(
        raw.filter(({ line }) => line.includes('very-private')),
        [],
      );
  });

  it('starts nothing with dryRun, and fails where the start would be refused', async () => {
    const fabrikam = await withParameters();
    const good = await fabrikam.run({ parameters: 'image: x', dryRun: 'true' });
    assert.equal(good.result, 'Succeeded');
    assert.match(good.message ?? '', /nothing was started \(dryRun\)/);
    const bad = await fabrikam.run({ parameters: 'imgae: x', validateOnly: 'true' });
    assert.equal(bad.result, 'Failed');
    assert.match(bad.message ?? '', /Unexpected parameter 'imgae'/);
    assert.deepEqual([fabrikam.starts().length, fabrikam.runs.length], [0, 0]);
  });

  it('tells with dryRun that the right to queue is missing', async () => {
    const fabrikam = await startOrganization({ tokens: [{ token: 'no-queue-token', denied: ['queueBuilds'] }] });
    fabrikam.add();
    fabrikam.add({ name: 'old', kind: 'classic' });
    const connection = { url: fabrikam.emulator.url, token: 'no-queue-token' };
    const dry = await fabrikam.run({ dryRun: 'true' }, { systemConnection: connection });
    assert.match(dry.message ?? '', /TF215106.*Queue builds/);
    const real = await fabrikam.run({ pipeline: 'old' }, { systemConnection: connection });
    assert.match(real.message ?? '', /TF215106.*Queue builds/);
    assert.equal(fabrikam.runs.length, 0);
  });
});

import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, startOrganization, type StepInputs } from './organization';

describe('TriggerPipeline: inputs that are wrong', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  const cases: [what: string, inputs: StepInputs, message: RegExp][] = [
    ['no pipeline', { pipeline: '' }, /^pipeline: give the id, name or path/],
    [
      'a variable that is not set',
      { pipeline: '$(image.pipeline)' },
      /pipeline: the variable 'image\.pipeline' is not set/,
    ],
    ['an unknown action', { action: 'begin' }, /^action: 'begin' is none of start/],
    ['a short commit', { commit: '3059301' }, /^commit: '3059301' is no full commit id/],
    [
      'YAML that is none',
      { parameters: 'image: [a, b\nenv: x' },
      /^parameters: no valid YAML at line \d, column \d+: /,
    ],
    ['a colon too many', { parameters: 'image: a\nenv: b: c' }, /^parameters: no valid YAML at line 2, column \d+: /],
    [
      'a key twice',
      { parameters: 'image: a\nenv: x\nimage: b' },
      /^parameters: no valid YAML at line 3, column 1: a key stands twice/,
    ],
    ['a name twice', { variables: 'a=1\nb=2\na=3' }, /^variables: line 3: the name 'a' stands twice/],
    ['a list for a map', { parameters: '- a\n- b' }, /^parameters: a YAML map .* is wanted, this is a list/],
    ['a text for a map', { variables: 'hello' }, /^variables: a YAML map .* is wanted/],
    [
      'a variable with an unknown key',
      { variables: 'a: { value: x, secret: true }' },
      /^variables: 'a' has the unknown key 'secret'/,
    ],
    ['a map for a list', { stages: '[{ a: b }]' }, /^stages: a list of names is wanted/],
    ['a number that is none', { pollingInterval: '15s' }, /^pollingInterval: '15s' is no whole number from 1 to 600/],
    ['a number out of bounds', { pollingInterval: '0' }, /^pollingInterval: '0' is no whole number from 1 to 600/],
    ['a fraction', { waitTimeoutInMinutes: '1.5' }, /^waitTimeoutInMinutes: '1\.5' is no whole number/],
    ['a flag that is none', { waitForCompletion: 'yes' }, /^waitForCompletion: 'yes' is neither true nor false/],
    ['an unknown policy', { onFailure: 'explode' }, /^onFailure: 'explode' is none of fail, warn, ignore/],
    ['a tag that is none', { tags: 'good, bad:one' }, /^tags: 'bad:one' is no tag/],
    [
      'an organization without azureConnection',
      { organization: 'https://dev.azure.com/contoso' },
      /^organization: .* needs azureConnection/,
    ],
  ];
  for (const [what, inputs, message] of cases) {
    it(`says what is wrong with ${what}, and asks nothing`, async () => {
      const fabrikam = await startOrganization();
      fabrikam.add();
      const step = await fabrikam.run(inputs);
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
      assert.equal(fabrikam.emulator.calls.length, 0);
    });
  }
});

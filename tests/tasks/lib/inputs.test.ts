import assert from 'node:assert/strict';
import { choice, flag, text, wholeNumber } from '../../../tasks/lib/inputs';
import { readWaiting } from '../../../tasks/lib/waitingInputs';

const given = (value: string | undefined) => () => value;

describe('The text of an input', () => {
  it('must not be a macro that nothing replaced', () => {
    assert.throws(
      () => text(given('$(image.tag)'), 'branch'),
      /^UserError: branch: the variable 'image.tag' is not set/,
    );
    assert.equal(text(given('x $(y)'), 'branch'), 'x $(y)');
    assert.equal(text(given(undefined), 'branch'), undefined);
  });

  const numbers: [value: string | undefined, number: number | undefined][] = [
    [undefined, 15],
    ['1', 1],
    ['600', 600],
    ['007', 7],
    ['0', undefined],
    ['601', undefined],
    ['1.5', undefined],
    ['5s', undefined],
    ['-1', undefined],
    ['0x10', undefined],
    ['1e2', undefined],
    ['9999999999999', undefined],
  ];
  for (const [value, number] of numbers) {
    it(`'${value ?? ''}' as a number from 1 to 600 is ${number ?? 'refused'}`, () => {
      const read = () => wholeNumber(given(value), 'pollingInterval', { min: 1, max: 600, fallback: 15 });
      if (number === undefined)
        assert.throws(read, /^UserError: pollingInterval: '.*' is no whole number from 1 to 600/);
      else assert.equal(read(), number);
    });
  }

  it('is true or false in any case, and nothing else', () => {
    assert.deepEqual(
      [flag(given('TRUE'), 'x', false), flag(given('False'), 'x', true), flag(given(undefined), 'x', true)],
      [true, false, true],
    );
    for (const value of ['yes', '1', 'on'])
      assert.throws(() => flag(given(value), 'dryRun', false), /neither true nor/);
  });

  it('is one of the options in any case', () => {
    assert.equal(choice(given('RUNSTAGES'), 'action', ['start', 'runStages'] as const, 'start'), 'runStages');
    assert.throws(() => choice(given('go'), 'action', ['start'] as const, 'start'), /'go' is none of start\./);
  });
});

describe('What is waited for', () => {
  const read = (inputs: Record<string, string>) => readWaiting((name) => inputs[name], true);

  it('is the end, the first job, or stages', async () => {
    for (const [value, waitFor] of [
      ['', 'completion'],
      ['Start', 'start'],
      ['Build, Test', ['Build', 'Test']],
      ['- Build', ['Build']],
    ] as const)
      assert.deepEqual((await read(value ? { waitFor: value } : {})).waitFor, waitFor);
    await assert.rejects(read({ waitFor: 'start, Build' }), /mixes 'start' with stages/);
  });

  it('takes onFailure for onCanceled where that is empty, in milliseconds where it is a time', async () => {
    const { onCanceled, waitTimeoutMs, pollingIntervalMs } = await read({
      onFailure: 'warn',
      waitTimeoutInMinutes: '2',
    });
    assert.deepEqual([onCanceled, waitTimeoutMs, pollingIntervalMs], ['warn', 120_000, 15_000]);
  });
});

import assert from 'node:assert/strict';
import { holds } from '../../emulator/state/conditions';
import { expand } from '../../emulator/state/expansion';
import { evaluate } from '../../emulator/state/expression';

describe('Expressions of the emulator', () => {
  const context = { lookUp: (path: string[]) => (path.join('.') === 'variables.x' ? 'Yes' : undefined) };

  for (const [text, value] of [
    ["eq(variables['x'], 'YES')", true],
    ["ne(variables.x, 'no')", true],
    ["and(true, not(false), or(false, 'a'))", true],
    ["in('b', 'a', 'B')", true],
    ["notIn('b', 'a', 'B')", false],
    ["startsWith('refs/heads/main', 'refs/heads/')", true],
    ["coalesce(variables.none, '', 'it''s')", "it's"],
    ["format('{0}-{1}', 'a', 2)", 'a-2'],
    ['gt(10, 9)', true],
    ["containsValue(split('a,b', ','), 'B')", true],
  ] as const) {
    it(`evaluate ${text}`, () => {
      assert.deepEqual(evaluate(text, context), value);
    });
  }

  it('name what they cannot read', () => {
    assert.throws(() => evaluate('eq(1, 2', context), /Expected ',' or '\)'/);
    assert.throws(() => evaluate('nonsense(1)', context), /Unrecognized value: 'nonsense'/);
    assert.throws(() => evaluate('true false', context), /Unexpected symbol: 'false'/);
  });

  it('expand if, else and each in lists and maps', () => {
    const yaml = {
      '${{ if eq(parameters.deep, true) }}': { mode: 'deep' },
      '${{ else }}': { mode: 'flat' },
      steps: [
        { '${{ each image in parameters.images }}': [{ script: 'build ${{ image }}' }] },
        { script: '${{ parameters.count }}' },
      ],
    };
    const scope = { parameters: { deep: false, images: ['a', 'b'], count: 3 } };
    assert.deepEqual(expand(yaml, scope), {
      mode: 'flat',
      steps: [{ script: 'build a' }, { script: 'build b' }, { script: 3 }],
    });
  });

  for (const [condition, expected] of [
    [undefined, [true, false, false, false]],
    ['always()', [true, true, true, true]],
    ['failed()', [false, true, false, false]],
    ['succeededOrFailed()', [true, true, false, false]],
    ['canceled()', [false, false, false, true]],
    ["in(dependencies.A.result, 'Succeeded', 'Skipped')", [true, false, true, true]],
  ] as const) {
    it(`decide by ${condition ?? 'no condition'} after success, failure, a skipped stage and a cancel`, () => {
      const after = (result: string, canceled = false): boolean =>
        holds(condition, { dependencies: { A: result }, canceled, variables: {} });
      assert.deepEqual([after('succeeded'), after('failed'), after('skipped'), after('succeeded', true)], expected);
    });
  }
});

import assert from 'node:assert/strict';
import type { TaskJson } from './taskJson';
import { holds, readPredicate, visibleInputs } from './visibleRule';

function task(rules: Record<string, string | undefined>, defaults: Record<string, string> = {}): TaskJson {
  const inputs = Object.entries(rules).map(([name, visibleRule]) => ({
    ...{ name, type: 'string', label: name, defaultValue: defaults[name] ?? '' },
    ...(visibleRule !== undefined && { visibleRule }),
  }));
  return { inputs } as unknown as TaskJson;
}

describe('Rules of visibility, as the classic editor reads them', () => {
  const predicates: [text: string, actual: string, shown: boolean][] = [
    ['a = x', 'x', true],
    ['a = x', 'X', true],
    ['a == x', 'y', false],
    ['a != x', 'y', true],
    ['a != ""', '', false],
    ['a != ""', 'y', true],
    ['a > 1.2', '1.3', true],
    ['a <= b', 'B', true],
    ['a Contains x', 'axb', true],
    ['a Contains X', 'AXB', false],
    ['a NotContains x', 'axb', false],
    ['a StartsWith ab', 'ABC', true],
    ['a NotStartsWith ab', 'ABC', false],
    ['a EndsWith c', 'ABC', true],
    ['a NotEndsWith c', 'ABC', false],
    ['a ~ x', 'x', false],
  ];
  for (const [text, actual, shown] of predicates) {
    it(`${shown ? 'shows' : 'hides'} by ${text} where the value is '${actual}'`, () => {
      const predicate = readPredicate(text);
      assert.equal(predicate !== undefined && holds(predicate, actual), shown);
    });
  }

  it('takes all of && and any of ||', () => {
    const values = { a: '1', b: '2' };
    const rules = { a: undefined, b: undefined };
    assert.deepEqual(visibleInputs(task({ ...rules, c: 'a = 1 && b = 3' }), values), ['a', 'b']);
    assert.deepEqual(visibleInputs(task({ ...rules, c: 'a = 1 || b = 3' }), values), ['a', 'b', 'c']);
  });

  it('hides what depends on a hidden or an unknown input', () => {
    assert.deepEqual(visibleInputs(task({ a: undefined, b: 'a = 1', c: 'b = 2' }), { b: '2' }), ['a']);
    assert.deepEqual(visibleInputs(task({ a: undefined, b: 'a = 1 || nobody = 2' }), { a: '1' }), ['a']);
  });

  it('hides the inputs of a hidden group', () => {
    const grouped = { ...task({ a: undefined, b: undefined }), groups: [{ name: 'g', visibleRule: 'a = 1' }] };
    grouped.inputs[1]!.groupName = 'g';
    assert.deepEqual(visibleInputs(grouped, {}), ['a']);
    assert.deepEqual(visibleInputs(grouped, { a: '1' }), ['a', 'b']);
  });
});

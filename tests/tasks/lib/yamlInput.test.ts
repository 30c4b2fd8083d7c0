import assert from 'node:assert/strict';
import { UserError } from '../../../tasks/lib/errors';
import {
  jsonOfValue,
  readNames,
  readYaml,
  readYamlMap,
  textOfValue,
  textsOf,
  type YamlValue,
} from '../../../tasks/lib/yamlInput';

/** What is sent of a map: name to text. */
async function sent(text: string): Promise<Record<string, string>> {
  return textsOf(await readYamlMap(() => text, 'parameters'));
}

async function refused(text: string, message: RegExp): Promise<void> {
  await assert.rejects(sent(text), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

function json(text: string): Promise<string> {
  return readYaml(text, 'x').then(jsonOfValue);
}

describe('An input that holds a map', () => {
  const asWritten = ['20261120.10', '1.10', '007', '12e4567', '0x1F', '1_000', '~', 'yes', 'True', '2026-11-20', '.5'];
  for (const text of asWritten) {
    it(`sends the plain scalar ${text} as it is written`, async () => {
      assert.deepEqual(await sent(`a: ${text}`), { a: text });
    });
  }

  it('leaves out what is null, and keeps an empty value and a quoted null', async () => {
    assert.deepEqual(await sent('a: null\nb:\nc: "null"\nd: true'), { b: '', c: 'null', d: 'true' });
  });

  it('keeps what looks like more YAML inside of a value', async () => {
    assert.deepEqual(await sent('urls: https://x, https://y\nmacro: ${{ x }}'), {
      urls: 'https://x, https://y',
      macro: '${{ x }}',
    });
  });

  it('sends lists and maps as JSON text in which digits stay', async () => {
    assert.deepEqual(await sent('list: [1.10, 007, x]\nmap: { a: { b: [true, "true", null] } }'), {
      list: '[1.10,"007","x"]',
      map: '{"a":{"b":[true,"true",null]}}',
    });
    assert.equal(await json('[0x1F, ~, yes, .5, 1_000, -0, 1e5, "1"]'), '["0x1F","~","yes",".5","1_000",-0,1e5,"1"]');
  });

  it('takes JSON for what it is: YAML', async () => {
    assert.deepEqual(await sent('{"a": 1.10, "b": ["x"], "c": "line\\nbreak"}'), {
      a: '1.10',
      b: '["x"]',
      c: 'line\nbreak',
    });
  });

  it('takes lines of name=value when all are, with all that follows the first =', async () => {
    assert.deepEqual(await sent('a=1\n\nb.c-d=x=y: z\r\ne='), { a: '1', 'b.c-d': 'x=y: z', e: '' });
    assert.deepEqual(await sent('a=1\n    b=2\n    c=3'), { a: '1', b: '2', c: '3' });
    assert.deepEqual(await sent('a: x=1\nb: 2'), { a: 'x=1', b: '2' });
  });

  it('reads block scalars', async () => {
    assert.deepEqual(await sent('a: |\n  one\n  two\nb: >-\n  x\n  y'), { a: 'one\ntwo\n', b: 'x y' });
  });

  it('resolves aliases', async () => {
    assert.deepEqual(await sent('a: &x [1, 2]\nb: *x'), { a: '[1,2]', b: '[1,2]' });
  });

  it('does not mind Windows line ends, a byte order mark, or marks of one document', async () => {
    assert.deepEqual(await sent('\ufeffa: 1\r\nb:\r\n  - x\r\n'), { a: '1', b: '["x"]' });
    assert.deepEqual(await sent('---\na: 1\n...'), { a: '1' });
  });

  it('gives back the indentation that the first line lost', async () => {
    assert.deepEqual(await sent('a: 1\n  b: 2'), { a: '1', b: '2' });
    assert.deepEqual(await sent('a: x\n    b:\n      - y\n      - z\n    c: d'), { a: 'x', b: '["y","z"]', c: 'd' });
    assert.deepEqual(await sent('a:\n      x: 1\n    b: 2'), { a: '{"x":1}', b: '2' });
  });

  it('takes nothing but comments for nothing', async () => {
    assert.deepEqual(await sent('# a: 1\n# b: 2'), {});
  });

  const wrong: [what: string, text: string, message: RegExp][] = [
    [
      'a key that stands twice',
      'a: 1\nb: 2\na: 3',
      /^parameters: no valid YAML at line 3, column 1: a key stands twice/,
    ],
    ['one twice further in', 'a:\n  x: 1\n  x: 2', /line 3, column 3: a key stands twice/],
    ['a name=value that stands twice', 'a=1\na=2', /line 2: the name 'a' stands twice/],
    ['a bracket that is not closed', 'a: [1, 2', /line 1, column \d+/],
    ['an anchor that there is not', 'a: 1\nb: *x', /line 2, column 4: there is no anchor '&x'/],
    ['a value that holds itself', 'a: &a [*a]', /nested more than 200 deep/],
    ['far too deep a value', `a: ${'['.repeat(20_000)}`, /too deep/],
    ['a tab for indentation', 'a:\n\tb: 2', /line 2, column 1: Tabs/],
    ['a second document', 'a: 1\n---\nb: 2', /line 2, column 1: a second document/],
    ['a scalar', 'hello', /a YAML map 'name: value' is wanted, this is a scalar/],
    ['a list', '- a', /this is a list/],
    ['a key that is no name', '? [a]\n: 1', /a key must be a name/],
  ];
  for (const [what, text, message] of wrong) it(`refuses ${what}, and says where`, () => refused(text, message));

  it('refuses a few lines that would become millions of values', async () => {
    const lines = Array.from({ length: 10 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(i ? 10 : 0)} x]`);
    await refused(lines.join('\n'), /more than 200000 values/);
  });
});

describe('An input that holds names', () => {
  const rows: [text: string | undefined, names: string[]][] = [
    [undefined, []],
    ['a', ['a']],
    ['a, b ,,c', ['a', 'b', 'c']],
    ['a\r\nb\n\nc d', ['a', 'b', 'c d']],
    ['- a\n- b, c', ['a', 'b, c']],
    ['- a\n  - b', ['a', 'b']],
    ['[a, "b, c"]', ['a', 'b, c']],
    ['["a", "b"]', ['a', 'b']],
    ['-a', ['-a']],
  ];
  for (const [text, names] of rows) {
    it(`reads ${JSON.stringify(text)} as ${names.length} name(s)`, async () => {
      assert.deepEqual(await readNames(() => text, 'stages'), names);
    });
  }

  it('must not be macros that nothing replaced, nor a map', async () => {
    await assert.rejects(
      readNames(() => 'a, $(b)', 'tags'),
      /^UserError: tags: the variable 'b' is not set in this job/,
    );
    await assert.rejects(
      readNames(() => '{ name: a }', 'tags'),
      /^UserError: tags: a list is wanted, this is a map/,
    );
  });

  it('refuses a list of something else', async () => {
    await assert.rejects(
      readNames(() => '[{ a: 1 }]', 'stages'),
      /^UserError: stages: a list of names is wanted, one of its items is a map/,
    );
  });
});

describe('A value as one text', () => {
  it('tells a plain null from a quoted one', () => {
    const scalar = (plain: boolean): YamlValue => ({ kind: 'scalar', text: 'null', plain });
    assert.equal(textOfValue(scalar(true)), undefined);
    assert.equal(textOfValue(scalar(false)), 'null');
  });
});

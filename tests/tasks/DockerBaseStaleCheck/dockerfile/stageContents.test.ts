import assert from 'node:assert/strict';
import {
  readDockerfile,
  type Dockerfile,
  type ReadOptions,
} from '../../../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';

function read(text: string, options: ReadOptions = {}): Dockerfile {
  const result = readDockerfile(text, options);
  assert.ok(result.kind === 'dockerfile', result.kind === 'invalid' ? result.message : '');
  return result;
}

function lastEnvironment(text: string, options: ReadOptions = {}): Record<string, string> {
  return Object.fromEntries(read(`${text}\nRUN last`, options).runInstructions.at(-1)?.env ?? []);
}

describe('What is done in the stages', () => {
  describe('the values of ARG and ENV', () => {
    const cases: [title: string, text: string, values: Record<string, string>, options?: ReadOptions][] = [
      ['an ENV of each form', 'FROM a\nENV A=1 B="2 3" C=4\\ 5\nENV D 6  7', { A: '1', B: '2 3', C: '4 5', D: '6  7' }],
      ['all of one ENV see what was before it', 'FROM a\nENV A=1\nENV A=2 B=$A', { A: '2', B: '1' }],
      ['each ARG sees those before it', 'FROM a\nARG A=1 B=$A', { A: '1', B: '1' }],
      ['an ARG hides an ENV of its name', 'FROM a\nENV A=1\nARG A=2', { A: '2' }],
      ['an ARG without value leaves an ENV', 'FROM a\nENV A=1\nARG A', { A: '1' }],
      ['an ARG without value is not set', 'FROM a\nARG A', {}],
      ['an ARG without value takes the global one', 'ARG A=1\nFROM a\nARG A', { A: '1' }],
      ['an ARG with a default does not', 'ARG A=1\nFROM a\nARG A=2', { A: '2' }],
      ['a global ARG is not seen without an ARG in the stage', 'ARG A=1\nFROM a\nENV B=$A', { B: '' }],
      ['a build argument wins', 'ARG A=1\nFROM a\nARG A=2', { A: '3' }, { buildArguments: new Map([['A', '3']]) }],
      [
        'a built-in argument',
        'FROM a\nARG TARGETPLATFORM',
        { TARGETPLATFORM: 'linux/arm/v7' },
        { platform: 'linux/arm/v7' },
      ],
      [
        'a stage has those of the stage it stands on',
        'FROM a AS x\nENV A=1\nARG B=2\nFROM x\nENV C=3',
        { A: '1', B: '2', C: '3' },
      ],
      ['and not those of the others', 'FROM a AS x\nENV A=1\nFROM b', {}],
      ['names are expanded in ENV', 'FROM a\nENV A=b\nENV $A=1', { A: 'b', b: '1' }],
      ['what cannot be read is left out', 'FROM a\nENV A=${B:?x}\nENV C=1', { C: '1' }],
    ];
    for (const [title, text, values, options] of cases) {
      it(title, () => {
        assert.deepEqual(lastEnvironment(text, options), values);
      });
    }

    it('each RUN has those of its place', () => {
      const { runInstructions } = read('FROM a\nRUN 1\nENV A=1\nRUN 2\nRUN 3\nENV A=2\nRUN 4');
      assert.deepEqual(
        runInstructions.map(({ env }) => env.get('A')),
        [undefined, '1', '1', '2'],
      );
    });

    it('a stage does not change those of the stage that others stand on', () => {
      const { runInstructions } = read('FROM a AS x\nENV A=1\nFROM x AS y\nENV A=2\nFROM x\nRUN z');
      assert.equal(runInstructions[0]?.env.get('A'), '1');
    });
  });

  describe('RUN', () => {
    it('gives stage, line and the joined line without flags', () => {
      const { runInstructions } = read(
        'FROM a\n\nRUN --mount=type=cache,target=/c --network=none apt-get update \\\n  # why\n\n  && apt-get install x\nFROM b\nRUN y',
      );
      assert.deepEqual(
        runInstructions.map(({ stage, line, form, text, words }) => ({ stage, line, form, text, words })),
        [
          { stage: 0, line: 3, form: 'shell', text: 'apt-get update   && apt-get install x', words: undefined },
          { stage: 1, line: 8, form: 'shell', text: 'y', words: undefined },
        ],
      );
    });

    it('gives the words of the exec form', () => {
      const [run] = read('FROM a\nRUN ["pip", "install", "a b"]').runInstructions;
      assert.deepEqual([run?.form, run?.words, run?.text], ['exec', ['pip', 'install', 'a b'], 'pip install a b']);
    });

    it('gives heredocs with name, quoting, tabs, text and first line', () => {
      const text = 'FROM a\nRUN <<ONE cat <<-"TWO" > x\n\tone\n FROM evil\nONE\n\ttwo\n\tTWO\nRUN z';
      const [run, next] = read(text).runInstructions;
      assert.deepEqual(run?.heredocs, [
        { name: 'ONE', expand: true, stripTabs: false, text: '\tone\n FROM evil\n', line: 3 },
        { name: 'TWO', expand: false, stripTabs: true, text: '\ttwo\n', line: 6 },
      ]);
      assert.equal(run.text, '<<ONE cat <<-"TWO" > x');
      assert.equal(next?.line, 8);
    });

    it('keeps CRLF in heredocs and reads their end', () => {
      const [run] = read('FROM a\r\nRUN <<EOF\r\nx\r\nEOF\r\n').runInstructions;
      assert.equal(run?.heredocs[0]?.text, 'x\r\n');
    });

    it('knows the SHELL and the WORKDIR in force', () => {
      const text = 'FROM a AS x\nSHELL ["pwsh", "-c"]\nENV D=sub\nWORKDIR /app\nWORKDIR $D\nFROM x\nRUN y';
      const [run] = read(text).runInstructions;
      assert.deepEqual([run?.shell, run?.workdir], [['pwsh', '-c'], '/app/sub']);
    });
  });

  it('COPY and ADD give sources, inline files and destination, expanded', () => {
    const text =
      'FROM a\nENV V=1\nWORKDIR /w\nCOPY --from=i:1 req-$V.txt "b" ./\nADD ["a b", "/x/"]\nCOPY <<-F.txt c /d/\n\tin\nF.txt\n';
    assert.deepEqual(read(text).copyInstructions, [
      {
        stage: 0,
        line: 4,
        kind: 'copy',
        from: 'i:1',
        sources: ['req-1.txt', 'b'],
        inlineFiles: [],
        destination: './',
        workdir: '/w',
      },
      {
        stage: 0,
        line: 5,
        kind: 'add',
        from: '',
        sources: ['a b'],
        inlineFiles: [],
        destination: '/x/',
        workdir: '/w',
      },
      {
        stage: 0,
        line: 6,
        kind: 'copy',
        from: '',
        sources: ['c'],
        inlineFiles: [{ name: 'F.txt', text: 'in\n' }],
        destination: '/d/',
        workdir: '/w',
      },
    ]);
  });

  it('LABEL gives name and value, expanded', () => {
    assert.deepEqual(read('FROM a\nARG V=1\nLABEL a.b="x $V" \\\n c=d\nLABEL old style').labels, [
      { stage: 0, line: 3, name: 'a.b', value: 'x 1' },
      { stage: 0, line: 3, name: 'c', value: 'd' },
      { stage: 0, line: 5, name: 'old', value: 'style' },
    ]);
  });
});

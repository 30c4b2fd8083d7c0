import assert from 'node:assert/strict';
import {
  hasFrom,
  readDockerfile,
  type Dockerfile,
  type ReadOptions,
} from '../../../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';

function read(text: string, options: ReadOptions = {}): Dockerfile {
  const result = readDockerfile(text, options);
  assert.ok(result.kind === 'dockerfile', result.kind === 'invalid' ? result.message : '');
  return result;
}

/** One line each: role, image or error, platform, and `-` in front of what the target does not need. */
function references(text: string, options: ReadOptions = {}): string[] {
  return read(text, options).references.map(({ role, image, error, platform, reachable }) =>
    [`${reachable ? '' : '-'}${role}`, image?.replace('docker.io/library/', '') ?? `(${error ?? ''})`, platform ?? '']
      .join(' ')
      .trim(),
  );
}

const NO_EXPANSION =
  'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround';

describe('Stages and references', () => {
  const cases: [title: string, text: string, references: string[], options?: ReadOptions][] = [
    ['one FROM is the base', 'FROM a', ['base a:latest']],
    [
      'a stage that the target does not need is not reachable',
      'FROM a AS x\nFROM b',
      ['-stage a:latest', 'base b:latest'],
    ],
    [
      'a stage that is copied from is reachable',
      'FROM a AS x\nFROM b\nCOPY --from=x c d',
      ['stage a:latest', 'base b:latest'],
    ],
    [
      'a stage that is mounted is reachable',
      'FROM a AS x\nFROM b\nRUN --mount=from=x,target=/y c',
      ['stage a:latest', 'base b:latest'],
    ],
    ['the base of a chain of stages', 'FROM a AS x\nFROM x AS y\nFROM y', ['base a:latest']],
    [
      'what the base stage copies is needed too',
      'FROM a AS x\nCOPY --from=i:1 b c\nFROM x',
      ['base a:latest', 'copy i:1'],
    ],
    [
      'what an unreachable stage copies is not needed',
      'FROM a AS x\nCOPY --from=i:1 b c\nFROM d',
      ['-stage a:latest', '-copy i:1', 'base d:latest'],
    ],
    ['scratch is no image', 'FROM scratch\nCOPY --from=scratch a b\nRUN --mount=type=tmpfs,target=/x y', []],
    ['a stage called scratch is a stage', 'FROM a AS scratch\nFROM scratch', ['base a:latest']],
    [
      'a mount without from needs a stage called scratch',
      'FROM a AS scratch\nFROM b\nRUN --mount=target=/x c',
      ['stage a:latest', 'base b:latest'],
    ],
    [
      'Scratch in capitals is a bad name',
      'FROM Scratch',
      ['base (invalid reference format: repository name (library/Scratch) must be lowercase)'],
    ],
    ['a FROM sees only stages before it', 'FROM x\nFROM a AS x', ['-stage x:latest', 'base a:latest']],
    ['of two stages of one name a FROM takes the one before it', 'FROM a AS x\nFROM x AS x\nFROM x', ['base a:latest']],
    [
      'of two stages of one name COPY takes the last',
      'FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x d e',
      ['-stage a:latest', 'stage b:latest', 'base c:latest'],
    ],
    [
      'COPY --from knows stages in any case',
      'FROM a AS x\nFROM b\nCOPY --from=X c d',
      ['stage a:latest', 'base b:latest'],
    ],
    ['FROM knows them in lower case only', 'FROM a AS X\nFROM x', ['base a:latest']],
    [
      'COPY --from a number is the stage of that index',
      'FROM a\nFROM b\nCOPY --from=0 c d',
      ['stage a:latest', 'base b:latest'],
    ],
    ['a signed number is a number', 'FROM a\nFROM b\nCOPY --from=+00 c d', ['stage a:latest', 'base b:latest']],
    ['an index that is not there', 'FROM a\nCOPY --from=7 c d', ['base a:latest', 'copy (invalid stage index 7)']],
    ['a negative index', 'FROM a\nCOPY --from=-1 c d', ['base a:latest', 'copy (invalid stage index -1)']],
    [
      'a mount knows no numbers',
      'FROM a\nFROM b\nRUN --mount=from=0,target=/x c',
      ['-stage a:latest', 'base b:latest', 'mount 0:latest'],
    ],
    ['COPY --from a variable', 'ARG I=b\nFROM a\nCOPY --from=$I c d', ['base a:latest', `copy (${NO_EXPANSION})`]],
    ['COPY --from a quoted variable', "FROM a\nCOPY --from='$I' c d", ['base a:latest', `copy (${NO_EXPANSION})`]],
    ['COPY --from nothing is the context', 'FROM a\nCOPY --from= c d', ['base a:latest']],
    [
      'every mount of a line counts',
      'FROM a\nRUN --mount=from=b:1,target=/b --mount=type=cache,from=c:1,target=/c d',
      ['base a:latest', 'mount b:1', 'mount c:1'],
    ],
    [
      'the last from of a mount counts',
      'FROM a\nRUN --mount=from=b:1,from=c:1,target=/b d',
      ['base a:latest', 'mount c:1'],
    ],
    ['a mount in CSV quotes', 'FROM a\nRUN --mount=\\"from=b:1\\",target=/b d', ['base a:latest', 'mount b:1']],
    [
      'an argument names a stage',
      'FROM a AS bin-linux\nFROM b AS bin-windows\nFROM bin-$TARGETOS',
      ['base a:latest', '-stage b:latest'],
    ],
    [
      'and another one on another platform',
      'FROM a AS bin-linux\nFROM b AS bin-windows\nFROM bin-$TARGETOS',
      ['-stage a:latest', 'base b:latest'],
      { platform: 'windows/amd64' },
    ],
    [
      'the target is chosen in any case',
      'FROM a AS x\nFROM b AS y',
      ['base a:latest', '-stage b:latest'],
      { target: 'X' },
    ],
    ['TARGETSTAGE is the target', 'FROM a:$TARGETSTAGE AS x\nFROM b', ['base a:x', '-stage b:latest'], { target: 'x' }],
    ['TARGETSTAGE is the last stage without a target', 'FROM a:$TARGETSTAGE AS x\nFROM x AS last', ['base a:last']],
    ['TARGETSTAGE is default where that has no name', 'FROM a:$TARGETSTAGE', ['base a:default']],
    ['a variable without value', 'ARG V\nFROM $V', ['base (base name ($V) should not be blank)']],
    ['a quoted nothing', 'FROM ""', ['base (base name ("") should not be blank)']],
    [
      'an error of one FROM leaves the others',
      'FROM a:$NOPE AS x\nFROM b',
      ['-stage (invalid reference format)', 'base b:latest'],
    ],
    [
      'a base that cannot be expanded',
      'FROM ${V',
      ['base (failed to process "${V": unsupported modifier (\uFFFD) in substitution)'],
    ],
    ['an ARG of a stage never feeds a FROM', 'FROM a\nARG V=1\nFROM b:${V:-none}', ['-stage a:latest', 'base b:none']],
    [
      'an ENV before the first FROM is refused, an ARG that uses another is not',
      'ARG A=1\nARG B=$A.2\nFROM b:$B',
      ['base b:1.2'],
    ],
    ['arguments of one line see those before them', 'ARG A=1 B=$A.2\nFROM b:$B', ['base b:1.2']],
    [
      'a build argument that no ARG declares does nothing',
      'FROM b:${A:-0}',
      ['base b:0'],
      { buildArguments: new Map([['A', '1']]) },
    ],
    [
      'a build argument overrides even a broken default',
      'ARG A=${\nFROM b:$A',
      ['base b:1'],
      { buildArguments: new Map([['A', '1']]) },
    ],
    [
      'an empty build argument is a value',
      'ARG A=1\nFROM b${A-:2}',
      ['base b:latest'],
      { buildArguments: new Map([['A', '']]) },
    ],
    [
      'a built-in argument may be overridden',
      'FROM b:$TARGETARCH',
      ['base b:x'],
      { buildArguments: new Map([['TARGETARCH', 'x']]) },
    ],
    ['an empty built-in argument is set', 'FROM b:1${TARGETVARIANT-x}${TARGETVARIANT:-y}', ['base b:1y']],
    [
      'platform arguments',
      'FROM $TARGETOS/$TARGETARCH-$TARGETVARIANT:$BUILDARCH',
      ['base docker.io/linux/arm-v7:amd64'],
      { platform: 'linux/arm' },
    ],
    ['the platform of a FROM', 'FROM --platform=linux/arm64/v8 a', ['base a:latest linux/arm64/v8']],
    ['the platform in other words', 'FROM --platform=LINUX/x86_64 a', ['base a:latest linux/amd64']],
    ['a platform of one word', 'FROM --platform=arm64 a', ['base a:latest linux/arm64']],
    [
      'the platform of Windows with its version',
      'FROM --platform=windows(10.0.20348)/amd64 a',
      ['base a:latest windows(10.0.20348)/amd64'],
    ],
    ['an empty platform is none', 'FROM --platform= a', ['base a:latest']],
    ['an ARG gives the platform', 'ARG P=linux/s390x\nFROM --platform=$P a', ['base a:latest linux/s390x']],
    [
      'a COPY from an image of many parts',
      'FROM a\nCOPY --from=r.example:5000/x/y@sha256:' + 'a'.repeat(64) + ' b c',
      ['base a:latest', 'copy r.example:5000/x/y@sha256:' + 'a'.repeat(64)],
    ],
    [
      'a COPY --from a bad name',
      'FROM a\nCOPY --from=Foo b c',
      ['base a:latest', 'copy (invalid reference format: repository name (library/Foo) must be lowercase)'],
    ],
    [
      'an index counts images that were copied from before',
      'FROM a\nCOPY --from=i:1 b c\nCOPY --from=1 b c',
      ['base a:latest', 'copy i:1', 'copy i:1'],
    ],
    [
      'the frontend',
      '# syntax = docker/dockerfile:1 x\nFROM a',
      ['frontend docker.io/docker/dockerfile:1', 'base a:latest'],
    ],
    [
      'the frontend behind #!',
      '#!/usr/bin/x\n# syntax=my/df\nFROM a',
      ['frontend docker.io/my/df:latest', 'base a:latest'],
    ],
    [
      'the frontend in other directives',
      '# escape=`\n#SYNTAX=my/df\nFROM a',
      ['frontend docker.io/my/df:latest', 'base a:latest'],
    ],
    ['no frontend in an indented directive', '  # syntax=my/df\nFROM a', ['base a:latest']],
    [
      'the frontend that a build argument asks for',
      '# syntax=my/df\nFROM a',
      ['frontend docker.io/other/df:1', 'base a:latest'],
      { buildArguments: new Map([['BUILDKIT_SYNTAX', 'other/df:1 --x']]) },
    ],
    [
      'a frontend of a bad name',
      '# syntax=My\nFROM a',
      ['frontend (invalid reference format: repository name (library/My) must be lowercase)', 'base a:latest'],
    ],
  ];
  for (const [title, text, expected, options] of cases) {
    it(title, () => {
      assert.deepEqual(references(text, options), expected);
    });
  }

  it('an image that cannot be resolved names the arguments that are empty', () => {
    const { references: rows } = read('ARG R\nARG T=\nFROM $R/app:$T$TARGETARCH');
    assert.deepEqual(rows[0]?.emptyArguments, ['R', 'T']);
    assert.equal(rows[0].image, undefined);
  });

  it('a platform that cannot be read is an error beside the image', () => {
    const rows = read(
      'FROM --platform=$PLATFROM a AS x\nFROM --platform=foo b AS y\nFROM --platform=${X c\n',
    ).references;
    assert.deepEqual(
      rows.map(({ image, error }) => [image, error]),
      [
        ['docker.io/library/a:latest', 'empty platform value from expression $PLATFROM'],
        [
          'docker.io/library/b:latest',
          'failed to parse platform foo: "foo": unknown operating system or architecture: invalid argument',
        ],
        ['docker.io/library/c:latest', 'failed to process "${X": unsupported modifier (\uFFFD) in substitution'],
      ],
    );
    assert.equal(
      read('FROM --platform=$TARGETPLATFROM a').references[0]?.error,
      'empty platform value from expression $TARGETPLATFROM (did you mean TARGETPLATFORM?)',
    );
  });

  it('the base carries the platform of the FROM that it comes from', () => {
    const file = read('FROM --platform=linux/arm64 a AS x\nFROM --platform=linux/s390x x');
    assert.deepEqual(
      [file.base, file.platform],
      [{ kind: 'image', image: 'docker.io/library/a:latest' }, 'linux/arm64'],
    );
  });

  it('tells what BuildKit would stop at in a stage that is built', () => {
    const problems = (text: string) => read(text).problems.map(({ line, reason }) => `${line}: ${reason}`);
    assert.deepEqual(problems('FROM a AS x\nCOPY --from=y b c\nFROM d AS y\nFROM x'), [
      '2: cannot copy from stage "y", it needs to be defined before current stage "x"',
    ]);
    assert.deepEqual(problems('FROM a\nRUN --mount=from=y,target=/y b\nFROM d AS y\nFROM a'), []);
    assert.deepEqual(problems('FROM a AS x\nRUN --mount=from=y,target=/z b\nFROM d AS y\nFROM x'), [
      '2: cannot mount from stage "y" to "/z", stage needs to be defined before current command',
    ]);
    assert.deepEqual(problems('FROM a\nENV A="${B"\nWORKDIR ${}\nLABEL a="${A:?known only in the base image}"'), [
      '2: failed to process "\\"${B\\"": unsupported modifier (") in substitution',
      '3: failed to process "${}": syntax error: bad substitution',
    ]);
  });

  it('stops at a stage name that could not be the name of a context', () => {
    assert.deepEqual(read('FROM a AS build-\nFROM b AS v1.0').problems, [
      { line: 1, reason: 'invalid context name build-: invalid reference format' },
    ]);
  });

  it('tells the line of the frontend', () => {
    const line = (text: string) => read(text).references.find(({ role }) => role === 'frontend')?.line;
    assert.equal(line('# syntax=x\nFROM a'), 1);
    assert.equal(line('#!/bin/x\n# escape=`\n# syntax=x\nFROM a'), 3);
  });

  describe('with ONBUILD', () => {
    it('a stage that stands on another runs its triggers', () => {
      const text = 'FROM a AS x\nONBUILD COPY --from=i:1 b c\nONBUILD RUN <<EOF\nhi\nEOF\nFROM x\nRUN later';
      assert.deepEqual(references(text), ['base a:latest', 'copy i:1']);
      assert.deepEqual(
        read(text).runInstructions.map(({ text: run, heredocs, line }) => [run, heredocs.map((doc) => doc.text), line]),
        [
          ['<<EOF', ['hi\n'], 6],
          ['later', [], 7],
        ],
      );
    });

    it('a trigger makes a stage reachable, and is not handed on', () => {
      const text = 'FROM t AS tool\nFROM a AS x\nONBUILD COPY --from=tool b c\nFROM x AS y\nFROM y';
      assert.deepEqual(references(text), ['stage t:latest', 'base a:latest']);
      assert.deepEqual(
        read(text).stages.map(({ commands }) => commands.length),
        [0, 1, 1, 0],
      );
    });

    it('nobody runs the triggers of the last stage', () => {
      const file = read('FROM a\nONBUILD COPY --from=i:1 b c');
      assert.deepEqual(file.references.length, 1);
      assert.deepEqual(file.stages[0]?.onbuild, ['COPY --from=i:1 b c']);
    });

    it('a trigger is read with a backslash for escape, as if it stood alone', () => {
      const file = read('# escape=`\nFROM a AS x\nONBUILD RUN y `\n  z\nFROM x');
      assert.deepEqual(file.stages[0]?.onbuild, ['RUN y   z']);
    });

    it('a trigger that is no instruction is a problem of the stage that runs it', () => {
      const file = read('FROM a AS x\nONBUILD QUUX y\nFROM x');
      assert.deepEqual(file.problems, [{ line: 3, reason: 'unknown instruction: QUUX' }]);
    });
  });

  describe('with named contexts', () => {
    const contexts = (pairs: Record<string, string>): ReadOptions => ({
      namedContexts: new Map(Object.entries(pairs)),
    });

    it('an image takes the place of an image', () => {
      const options = contexts({ alpine: 'docker-image://mirror.example/alpine:3.20' });
      for (const name of ['alpine', 'alpine:latest', 'docker.io/library/alpine']) {
        assert.deepEqual(references(`FROM ${name}`, options), ['base mirror.example/alpine:3.20']);
      }
      assert.deepEqual(references('FROM alpine:3', options), ['base alpine:3']);
      assert.deepEqual(references('FROM b\nCOPY --from=alpine c d', options), [
        'base b:latest',
        'copy mirror.example/alpine:3.20',
      ]);
    });

    it('a folder takes the place of an image, which is then none', () => {
      const file = read('FROM b\nCOPY --from=src c d', contexts({ src: '../src' }));
      assert.deepEqual(file.references.length, 1);
      assert.deepEqual(file.stages[0]?.inputs[0]?.source, { kind: 'context', context: '../src' });
    });

    it('a context takes the place of a whole stage', () => {
      const text = 'FROM a AS x\nCOPY --from=i:1 b c\nFROM x';
      assert.deepEqual(references(text, contexts({ x: 'docker-image://y:1' })), ['base y:1']);
      assert.deepEqual(read(text, contexts({ x: 'docker-image://scratch' })).base, { kind: 'scratch' });
    });

    it('scratch is not to be replaced', () => {
      assert.deepEqual(read('FROM scratch', contexts({ scratch: 'docker-image://y' })).base, { kind: 'scratch' });
    });

    it('a context of a bad name is an error of what it replaces', () => {
      assert.deepEqual(references('FROM a', contexts({ a: 'docker-image://B' })), [
        'base (invalid reference format: repository name (library/B) must be lowercase)',
      ]);
    });
  });

  it('a text has a FROM where an instruction is one', () => {
    const texts: [string, boolean][] = [
      ['FROM a', true],
      ['  from a', true],
      ['FR\\\nOM a', true],
      ['# FROM a', false],
      ['RUN x \\\nFROM a', false],
      ['RUN <<EOF\nFROM a\nEOF\n', false],
      ['RUN <<EOF\nFROM a\n', true],
      ['from os import path\n', true],
      ['nothing', false],
      ['', false],
    ];
    for (const [text, expected] of texts) assert.equal(hasFrom(text), expected, text);
  });
});

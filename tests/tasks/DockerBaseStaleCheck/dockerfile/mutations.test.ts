import assert from 'node:assert/strict';
import { hasFrom, readDockerfile } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';

const SEED_TEXTS = [
  '# syntax=docker/dockerfile:1\n# escape=`\nARG V=1 W=$V\nFROM --platform=$BUILDPLATFORM a:${V:-${W}} AS x\nRUN y `\n  # c\n\n  z\n',
  'FROM a AS b\nONBUILD COPY --from=i:1 c d\nONBUILD RUN <<EOF\nhi\nEOF\nFROM b\nCOPY --from=b --link <<-"X" "y z" /d/\n\tt\n\tX\nHEALTHCHECK --interval=5s CMD ["a", "b"]\n',
  '\uFEFFfrom scratch\r\nENV A=1 B="c d" E=f\\ g\r\nLABEL a b c\r\nENV P ${A%%.*}${B//c/d}${E#f?}\r\nRUN --mount=type=bind,from=x:1,target=/y --network=none w\r\nSHELL ["sh"]\r\nVOLUME /a /b\r\nEXPOSE 80 $A\r\nWORKDIR x\r\n',
];
const PIECES =
  'FROM |AS |RUN |COPY |ARG |ENV |ONBUILD |\\\n|`\n|#|# escape=`\n|\n|\r\n|"|\'|$|${|}|:-|#*|%%|//|/|<<EOF|EOF\n|<<-"|--from=|--mount=from=|--platform=|=|[|]|["a",|{|\t|\u00a0|\uFEFF|\u0000|\ud800|😀|*|?|\\|1<<2|0|-1|scratch|@sha256:|:|,'.split(
    '|',
  );

/** Numbers between 0 and 1, the same for each seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('Any text at all', () => {
  it('ends in a reading or a refusal, the same each time', () => {
    const next = random(20260821);
    const below = (limit: number) => Math.floor(next() * limit);
    const options = {
      buildArguments: new Map([
        ['V', '${x'],
        ['A', '$B'],
      ]),
      target: undefined,
    };
    const until = Date.now() + 3000;
    for (let round = 0; round < 6000 && Date.now() < until; round++) {
      let text = SEED_TEXTS[below(SEED_TEXTS.length)] ?? '';
      for (let change = below(6); change >= 0; change--) {
        const at = below(text.length + 1);
        const drop = next() < 0.4 ? below(12) : 0;
        const add =
          next() < 0.7 ? (PIECES[below(PIECES.length)] ?? '') : text.slice(below(text.length + 1)).slice(0, 40);
        text = text.slice(0, at) + add + text.slice(at + drop);
      }
      const { buildArguments } = options;
      const read = readDockerfile(text, { buildArguments });
      hasFrom(text);
      if (read.kind === 'invalid') assert.notEqual(read.reason, '', JSON.stringify(text));
      else for (const { line } of read.references) assert.ok(line >= 1 && line <= text.split('\n').length, text);
      if (round % 50 === 0) assert.deepEqual(readDockerfile(text, { buildArguments }), read);
    }
  });

  const huge: [title: string, text: string][] = [
    ['very many lines', `FROM a\n${'ENV A=1 B=2\n'.repeat(60_000)}`],
    ['very many variables', `FROM a\n${Array.from({ length: 40_000 }, (_, index) => `ENV A${index}=1\n`).join('')}`],
    [
      'very many stages that copy forward',
      Array.from({ length: 20_000 }, (_, index) => `FROM a AS s${index}\nCOPY --from=s${index + 1} b c\n`).join(''),
    ],
    ['a line of very many continuations', `FROM a\nRUN ${'x \\\n'.repeat(60_000)}`],
    [
      'long runs of blanks',
      `FROM a\nRUN x${' '.repeat(60_000)}y${'\t'.repeat(5000)}\\\n# syntax${' '.repeat(60_000)}=x\nz`,
    ],
    ['a directive of long blanks', `# syntax=a${' '.repeat(60_000)}b\nFROM a`],
    ['values that double with every line', `ARG A=xxxxxxxxxx\n${'ARG A=$A$A\n'.repeat(60)}FROM a:$A`],
    ['deep substitutions', `FROM ${'${A:-'.repeat(8000)}`],
    ['deep triggers', `FROM a\n${'ONBUILD '.repeat(7000)}RUN x`],
    ['deep JSON', `FROM a\nCMD ${'['.repeat(60_000)}`],
    ['very many flags', `FROM a\nRUN ${'--mount=from=x \\\n'.repeat(30_000)} y`],
    ['very many heredocs', `FROM a\nRUN ${'<<E '.repeat(5000)}\n${'E\n'.repeat(5000)}`],
    ['a reference that nearly matches', `FROM ${'a-'.repeat(30_000)}`],
    ['very many dots', `FROM ${'a.'.repeat(30_000)}/x`],
    ['a pattern of many stars', `ARG A=${'a'.repeat(30_000)}\nFROM x:\${A##${'*a'.repeat(10_000)}b}`],
  ];
  for (const [title, text] of huge) {
    it(`takes ${title} in bounded time`, function () {
      this.timeout(10_000);
      readDockerfile(text);
      hasFrom(text);
    });
  }
});

import assert from 'node:assert/strict';
import { readDockerfile } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';

const AT = 'dockerfile parse error on line';

// What BuildKit refuses, and its whole message. `@` stands for 'FROM a' and a new line before it: the line is 2.
const REFUSED: [text: string, message: string, line?: number][] = [
  // The file
  ['', 'the Dockerfile cannot be empty'],
  ['\n\n', 'file with no instructions', 2],
  ['# only a comment\n', 'file with no instructions', 1],
  ['\uFEFF', 'file with no instructions', 1],
  ['ARG A=1\n', 'dockerfile contains no stages to build'],
  ['RUN x\nFROM a\n', 'no build stage in current context', 1],
  ['ARG A\nCOPY a b\nFROM a\n', 'no build stage in current context', 2],
  [`FROM a\nRUN ${'x'.repeat(70_000)}\n`, 'dockerfile line greater than max allowed size of 65535', 2],
  // Directives
  ['# syntax=a\n# syntax=b\nFROM a\n', 'only one syntax parser directive can be used', 2],
  ['# escape=`\n# ESCAPE=`\nFROM a\n', 'only one escape parser directive can be used', 2],
  ['# check=skip=all\n#check=x\nFROM a\n', 'only one check parser directive can be used', 2],
  ['# escape=x\nFROM a\n', "invalid escape token 'x' does not match ` or \\", 1],
  ['# escape=\\\\\nFROM a\n', "invalid escape token '\\\\' does not match ` or \\", 1],
  // Unknown instructions, with a guess within two edits
  ['FORM a\n', `${AT} 1: unknown instruction: FORM (did you mean FROM?)`, 1],
  ['@form a\n', `${AT} 2: unknown instruction: form (did you mean from?)`, 2],
  ['@Rnu x\n', `${AT} 2: unknown instruction: Rnu (did you mean run?)`, 2],
  ['@apt-get update\n', `${AT} 2: unknown instruction: apt-get`, 2],
  ['@&& x\n', `${AT} 2: unknown instruction: &&`, 2],
  ['@"RUN" x\n', `${AT} 2: unknown instruction: "RUN" (did you mean RUN?)`, 2],
  ['FROM\u00a0a\n', `${AT} 1: unknown instruction: FROM\u00a0a (did you mean from?)`, 1],
  ['{"a": 1}\n', `${AT} 1: unknown instruction: {"a":`, 1],
  // FROM
  ['FROM\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM a b\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM a as\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM a is b\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM a AS b c\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM a # comment\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['FROM "a b"\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  [
    'FROM a AS 1x\n',
    `${AT} 1: invalid name for build stage: "1x", name can't start with a number or contain symbols`,
    1,
  ],
  [
    'FROM a AS x/y\n',
    `${AT} 1: invalid name for build stage: "x/y", name can't start with a number or contain symbols`,
    1,
  ],
  [
    'FROM a AS $X\n',
    `${AT} 1: invalid name for build stage: "$X", name can't start with a number or contain symbols`,
    1,
  ],
  [
    'FROM a AS "x"\n',
    `${AT} 1: invalid name for build stage: "\\"x\\"", name can't start with a number or contain symbols`,
    1,
  ],
  ['FROM --platfrom=linux/amd64 a\n', `${AT} 1: unknown flag: --platfrom (did you mean platform?)`, 1],
  ['FROM --platform a\n', `${AT} 1: missing a value on flag: --platform`, 1],
  ['FROM --platform=a --platform=b c\n', `${AT} 1: duplicate flag specified: --platform`, 1],
  ['FROM --Platform=a c\n', `${AT} 1: unknown flag: --Platform (did you mean platform?)`, 1],
  ['FROM --=a c\n', `${AT} 1: unknown flag: --`, 1],
  // ARG, ENV, LABEL
  ['ARG\nFROM a\n', `${AT} 1: ARG requires at least one argument`, 1],
  ['ARG =1\nFROM a\n', `${AT} 1: ARG names can not be blank`, 1],
  ['@ENV\n', `${AT} 2: ENV requires at least one argument`, 2],
  ['@ENV A\n', 'ENV must have two arguments', 2],
  ['@LABEL A\n', 'LABEL must have two arguments', 2],
  ['@ENV A=1 B\n', `Syntax error - can't find = in "B". Must be of the form: name=value`, 2],
  ['@ENV A=1 "B C"\n', `Syntax error - can't find = in "\\"B C\\"". Must be of the form: name=value`, 2],
  ['@ENV =1\n', `${AT} 2: ENV names can not be blank`, 2],
  ['@LABEL\n', `${AT} 2: LABEL requires at least one argument`, 2],
  ['@LABEL =1\n', `${AT} 2: LABEL names can not be blank`, 2],
  ['@ENV --x=1 A=1\n', `${AT} 2: unknown flag: --x`, 2],
  ['ARG A=${B:?set B}\nFROM a\n', 'failed to process "${B:?set": syntax error: missing \'}\'', 1],
  ['ARG A="${B:?set B}"\nFROM a\n', 'failed to process "\\"${B:?set B}\\"": B: set B', 1],
  [
    "ARG A='x\nFROM a\n",
    'failed to process "\'x": unexpected end of statement while looking for matching single-quote',
    1,
  ],
  ['ARG A\nARG B=${A\nFROM a\n', 'failed to process "${A": unsupported modifier (\uFFFD) in substitution', 2],
  // COPY and ADD
  [
    '@COPY\n',
    `${AT} 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined`,
    2,
  ],
  [
    '@COPY a\n',
    `${AT} 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined`,
    2,
  ],
  [
    '@ADD a\n',
    `${AT} 2: ADD requires at least two arguments, but only one was provided. Destination could not be determined`,
    2,
  ],
  [
    '@COPY ["a"]\n',
    `${AT} 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined`,
    2,
  ],
  ['@COPY a <<EOF\nx\nEOF\n', `${AT} 2: COPY cannot accept a heredoc as a destination`, 2],
  ['@ADD a <<-"E"\nx\nE\n', `${AT} 2: ADD cannot accept a heredoc as a destination`, 2],
  ['@ADD --from=x a b\n', `${AT} 2: unknown flag: --from`, 2],
  ['@COPY --frm=x a b\n', `${AT} 2: unknown flag: --frm (did you mean from?)`, 2],
  ['@COPY --from a b\n', `${AT} 2: missing a value on flag: --from`, 2],
  ['@COPY --from=a --from=b c d\n', `${AT} 2: duplicate flag specified: --from`, 2],
  ['@COPY --link=maybe a b\n', `${AT} 2: expecting boolean value for flag --link, not: maybe`, 2],
  ['@COPY --link= a b\n', `${AT} 2: missing a value on flag: --link`, 2],
  ['@COPY [1, 2]\n', 'when using JSON array syntax, arrays must be comprised of strings only', 2],
  // RUN
  ['@RUN --mount x\n', `${AT} 2: missing a value on flag: --mount`, 2],
  ['@RUN --mount= x\n', `${AT} 2: failed to parse csv mounts: EOF`, 2],
  [
    '@RUN --mount=type=bind,from=$X x\n',
    `${AT} 2: 'from' doesn't support variable expansion, define alias stage instead`,
    2,
  ],
  ['@RUN --mount=FROM=a$b x\n', `${AT} 2: 'from' doesn't support variable expansion, define alias stage instead`, 2],
  [
    '@RUN --mount=a\\"b x\n',
    `${AT} 2: failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted-field`,
    2,
  ],
  [
    '@RUN --mount=\\"a x\n',
    `${AT} 2: failed to parse csv mounts: parse error on line 1, column 2: extraneous or missing " in quoted-field`,
    2,
  ],
  ['@RUN --mounts=type=bind x\n', `${AT} 2: unknown flag: --mounts (did you mean mount?)`, 2],
  ['@RUN --network=lan x\n', `${AT} 2: invalid network mode "lan"`, 2],
  ['@RUN --security=none x\n', `${AT} 2: security "none" is not valid`, 2],
  ['@RUN --device=a,b x\n', `${AT} 2: invalid field 'b' must be a key=value pair`, 2],
  ['@RUN --device=name=a,nam=b x\n', `${AT} 2: unexpected key 'nam' in 'nam=b' (did you mean name?)`, 2],
  ['@RUN --device=a,required=maybe x\n', `${AT} 2: invalid value for required: maybe`, 2],
  ['@RUN [1]\n', 'when using JSON array syntax, arrays must be comprised of strings only', 2],
  // Heredocs
  ['@RUN <<EOF\nx\n', 'unterminated heredoc', 2],
  ['@RUN <<EOF\nx\n EOF\n', 'unterminated heredoc', 2],
  ['@RUN <<-EOF\nx\n  EOF\n', 'unterminated heredoc', 2],
  ['@RUN <<A <<B\na\nA\nb\n', 'unterminated heredoc', 2],
  ['@RUN echo 1<<2\n', 'unterminated heredoc', 2],
  ['@COPY <<"E F" /x\nx\nEF\n', 'unterminated heredoc', 2],
  ['@ONBUILD RUN <<EOF\nx\n', 'unterminated heredoc', 2],
  // The others
  ['@CMD --x y\n', `${AT} 2: unknown flag: --x`, 2],
  ['@CMD [1]\n', 'when using JSON array syntax, arrays must be comprised of strings only', 2],
  ['@CMD ["a", ["b"]]\n', 'when using JSON array syntax, arrays must be comprised of strings only', 2],
  ['@ENTRYPOINT --x y\n', `${AT} 2: unknown flag: --x`, 2],
  ['@EXPOSE\n', `${AT} 2: EXPOSE requires at least one argument`, 2],
  ['@VOLUME\n', `${AT} 2: VOLUME requires at least one argument`, 2],
  ['@VOLUME [""]\n', `${AT} 2: VOLUME specified can not be an empty string`, 2],
  ['@USER\n', `${AT} 2: USER requires exactly one argument`, 2],
  ['@WORKDIR\n', `${AT} 2: WORKDIR requires exactly one argument`, 2],
  ['@MAINTAINER\n', `${AT} 2: MAINTAINER requires exactly one argument`, 2],
  ['@STOPSIGNAL\n', `${AT} 2: STOPSIGNAL requires exactly one argument`, 2],
  ['@SHELL\n', `${AT} 2: SHELL requires at least one argument`, 2],
  ['@SHELL []\n', `${AT} 2: SHELL requires at least one argument`, 2],
  ['@SHELL bash -c\n', `${AT} 2: SHELL requires the arguments to be in JSON form`, 2],
  ["@SHELL ['bash']\n", `${AT} 2: SHELL requires the arguments to be in JSON form`, 2],
  ['@ONBUILD\n', `${AT} 2: ONBUILD requires at least one argument`, 2],
  ['@ONBUILD ONBUILD RUN x\n', `${AT} 2: Chaining ONBUILD via \`ONBUILD ONBUILD\` isn't allowed`, 2],
  ['@ONBUILD from x\n', `${AT} 2: FROM isn't allowed as an ONBUILD trigger`, 2],
  ['@ONBUILD MAINTAINER x\n', `${AT} 2: MAINTAINER isn't allowed as an ONBUILD trigger`, 2],
  ['@ONBUILD --x RUN y\n', `${AT} 2: unknown flag: --x`, 2],
  ['@ONBUILD ENV A\n', 'ENV must have two arguments', 2],
  ['@HEALTHCHECK\n', `${AT} 2: HEALTHCHECK requires at least one argument`, 2],
  ['@HEALTHCHECK NONE x\n', `${AT} 2: HEALTHCHECK NONE takes no arguments`, 2],
  ['@HEALTHCHECK CMD\n', `${AT} 2: Missing command after HEALTHCHECK CMD`, 2],
  ['@HEALTHCHECK curl x\n', `${AT} 2: Unknown type "CURL" in HEALTHCHECK (try CMD)`, 2],
  ['@HEALTHCHECK --intervall=5s CMD x\n', `${AT} 2: unknown flag: --intervall (did you mean interval?)`, 2],
  ['@HEALTHCHECK --interval=5 CMD x\n', `${AT} 2: time: missing unit in duration "5"`, 2],
  ['@HEALTHCHECK --timeout=5x CMD x\n', `${AT} 2: time: unknown unit "x" in duration "5x"`, 2],
  ['@HEALTHCHECK --timeout=s CMD x\n', `${AT} 2: time: invalid duration "s"`, 2],
  ['@HEALTHCHECK --start-period=5us CMD x\n', `${AT} 2: Interval "start-period" cannot be less than 1ms`, 2],
  ['@HEALTHCHECK --retries=x CMD x\n', `${AT} 2: strconv.ParseInt: parsing "x": invalid syntax`, 2],
  ['@HEALTHCHECK --retries=-1 CMD x\n', `${AT} 2: --retries cannot be negative (-1)`, 2],
  [
    '@HEALTHCHECK --retries=9999999999 CMD x\n',
    `${AT} 2: strconv.ParseInt: parsing "9999999999": value out of range`,
    2,
  ],
  // Order: the whole file is split before any instruction is looked at.
  ['FORM a\nRUN <<EOF\n', 'unterminated heredoc', 2],
  ['FROM a b\nENV A\n', 'ENV must have two arguments', 2],
  ['FROM a AS b c\nFORM x\n', `${AT} 1: FROM requires either one or three arguments`, 1],
  ['# c\n\nFROM a \\\n# c\n b\n', `${AT} 3: FROM requires either one or three arguments`, 3],
  // Stages
  ['FROM a AS x\nCOPY --from=x a b\n', 'circular dependency detected on stage: x', 2],
  ['FROM a\nCOPY --from=0 a b\n', 'circular dependency detected on stage: stage-0', 2],
  ['FROM a AS x\nRUN --mount=from=X,target=/y z\n', 'circular dependency detected on stage: x', 2],
  [
    'FROM a AS x\nCOPY --from=z a b\nFROM a AS y\nCOPY --from=x a b\nFROM a AS z\nCOPY --from=y a b\n',
    'circular dependency detected on stage: x',
    2,
  ],
];

// What looks wrong and is not.
const TAKEN: [title: string, text: string][] = [
  ['a lone RUN', 'FROM a\nRUN\n'],
  ['a lone CMD and ENTRYPOINT', 'FROM a\nCMD\nENTRYPOINT []\n'],
  ['flags of ARG', 'ARG --x=1 A=1\nFROM a\n'],
  ['flags of STOPSIGNAL', 'FROM a\nSTOPSIGNAL --x 9\n'],
  ['flags behind HEALTHCHECK NONE', 'FROM a\nHEALTHCHECK --x NONE\n'],
  ['a lone -- before the arguments', 'FROM -- a AS b\nCOPY -- --a b\n'],
  ['a mount whose from ends in $', 'FROM a\nRUN --mount=from=a$ x\n'],
  ['broken JSON as a shell command', 'FROM a\nCMD ["a", ]\nRUN [ "a"\n'],
  ['a heredoc in JSON form as a word', 'FROM a\nCOPY ["<<EOF", "/x"]\n'],
  ['a here-string', 'FROM a\nRUN cat <<<word\n'],
  ['a heredoc in a line with an odd quote', "FROM a\nRUN echo it's <<EOF\n"],
  ['a heredoc mark in a comment', 'FROM a\nRUN x\n# <<EOF\n'],
  ['a heredoc mark in CMD', 'FROM a\nCMD cat <<EOF\n'],
  ['a shift in arithmetic', 'FROM a\nRUN echo $((1<<2))\n'],
  ['a blank line and a comment in a continued line', 'FROM a\nRUN x \\\n\n# c\n y\n'],
  ['a continuation at the end of the file', 'FROM a \\'],
  ['a line of only a continuation', '\\\nFROM a\n'],
  ['a stage of the same name twice', 'FROM a AS x\nFROM b AS x\nFROM x\n'],
  ['a HEALTHCHECK of 0s and of 1h30m', 'FROM a\nHEALTHCHECK --interval=0 --timeout=1h30m0.5s --retries=3 CMD x\n'],
  ['an escape directive below a syntax directive', '#syntax=a\n#escape=`\nFROM a\nCOPY a C:\\\n'],
  ['a repeated directive behind a comment', '# escape=`\n# comment\n# escape=\\\nFROM a\n'],
  ['an unknown directive, which ends them', '# foo=bar\n# escape=`\nFROM a \\\n AS b\n'],
  ['a directive behind #!, which is a comment', '#!/usr/bin/env docker\n# escape=`\nFROM a \\\n AS b\n'],
  ['a device with options', 'FROM a\nRUN --device=vendor.x/y=z,required --device=name=a,required=false x\n'],
];

describe('What BuildKit refuses', () => {
  for (const [written, message, line] of REFUSED) {
    const text = written.replace(/^@/, 'FROM a\n');
    it(`${JSON.stringify(text.slice(0, 70))}: ${message}`, () => {
      const read = readDockerfile(text);
      assert.ok(read.kind === 'invalid', 'it was taken');
      assert.deepEqual({ message: read.message, line: read.line }, { message, line });
      assert.equal(read.reason, message.replace(/^dockerfile parse error on line \d+: /, ''));
    });
  }

  for (const [title, text] of TAKEN) {
    it(`but takes ${title}`, () => {
      const read = readDockerfile(text);
      assert.equal(read.kind === 'invalid' ? read.message : '', '');
    });
  }

  it('a target that is not there, with a guess', () => {
    const read = readDockerfile('FROM a AS build\nFROM b\n', { target: 'biuld' });
    assert.ok(read.kind === 'invalid');
    assert.equal(read.message, 'target stage "biuld" could not be found (did you mean build?)');
  });
});

import assert from 'node:assert/strict';
import { Refusal } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/refusal';
import { expandWord, type LexOptions } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/shellLex';

const ENVIRONMENT = new Map([
  ['V', 'v1.2.3'],
  ['PATHS', '/usr/local/bin'],
  ['EMPTY', ''],
  ['SPACED', 'a  b c'],
  ['DOLLAR', '$0-$1-$$x'],
  ['STARS', 'a*b?c'],
  ['TREE', '🌲🌳é'],
  ['_u1', 'under'],
]);

// Written and expanded.
const GOOD: [string, string][] = [
  ['plain', 'plain'],
  ['$V', 'v1.2.3'],
  ['${V}', 'v1.2.3'],
  ['a${V}b$V.c', 'av1.2.3bv1.2.3.c'],
  ['$NOPE', ''],
  ['$_u1-x', 'under-x'],
  ['$Vx', ''],
  ['$', '$'],
  ['$.', '$.'],
  ['a$1b', 'ab'],
  ['$12ab', 'ab'],
  ['$@@', '@'],
  ['${1:-x}', 'x'],
  ['$(date)', '$(date)'],
  ['\\$V', '$V'],
  ['\\\\$V', '\\v1.2.3'],
  ["'$V'", '$V'],
  ['"$V"', 'v1.2.3'],
  ['"\\$V"', '$V'],
  ['"a\\nb"', 'a\\nb'],
  ['a\\nb', 'anb'],
  ['"it\'s"', "it's"],
  ['\'say "hi"\'', 'say "hi"'],
  ['a"b"c\'d\'', 'abcd'],
  ['end\\', 'end'],
  ['${NOPE:-d}', 'd'],
  ['${NOPE-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${V:-d}', 'v1.2.3'],
  ['${NOPE:-}', ''],
  ['${NOPE:-${EMPTY:-${V}}}', 'v1.2.3'],
  ['${NOPE:-"a b"}', 'a b'],
  ['${NOPE:-a}}', 'a}'],
  ['${V:+y}', 'y'],
  ['${EMPTY:+y}', ''],
  ['${EMPTY+y}', 'y'],
  ['${NOPE+y}', ''],
  ['${V:?no}', 'v1.2.3'],
  ['${EMPTY?no}', ''],
  ['${V#v}', '1.2.3'],
  ['${V#x}', 'v1.2.3'],
  ['${V#*.}', '2.3'],
  ['${V##*.}', '3'],
  ['${V%.*}', 'v1.2'],
  ['${V%%.*}', 'v1'],
  ['${V%?}', 'v1.2.'],
  ['${V#??}', '.2.3'],
  ['${V%$NOPE}', 'v1.2.3'],
  ['${PATHS##*/}', 'bin'],
  ['${PATHS%/*}', '/usr/local'],
  ['${PATHS#/*/}', 'local/bin'],
  ['${PATHS##/*/}', 'bin'],
  ['${PATHS%%/*/*}', ''],
  ['${STARS#a\\*}', 'b?c'],
  ['${STARS%\\?c}', 'a*b'],
  ['${V/./-}', 'v1-2.3'],
  ['${V//./-}', 'v1-2-3'],
  ['${V//[/x}', 'v1.2.3'],
  ['${V//*/x}', 'x'],
  ['${V/2*/x}', 'v1.x'],
  ['${PATHS//\\//_}', '_usr_local_bin'],
  ['${V///x}', 'xvx1x.x2x.x3x'],
  ['${V//1/$DOLLAR}', 'v1--$x.2.3'],
  ['${V/1/$DOLLAR}', 'v$0-$1-$$x.2.3'],
  ['${NOPE/a/b}', ''],
  ['${TREE#?}', '🌳é'],
  ['${TREE%%?}', '🌲🌳'],
  ['<<EOF', '<<EOF'],
  ['a<b', 'a<b'],
];

const BAD: [string, string][] = [
  ["it's", 'unexpected end of statement while looking for matching single-quote'],
  ['"open', 'unexpected end of statement while looking for matching double-quote'],
  ['${', "syntax error: missing '}'"],
  ['${V:-x', "syntax error: missing '}'"],
  ['${V', 'unsupported modifier (\uFFFD) in substitution'],
  ['${}', 'syntax error: bad substitution'],
  ['${{V}}', 'syntax error: bad substitution'],
  ['${:-x}', 'syntax error: bad substitution'],
  ['${V.x}', 'unsupported modifier (.) in substitution'],
  ['${V=x}', 'unsupported modifier (=) in substitution'],
  ['${V:=x}', 'unsupported modifier (:=) in substitution'],
  ['${V:#x}', 'unsupported modifier (:#) in substitution'],
  ['${V:%x}', 'unsupported modifier (:%) in substitution'],
  ['${V:/a/b}', 'unsupported modifier (:/) in substitution'],
  ['${V^^}', 'unsupported modifier (^) in substitution'],
  ['${V/a}', "syntax error: missing '/' in ${}"],
  ['${V/a/b', "syntax error: missing '}'"],
  ['${V#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
  ['${NOPE?}', 'NOPE: is not allowed to be unset'],
  ['${NOPE:?}', 'NOPE: is not allowed to be unset'],
  ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
  ['${NOPE:?set $V}', 'NOPE: set v1.2.3'],
];

describe('Expanding words', () => {
  for (const [written, expanded] of GOOD) {
    it(`${written} is ${expanded || 'empty'}`, () => {
      assert.equal(expandWord(written, ENVIRONMENT).text, expanded);
    });
  }

  for (const [written, reason] of BAD) {
    it(`${written} is refused`, () => {
      assert.throws(
        () => expandWord(written, ENVIRONMENT),
        (error) =>
          error instanceof Refusal &&
          error.reason.endsWith(`: ${reason}`) &&
          error.reason.startsWith('failed to process "'),
      );
    });
  }

  it('takes the backtick for the escape where the file says so, and the backslash for a character', () => {
    assert.equal(expandWord('C:\\b`$V', ENVIRONMENT, { escape: '`' }).text, 'C:\\b$V');
  });

  const split: [string, LexOptions, string[]][] = [
    ['a  b\tc', {}, ['a', 'b', 'c']],
    ['$SPACED', {}, ['a', 'b', 'c']],
    ['"$SPACED"', {}, ['a  b c']],
    ['a\\ b c', {}, ['a b', 'c']],
    ['"" x', {}, ['x']],
    ['cat <<  EOF x', {}, ['cat', '<<  EOF', 'x']],
    ['"a b" \'c\'', { rawQuotes: true }, ['"a b"', "'c'"]],
    ['a\\ b', { rawEscapes: true }, ['a\\ b']],
    ['$NOPE ${NOPE} ${NOPE:-x} $V', { keepUnset: true }, ['$NOPE', '${NOPE}', '${NOPE:-x}', 'v1.2.3']],
  ];
  for (const [written, options, words] of split) {
    it(`splits ${written} into ${words.length} words`, () => {
      assert.deepEqual(expandWord(written, ENVIRONMENT, options).words, words);
    });
  }

  it('tells which names were asked for', () => {
    assert.deepEqual(
      [...expandWord('$V-${NOPE:-$EMPTY}', ENVIRONMENT).asked],
      [
        ['V', 'v1.2.3'],
        ['EMPTY', ''],
        ['NOPE', undefined],
      ],
    );
  });

  it('refuses nesting that would fill the stack, and growth that would fill the memory', () => {
    assert.throws(() => expandWord('${A:-'.repeat(20_000), new Map()), /nested too deeply|missing/);
    assert.throws(() => expandWord('$A'.repeat(1000), new Map([['A', 'x'.repeat(1000)]])), /too long/);
    assert.throws(() => expandWord(`"${'$A'.repeat(1000)}"`, new Map([['A', 'x'.repeat(1000)]])), /too long/);
  });

  it('matches patterns of many stars without trying every way', () => {
    const value = new Map([['A', 'a'.repeat(20_000)]]);
    assert.equal(expandWord(`\${A##${'*a'.repeat(500)}b}`, value).text.length, 20_000);
    assert.equal(expandWord(`\${A//${'*a'.repeat(500)}/x}`, value).text, 'x');
  });
});

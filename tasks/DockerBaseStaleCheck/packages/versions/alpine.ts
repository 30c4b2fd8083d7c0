import { compareDigits, compareText, holds } from './order';

type Kind = 'first' | 'number' | 'letter' | 'suffix' | 'suffixNumber' | 'commit' | 'revision' | 'end' | 'invalid';

interface Token {
  kind: Kind;
  text: string;
}

/** Where one version has a token and the other another kind, the earlier kind here is the newer version. */
const KINDS: readonly Kind[] = [
  'first',
  'number',
  'letter',
  'suffix',
  'suffixNumber',
  'commit',
  'revision',
  'end',
  'invalid',
];
const BEFORE_RELEASE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER_RELEASE = ['cvs', 'svn', 'git', 'hg', 'p'];
const SUFFIXES = [...BEFORE_RELEASE, ...AFTER_RELEASE];

/** Which kinds of token may follow which: digits{.digits}{letter}{_suffix{digits}}{~commit}{-rdigits}. */
const RULES: readonly { kind: Kind; form: RegExp; after: readonly Kind[] }[] = [
  { kind: 'first', form: /^\d+/, after: [] },
  { kind: 'number', form: /^\.(\d+)/, after: ['first', 'number'] },
  { kind: 'letter', form: /^[a-z]/, after: ['first', 'number'] },
  { kind: 'suffixNumber', form: /^\d+/, after: ['suffix'] },
  {
    kind: 'suffix',
    form: /^_(alpha|beta|pre|rc|cvs|svn|git|hg|p)/,
    after: ['first', 'number', 'letter', 'suffix', 'suffixNumber'],
  },
  { kind: 'commit', form: /^~([0-9a-f]+)/, after: ['first', 'number', 'letter', 'suffix', 'suffixNumber'] },
  { kind: 'revision', form: /^-r(\d+)/, after: ['first', 'number', 'letter', 'suffix', 'suffixNumber', 'commit'] },
];

/** Order of two Alpine versions, `_alpha` … `_rc` before the release, `_p` after it (apk-package(5)). Reads any text. */
export function compare(a: string, b: string): number {
  return compareTokens(tokens(a), tokens(b), false);
}

/** Whether a version is what `name=1`, `name~1` (these leading parts), `name>1`, … ask for; several apart by blanks or commas. */
export function fits(version: string, wanted: string): boolean {
  return isRange(wanted) && conditions(wanted).every((condition) => fitsOne(version, condition));
}

/** Whether a text can be read as a wanted version. */
export function isRange(wanted: string): boolean {
  return conditions(wanted).every((condition) => {
    const bound = CONDITION.exec(condition)?.[2];
    return bound !== undefined && tokens(bound).at(-1)?.kind === 'end';
  });
}

const CONDITION = /^(<~|>~|~=|=~|~|<=|>=|<|>|==|=)?(.+)$/;

function conditions(wanted: string): string[] {
  const text = wanted.trim().replace(/([<>=~])\s+/g, '$1');
  return text === '' ? [] : text.split(/[\s,]+/);
}

function fitsOne(version: string, condition: string): boolean {
  const [, operator = '=', bound = ''] = CONDITION.exec(condition) ?? [];
  if (!operator.includes('~')) return holds(compare(version, bound), operator);
  const order = compareTokens(tokens(version), tokens(bound), true);
  return order === 0 || holds(order, operator.replace('~', ''));
}

function tokens(version: string): Token[] {
  const found: Token[] = [];
  let rest = version.trim();
  let last: Kind | undefined;
  while (rest !== '') {
    const rule = RULES.find(({ form, after }) => form.test(rest) && (last ? after.includes(last) : after.length === 0));
    const match = rule?.form.exec(rest);
    if (!rule || !match) return [...found, { kind: 'invalid', text: rest }];
    found.push({ kind: rule.kind, text: match[1] ?? match[0] });
    rest = rest.slice(match[0].length);
    last = rule.kind;
  }
  return [...found, { kind: found.length === 0 ? 'invalid' : 'end', text: '' }];
}

function compareTokens(a: readonly Token[], b: readonly Token[], fuzzy: boolean): number {
  const end: Token = { kind: 'end', text: '' };
  const at = a.findIndex((token, index) => token.kind !== b[index]?.kind || compareToken(token, b[index] ?? end) !== 0);
  const x = a[at];
  const y = b[at];
  if (x === undefined || y === undefined) return 0;
  if (x.kind === y.kind) return compareToken(x, y);
  if (fuzzy && y.kind === 'end') return 0;
  if (isBeforeRelease(x)) return -1;
  if (isBeforeRelease(y)) return 1;
  return Math.sign(KINDS.indexOf(y.kind) - KINDS.indexOf(x.kind));
}

function compareToken(a: Token, b: Token): number {
  switch (a.kind) {
    case 'number':
      // A leading zero makes it a decimal fraction, as Gentoo has it: 1.02 is before 1.1.
      return a.text.startsWith('0') || b.text.startsWith('0')
        ? compareText(a.text, b.text)
        : compareDigits(a.text, b.text);
    case 'first':
    case 'suffixNumber':
    case 'revision':
      return compareDigits(a.text, b.text);
    case 'suffix':
      return Math.sign(SUFFIXES.indexOf(a.text) - SUFFIXES.indexOf(b.text));
    default:
      return compareText(a.text, b.text);
  }
}

function isBeforeRelease({ kind, text }: Token): boolean {
  return kind === 'suffix' && BEFORE_RELEASE.includes(text);
}

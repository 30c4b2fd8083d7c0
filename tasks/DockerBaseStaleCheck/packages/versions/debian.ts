import { compareDigits, fitsGlob, holds } from './order';

/** Order of two Debian versions: epoch, upstream, revision, `~` before the end (deb-version(7)). Reads any text. */
export function compare(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    compareDigits(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

/** Whether a version is what `package=…` asks for: exactly, by pattern (`1.2*`), or by relation (`>= 1.2`). */
export function fits(version: string, wanted: string): boolean {
  const text = wanted.trim();
  if (text === '') return true;
  if (!isRange(text)) return false;
  const [, operator = '=', bound = ''] = RELATION.exec(text) ?? [];
  return /[*?]/.test(bound) ? operator === '=' && fitsGlob(version, bound) : holds(compare(version, bound), operator);
}

/** Whether a text can be read as a wanted version. */
export function isRange(wanted: string): boolean {
  return wanted.trim() === '' || RELATION.test(wanted.trim());
}

const RELATION = /^(?:(<<|<=|>=|>>|<|>|=)\s*)?([A-Za-z0-9.+:~*?-]+)$/;

function split(version: string): { epoch: string; upstream: string; revision: string } {
  const text = version.trim();
  const epoch = /^(\d+):/.exec(text)?.[1] ?? '';
  const rest = epoch === '' ? text : text.slice(epoch.length + 1);
  const dash = rest.lastIndexOf('-');
  return dash < 0
    ? { epoch, upstream: rest, revision: '' }
    : { epoch, upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) };
}

/** Runs of other characters and runs of digits take turns; the first that differs decides. */
function comparePart(a: string, b: string): number {
  const left = runs(a);
  const right = runs(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const x = left[index] ?? { letters: '', digits: '' };
    const y = right[index] ?? { letters: '', digits: '' };
    const order = compareLetters(x.letters, y.letters) || compareDigits(x.digits, y.digits);
    if (order !== 0) return order;
  }
  return 0;
}

function runs(text: string): { letters: string; digits: string }[] {
  return [...text.matchAll(/(\D*)(\d*)/g)].map(([, letters = '', digits = '']) => ({ letters, digits }));
}

function compareLetters(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = weight(a[index]) - weight(b[index]);
    if (order !== 0) return Math.sign(order);
  }
  return 0;
}

/** `~` sorts before the end of a part, letters before other signs. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 0x10000);
}

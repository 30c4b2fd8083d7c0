import { compareDigits, compareLists, compareParsed, holds } from './order';

/** Order of two R package versions: numbers between `.` or `-`, the longer is the newer (R's `package_version`). */
export function compare(a: string, b: string): number {
  return compareParsed({ text: a, parsed: parse(a) }, { text: b, parsed: parse(b) }, (x, y) =>
    compareLists(x, y, compareDigits),
  );
}

/** Whether a version is what `install_version` asks for: one version, or conditions as in a DESCRIPTION (`>= 1.0, < 2`). */
export function fits(version: string, wanted: string): boolean {
  if (!isRange(wanted) || parse(version) === undefined) return false;
  return conditions(wanted).every((condition) => {
    const [, operator = '==', bound = ''] = CONDITION.exec(condition) ?? [];
    return holds(compare(version, bound), operator);
  });
}

/** Whether a text can be read as a wanted version. */
export function isRange(wanted: string): boolean {
  return conditions(wanted).every((condition) => {
    const bound = CONDITION.exec(condition)?.[2];
    return bound !== undefined && parse(bound) !== undefined;
  });
}

const LONGEST = 500;
const CONDITION = /^(<=|>=|==|!=|<|>|=)?\s*(\S+)$/;

function conditions(wanted: string): string[] {
  return wanted
    .split(',')
    .map((condition) => condition.trim())
    .filter((condition) => condition !== '');
}

function parse(version: string): string[] | undefined {
  const text = version.trim();
  return text.length <= LONGEST && /^\d+(?:[.-]\d+)*$/.test(text) ? text.split(/[.-]/) : undefined;
}

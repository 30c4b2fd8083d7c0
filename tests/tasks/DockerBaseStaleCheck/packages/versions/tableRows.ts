/** `a < b` rows of a table, as the formats' own test suites write them. */
export function orderRows(table: string): { left: string; sign: number; right: string }[] {
  return [...table.matchAll(/^\s*(\S+)\s+([<=>])\s+(\S+)/gm)].map(([, left = '', operator, right = '']) => ({
    left,
    sign: operator === '<' ? -1 : operator === '>' ? 1 : 0,
    right,
  }));
}

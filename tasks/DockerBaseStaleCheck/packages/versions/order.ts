/** Order of two runs of decimal digits by value; as text, since dates and hashes in versions pass what a number holds. */
export function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length === right.length ? compareText(left, right) : Math.sign(left.length - right.length);
}

/** Order of two texts by code unit, which is what every version format here means by 'as text'. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of two lists: the first item that differs decides, then the shorter list is the smaller. */
export function compareLists<T>(a: readonly T[], b: readonly T[], compareItems: (x: T, y: T) => number): number {
  for (const [index, item] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareItems(item, other);
    if (order !== 0) return order;
  }
  return a.length < b.length ? -1 : 0;
}

/**
 * Order of two versions which the format may not know: what it cannot read sorts first, among itself as text, so that
 * a list of any texts still has one order.
 */
export function compareParsed<T>(
  a: { text: string; parsed: T | undefined },
  b: { text: string; parsed: T | undefined },
  compareKnown: (x: T, y: T) => number,
): number {
  if (a.parsed !== undefined && b.parsed !== undefined) return compareKnown(a.parsed, b.parsed);
  if (a.parsed === undefined && b.parsed === undefined) return compareText(a.text, b.text);
  return a.parsed === undefined ? -1 : 1;
}

/** Whether a text fits a shell pattern of `*` and `?`; in linear time, as the pattern is a stranger's. */
export function fitsGlob(text: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern++;
      starAt = at;
    } else if (wanted === '?' || wanted === text[at]) {
      inPattern++;
      at++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}

/** What an order operator says of a comparison (-1, 0, 1); an operator that is not known says nothing fits. */
export function holds(order: number, operator: string): boolean {
  switch (operator) {
    case '<':
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
    case '>>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    default:
      return false;
  }
}

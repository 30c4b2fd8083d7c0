/**
 * The message, with ' (did you mean X?)' behind it where an option is at most two edits away from what was written, as
 * BuildKit does (util/suggest). Of equally near options BuildKit takes any; this takes one that begins alike, or the first.
 */
export function suggest(message: string, written: string, options: readonly string[], ignoreCase = false): string {
  const value = ignoreCase ? written.toLowerCase() : written;
  let best = '';
  let bestDistance = 3;
  for (const option of options) {
    if (option === value) return message;
    const distance = editDistance(value, option);
    const first = value.slice(0, 1);
    const beginsAlike = distance === bestDistance && option.startsWith(first) && !best.startsWith(first);
    if (distance < bestDistance || (beginsAlike && best !== '')) [best, bestDistance] = [option, distance];
  }
  if (ignoreCase && written === written.toUpperCase() && written !== written.toLowerCase()) best = best.toUpperCase();
  return best ? `${message} (did you mean ${best}?)` : message;
}

/** Levenshtein distance; texts that differ in length by more than two are not measured. */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 2) return Infinity;
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = at(previous, column - 1) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}

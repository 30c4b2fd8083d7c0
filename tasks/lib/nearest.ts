/** The names that differ least from the wanted one, best first, at most five; paths are compared by their last part as well. */
export function nearest(wanted: string, names: string[], most = 5): string[] {
  const target = wanted.toLowerCase();
  const score = (name: string) => {
    const lower = name.toLowerCase();
    const last = lower.split(/[\\/]/).at(-1) ?? lower;
    const part = target.split(/[\\/]/).at(-1) ?? target;
    const contains = last.includes(part) || part.includes(last) ? 0.5 : 1;
    return Math.min(distance(target, lower), distance(part, last)) * contains;
  };
  return names
    .map((name) => ({ name, score: score(name) }))
    .sort((a, b) => a.score - b.score || a.name.localeCompare(b.name))
    .slice(0, most)
    .map(({ name }) => name);
}

/** Levenshtein distance: how many letters must be put in, taken out or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longest list of ids in one address; servers cut a query at about two thousand characters. */
const LONGEST_IDS = 1700;

/** What has an id, in lists whose ids, joined by commas, fit into one address each; as few lists as that allows. */
export function idLists<T>(all: T[], idOf: (one: T) => number): T[][] {
  const lists: T[][] = [];
  let length = Infinity;
  for (const one of all) {
    const more = String(idOf(one)).length + 1;
    if (length + more > LONGEST_IDS) {
      lists.push([]);
      length = 0;
    }
    lists.at(-1)?.push(one);
    length += more;
  }
  return lists;
}

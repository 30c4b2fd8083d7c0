/** Numbers in [0, 1) which are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SIGNS = '"\'`$(){}[]<>|&;=~!*?#@%^+-_.,:/\\ \n\t\0 0 1 9 a z A Z'.split('');
const SPICE = [...SIGNS, '${', '$(', '<<', '&&', '||', 'é', '😀', '::', '\r\n'];

/** Variations of a text with signs left out, put in, doubled or moved: the same for a seed. */
export function mutations(text: string, { seed, count }: { seed: number; count: number }): string[] {
  const random = randomNumbers(seed);
  const upTo = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: count }, () => {
    let mutated = text;
    for (let change = upTo(4); change >= 0; change--) {
      const at = upTo(mutated.length + 1);
      const until = Math.min(mutated.length, at + upTo(6));
      const piece =
        [() => '', () => SPICE[upTo(SPICE.length)] ?? '', () => mutated.slice(at, until).repeat(2)][upTo(3)]?.() ?? '';
      mutated = mutated.slice(0, at) + piece + mutated.slice(until);
    }
    return mutated;
  });
}

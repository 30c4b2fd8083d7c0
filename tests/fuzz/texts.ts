import fc from 'fast-check';

/** The runs of a property are the same each time: a seed is kept, and `FUZZ_RUNS` asks for more of them. */
export function kept<T>(seed: number, runs: number, examples: T[] = []): fc.Parameters<T> {
  return { seed, numRuns: Number(process.env.FUZZ_RUNS ?? runs), examples };
}

/** Texts made of pieces that mean something to their reader, with any character between. */
export function piecesOf(pieces: string[], maxLength = 30): fc.Arbitrary<string> {
  const anything = fc.string({ unit: 'binary', maxLength: 3 });
  return fc
    .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: anything }), {
      maxLength,
    })
    .map((parts) => parts.join(''));
}

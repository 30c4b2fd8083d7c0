/** One line of the table: what was measured, and what it is measured against in the same run. */
export interface Figure {
  name: string;
  value: string;
  /** The measured thing's plain counterpart in the same run: a bare script, a naive loop, the same without our part. */
  baseline: string;
  /** The bound that the project sets itself, where it has one. */
  limit?: string;
  note?: string;
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [below = 0, above = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 ? above : (below + above) / 2;
}

export function inMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** The result of a step, in the agent's spelling: `Canceled` has one l. */
export type TaskResult = (typeof ranked)[number];

/** The position is the rank in merging and the number that `task.complete` accepts in place of the name. */
const ranked = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'] as const;

/** Merges a further result into that of the step: the worse one wins, but what is above Failed stays (TaskResultUtil). */
export function mergeResults(current: TaskResult | undefined, next: TaskResult): TaskResult {
  if (current === undefined) return next;
  if (ranked.indexOf(current) > ranked.indexOf('Failed')) return current;
  return ranked.indexOf(next) > ranked.indexOf(current) ? next : current;
}

/** Reads the `result` of `task.complete`, with case; undefined for what the agent refuses, such as 'Cancelled' or 'failed'. */
export function parseResult(text: string | undefined): TaskResult | undefined {
  const name = text?.trim() ?? '';
  return ranked.find((result, rank) => result === name || String(rank) === name);
}

/** Results of timeline records that count as good enough for what depends on them. */
export function isGood(result: string): boolean {
  return result === 'succeeded' || result === 'succeededWithIssues';
}

/** The result of a whole from those of its parts: failed over canceled over issues over succeeded; all skipped is skipped. */
export function worst(results: string[]): string {
  if (results.length > 0 && results.every((result) => result === 'skipped')) return 'skipped';
  for (const result of ['failed', 'abandoned', 'canceled', 'succeededWithIssues']) {
    if (results.includes(result)) return result === 'abandoned' ? 'failed' : result;
  }
  return 'succeeded';
}

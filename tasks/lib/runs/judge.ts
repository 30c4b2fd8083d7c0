import type { Stage } from './timeline';

/** What is waited for: the run's end, its first job, or the end of these stages. */
export type WaitFor = 'completion' | 'start' | string[];

/** What a look at a run says: it goes on, or it ended and counts as this. */
export type Judgement =
  | { ended: false; unknownStatus?: string }
  | { ended: true; result: 'succeeded' | 'partiallySucceeded' | 'failed' | 'canceled'; reason?: string };

const GOING_ON = new Set(['none', 'inProgress', 'cancelling', 'postponed', 'notStarted', '']);

/**
 * Judges a run by its own words. An unknown status is still running; an unknown result is a failure.
 * A run of which a stage that was asked for ended skipped, or all of whose stages were skipped, failed: it did not do what it was
 * started for, although the service calls it a success.
 */
export function judgeRun(run: { status?: string; result?: string }, stages: Stage[], asked: string[] = []): Judgement {
  const status = run.status ?? '';
  if (status !== 'completed') return GOING_ON.has(status) ? { ended: false } : { ended: false, unknownStatus: status };
  switch (run.result) {
    case 'failed':
    case 'canceled':
      return { ended: true, result: run.result };
    case 'succeeded':
    case 'partiallySucceeded': {
      const reason = skipped(stages, asked);
      return reason ? { ended: true, result: 'failed', reason } : { ended: true, result: run.result };
    }
    default:
      return { ended: true, result: 'failed', reason: `its result '${run.result ?? ''}' is unknown to this task` };
  }
}

/**
 * Judges some stages of a run, named by reference or display name: they end when all have ended, and the worst counts.
 * @param runEnded no stage can move any more.
 */
export function judgeStages(stages: Stage[], names: string[], runEnded: boolean): Judgement {
  const wanted = names.map((name) => ({ name, stage: find(stages, name) }));
  const missing = wanted.filter(({ stage }) => !stage).map(({ name }) => name);
  if (missing.length) {
    const known = stages.map(({ name }) => name).join(', ') || 'none';
    return {
      ended: true,
      result: 'failed',
      reason: `it has no stage ${missing.join(', ')} to wait for; its stages: ${known}`,
    };
  }
  const found = wanted.flatMap(({ stage }) => stage ?? []);
  if (found.some(({ state }) => state !== 'ended')) {
    if (!runEnded) return { ended: false };
    return { ended: true, result: 'failed', reason: `it ended before ${names.join(', ')} did` };
  }
  const results = found.map(({ result }) => result);
  const skippedOnes = found.filter(({ result }) => result === 'skipped').map(({ name }) => name);
  if (skippedOnes.length)
    return { ended: true, result: 'failed', reason: `the stage ${skippedOnes.join(', ')} was skipped` };
  const unknown = results.find(
    (result) => !['succeeded', 'succeededWithIssues', 'failed', 'canceled', 'abandoned'].includes(result),
  );
  if (unknown !== undefined)
    return { ended: true, result: 'failed', reason: `the stage result '${unknown}' is unknown to this task` };
  if (results.includes('failed') || results.includes('abandoned')) return { ended: true, result: 'failed' };
  if (results.includes('canceled')) return { ended: true, result: 'canceled' };
  return { ended: true, result: results.includes('succeededWithIssues') ? 'partiallySucceeded' : 'succeeded' };
}

function find(stages: Stage[], name: string): Stage | undefined {
  const same = (text: string) => text.toLowerCase() === name.toLowerCase();
  return stages.find((stage) => same(stage.name)) ?? stages.find((stage) => same(stage.displayName));
}

function skipped(stages: Stage[], asked: string[]): string | undefined {
  const missed = stages
    .filter((stage) => stage.result === 'skipped' && asked.includes(stage.name))
    .map(({ name }) => name);
  if (missed.length) {
    return `the stage ${missed.join(', ')} was asked for and ended skipped: its condition was not met`;
  }
  if (stages.length && stages.every((stage) => stage.result === 'skipped')) return 'all of its stages were skipped';
  return undefined;
}

import type { Stage } from './timeline';

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

function skipped(stages: Stage[], asked: string[]): string | undefined {
  const missed = stages
    .filter((stage) => stage.result === 'skipped' && asked.includes(stage.name))
    .map(({ name }) => name);
  if (missed.length) return `the stage ${missed.join(', ')} was asked for and ended skipped: its condition was not met`;
  if (stages.length && stages.every((stage) => stage.result === 'skipped')) return 'all of its stages were skipped';
  return undefined;
}

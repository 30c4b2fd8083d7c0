import type { EmulatorState } from './EmulatorState';
import { guidOf } from './ids';
import { progressOf, type Run } from './runs';

/** What a pool sees of a job: who waits for an agent and who has one. */
export interface JobRequest {
  id: number;
  run: Run;
  jobId: string;
  jobName: string;
  path: string;
  demands: string[];
  queueId: number;
  worker: string;
  queuedAt: number;
  assignedAt?: number;
  finishAt?: number;
  result: string;
}

/** The job requests of a pool by now, in the order in which they were queued. */
export function jobRequestsOf(state: EmulatorState, poolId: number): JobRequest[] {
  const { now } = state;
  const queueIds = state.queues.filter((queue) => queue.pool.id === poolId).map((queue) => queue.id);
  return state.runs
    .flatMap((run) =>
      progressOf(run).stages.flatMap((attempts) =>
        attempts.flatMap((span) =>
          span.jobs.map((job) => ({ run, job, path: `${span.plan.name}.${job.plan.name}.__default` })),
        ),
      ),
    )
    .filter(
      ({ job, run }) =>
        job.result !== 'skipped' && job.queuedAt <= now && queueIds.includes(job.plan.queueId ?? run.queueId),
    )
    .toSorted((a, b) => a.job.queuedAt - b.job.queuedAt)
    .map(({ run, job, path }, index) => ({
      id: poolId * 10_000 + index + 1,
      run,
      jobId: guidOf(`${run.planId}/record/${path}/${job.attempt}`),
      jobName: job.plan.displayName,
      path,
      demands: job.plan.demands,
      queueId: job.plan.queueId ?? run.queueId,
      worker: job.worker,
      queuedAt: job.queuedAt,
      ...(job.startAt <= now ? { assignedAt: job.startAt } : {}),
      ...(job.finishAt <= now ? { finishAt: job.finishAt } : {}),
      result: job.result,
    }));
}

import type { Purpose } from './names';

/** What runs one agent: a Kubernetes Job or a container group, as its host describes it. Times are ms since the epoch. */
export interface Workload {
  name: string;
  host: string;
  poolId: number;
  profile: string;
  purpose: Purpose;
  /** `pending`: no container runs yet · `ending`: it is being deleted, and its container may still be there. */
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'ending';
  createdAt: number;
  startedAt?: number;
  finishedAt?: number;
  /** Its registration was put beside it; until then the container cannot start. */
  handed: boolean;
  /** The agent ended, but containers beside it run on: the workload will not end by itself. */
  sideCarsRun?: boolean;
  /** Why it does not start, or why it failed. */
  problem?: Problem;
}

/** Why an agent does not come, in a word to count by and a sentence to read. */
export interface Problem {
  reason: 'image' | 'noRoom' | 'quota' | 'refused' | 'exit' | 'deadline' | 'evicted' | 'other';
  text: string;
}

/** True while it runs an agent or will. */
export function isLive({ state }: Workload): boolean {
  return state === 'pending' || state === 'running';
}

export function isFinished({ state }: Workload): boolean {
  return state === 'succeeded' || state === 'failed';
}

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;
/** An agent that went this soon did no job, whatever its exit code says: on Container Instances every end is exit 0. */
const tooShortMs = 20_000;

/**
 * When the next attempt may start, after these. Even a good end waits a little: the look at the queue may be older than the look at the
 * workloads, and the request may be the very one that was just served.
 */
export function nextAttemptAt(attempts: readonly Workload[]): number {
  const ends = attempts.map(({ finishedAt, createdAt }) => finishedAt ?? createdAt);
  const failures = attempts.filter(endedInVain).length;
  return Math.max(0, ...ends) + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, failures - 1));
}

/** Failed, or gone too soon to have done a job. */
export function endedInVain(workload: Workload): boolean {
  if (workload.state === 'failed') return true;
  const { state, startedAt = workload.createdAt, finishedAt = startedAt } = workload;
  return state === 'succeeded' && finishedAt - startedAt < tooShortMs;
}

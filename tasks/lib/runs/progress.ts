import { jobsOf, stagesOf, type Job, type Stage } from './timeline';
import type { TimelineRecord } from './wire';

/** What is logged of a child while it runs; `logs` are read beside the stages and jobs. */
export type Detail = 'none' | 'stages' | 'jobs' | 'logs';

/** What changed from one timeline to the next, a line each: stages, or stages and jobs. */
export function progressLines(before: TimelineRecord[], after: TimelineRecord[], detail: Detail): string[] {
  if (detail === 'none') return [];
  const known = new Map(stagesOf(before).map((stage) => [stage.name, stage]));
  const stages = stagesOf(after);
  const lines = stages.flatMap((stage) => {
    const earlier = known.get(stage.name);
    const own = changed(earlier, stage) ? [`stage ${stage.displayName} ${words(stage)}${duration(stage)}`] : [];
    const jobs =
      detail === 'jobs' || detail === 'logs'
        ? jobLines(earlier?.jobs ?? [], stage.jobs, `${stage.displayName} > `)
        : [];
    return stage.state === 'ended' ? [...jobs, ...own] : [...own, ...jobs];
  });
  // A pipeline without stages has jobs only, and then they are what its author knows.
  return stages.length ? lines : jobLines(jobsOf(before), jobsOf(after), '');
}

function jobLines(before: Job[], after: Job[], place: string): string[] {
  const known = new Map(before.map((job) => [job.name, job]));
  return after.flatMap((job) => (changed(known.get(job.name), job) ? [`job ${place}${job.name} ${words(job)}`] : []));
}

function changed(before: Pick<Job, 'state' | 'result'> | undefined, after: Pick<Job, 'state' | 'result'>): boolean {
  return after.state !== 'pending' && (before?.state !== after.state || before.result !== after.result);
}

function words({ state, result }: Pick<Job, 'state' | 'result'>): string {
  return state === 'ended' ? result || 'ended' : 'runs';
}

function duration({ startTime, finishTime, state }: Stage): string {
  const text = state === 'ended' ? span(startTime, finishTime) : '';
  return text ? ` after ${text}` : '';
}

/** Time between two moments as people write it: `45 s`, `3 min 20 s`, `1 h 5 min`; empty where one is missing. */
export function span(from: string | undefined, to: string | undefined): string {
  const seconds = Math.round((Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000);
  if (!Number.isFinite(seconds) || seconds < 0) return '';
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 60)} h`;
}

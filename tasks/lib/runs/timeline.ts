import type { AzureDevOps } from '../azureDevOps';
import { TIMELINE, type TimelineRecord } from './wire';

/** A stage, or a job, as the log and the outputs name it. */
export interface Stage {
  /** Reference name. */
  name: string;
  displayName: string;
  state: 'pending' | 'running' | 'ended';
  /** The service's own word, empty while it has not ended. */
  result: string;
  attempt: number;
  startTime?: string | undefined;
  finishTime?: string | undefined;
  jobs: Job[];
}

export interface Job {
  name: string;
  state: Stage['state'];
  result: string;
}

/** A task (or a job, or a stage) that failed by itself, with what it said. */
export interface Failure {
  /** Stage, job and task, as many as there are. */
  path: string[];
  result: string;
  errors: string[];
  /** Errors that are not among `errors`. */
  more: number;
  url: string;
}

/** The service gives a pipeline without stages one of this name. */
export const NO_STAGES = '__default';
const FAILED = new Set(['failed', 'canceled', 'abandoned']);
const ERRORS_SHOWN = 3;

/** The records of a run's newest attempt; none before the run was prepared. */
export async function readTimeline(
  azureDevOps: AzureDevOps,
  run: { project: string; id: number },
  signal?: AbortSignal,
): Promise<TimelineRecord[]> {
  const { value } = await azureDevOps.call<{ records?: TimelineRecord[] } | undefined>('GET', TIMELINE, {
    route: { project: run.project, buildId: run.id },
    signal,
    attempts: 2,
  });
  return value?.records ?? [];
}

/** The stages in their order, with their jobs; empty for a pipeline without stages. */
export function stagesOf(records: TimelineRecord[]): Stage[] {
  const stages = ordered(records, 'Stage').map((record) => ({
    ...common(record),
    name: record.identifier ?? record.refName ?? record.name ?? '',
    displayName: record.name ?? record.identifier ?? '',
    attempt: record.attempt ?? 1,
    startTime: record.startTime ?? undefined,
    finishTime: record.finishTime ?? undefined,
    jobs: jobsBelow(records, record.id),
  }));
  return stages.length === 1 && stages[0]?.name === NO_STAGES ? [] : stages;
}

/** The jobs of a run without regard to its stages. */
export function jobsOf(records: TimelineRecord[]): Job[] {
  return ordered(records, 'Job').map((record) => ({ ...common(record), name: record.name ?? '' }));
}

/** What failed in a run, at the deepest level that failed: tasks, else jobs, else stages. */
export function failuresOf(records: TimelineRecord[], runUrl: string): Failure[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const failed = records.filter(
    (record) => FAILED.has(record.result ?? '') && ['Stage', 'Phase', 'Job', 'Task'].includes(record.type ?? ''),
  );
  const withFailedChild = new Set(failed.map((record) => record.parentId).filter(Boolean));
  // A failure is told where it arose; what is canceled because of it is no news.
  const hasReal = failed.some((record) => record.result === 'failed');
  return failed
    .filter((record) => (hasReal ? record.result === 'failed' : true))
    .filter((record) => !withFailedChild.has(record.id) || errorsOf(record).length > 0)
    .sort((a, b) => (a.finishTime ?? '').localeCompare(b.finishTime ?? '') || (a.order ?? 0) - (b.order ?? 0))
    .map((record) => {
      const errors = errorsOf(record);
      return {
        path: pathOf(record, byId),
        result: record.result ?? '',
        errors: errors.slice(0, ERRORS_SHOWN),
        more: Math.max(0, errors.length - ERRORS_SHOWN),
        url: linkTo(record, byId, runUrl),
      };
    });
}

function errorsOf(record: TimelineRecord): string[] {
  return (record.issues ?? []).filter(({ type }) => type === 'error').map(({ message = '' }) => message.trim());
}

function pathOf(record: TimelineRecord, byId: Map<string, TimelineRecord>): string[] {
  const path: string[] = [];
  for (let at: TimelineRecord | undefined = record; at; at = byId.get(at.parentId ?? '')) {
    if (at.type !== 'Phase' && at.identifier !== NO_STAGES && at.name) path.unshift(at.name);
  }
  return path;
}

function linkTo(record: TimelineRecord, byId: Map<string, TimelineRecord>, runUrl: string): string {
  const job = record.type === 'Task' ? byId.get(record.parentId ?? '') : record.type === 'Job' ? record : undefined;
  if (!job) return runUrl;
  const task = record.type === 'Task' ? `&t=${record.id}` : '';
  return `${runUrl}${runUrl.includes('?') ? '&' : '?'}view=logs&j=${job.id}${task}`;
}

function jobsBelow(records: TimelineRecord[], stageId: string): Job[] {
  const phases = new Set(
    records.filter(({ type, parentId }) => type === 'Phase' && parentId === stageId).map(({ id }) => id),
  );
  return jobsOf(records.filter(({ type, parentId }) => type === 'Job' && phases.has(parentId ?? '')));
}

function ordered(records: TimelineRecord[], type: string): TimelineRecord[] {
  return records.filter((record) => record.type === type).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}

function common(record: TimelineRecord): { state: Stage['state']; result: string } {
  const state = record.state === 'completed' ? 'ended' : record.state === 'inProgress' ? 'running' : 'pending';
  return { state, result: state === 'ended' ? (record.result ?? '') : '' };
}

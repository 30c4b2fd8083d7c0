import type { CheckSpan } from './checks';
import { guidOf } from './ids';
import type { JobSpan, TaskSpan } from './jobProgress';
import type { StageSpan } from './progress';
import { progressOf, scriptOf, type Run } from './runs';
import type { IssueScript } from './script';

export type RecordState = 'pending' | 'inProgress' | 'completed';

export interface TimelineRecord {
  id: string;
  parentId: string | null;
  type: string;
  name: string;
  refName: string | null;
  identifier: string | null;
  state: RecordState;
  result: string | null;
  startTime: number | null;
  finishTime: number | null;
  order: number;
  attempt: number;
  previousAttempts: { attempt: number; timelineId: string; recordId: string }[];
  issues: IssueScript[];
  workerName: string | null;
  queueId: number | null;
  task: { id: string; name: string; version: string } | null;
  logId: number | null;
  percentComplete: number | null;
}

export interface StepLog {
  id: number;
  recordId: string;
  createdOn: number;
  lines: string[];
}

/** Id of the timeline that keeps the records of an earlier attempt of a stage. */
export function attemptTimelineId(run: Run, stage: string, attempt: number): string {
  return guidOf(`${run.planId}/timeline/${stage}/${attempt}`);
}

function recordId(run: Run, path: string, attempt: number): string {
  return guidOf(`${run.planId}/record/${path}/${attempt}`);
}

interface Moment {
  run: Run;
  now: number;
  logs: StepLog[];
}

/** The records of the run at one moment; with the id of an earlier attempt's timeline those of that attempt; undefined: no such timeline. */
export function recordsOf(run: Run, now: number, timelineId?: string): TimelineRecord[] | undefined {
  const moment = { run, now, logs: logsOf(run, now) };
  const histories = progressOf(run).stages;
  if (timelineId === undefined || timelineId === run.timelineId) {
    const extra = (scriptOf(run, undefined, 1).extraRecords ?? []).map((record) => ({ ...emptyRecord, ...record }));
    return [...histories.flatMap((attempts, index) => stageRecords(moment, attempts, index)), ...extra];
  }
  for (const [index, attempts] of histories.entries()) {
    const until = attempts.findIndex((span) => attemptTimelineId(run, span.plan.name, span.attempt) === timelineId);
    if (until >= 0 && until < attempts.length - 1) return stageRecords(moment, attempts.slice(0, until + 1), index);
  }
  return undefined;
}

const emptyRecord: TimelineRecord = {
  id: '',
  parentId: null,
  type: 'Task',
  name: '',
  refName: null,
  identifier: null,
  state: 'pending',
  result: null,
  startTime: null,
  finishTime: null,
  order: 1,
  attempt: 1,
  previousAttempts: [],
  issues: [],
  workerName: null,
  queueId: null,
  task: null,
  logId: null,
  percentComplete: null,
};

interface Span {
  startAt: number;
  finishAt: number;
  result: string;
}

function timed(
  span: Span,
  now: number,
): Pick<TimelineRecord, 'state' | 'result' | 'startTime' | 'finishTime' | 'percentComplete'> {
  const ended = span.finishAt <= now;
  const begun = span.startAt <= now;
  return {
    state: ended ? 'completed' : begun ? 'inProgress' : 'pending',
    result: ended ? span.result : null,
    startTime: begun ? span.startAt : null,
    finishTime: ended ? span.finishAt : null,
    percentComplete: ended ? 100 : null,
  };
}

function stageRecords(moment: Moment, attempts: StageSpan[], index: number): TimelineRecord[] {
  const { run, now } = moment;
  const span = attempts.at(-1);
  if (!span) return [];
  const { name } = span.plan;
  const stage: TimelineRecord = {
    ...emptyRecord,
    ...timed(span, now),
    id: recordId(run, name, span.attempt),
    type: 'Stage',
    name: span.plan.displayName,
    refName: name,
    identifier: name,
    order: index + 1,
    attempt: span.attempt,
    previousAttempts: attempts.slice(0, -1).map((before) => ({
      attempt: before.attempt,
      timelineId: attemptTimelineId(run, name, before.attempt),
      recordId: recordId(run, name, before.attempt),
    })),
  };
  const begun = span.checksEndAt <= now;
  const jobs = begun ? span.jobs.flatMap((job, at) => jobRecords(moment, { stage, span, job, attempts, at })) : [];
  return [stage, ...checkpointRecords(moment, stage, span), ...jobs];
}

function checkpointRecords(moment: Moment, stage: TimelineRecord, span: StageSpan): TimelineRecord[] {
  const { run, now } = moment;
  if (span.checks.length === 0 || span.readyAt > now) return [];
  const ended = span.checksEndAt;
  const bad = span.checks.find((check) => check.finishAt === ended && check.result !== 'succeeded');
  const checkpoint: TimelineRecord = {
    ...emptyRecord,
    ...timed({ startAt: span.readyAt, finishAt: ended, result: bad?.result ?? 'succeeded' }, now),
    id: recordId(run, `${span.plan.name}.Checkpoint`, span.attempt),
    parentId: stage.id,
    type: 'Checkpoint',
    name: 'Checkpoint',
    refName: 'Checkpoint',
    identifier: `${span.plan.name}.Checkpoint`,
    attempt: span.attempt,
  };
  return [checkpoint, ...span.checks.map((check, index) => checkRecord(moment, checkpoint, check, index))];
}

const checkTypes: Record<CheckSpan['script']['type'], string> = {
  approval: 'Checkpoint.Approval',
  taskCheck: 'Checkpoint.TaskCheck',
  authorization: 'Checkpoint.Authorization',
};

function checkRecord(moment: Moment, checkpoint: TimelineRecord, check: CheckSpan, index: number): TimelineRecord {
  const type = checkTypes[check.script.type];
  return {
    ...emptyRecord,
    ...timed(check, moment.now),
    id: check.id,
    parentId: checkpoint.id,
    type,
    name: check.script.type === 'taskCheck' ? check.script.name : type,
    order: index + 1,
    attempt: checkpoint.attempt,
  };
}

interface JobPlace {
  stage: TimelineRecord;
  span: StageSpan;
  job: JobSpan;
  attempts: StageSpan[];
  at: number;
}

function jobRecords(moment: Moment, place: JobPlace): TimelineRecord[] {
  const { run, now, logs } = moment;
  const { stage, span, job } = place;
  const path = `${span.plan.name}.${job.plan.name}`;
  const earlier = place.attempts
    .flatMap((before) => before.jobs)
    .filter((other) => other.plan.name === job.plan.name && other.attempt < job.attempt);
  const previous = (suffix: string): TimelineRecord['previousAttempts'] =>
    earlier.map((other) => ({
      attempt: other.attempt,
      timelineId: attemptTimelineId(run, span.plan.name, other.attempt),
      recordId: recordId(run, path + suffix, other.attempt),
    }));
  const phase: TimelineRecord = {
    ...emptyRecord,
    ...timed(job, now),
    id: recordId(run, path, job.attempt),
    parentId: stage.id,
    type: 'Phase',
    name: job.plan.displayName,
    refName: job.plan.name,
    identifier: path,
    order: place.at + 1,
    attempt: job.attempt,
    previousAttempts: previous(''),
  };
  const id = recordId(run, `${path}.__default`, job.attempt);
  const jobRecord: TimelineRecord = {
    ...phase,
    id,
    parentId: phase.id,
    type: 'Job',
    refName: '__default',
    identifier: `${path}.__default`,
    order: 1,
    previousAttempts: previous('.__default'),
    workerName: job.startAt <= now ? job.worker : null,
    queueId: job.plan.queueId ?? run.queueId,
    logId: logs.find((log) => log.recordId === id)?.id ?? null,
  };
  if (job.result === 'skipped' && job.finishAt <= now) return [phase];
  // The tasks of a job are known once an agent has taken it.
  const tasks = job.startAt <= now ? job.tasks : [];
  return [phase, jobRecord, ...tasks.map((task, order) => taskRecord(moment, { path, job, jobId: id, task, order }))];
}

interface TaskPlace {
  path: string;
  job: JobSpan;
  jobId: string;
  task: TaskSpan;
  order: number;
}

function taskRecordId(run: Run, path: string, attempt: number, order: number): string {
  return recordId(run, `${path}/${order}`, attempt);
}

function taskRecord({ run, now, logs }: Moment, { path, job, jobId, task, order }: TaskPlace): TimelineRecord {
  const id = taskRecordId(run, path, job.attempt, order);
  return {
    ...emptyRecord,
    ...timed(task, now),
    id,
    parentId: jobId,
    name: task.name,
    refName: task.task ? task.refName : null,
    order: order + 1,
    attempt: job.attempt,
    issues: task.finishAt <= now ? task.issues : [],
    workerName: job.worker,
    task: task.task ?? null,
    logId: logs.find((log) => log.recordId === id)?.id ?? null,
  };
}

/** The logs of everything that has ended, each with its id: they are counted in the order in which the steps ended. */
export function logsOf(run: Run, now: number): StepLog[] {
  const ended: { at: number; recordId: string; lines: string[] }[] = [];
  const seen = new Set<string>();
  for (const attempts of progressOf(run).stages) {
    for (const { plan, jobs } of attempts) {
      for (const job of jobs) {
        const path = `${plan.name}.${job.plan.name}`;
        if (job.startAt === Infinity || seen.has(`${path}/${job.attempt}`)) continue;
        seen.add(`${path}/${job.attempt}`);
        const texts = job.tasks.map((task) => (task.result === 'skipped' ? [] : linesOf(task)));
        job.tasks.forEach((task, order) => {
          if (task.finishAt > now || task.result === 'skipped') return;
          const lines = texts[order] ?? [];
          ended.push({ at: task.finishAt, recordId: taskRecordId(run, path, job.attempt, order), lines });
        });
        if (job.finishAt <= now) {
          ended.push({
            at: job.finishAt,
            recordId: recordId(run, `${path}.__default`, job.attempt),
            lines: texts.flat(),
          });
        }
      }
    }
  }
  return ended
    .toSorted((a, b) => a.at - b.at)
    .map((log, index) => ({ id: index + 1, recordId: log.recordId, createdOn: log.at, lines: log.lines }));
}

function linesOf(task: TaskSpan): string[] {
  const errors = task.issues.map((issue) => `##[${issue.type}]${issue.message}`);
  const lines = [`##[section]Starting: ${task.name}`, ...task.log, ...errors, `##[section]Finishing: ${task.name}`];
  const span = task.finishAt - task.startAt;
  return lines.map((line, index) => {
    const at = new Date(task.startAt + Math.floor((span * index) / Math.max(1, lines.length - 1)));
    return `${at.toISOString().replace('Z', '0000Z')} ${line}`;
  });
}

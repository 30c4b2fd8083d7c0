import { Refusal } from '../state/refusal';
import type { IssueScript } from '../state/script';
import type { Run } from '../state/runs';
import { logsOf, recordsOf, type StepLog, type TimelineRecord } from '../state/timeline';
import { runOf } from './builds';
import { location } from './resources';
import { bodyMap, idOf, listReply, queryNumber, type Reply, type Route, type RouteCall } from './route';
import { time } from './wire';

const build = '{project}/_apis/build/builds/{buildId}';

export const timelineRoutes: Route[] = [
  { method: 'GET', template: `${build}/timeline`, resource: location.timeline, handle: getTimeline },
  { method: 'GET', template: `${build}/timeline/{timelineId}`, resource: location.timeline, handle: getTimeline },
  { method: 'GET', template: `${build}/logs`, resource: location.buildLogs, handle: listLogs },
  { method: 'GET', template: `${build}/logs/{logId}`, resource: location.buildLogs, handle: getLog },
  {
    method: 'PATCH',
    template: '{project}/_apis/distributedtask/hubs/{hubName}/plans/{planId}/timelines/{timelineId}/records',
    resource: location.timelineRecords,
    handle: updateRecords,
  },
];

/** Takes over the issues of the records that are given. */
function updateRecords(call: RouteCall): Reply {
  const { planId, timelineId } = call.params;
  const run = call.state.runs.find((one) => one.planId === planId && one.timelineId === timelineId);
  if (!run) throw new Refusal(404, 'TaskOrchestrationPlanNotFoundException', `No plan found for identifier ${planId}.`);
  const { value } = bodyMap(call) as { value?: { id: string; issues?: IssueScript[] }[] };
  run.issues ??= new Map();
  for (const { id, issues } of value ?? []) if (issues) run.issues.set(id, issues);
  return listReply(value ?? []);
}

function getTimeline(call: RouteCall): Reply {
  const run = runOf(call);
  const records = recordsOf(run, call.state.now, call.params.timelineId?.toLowerCase())?.map((record) => ({
    ...record,
    issues: run.issues?.get(record.id) ?? record.issues,
  }));
  if (!records)
    throw new Refusal(
      404,
      'TimelineNotFoundException',
      `The timeline ${call.params.timelineId ?? ''} could not be found.`,
    );
  const id = call.params.timelineId ?? run.timelineId;
  const wired = records.map((record) => ({ record, wire: recordWire(call, run, record) }));
  const changes = noteChanges(run, wired);
  const since = queryNumber(call, 'changeId') ?? 0;
  const shown = wired
    .map(({ record, wire }) => ({ ...wire, changeId: changes.get(record.id) ?? 0 }))
    .filter((record) => since === 0 || record.changeId > since);
  return {
    json: {
      records: shown,
      lastChangedBy: '00000002-0000-8888-8000-000000000000',
      lastChangedOn: time(lastChange(run, records)),
      id,
      changeId: run.seen.changeId,
      url: `${call.base}${run.pipeline.project.id}/_apis/build/builds/${run.id}/Timeline/${id}`,
    },
  };
}

/** Gives every record that differs from the last look a new change id. */
function noteChanges(run: Run, records: { record: TimelineRecord; wire: object }[]): Map<string, number> {
  const changed = records
    .map(({ record, wire }) => ({ id: record.id, text: JSON.stringify(wire) }))
    .filter(({ id, text }) => run.seen.records.get(id)?.text !== text);
  if (changed.length > 0) run.seen.changeId++;
  for (const { id, text } of changed) run.seen.records.set(id, { text, changeId: run.seen.changeId });
  return new Map(records.map(({ record }) => [record.id, run.seen.records.get(record.id)?.changeId ?? 0]));
}

function lastChange(run: Run, records: TimelineRecord[]): number {
  return Math.max(run.queueTime, ...records.map((record) => record.finishTime ?? record.startTime ?? 0));
}

function recordWire(call: RouteCall, run: Run, record: TimelineRecord): object {
  const { logId, startTime, finishTime, issues, ...rest } = record;
  const count = (type: string): number => issues.filter((issue) => issue.type === type).length;
  return {
    previousAttempts: rest.previousAttempts,
    id: rest.id,
    parentId: rest.parentId,
    type: rest.type,
    name: rest.name,
    startTime: time(startTime) ?? null,
    finishTime: time(finishTime) ?? null,
    currentOperation: null,
    percentComplete: rest.percentComplete,
    state: rest.state,
    result: rest.result,
    resultCode: null,
    lastModified: time(finishTime ?? startTime ?? run.queueTime),
    workerName: rest.workerName,
    ...(rest.queueId === null ? {} : { queueId: rest.queueId }),
    order: rest.order,
    details: null,
    errorCount: count('error'),
    warningCount: count('warning'),
    url: null,
    log: logId === null ? null : { id: logId, type: 'Container', url: logUrl(call, run, logId) },
    task: rest.task,
    attempt: rest.attempt,
    identifier: rest.identifier,
    ...(rest.refName === null ? {} : { refName: rest.refName }),
    ...(issues.length > 0 ? { issues: issues.map(issueWire) } : {}),
  };
}

function issueWire(issue: TimelineRecord['issues'][number]): object {
  return {
    type: issue.type,
    category: issue.category ?? 'General',
    message: issue.message,
    ...(issue.data ? { data: issue.data } : {}),
  };
}

function logUrl(call: RouteCall, run: Run, logId: number): string {
  return `${call.base}${run.pipeline.project.id}/_apis/build/builds/${run.id}/logs/${logId}`;
}

function listLogs(call: RouteCall): Reply {
  const run = runOf(call);
  return listReply(
    logsOf(run, call.state.now).map((log) => ({
      lineCount: log.lines.length,
      createdOn: time(log.createdOn),
      lastChangedOn: time(log.createdOn),
      id: log.id,
      type: 'Container',
      url: logUrl(call, run, log.id),
    })),
  );
}

/** The log with that id of a run; throws the service's 404. */
export function logOf(call: RouteCall, run: Run): StepLog {
  const id = idOf(call, 'logId');
  const log = logsOf(run, call.state.now).find((candidate) => candidate.id === id);
  if (!log) throw new Refusal(404, 'LogNotFoundException', `The log ${id} of build ${run.id} could not be found.`);
  return log;
}

/** Text or a JSON list of lines, as Accept says; line numbers begin with 0 and the end is included. */
function getLog(call: RouteCall): Reply {
  const { lines } = logOf(call, runOf(call));
  const from = queryNumber(call, 'startLine') ?? 0;
  const to = queryNumber(call, 'endLine') ?? lines.length;
  const asked = lines.slice(from, to + 1);
  if (/application\/json/i.test(call.accept)) return listReply(asked);
  return { text: asked.map((line) => `${line}\r\n`).join(''), contentType: 'text/plain' };
}

import { outcomeOf, type ChildState, type Outcome, type Stage } from '../model/childState';

/** What is read of a build; see https://learn.microsoft.com/rest/api/azure/devops/build/builds/list */
export interface BuildWire {
  id: number;
  buildNumber?: string;
  status?: string;
  result?: string;
  queueTime?: string;
  startTime?: string;
  finishTime?: string;
  queuePosition?: number;
  definition?: { name?: string };
  queue?: { name?: string };
  validationResults?: { result?: string; message?: string }[];
  _links?: { web?: { href?: string } };
}

/** What is read of a record of a timeline. */
export interface RecordWire {
  id: string;
  parentId?: string | null;
  type?: string;
  name?: string;
  identifier?: string | null;
  refName?: string;
  state?: string;
  result?: string | null;
  startTime?: string | null;
  finishTime?: string | null;
  attempt?: number;
  order?: number | null;
  issues?: { type?: string; message?: string }[];
}

const NO_STAGES = '__default';
const REASONS_SHOWN = 3;

/** A build as the tab shows it; stages and what blocks it come from its timeline, read at another time. */
export function runState(build: BuildWire, before: ChildState | undefined): ChildState {
  const outcome = runOutcome(build);
  const refused = (build.validationResults ?? []).filter(({ result }) => result === 'error');
  return {
    outcome,
    name: build.definition?.name ?? '',
    number: build.buildNumber ?? String(build.id),
    url: build._links?.web?.href ?? '',
    queuedAt: timeOf(build.queueTime),
    startedAt: timeOf(build.startTime),
    endedAt: timeOf(build.finishTime),
    stages: before?.stages ?? [],
    reasons: refused.length
      ? refused.map(({ message = '' }) => message)
      : outcome === 'waiting'
        ? [waitingReason(build)]
        : outcome === 'succeeded'
          ? []
          : (before?.reasons ?? []).filter((reason) => !reason.startsWith(WAITS_FOR_AGENT)),
  };
}

const WAITS_FOR_AGENT = 'Waits for an agent';

function waitingReason({ queue, queuePosition, status }: BuildWire): string {
  if (status === 'postponed') return 'Was postponed by the service.';
  const pool = queue?.name ? ` of ${queue.name}` : '';
  return `${WAITS_FOR_AGENT}${pool}${queuePosition ? `, position ${queuePosition}` : ''}.`;
}

function runOutcome({ status = '', result = '' }: BuildWire): Outcome {
  switch (status) {
    case 'completed': {
      const outcome = outcomeOf(result);
      return outcome === 'running' ? 'unknown' : outcome;
    }
    case 'cancelling':
      return 'canceling';
    case 'notStarted':
    case 'postponed':
    case 'none':
      return 'waiting';
    default:
      // An unknown status is still running: the service has grown a word.
      return 'running';
  }
}

/** A child with what its timeline tells: stages, what blocks it, why it failed. */
export function withTimeline(state: ChildState, records: RecordWire[]): ChildState {
  const reasons = [...blockedBy(records), ...(state.outcome === 'succeeded' ? [] : errorsIn(records))];
  return { ...state, stages: stagesIn(records), reasons: reasons.length ? reasons : state.reasons };
}

function stagesIn(records: RecordWire[]): Stage[] {
  return records
    .filter(({ type, identifier }) => type === 'Stage' && identifier !== NO_STAGES)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((record) => ({
      reference: record.identifier ?? record.refName ?? record.name ?? '',
      title: record.name ?? record.identifier ?? '',
      outcome: recordOutcome(record),
      attempt: record.attempt ?? 1,
      startedAt: timeOf(record.startTime),
      endedAt: timeOf(record.finishTime),
    }));
}

function recordOutcome({ state, result }: RecordWire): Outcome {
  if (state === 'completed') return result ? outcomeOf(result) : 'unknown';
  return state === 'inProgress' ? 'running' : 'waiting';
}

/** A run that waits for approval is still in progress; only the records below the stage's checkpoint tell. */
function blockedBy(records: RecordWire[]): string[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const reasons = records
    .filter(({ type = '', state }) => type.startsWith('Checkpoint.') && state !== 'completed')
    .map((record) => `Stage ${stageAbove(record, byId)} waits for ${whatFor(record)}.`);
  return [...new Set(reasons)];
}

function whatFor({ type = '', name = '' }: RecordWire): string {
  switch (type) {
    case 'Checkpoint.Approval':
      return 'approval';
    case 'Checkpoint.Authorization':
      return 'the permission to use a resource';
    default:
      return `the check ${name || type}`;
  }
}

function stageAbove(record: RecordWire, byId: Map<string, RecordWire>): string {
  let at: RecordWire | undefined = record;
  while (at && at.type !== 'Stage') at = byId.get(at.parentId ?? '');
  return at?.name ?? '?';
}

function errorsIn(records: RecordWire[]): string[] {
  const errors = records
    .filter(({ type, result }) => type === 'Task' && result === 'failed')
    .flatMap(({ name = '', issues = [] }) =>
      issues.filter(({ type }) => type === 'error').map(({ message = '' }) => `${name}: ${message.trim()}`),
    );
  return [...new Set(errors)].slice(0, REASONS_SHOWN);
}

/** Epoch milliseconds of a time on the wire. */
export function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

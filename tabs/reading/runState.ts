import { bareState, hasEnded, outcomeOf, type Block, type ChildState, type Outcome } from '../model/childState';
import { poolOf, reasonsIn, stagesIn, waitsIn, type RecordWire } from './timeline';

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
  project?: { id?: string; name?: string };
  queue?: { name?: string };
  /** Variables as a JSON text. */
  parameters?: string;
  templateParameters?: Record<string, unknown>;
  validationResults?: { result?: string; message?: string }[];
  _links?: { web?: { href?: string } };
}

/** A build as the tab shows it; stages, what blocks it and why it failed come from its timeline, read at another time. */
export function runState(build: BuildWire, before: ChildState | undefined): ChildState {
  const outcome = runOutcome(build);
  const refused = (build.validationResults ?? []).filter(({ result }) => result === 'error');
  const same = before?.outcome === outcome;
  return {
    ...bareState(outcome, {
      name: build.definition?.name ?? '',
      number: build.buildNumber ?? String(build.id),
      url: build._links?.web?.href ?? '',
    }),
    queuedAt: timeOf(build.queueTime),
    startedAt: timeOf(build.startTime),
    endedAt: timeOf(build.finishTime),
    stages: before?.stages ?? [],
    parameters: Object.keys(build.templateParameters ?? {}),
    variables: namesIn(build.parameters),
    blocks: outcome === 'waiting' ? [waitingFor(build)] : same ? before.blocks : [],
    blocked: same && before.blocked,
    reasons: refused.length ? refused.map(({ message = '' }) => message) : same ? before.reasons : [],
  };
}

/** A child with what its timeline tells: stages, what blocks it, why it failed. */
export function withTimeline(state: ChildState, records: RecordWire[], pool?: string): ChildState {
  if (state.outcome === 'waiting') return { ...state, stages: stagesIn(records) };
  const blocks = hasEnded(state.outcome) ? [] : waitsIn(records, pool);
  const people = new Map(state.blocks.map((block) => [block.id, block.people]));
  const told = reasonsIn(records, state.outcome);
  return {
    ...state,
    stages: stagesIn(records),
    blocks: blocks.map((block) => ({ ...block, people: people.get(block.id) ?? block.people })),
    blocked: blocks.length > 0 && !records.some(({ type, state: now }) => type === 'Job' && now === 'inProgress'),
    reasons: told.length ? told : state.reasons.length ? state.reasons : withoutRecords(state),
  };
}

/** What ended before any job began has no record that could tell why. */
function withoutRecords({ outcome, startedAt }: ChildState): string[] {
  return outcome === 'canceled' && startedAt === undefined ? ['It was canceled before a job began.'] : [];
}

function waitingFor({ queue, queuePosition, status }: BuildWire): Block {
  const text =
    status === 'postponed'
      ? 'Was postponed by the service'
      : `Waits for an agent${poolOf(queue?.name)}${queuePosition ? `, position ${queuePosition}` : ''}`;
  return { id: 'agent', text, people: [] };
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

function namesIn(text = '{}'): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/** Epoch milliseconds of a time on the wire. */
export function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

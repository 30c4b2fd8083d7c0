import { outcomeOf, wordFor, type Block, type Outcome, type Stage } from '../model/childState';
import { timeOf } from './runState';

/** What is read of a record of a timeline; see https://learn.microsoft.com/rest/api/azure/devops/build/timeline/get */
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

/** The stages in the order of the pipeline; of a pipeline without stages there are none. */
export function stagesIn(records: RecordWire[]): Stage[] {
  return ownStages(records).map((record) => ({
    reference: record.identifier ?? record.refName ?? record.name ?? '',
    title: record.name ?? record.identifier ?? '',
    outcome: recordOutcome(record),
    attempt: record.attempt ?? 1,
    startedAt: timeOf(record.startTime),
    endedAt: timeOf(record.finishTime),
  }));
}

/** What holds the run up. One that waits for an approval is still in progress: only the records below the stage's checkpoint tell. */
export function waitsIn(records: RecordWire[], pool: string | undefined): Block[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const checks = records
    .filter(({ type = '', state }) => type.startsWith('Checkpoint.') && state !== 'completed')
    .map((record) => ({ record, text: `waits for ${whatFor(record)}` }));
  const jobs = records
    .filter(({ type, state, parentId }) => type === 'Job' && state === 'pending' && isBegun(byId.get(parentId ?? '')))
    .map((record) => ({ record, text: `waits for an agent${poolOf(pool)} for job ${record.name ?? ''}` }));
  return [...checks, ...jobs].map(({ record, text }) => {
    const stage = stageAbove(record, byId);
    const isApproval = record.type === 'Checkpoint.Approval';
    return { id: record.id, isApproval, text: stage ? `Stage ${stage} ${text}` : `It ${text}`, people: [] };
  });
}

export function poolOf(pool: string | undefined): string {
  return pool ? ` of pool ${pool}` : '';
}

/** Why the run ended as it did, or what has failed of it so far: the first errors, else which stages decided. */
export function reasonsIn(records: RecordWire[], outcome: Outcome): string[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  // The service calls a run succeeded all of whose stages were held back: why they were is told of that one as well.
  const wanted = outcome === 'succeeded' ? [] : ['failed', 'canceled', 'succeededWithIssues'];
  const bad = records.filter(({ result }) => wanted.includes(result ?? ''));
  const errors = bad.flatMap((record) =>
    (record.issues ?? [])
      .filter(({ type }) => type === 'error')
      .map(({ message = '' }) => `${record.name ?? record.type ?? ''}: ${message.trim()}`),
  );
  if (errors.length) return [...new Set(errors)].slice(0, REASONS_SHOWN);
  const deciding = ownStages(records)
    .concat(records.filter((record) => record.type === 'Job' && !stageAbove(record, byId)))
    .flatMap((record) => {
      const check = refusedCheck(record, records, byId);
      if (!check && !wanted.includes(record.result ?? '')) return [];
      const ended = `${record.type ?? ''} ${record.name ?? ''} ${wordFor(outcomeOf(record.result ?? ''))}`;
      return check ? `${ended}: ${check}.` : `${ended}.`;
    });
  return deciding.slice(0, REASONS_SHOWN);
}

/** The check of a stage that did not let it pass, in words. */
function refusedCheck(stage: RecordWire, records: RecordWire[], byId: Map<string, RecordWire>): string | undefined {
  const refused = records.find(
    (record) =>
      record.type?.startsWith('Checkpoint.') &&
      record.state === 'completed' &&
      record.result !== 'succeeded' &&
      stageAbove(record, byId) === stage.name,
  );
  return refused && `${whatFor(refused)} was not given`;
}

function ownStages(records: RecordWire[]): RecordWire[] {
  return records
    .filter(({ type, identifier }) => type === 'Stage' && identifier !== NO_STAGES)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}

function recordOutcome({ state, result }: RecordWire): Outcome {
  if (state === 'completed') return result ? outcomeOf(result) : 'unknown';
  return state === 'inProgress' ? 'running' : 'waiting';
}

function isBegun(record: RecordWire | undefined): boolean {
  return record?.state === 'inProgress';
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

/** Name of the stage that a record belongs to; undefined in a pipeline without stages. */
function stageAbove(record: RecordWire, byId: Map<string, RecordWire>): string | undefined {
  let at: RecordWire | undefined = record;
  while (at && at.type !== 'Stage') at = byId.get(at.parentId ?? '');
  return at && at.identifier !== NO_STAGES ? at.name : undefined;
}

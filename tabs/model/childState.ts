/** How far a run, a release or a stage of one is, in one set of words. */
export type Outcome =
  | 'waiting'
  | 'running'
  | 'canceling'
  | 'succeeded'
  | 'partiallySucceeded'
  | 'failed'
  | 'canceled'
  | 'skipped'
  | 'unknown';

export interface Stage {
  /** What the service calls it in requests: the reference name, or the id of a release's stage. */
  reference: string;
  title: string;
  outcome: Outcome;
  attempt: number;
  /** Epoch milliseconds; undefined while it has not happened. */
  startedAt?: number | undefined;
  endedAt?: number | undefined;
}

/** One thing that holds a child up. */
export interface Block {
  id: string;
  /** Its approvers are read by its id. */
  isApproval?: boolean;
  /** Without a full stop: names of people may follow. */
  text: string;
  people: string[];
}

export interface ChildState {
  outcome: Outcome;
  name: string;
  number: string;
  url: string;
  queuedAt?: number | undefined;
  startedAt?: number | undefined;
  endedAt?: number | undefined;
  stages: Stage[];
  /** What it was given, by name: values may be nobody's business. */
  parameters: string[];
  variables: string[];
  blocks: Block[];
  /** Nothing of it moves until what blocks it is gone. */
  blocked: boolean;
  /** Why it ended as it did, a sentence each. */
  reasons: string[];
}

/** A child of which nothing but its outcome is known. */
export function bareState(outcome: Outcome, known: Pick<ChildState, 'name' | 'number' | 'url'>): ChildState {
  const { name, number, url } = known;
  return {
    outcome,
    name,
    number,
    url,
    stages: [],
    parameters: [],
    variables: [],
    blocks: [],
    blocked: false,
    reasons: [],
  };
}

/** The outcome as it is shown: what only waits for somebody does not run, whatever the service calls it. */
export function shownOutcome({ outcome, blocked }: ChildState): Outcome {
  return outcome === 'running' && blocked ? 'waiting' : outcome;
}

/** What holds a child up, and why it ended as it did: a sentence each. */
export function reasonsOf({ outcome, blocks, reasons }: ChildState): string[] {
  const waits = blocks.map(({ text, people }) => `${text}${people.length ? ` by ${people.join(', ')}` : ''}.`);
  return hasEnded(outcome) ? reasons : [...waits, ...reasons];
}

const WORDS: Record<Outcome, string> = {
  waiting: 'waiting',
  running: 'running',
  canceling: 'canceling',
  succeeded: 'succeeded',
  partiallySucceeded: 'partially succeeded',
  failed: 'failed',
  canceled: 'canceled',
  skipped: 'skipped',
  unknown: 'unknown',
};

export function wordFor(outcome: Outcome): string {
  return WORDS[outcome];
}

export function hasEnded(outcome: Outcome): boolean {
  switch (outcome) {
    case 'waiting':
    case 'running':
    case 'canceling':
      return false;
    case 'succeeded':
    case 'partiallySucceeded':
    case 'failed':
    case 'canceled':
    case 'skipped':
    case 'unknown':
      return true;
  }
}

/** A result as steps register it and as builds have it; an unknown word is an unknown result, none is still running. */
export function outcomeOf(result: string): Outcome {
  switch (result.toLowerCase()) {
    case '':
    case 'none':
    case 'started':
      return 'running';
    case 'succeeded':
      return 'succeeded';
    case 'partiallysucceeded':
    case 'succeededwithissues':
      return 'partiallySucceeded';
    case 'failed':
    case 'rejected':
    case 'timedout':
      return 'failed';
    case 'canceled':
    case 'abandoned':
      return 'canceled';
    case 'skipped':
      return 'skipped';
    default:
      return 'unknown';
  }
}

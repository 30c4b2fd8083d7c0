import type { Policy, WaitingInputs } from './waitingInputs';

/** How a step ends. */
export interface Verdict {
  result: 'Succeeded' | 'SucceededWithIssues' | 'Failed';
  message: string;
}

/** How a child ended, or stands when the step ends. */
export type ChildResult =
  'succeeded' | 'partiallySucceeded' | 'failed' | 'canceled' | 'timedOut' | 'started' | 'skipped';

/** A child in the words that a verdict needs. */
export interface Ended {
  title: string;
  url: string;
  result: ChildResult;
  /** Why it counts as it does, where the service's own result does not say it. */
  reason: string | undefined;
  /** It could not be started at all: no policy makes that a success. */
  refused?: boolean | undefined;
}

/** From harmless to worst: of several children the worst counts. */
const ORDER: ChildResult[] = [
  'succeeded',
  'skipped',
  'started',
  'partiallySucceeded',
  'canceled',
  'timedOut',
  'failed',
];
const NAMED = 5;

type Policies = Pick<WaitingInputs, 'onFailure' | 'onCanceled' | 'onPartialSuccess' | 'onTimeout' | 'onSkipped'>;

/** What the children's ends make of the step, naming those that decided it. Pure. */
export function verdictOf(children: Ended[], policies: Policies): Verdict {
  const weighed = children.map((child) => ({
    child,
    weight: child.refused ? 'Failed' : weightOf(child.result, policies),
  }));
  const result =
    (['Failed', 'SucceededWithIssues'] as const).find((name) => weighed.some(({ weight }) => weight === name)) ??
    'Succeeded';
  const deciding = weighed.filter(({ weight }) => weight === result).map(({ child }) => child);
  return { result, message: sentence(children.length, deciding) };
}

export function worst(results: ChildResult[]): ChildResult {
  return results.reduce((a, b) => (ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a), 'succeeded');
}

/** A result in the words of a sentence. */
export function inWords(result: ChildResult): string {
  switch (result) {
    case 'partiallySucceeded':
      return 'partially succeeded';
    case 'timedOut':
      return 'had not ended when waitTimeoutInMinutes passed';
    case 'started':
      return 'was started';
    case 'skipped':
      return 'was not started';
    default:
      return result;
  }
}

function weightOf(result: ChildResult, policies: Policies): Verdict['result'] {
  switch (result) {
    case 'succeeded':
    case 'started':
      return 'Succeeded';
    case 'skipped':
      return policies.onSkipped === 'fail'
        ? 'Failed'
        : policies.onSkipped === 'warn'
          ? 'SucceededWithIssues'
          : 'Succeeded';
    case 'failed':
      return byPolicy(policies.onFailure);
    case 'canceled':
      return byPolicy(policies.onCanceled);
    case 'partiallySucceeded':
      return byPolicy(policies.onPartialSuccess);
    case 'timedOut':
      return policies.onTimeout === 'warn' ? 'SucceededWithIssues' : 'Failed';
  }
}

function byPolicy(policy: Policy): Verdict['result'] {
  switch (policy) {
    case 'fail':
      return 'Failed';
    case 'warn':
      return 'SucceededWithIssues';
    case 'ignore':
      return 'Succeeded';
  }
}

function sentence(count: number, deciding: Ended[]): string {
  const named = deciding
    .slice(0, NAMED)
    .map(
      ({ title, result, reason, url }) =>
        `${title} ${inWords(result)}${reason ? `: ${reason}` : ''}${url ? ` (${url})` : ''}`,
    );
  const rest = deciding.length > NAMED ? ` and ${deciding.length - NAMED} more` : '';
  const share = deciding.length < count ? `${deciding.length} of ${count}: ` : '';
  return `${share}${named.join(', ')}${rest}.`;
}

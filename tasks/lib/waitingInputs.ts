import { UserError } from './errors';
import { choice, flag, text, wholeNumber, type Read } from './inputs';
import { readNames } from './yamlInput';

const POLICIES = ['fail', 'warn', 'ignore'] as const;

/** What a child's end makes of the step. */
export type Policy = (typeof POLICIES)[number];

/** The waiting inputs, the same in every task. */
export interface WaitingInputs {
  waitForCompletion: boolean;
  /** The run's end, its first job, or the end of these stages. */
  waitFor: 'completion' | 'start' | string[];
  /** 0: as long as the job lives. */
  waitTimeoutMs: number;
  onTimeout: 'fail' | 'cancel' | 'warn';
  pollingIntervalMs: number;
  cancelWithParent: boolean;
  onFailure: Policy;
  onCanceled: Policy;
  onPartialSuccess: Policy;
  onSkipped: 'succeed' | 'warn' | 'fail';
  onDeadlock: 'fail' | 'warn';
  retryFailedStages: number;
  approvals: 'wait' | 'approve';
  /** `<parent link>` in it stands for the parent's link. */
  approvalComment: string;
  progress: 'none' | 'stages' | 'jobs' | 'logs';
}

/** @param waits what an empty `waitForCompletion` means for this task. */
export async function readWaiting(read: Read, waits: boolean): Promise<WaitingInputs> {
  const onFailure = choice(read, 'onFailure', POLICIES, 'fail');
  return {
    waitForCompletion: flag(read, 'waitForCompletion', waits),
    waitFor: await readWaitFor(read),
    waitTimeoutMs: wholeNumber(read, 'waitTimeoutInMinutes', { min: 0, max: 100_000, fallback: 0 }) * 60_000,
    onTimeout: choice(read, 'onTimeout', ['fail', 'cancel', 'warn'] as const, 'fail'),
    pollingIntervalMs: wholeNumber(read, 'pollingInterval', { min: 1, max: 600, fallback: 15 }) * 1000,
    cancelWithParent: flag(read, 'cancelWithParent', true),
    onFailure,
    onCanceled: choice(read, 'onCanceled', POLICIES, onFailure),
    onPartialSuccess: choice(read, 'onPartialSuccess', POLICIES, 'warn'),
    onSkipped: choice(read, 'onSkipped', ['succeed', 'warn', 'fail'] as const, 'succeed'),
    onDeadlock: choice(read, 'onDeadlock', ['fail', 'warn'] as const, 'fail'),
    retryFailedStages: wholeNumber(read, 'retryFailedStages', { min: 0, max: 10, fallback: 0 }),
    approvals: choice(read, 'approvals', ['wait', 'approve'] as const, 'wait'),
    approvalComment: text(read, 'approvalComment') ?? 'Approved by <parent link>',
    progress: choice(read, 'progress', ['none', 'stages', 'jobs', 'logs'] as const, 'stages'),
  };
}

async function readWaitFor(read: Read): Promise<WaitingInputs['waitFor']> {
  const names = await readNames(read, 'waitFor');
  const [first = 'completion'] = names;
  const word = (['completion', 'start'] as const).find((name) => name === first.toLowerCase());
  if (!word) return names;
  if (names.length > 1)
    throw new UserError(`waitFor: '${names.join(', ')}' mixes '${word}' with stages; give one or the other.`);
  return word;
}

import { choice, flag, wholeNumber, type Read } from './inputs';

const POLICIES = ['fail', 'warn', 'ignore'] as const;

/** What a child's end makes of the step. */
export type Policy = (typeof POLICIES)[number];

/** The waiting inputs, the same in every task. */
export interface WaitingInputs {
  waitForCompletion: boolean;
  /** 0: as long as the job lives. */
  waitTimeoutMs: number;
  onTimeout: 'fail' | 'cancel' | 'warn';
  pollingIntervalMs: number;
  cancelWithParent: boolean;
  onFailure: Policy;
  onCanceled: Policy;
  onPartialSuccess: Policy;
  progress: 'none' | 'stages' | 'jobs';
}

/** @param waits what an empty `waitForCompletion` means for this task. */
export function readWaiting(read: Read, waits: boolean): WaitingInputs {
  const onFailure = choice(read, 'onFailure', POLICIES, 'fail');
  return {
    waitForCompletion: flag(read, 'waitForCompletion', waits),
    waitTimeoutMs: wholeNumber(read, 'waitTimeoutInMinutes', { min: 0, max: 100_000, fallback: 0 }) * 60_000,
    onTimeout: choice(read, 'onTimeout', ['fail', 'cancel', 'warn'] as const, 'fail'),
    pollingIntervalMs: wholeNumber(read, 'pollingInterval', { min: 1, max: 600, fallback: 15 }) * 1000,
    cancelWithParent: flag(read, 'cancelWithParent', true),
    onFailure,
    onCanceled: choice(read, 'onCanceled', POLICIES, onFailure),
    onPartialSuccess: choice(read, 'onPartialSuccess', POLICIES, 'warn'),
    progress: choice(read, 'progress', ['none', 'stages', 'jobs'] as const, 'stages'),
  };
}

import type { CheckSpan } from './checks';
import { guidOf } from './ids';
import { may, type Access } from './identity';
import { Refusal } from './refusal';
import { progressOf, type Run } from './runs';
import type { CheckScript } from './script';

/** A check in front of a stage of a run, as far as it has begun. */
export interface OpenCheck {
  run: Run;
  stage: string;
  attempt: number;
  /** Id of the suite: the checkpoint's record. */
  suiteId: string;
  check: CheckSpan;
}

export type Approval = OpenCheck & { check: CheckSpan & { script: CheckScript & { type: 'approval' } } };

export function suiteIdOf(run: Run, stage: string, attempt: number): string {
  return guidOf(`${run.planId}/record/${stage}.Checkpoint/${attempt}`);
}

/** Checks of all stages that have begun, of every attempt. */
export function checksOf(run: Run, now: number): OpenCheck[] {
  return progressOf(run).stages.flatMap((attempts) =>
    attempts
      .filter((span) => span.readyAt <= now)
      .flatMap((span) =>
        span.checks.map((check) => ({
          run,
          stage: span.plan.name,
          attempt: span.attempt,
          suiteId: suiteIdOf(run, span.plan.name, span.attempt),
          check,
        })),
      ),
  );
}

export function approvalsOf(runs: Run[], now: number): Approval[] {
  return runs.flatMap((run) => checksOf(run, now)).filter(isApproval);
}

function isApproval(open: OpenCheck): open is Approval {
  return open.check.script.type === 'approval';
}

/** pending, approved, rejected, timedOut or canceled. */
export function approvalStatus(approval: Approval, now: number): string {
  const { finishAt, result } = approval.check;
  if (finishAt > now) return 'pending';
  const words: Record<string, string> = { succeeded: 'approved', failed: 'rejected', skipped: 'timedOut' };
  return words[result] ?? 'canceled';
}

export function canApprove(access: Access, approval: Approval): boolean {
  const { displayName, uniqueName, id } = access.identity;
  const names = approval.check.script.approvers.map((name) => name.toLowerCase());
  return (
    may(access, 'manageReleaseApprovers') &&
    [displayName, uniqueName, id].some((name) => names.includes(name.toLowerCase()))
  );
}

/** Gives a vote; throws where the identity is no approver or nothing is pending. The texts are not published. */
export function vote(
  approval: Approval,
  answer: { status: string; comment: string },
  access: Access,
  now: number,
): void {
  if (!canApprove(access, approval)) {
    throw new Refusal(
      403,
      'UnauthorizedAccessException',
      `The user ${access.identity.displayName} does not have permission to update the approval ${approval.check.id}.`,
    );
  }
  const status = approvalStatus(approval, now);
  if (status !== 'pending') {
    throw new Refusal(400, 'InvalidApprovalUpdateException', `The approval ${approval.check.id} is already ${status}.`);
  }
  const by = access.identity.displayName;
  approval.run.events.push({ kind: 'approval', at: now, approvalId: approval.check.id, by, ...answer });
}

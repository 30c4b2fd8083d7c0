import { guidOf } from './ids';
import type { RunEvent } from './events';
import type { CheckScript } from './script';

/** One check in front of a stage, with the moments at which it began and ended (Infinity: not yet). */
export interface CheckSpan {
  id: string;
  script: CheckScript;
  startAt: number;
  finishAt: number;
  /** succeeded, failed (rejected), skipped (timed out) or canceled. */
  result: string;
  /** The approvals and rejections given so far. */
  votes: { by: string; at: number; status: string; comment: string }[];
}

interface CheckQuestion {
  id: string;
  startAt: number;
  cancelAt: number;
  events: RunEvent[];
}

/** Id of a check: a timeline record and, for an approval, the approval of the same id. */
export function checkId(planId: string, stage: string, attempt: number, index: number): string {
  return guidOf(`${planId}/check/${stage}/${attempt}/${index}`);
}

export function runCheck(script: CheckScript, question: CheckQuestion): CheckSpan {
  const span = { id: question.id, script, startAt: question.startAt, votes: votesOf(question) };
  const ended = endOf(script, question, span.votes);
  if (question.cancelAt < ended.at) {
    return { ...span, finishAt: Math.max(question.cancelAt, question.startAt), result: 'canceled' };
  }
  return { ...span, finishAt: ended.at, result: ended.result };
}

function votesOf({ id, events }: CheckQuestion): CheckSpan['votes'] {
  return events.flatMap((event) =>
    event.kind === 'approval' && event.approvalId === id
      ? [{ by: event.by, at: event.at, status: event.status, comment: event.comment }]
      : [],
  );
}

function endOf(
  script: CheckScript,
  question: CheckQuestion,
  votes: CheckSpan['votes'],
): { at: number; result: string } {
  switch (script.type) {
    case 'taskCheck':
      return { at: question.startAt + script.durationMs, result: script.result ?? 'succeeded' };
    case 'authorization': {
      const permit = question.events.find(
        (event) =>
          event.kind === 'permit' &&
          event.resourceType.toLowerCase() === script.resource.type.toLowerCase() &&
          event.resourceId === script.resource.id,
      );
      return { at: permit ? Math.max(permit.at, question.startAt) : Infinity, result: 'succeeded' };
    }
    case 'approval': {
      const rejected = votes.find((vote) => vote.status === 'rejected');
      const needed = script.minRequired ?? script.approvers.length;
      const approvals = votes.filter((vote) => vote.status === 'approved');
      const approved = approvals.filter((vote, at) => approvals.findIndex(({ by }) => by === vote.by) === at)[
        needed - 1
      ];
      return earliest([
        { at: rejected?.at ?? Infinity, result: 'failed' },
        { at: approved?.at ?? Infinity, result: 'succeeded' },
        { at: question.startAt + (script.approvedAfterMs ?? Infinity), result: 'succeeded' },
        { at: question.startAt + (script.timesOutAfterMs ?? Infinity), result: 'skipped' },
      ]);
    }
  }
}

function earliest(ends: { at: number; result: string }[]): { at: number; result: string } {
  return ends.reduce((first, next) => (next.at < first.at ? next : first));
}

/** A check that is set on a resource. */
export interface CheckConfiguration {
  id: number;
  typeName: string;
  resource: { type: string; id: string; name: string };
  timeoutMinutes: number;
  createdOn: number;
}

import { runJob, type JobSpan } from './jobProgress';
import type { EnvironmentPlan, EnvironmentScript } from './releaseDefinitions';
import type { ReleaseEvent } from './releaseEvents';
import type { JobPlan } from './rootYaml';

/** A stretch of a deployment: why it stands or what it does until then. */
export interface Stretch {
  until: number;
  /** DeploymentOperationStatus */
  operation: string;
  /** EnvironmentStatus */
  status: string;
}

export interface ReleaseApprovalSpan {
  id: number;
  type: 'preDeploy' | 'postDeploy';
  approver: string;
  automated: boolean;
  askedAt: number;
  answeredAt: number;
  /** How it was answered, once it was. */
  status: string;
  by: string;
  comment: string;
}

export interface InterventionSpan {
  id: number;
  instructions: string;
  askedAt: number;
  answeredAt: number;
  status: string;
  comment: string;
}

/** One attempt of a stage of a release. Times in epoch ms; Infinity: not as things stand. */
export interface DeploymentSpan {
  id: number;
  attempt: number;
  queuedAt: number;
  reason: 'automated' | 'manual';
  requestedBy: string;
  stretches: Stretch[];
  startedAt: number;
  finishAt: number;
  /** succeeded, partiallySucceeded, rejected or canceled */
  result: string;
  lastOperation: string;
  approvals: ReleaseApprovalSpan[];
  intervention?: InterventionSpan;
  job?: JobSpan;
}

export interface DeploymentQuestion {
  id: number;
  attempt: number;
  plan: EnvironmentPlan;
  script: EnvironmentScript;
  queuedAt: number;
  scheduledAt: number;
  reason: 'automated' | 'manual';
  requestedBy: string;
  cancelAt: number;
  events: ReleaseEvent[];
}

const agentJob: JobPlan = {
  name: 'Agent job',
  displayName: 'Agent job',
  dependsOn: [],
  continueOnError: false,
  demands: [],
  steps: [],
};

/** Plays one deployment: schedule, pre-approvals, gates, queue, agent, manual intervention, tasks, post-approvals. */
export function deploy(question: DeploymentQuestion): DeploymentSpan {
  const { plan, script, cancelAt } = question;
  const span: DeploymentSpan = { ...emptySpan(question) };
  let at = stretch(span, question.queuedAt, Math.max(question.scheduledAt, question.queuedAt), {
    operation: 'scheduled',
    status: 'scheduled',
  });
  const pre = approvals(question, 'preDeploy', plan.preApprovers, at);
  span.approvals.push(...pre.list);
  at = stretch(span, at, pre.endAt, { operation: 'pending', status: 'inProgress' });
  if (pre.rejected && at < cancelAt) return ended(span, question, { at, result: 'rejected', operation: 'rejected' });
  if (script.gates) {
    at = stretch(span, at, at + script.gates.durationMs, { operation: 'evaluatingGates', status: 'inProgress' });
    if (script.gates.result === 'failed' && at < cancelAt)
      return ended(span, question, { at, result: 'rejected', operation: 'gateFailed' });
  }
  at = stretch(span, at, at + (script.queuedMs ?? 0), { operation: 'queuedForPipeline', status: 'queued' });
  if (script.intervention) {
    const asked = intervention(question, script.intervention.instructions, at);
    if (at < cancelAt) span.intervention = asked;
    at = stretch(span, at, asked.answeredAt, { operation: 'manualInterventionPending', status: 'inProgress' });
    if (asked.status === 'rejected' && at < cancelAt)
      return ended(span, question, { at, result: 'rejected', operation: 'phaseFailed' });
  }
  if (at >= cancelAt || at === Infinity)
    return ended(span, question, { at, result: 'canceled', operation: 'canceled' });
  const job = runJob({
    plan: agentJob,
    script,
    attempt: question.attempt,
    readyAt: at,
    cancelAt,
    dependencies: {},
    variables: {},
  });
  span.job = job;
  span.startedAt = job.startAt;
  at = stretch(span, at, Math.min(job.startAt, job.finishAt), { operation: 'queuedForAgent', status: 'inProgress' });
  at = stretch(span, at, Math.min(job.finishAt, cancelAt), { operation: 'phaseInProgress', status: 'inProgress' });
  at = stretch(span, at, job.finishAt, { operation: 'cancelling', status: 'inProgress' });
  switch (job.result) {
    case 'failed':
      return ended(span, question, { at, result: 'rejected', operation: 'phaseFailed' });
    case 'canceled':
      return { ...span, finishAt: at, result: 'canceled', lastOperation: 'phaseCanceled' };
  }
  const post = approvals(question, 'postDeploy', plan.postApprovers, at);
  span.approvals.push(...post.list);
  at = stretch(span, at, post.endAt, { operation: 'pending', status: 'inProgress' });
  if (post.rejected) return ended(span, question, { at, result: 'rejected', operation: 'rejected' });
  const partial = job.result === 'succeededWithIssues';
  return ended(span, question, {
    at,
    result: partial ? 'partiallySucceeded' : 'succeeded',
    operation: partial ? 'phasePartiallySucceeded' : 'approved',
  });
}

function emptySpan(question: DeploymentQuestion): DeploymentSpan {
  const { id, attempt, queuedAt, reason, requestedBy } = question;
  return {
    id,
    attempt,
    queuedAt,
    reason,
    requestedBy,
    stretches: [],
    startedAt: Infinity,
    finishAt: Infinity,
    result: '',
    lastOperation: '',
    approvals: [],
  };
}

function stretch(span: DeploymentSpan, from: number, until: number, what: Omit<Stretch, 'until'>): number {
  if (until > from) span.stretches.push({ ...what, until });
  return until;
}

/** The end; a request to cancel that came before it wins. */
function ended(
  span: DeploymentSpan,
  question: DeploymentQuestion,
  end: { at: number; result: string; operation: string },
): DeploymentSpan {
  if (question.cancelAt < end.at)
    return { ...span, finishAt: question.cancelAt, result: 'canceled', lastOperation: 'canceled' };
  return { ...span, finishAt: end.at, result: end.result, lastOperation: end.operation };
}

interface Approvals {
  list: ReleaseApprovalSpan[];
  endAt: number;
  rejected: boolean;
}

/** One approval for each approver, asked at the same time; where there is none, one that approves itself. */
function approvals(
  question: DeploymentQuestion,
  type: ReleaseApprovalSpan['type'],
  approvers: string[],
  askedAt: number,
): Approvals {
  const first = question.id * 10 + (type === 'preDeploy' ? 1 : 6);
  if (askedAt === Infinity) return { list: [], endAt: Infinity, rejected: false };
  if (approvers.length === 0) {
    const span = {
      id: first,
      type,
      approver: '',
      automated: true,
      askedAt,
      answeredAt: askedAt,
      status: 'approved',
      by: '',
      comment: '',
    };
    return { list: [span], endAt: askedAt, rejected: false };
  }
  const list = approvers.map((approver, index): ReleaseApprovalSpan => {
    const id = first + index;
    const answer = question.events.find((event) => event.kind === 'approval' && event.approvalId === id);
    const given = answer?.kind === 'approval' ? answer : undefined;
    const asked = { id, type, approver, automated: false, askedAt };
    return {
      ...asked,
      answeredAt: given?.at ?? Infinity,
      status: given?.status ?? 'pending',
      by: given?.by ?? '',
      comment: given?.comment ?? '',
    };
  });
  const rejection = list
    .filter(({ status }) => status === 'rejected')
    .toSorted((a, b) => a.answeredAt - b.answeredAt)[0];
  return {
    list,
    endAt: rejection?.answeredAt ?? Math.max(...list.map(({ answeredAt }) => answeredAt)),
    rejected: rejection !== undefined,
  };
}

function intervention(question: DeploymentQuestion, instructions: string, askedAt: number): InterventionSpan {
  const { id } = question;
  const answer = question.events.find((event) => event.kind === 'intervention' && event.interventionId === id);
  const given = answer?.kind === 'intervention' ? answer : undefined;
  return {
    id,
    instructions,
    askedAt,
    answeredAt: given?.at ?? Infinity,
    status: given?.status ?? 'pending',
    comment: given?.comment ?? '',
  };
}

import type { DeploymentSpan } from '../state/deployments';
import { guidOf } from '../state/ids';
import { person } from '../state/identity';
import type { TaskSpan } from '../state/jobProgress';
import { stretchAt, type Release } from '../state/releases';
import { releaseApi } from './releaseWire';
import type { RouteCall } from './route';
import { identityRef, time } from './wire';

/** DeploymentStatus for an EnvironmentStatus. */
export function deploymentStatus(deployment: DeploymentSpan, now: number): string {
  const words: Record<string, string> = {
    succeeded: 'succeeded',
    partiallySucceeded: 'partiallySucceeded',
    rejected: 'failed',
    canceled: 'failed',
  };
  if (deployment.finishAt <= now) return words[deployment.result] ?? 'failed';
  return deployment.startedAt <= now ? 'inProgress' : 'notDeployed';
}

/** One attempt of a stage, with its phase, job and tasks as far as they have begun. */
export function deployStep(call: RouteCall, release: Release, deployment: DeploymentSpan): object {
  const { now } = call.state;
  const { job } = deployment;
  const begun = job && job.queuedAt <= now;
  const intervention = deployment.intervention && deployment.intervention.askedAt <= now;
  return {
    id: deployment.id,
    deploymentId: deployment.id,
    attempt: deployment.attempt,
    reason: deployment.reason,
    status: deploymentStatus(deployment, now),
    operationStatus: stretchAt(deployment, now).operation,
    releaseDeployPhases: begun || intervention ? [deployPhase(call, release, deployment)] : [],
    requestedBy: identityRef(call, person(deployment.requestedBy)),
    requestedFor: identityRef(call, person(deployment.requestedBy)),
    queuedOn: time(deployment.queuedAt),
    lastModifiedBy: identityRef(call, person(deployment.requestedBy)),
    lastModifiedOn: time(Math.min(deployment.finishAt, now)),
    hasStarted: deployment.startedAt <= now,
    issues: [],
  };
}

/** The phase's id as the log routes take it. */
function deployPhase(call: RouteCall, release: Release, deployment: DeploymentSpan): object {
  const { now } = call.state;
  const { job } = deployment;
  const over = deployment.finishAt <= now;
  const words: Record<string, string> = {
    rejected: 'failed',
    canceled: 'canceled',
    partiallySucceeded: 'partiallySucceeded',
  };
  return {
    phaseId: guidOf(`phase/${deployment.id}`),
    name: 'Agent job',
    rank: 1,
    phaseType: 'agentBasedDeployment',
    status: over ? (words[deployment.result] ?? 'succeeded') : 'inProgress',
    runPlanId: planIdOf(deployment),
    deploymentJobs:
      job && job.startAt <= now
        ? [
            {
              job: taskWire(call, release, deployment, -1),
              tasks: job.tasks.map((_, index) => taskWire(call, release, deployment, index)),
            },
          ]
        : [],
    errorLog: null,
    manualInterventions: [],
    startedOn: time(deployment.startedAt === Infinity ? null : deployment.startedAt),
  };
}

/** The plan by which the tasks of an attempt run; their attachments lie below it. */
export function planIdOf({ id }: DeploymentSpan): string {
  return guidOf(`plan/${id}`);
}

/** Id of a task within its deployment; the job itself is the first. */
export function taskId(index: number): number {
  return index + 2;
}

function taskWire(call: RouteCall, release: Release, deployment: DeploymentSpan, index: number): object {
  const { now } = call.state;
  const { job } = deployment;
  const task: TaskSpan | undefined = job?.tasks[index];
  const span = task ?? {
    name: 'Agent job',
    startAt: job?.startAt ?? Infinity,
    finishAt: job?.finishAt ?? Infinity,
    result: job?.result ?? '',
    issues: [],
  };
  const words: Record<string, string> = { succeededWithIssues: 'partiallySucceeded' };
  const ended = span.finishAt <= now;
  return {
    id: taskId(index),
    timelineRecordId: guidOf(`task/${deployment.id}/${index}`),
    name: span.name,
    startTime: time(span.startAt <= now ? span.startAt : null),
    finishTime: time(ended ? span.finishAt : null),
    status: ended ? (words[span.result] ?? span.result) : span.startAt <= now ? 'inProgress' : 'pending',
    rank: index + 2,
    issues: ended
      ? span.issues.map(({ type, message }) => ({
          issueType: type === 'error' ? 'Error' : 'Warning',
          message,
          data: {},
        }))
      : [],
    agentName: job?.worker,
    logUrl: `${releaseApi(call, release.definition)}/releases/${release.id}/environments/${Math.floor(deployment.id / 100)}/deployPhases/${deployment.id}/tasks/${taskId(index)}/logs`,
  };
}

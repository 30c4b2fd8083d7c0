import { tasksOf } from '../../tasks/lib/releases/failures';
import { releaseEnd } from '../../tasks/lib/releases/releaseEnd';
import type { DeployStep, Environment, Release } from '../../tasks/lib/releases/wire';
import { bareState, outcomeOf, type Block, type ChildState, type Outcome, type Stage } from '../model/childState';
import { timeOf } from './runState';

/** A deployment whose plan can hold attachments. */
export interface Deployment {
  environmentId: number;
  attempt: number;
  planId: string;
  /** An earlier attempt attaches nothing any more. */
  isNewest: boolean;
}

const REASONS_SHOWN = 3;
/** A stage that nothing holds and that the service has not started for so long will not be started any more. */
const DUE_MS = 300_000;

/**
 * A release as the tab shows it; see https://learn.microsoft.com/rest/api/azure/devops/release/releases/get-release. A list of releases
 * need not tell of deployments: what is lacking is kept as it was.
 */
export function releaseState(release: Release, before: ChildState | undefined, now: number): ChildState {
  const environments = [...(release.environments ?? [])].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const stages = environments.map((environment) =>
    stageOf(
      environment,
      before?.stages.find(({ reference }) => reference === String(environment.id)),
    ),
  );
  const outcome = releaseOutcome(release, now);
  const starts = stages.flatMap(({ startedAt }) => startedAt ?? []);
  const ends = stages.flatMap(({ endedAt }) => endedAt ?? []);
  const isWhole = environments.some(({ deploySteps }) => deploySteps?.length);
  const blocks = isWhole || !before ? environments.flatMap(blocksOf) : before.blocks;
  const moving = environments.filter(({ status = '' }) => MOVING.includes(status.toLowerCase()));
  return {
    ...bareState(outcome, {
      name: release.releaseDefinition?.name ?? '',
      number: release.name ?? String(release.id),
      url: release._links?.web?.href ?? '',
    }),
    queuedAt: timeOf(release.createdOn),
    startedAt: starts.length ? Math.min(...starts) : undefined,
    endedAt: ends.length && outcome !== 'running' ? Math.max(...ends) : undefined,
    stages,
    variables: Object.keys(release.variables ?? {}),
    blocks,
    blocked: blocks.length > 0 && blocks.length >= moving.length,
    reasons: isWhole || !before ? whyEnded(release, environments, outcome) : before.reasons,
  };
}

/** Every deployment of a release, of each attempt of a stage one plan a phase, earlier attempts first. */
export function deploymentsOf({ environments = [] }: Release): Deployment[] {
  return environments.flatMap(({ id, deploySteps = [] }) =>
    byAttempt(deploySteps).flatMap(({ attempt = 1, releaseDeployPhases }, index) => {
      const phases = (releaseDeployPhases ?? []) as { runPlanId?: string | null }[];
      const plans = phases.flatMap(({ runPlanId }) => runPlanId ?? []);
      const isNewest = index === deploySteps.length - 1;
      return plans.map((planId) => ({ environmentId: id, attempt, planId, isNewest }));
    }),
  );
}

function stageOf({ id, name, status = '', deploySteps = [] }: Environment, before: Stage | undefined): Stage {
  const step = newest(deploySteps);
  const outcome = stageOutcome(status);
  const ended = outcome !== 'running' && outcome !== 'waiting';
  const stage = { reference: String(id), title: name, outcome };
  if (!step) return { attempt: before?.attempt ?? 1, startedAt: before?.startedAt, endedAt: before?.endedAt, ...stage };
  return {
    ...stage,
    attempt: step.attempt ?? 1,
    startedAt: timeOf(step.queuedOn),
    endedAt: ended ? timeOf(step.lastModifiedOn) : undefined,
  };
}

function newest(steps: DeployStep[]): DeployStep | undefined {
  return byAttempt(steps).at(-1);
}

function byAttempt(steps: DeployStep[]): DeployStep[] {
  return [...steps].sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0));
}

const MOVING = ['inprogress', 'queued', 'scheduled'];

function stageOutcome(status: string): Outcome {
  switch (status.toLowerCase()) {
    case 'inprogress':
      return 'running';
    case 'notstarted':
    case 'queued':
    case 'scheduled':
    case 'undefined':
      return 'waiting';
    default:
      return outcomeOf(status);
  }
}

/** The service has no status for it: what can still move has not ended, and of what has ended the worst stage counts. */
function releaseOutcome(release: Release, now: number): Outcome {
  const steps = (release.environments ?? []).flatMap(({ deploySteps = [] }) => deploySteps);
  const changes = [release.createdOn, ...steps.map(({ lastModifiedOn }) => lastModifiedOn)].map(
    (text) => timeOf(text) ?? 0,
  );
  const { ended, result, stages } = releaseEnd(release, {
    stages: [],
    dueIsOver: now - Math.max(...changes) > DUE_MS,
  });
  if (!ended) return 'running';
  if (!stages.length) return release.status?.toLowerCase() === 'abandoned' ? 'canceled' : 'skipped';
  const worst = ['failed', 'canceled', 'partiallySucceeded', 'succeeded'] as const;
  const started = (release.environments ?? []).map(({ status = '' }) => stageOutcome(status));
  return worst.find((outcome) => started.includes(outcome)) ?? outcomeOf(result);
}

function blocksOf(environment: Environment): Block[] {
  const { id, name, status = '', preDeployApprovals = [], postDeployApprovals = [] } = environment;
  if (!MOVING.includes(status.toLowerCase())) return [];
  const approvals = [...preDeployApprovals, ...postDeployApprovals].filter(
    (approval) => approval.status?.toLowerCase() === 'pending' && !approval.isAutomated,
  );
  const people = approvals.flatMap(({ approver }) => approver?.displayName ?? []);
  if (approvals.length) return [{ id: `${id}`, text: `Stage ${name} waits for approval`, people }];
  const text = heldBy(environment);
  return text ? [{ id: `${id}`, text: `Stage ${name} ${text}`, people: [] }] : [];
}

/** https://learn.microsoft.com/rest/api/azure/devops/release/deployments/list#deploymentoperationstatus */
function heldBy({ deploySteps = [], scheduledDeploymentTime }: Environment): string | undefined {
  switch (newest(deploySteps)?.operationStatus?.toLowerCase()) {
    case 'manualinterventionpending':
      return 'waits for a manual intervention';
    case 'evaluatinggates':
      return 'waits for its gates';
    case 'scheduled':
    case 'deferred':
      return `is scheduled${scheduledDeploymentTime ? ` for ${scheduledDeploymentTime}` : ''}`;
    case 'queued':
    case 'queuedforpipeline':
      return 'waits behind another deployment, or for a free parallel job';
    case 'queuedforagent':
      return 'waits for an agent';
    default:
      return undefined;
  }
}

function whyEnded(release: Release, environments: Environment[], outcome: Outcome): string[] {
  if (outcome === 'skipped') return ['No stage of it was deployed.'];
  if (release.status?.toLowerCase() === 'abandoned') return ['It was abandoned.'];
  return environments.flatMap(errorsOf).slice(0, REASONS_SHOWN);
}

function errorsOf(environment: Environment): string[] {
  const { name, status = '', deploySteps = [] } = environment;
  const outcome = stageOutcome(status);
  if (outcome === 'canceled') return [`Stage ${name} was canceled.`];
  if (outcome !== 'failed' && outcome !== 'partiallySucceeded') return [];
  const step = newest(deploySteps);
  const found = [
    ...(step?.issues ?? []).map((issue) => ({ ...issue, from: name })),
    ...tasksOf(environment).flatMap(({ task }) =>
      (task.issues ?? []).map((issue) => ({ ...issue, from: `${name} > ${task.name ?? 'task'}` })),
    ),
  ];
  const errors = found
    .filter(({ issueType, message }) => issueType?.toLowerCase() === 'error' && message)
    .map(({ from, message }) => `${from}: ${(message ?? '').trim()}`);
  if (errors.length) return errors;
  return outcome === 'failed' ? [`Stage ${name} ${refusal(step?.operationStatus)}.`] : [];
}

function refusal(operation = ''): string {
  switch (operation.toLowerCase()) {
    case 'rejected':
      return 'failed: an approval was rejected';
    case 'gatefailed':
      return 'failed: its gates did not pass';
    default:
      return 'failed';
  }
}

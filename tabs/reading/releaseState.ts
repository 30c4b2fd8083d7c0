import { outcomeOf, type ChildState, type Outcome, type Stage } from '../model/childState';
import { timeOf } from './runState';

interface ApprovalWire {
  status?: string;
  approver?: { displayName?: string };
}

interface DeployStepWire {
  attempt?: number;
  queuedOn?: string;
  lastModifiedOn?: string;
  releaseDeployPhases?: { runPlanId?: string | null }[];
  issues?: { issueType?: string; message?: string }[];
}

interface EnvironmentWire {
  id: number;
  name?: string;
  rank?: number;
  status?: string;
  preDeployApprovals?: ApprovalWire[];
  postDeployApprovals?: ApprovalWire[];
  deploySteps?: DeployStepWire[];
}

/** What is read of a release; see https://learn.microsoft.com/rest/api/azure/devops/release/releases/list */
export interface ReleaseWire {
  id: number;
  name?: string;
  status?: string;
  createdOn?: string;
  environments?: EnvironmentWire[];
  releaseDefinition?: { name?: string };
  _links?: { web?: { href?: string } };
}

/** A deployment whose plan can hold attachments. */
export interface Deployment {
  environmentId: number;
  attempt: number;
  planId: string;
}

/** A release as the tab shows it. Stages that were never started do not count for its outcome. */
export function releaseState(release: ReleaseWire): ChildState {
  const environments = [...(release.environments ?? [])].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const stages = environments.map(stageOf);
  const outcome = releaseOutcome(release.status, stages);
  const ends = stages.flatMap(({ endedAt }) => endedAt ?? []);
  const starts = stages.flatMap(({ startedAt }) => startedAt ?? []);
  return {
    outcome,
    name: release.releaseDefinition?.name ?? '',
    number: release.name ?? String(release.id),
    url: release._links?.web?.href ?? '',
    queuedAt: timeOf(release.createdOn),
    startedAt: starts.length ? Math.min(...starts) : undefined,
    endedAt: ends.length && outcome !== 'running' && outcome !== 'waiting' ? Math.max(...ends) : undefined,
    stages,
    reasons: environments.flatMap(reasonsOf),
  };
}

/** The newest deployments of a release, of each stage one plan a phase. */
export function deploymentsOf({ environments = [] }: ReleaseWire): Deployment[] {
  return environments.flatMap(({ id, deploySteps = [] }) => {
    const step = newest(deploySteps);
    const plans = (step?.releaseDeployPhases ?? []).flatMap(({ runPlanId }) => runPlanId ?? []);
    return plans.map((planId) => ({ environmentId: id, attempt: step?.attempt ?? 1, planId }));
  });
}

function stageOf({ id, name = '', status = '', deploySteps = [] }: EnvironmentWire): Stage {
  const step = newest(deploySteps);
  const outcome = stageOutcome(status);
  const ended = outcome !== 'running' && outcome !== 'waiting';
  return {
    reference: String(id),
    title: name,
    outcome,
    attempt: step?.attempt ?? 1,
    startedAt: timeOf(step?.queuedOn),
    endedAt: ended ? timeOf(step?.lastModifiedOn) : undefined,
  };
}

function newest(steps: DeployStepWire[]): DeployStepWire | undefined {
  return [...steps].sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0)).at(-1);
}

function stageOutcome(status: string): Outcome {
  switch (status) {
    case 'inProgress':
      return 'running';
    case 'notStarted':
    case 'queued':
    case 'scheduled':
    case 'undefined':
      return 'waiting';
    default:
      return outcomeOf(status);
  }
}

const WORST_FIRST: Outcome[] = ['running', 'failed', 'canceled', 'unknown', 'partiallySucceeded', 'succeeded'];

function releaseOutcome(status: string | undefined, stages: Stage[]): Outcome {
  const worst = WORST_FIRST.find((outcome) => stages.some((stage) => stage.outcome === outcome));
  if (status === 'abandoned' && (worst === undefined || worst === 'running')) return 'canceled';
  return worst ?? 'waiting';
}

function reasonsOf(environment: EnvironmentWire): string[] {
  const { name = '', preDeployApprovals = [], postDeployApprovals = [], deploySteps = [] } = environment;
  const approvers = [...preDeployApprovals, ...postDeployApprovals]
    .filter(({ status }) => status === 'pending')
    .map(({ approver }) => approver?.displayName ?? 'somebody');
  const errors = (newest(deploySteps)?.issues ?? []).filter(({ issueType }) => issueType?.toLowerCase() === 'error');
  return [
    ...(approvers.length ? [`Stage ${name} waits for approval by ${approvers.join(', ')}.`] : []),
    ...errors.map(({ message = '' }) => `${name}: ${message.trim()}`),
  ];
}

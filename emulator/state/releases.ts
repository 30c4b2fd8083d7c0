import { deploy, type DeploymentSpan } from './deployments';
import type { Identity } from './identity';
import {
  environmentScript,
  type ArtifactSource,
  type EnvironmentPlan,
  type ReleaseDefinition,
} from './releaseDefinitions';
import type { ReleaseAttachment } from './releaseAttachments';
import type { ReleaseEvent } from './releaseEvents';

export interface ArtifactVersion {
  id: string;
  name: string;
  sourceBranch?: string;
  sourceVersion?: string;
  sourceRepositoryId?: string;
  sourceRepositoryType?: string;
  definitionId?: string;
  definitionName?: string;
}

export interface ReleaseEnvironment {
  id: number;
  plan: EnvironmentPlan;
  variables: Record<string, string>;
}

export interface Release {
  id: number;
  name: string;
  definition: ReleaseDefinition;
  createdAt: number;
  createdBy: Identity;
  createdFor: Identity;
  description: string;
  draft: boolean;
  reason: string;
  manualEnvironments: string[];
  artifacts: { source: ArtifactSource; version: ArtifactVersion | undefined }[];
  variables: Record<string, string>;
  environments: ReleaseEnvironment[];
  events: ReleaseEvent[];
  attachments: ReleaseAttachment[];
  tags: string[];
  /** Extended properties; lists and releases show them only where they are asked for by name. */
  properties: Record<string, string>;
  keepForever: boolean;
  deleted: boolean;
}

/** The stage at one moment, in the words of the wire. */
export interface EnvironmentView {
  status: string;
  /** Attempts that have begun, the newest last. */
  attempts: DeploymentSpan[];
}

interface Request {
  at: number;
  scheduledAt: number;
  reason: 'automated' | 'manual';
  by: string;
  /** Its place among the events of the release; -1 for one that no event asked for. */
  index: number;
}

/** Every attempt of every stage, as things stand: those that began and those that will. */
export function deploymentsOf(release: Release): Map<string, DeploymentSpan[]> {
  const all = new Map<string, DeploymentSpan[]>();
  const { environments } = release;
  const left = [...environments];
  while (left.length > 0) {
    const ready = left.findIndex(({ plan }) =>
      plan.after.every((name) => all.has(name) || !environments.some((other) => other.plan.name === name)),
    );
    const [environment] = left.splice(Math.max(0, ready), 1);
    if (environment) all.set(environment.plan.name, attemptsOf(release, environment, all));
  }
  return all;
}

function attemptsOf(
  release: Release,
  environment: ReleaseEnvironment,
  all: Map<string, DeploymentSpan[]>,
): DeploymentSpan[] {
  const { plan } = environment;
  const attempts: DeploymentSpan[] = [];
  const requests = [...automatic(release, plan, all), ...byHand(release, plan)].toSorted((a, b) => a.at - b.at);
  for (const request of requests) {
    const before = attempts.at(-1);
    if (before && before.finishAt > request.at) continue;
    const attempt = attempts.length + 1;
    const question = {
      releaseId: release.id,
      definition: release.definition.name,
      environment: plan.name,
      attempt,
      variables: { ...release.variables, ...environment.variables },
    };
    // Events of the same millisecond come in their order: a deployment is not canceled by what was asked before it.
    const cancel = release.events.find(
      (event, index) =>
        event.kind === 'cancel' && event.environment === plan.name && event.at >= request.at && index > request.index,
    );
    attempts.push(
      deploy({
        id: environment.id * 100 + attempt,
        attempt,
        plan,
        script: environmentScript(release.definition.script, question),
        queuedAt: request.at,
        scheduledAt: request.scheduledAt,
        reason: request.reason,
        requestedBy: request.by,
        cancelAt: cancel?.at ?? Infinity,
        events: release.events,
      }),
    );
  }
  return attempts;
}

function byHand(release: Release, plan: EnvironmentPlan): Request[] {
  return release.events.flatMap((event, index) =>
    event.kind === 'deploy' && event.environment === plan.name
      ? [{ at: event.at, scheduledAt: event.scheduledAt, reason: 'manual' as const, by: event.by, index }]
      : [],
  );
}

/** When conditions deploy the stage: with the release, or each time that all stages before it have come to a good end. */
function automatic(release: Release, plan: EnvironmentPlan, all: Map<string, DeploymentSpan[]>): Request[] {
  const activeAt = release.draft
    ? (release.events.find(({ kind }) => kind === 'activate')?.at ?? Infinity)
    : release.createdAt;
  const abandonedAt = release.events.find(({ kind }) => kind === 'abandon')?.at ?? Infinity;
  if (plan.trigger === 'manual' || release.manualEnvironments.includes(plan.name)) return [];
  const times = plan.trigger === 'release' ? [activeAt] : goodEnds(plan, all);
  return times
    .filter((at) => at < Infinity && at < abandonedAt)
    .map((at) => ({ at, scheduledAt: at, reason: 'automated' as const, by: release.createdBy.displayName, index: -1 }));
}

function goodEnds(plan: EnvironmentPlan, all: Map<string, DeploymentSpan[]>): number[] {
  const isGood = (span: DeploymentSpan | undefined): boolean =>
    span?.result === 'succeeded' || (plan.alsoAfterPartial && span?.result === 'partiallySucceeded');
  const before = plan.after.map((name) => all.get(name) ?? []);
  const times = [
    ...new Set(
      before
        .flat()
        .filter(isGood)
        .map((span) => span.finishAt),
    ),
  ];
  return times.filter((at) => before.every((attempts) => isGood(attempts.findLast((span) => span.finishAt <= at))));
}

export function environmentView(release: Release, environment: ReleaseEnvironment, now: number): EnvironmentView {
  const attempts = (deploymentsOf(release).get(environment.plan.name) ?? []).filter((span) => span.queuedAt <= now);
  const last = attempts.at(-1);
  if (!last) return { status: 'notStarted', attempts };
  return { status: last.finishAt <= now ? last.result : stretchAt(last, now).status, attempts };
}

/** What the deployment does at that moment. */
export function stretchAt(span: DeploymentSpan, now: number): { operation: string; status: string } {
  if (span.finishAt <= now) return { operation: span.lastOperation, status: span.result };
  return span.stretches.find(({ until }) => until > now) ?? { operation: 'queued', status: 'queued' };
}

export function releaseStatus(release: Release): 'draft' | 'active' | 'abandoned' {
  if (release.events.some(({ kind }) => kind === 'abandon')) return 'abandoned';
  return release.draft && !release.events.some(({ kind }) => kind === 'activate') ? 'draft' : 'active';
}

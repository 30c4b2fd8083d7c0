import { guidOf } from '../state/ids';
import { person } from '../state/identity';
import type { PendingApproval, PendingIntervention } from '../state/ReleaseArea';
import { typeOf } from '../state/releaseArtifacts';
import type { ReleaseDefinition } from '../state/releaseDefinitions';
import { environmentView, releaseStatus, type Release, type ReleaseEnvironment } from '../state/releases';
import type { DeclaredVariable } from '../state/rootYaml';
import { deployStep } from './deploymentWire';
import { queryList, type RouteCall } from './route';
import { identityRef, time } from './wire';

export function releaseApi(call: RouteCall, definition: ReleaseDefinition): string {
  return `${call.releaseBase}${definition.project.id}/_apis/Release`;
}

export function definitionShallow(call: RouteCall, definition: ReleaseDefinition): object {
  const { id, name, path, project } = definition;
  return {
    id,
    name,
    path,
    projectReference: { id: project.id, name: project.name },
    url: `${releaseApi(call, definition)}/definitions/${id}`,
  };
}

export function releaseShallow(call: RouteCall, release: Release): object {
  return {
    id: release.id,
    name: release.name,
    url: `${releaseApi(call, release.definition)}/releases/${release.id}`,
    _links: links(call, release),
  };
}

/** A release as a deployment names it. */
export function releaseReference(call: RouteCall, release: Release): object {
  return {
    id: release.id,
    name: release.name,
    artifacts: artifactsWire(release),
    createdOn: time(release.createdAt),
    reason: release.reason,
    _links: links(call, release),
  };
}

function links(call: RouteCall, release: Release): object {
  const { project } = release.definition;
  return {
    self: { href: `${releaseApi(call, release.definition)}/releases/${release.id}` },
    web: { href: `${call.base}${project.id}/_releaseProgress?_a=release-pipeline-progress&releaseId=${release.id}` },
  };
}

export function environmentShallow(call: RouteCall, release: Release, environment: ReleaseEnvironment): object {
  return {
    id: environment.id,
    name: environment.plan.name,
    url: `${releaseApi(call, release.definition)}/releases/${release.id}/environments/${environment.id}`,
  };
}

/** Values of declared variables; of secret ones nothing. */
export function variablesWire(declared: Record<string, DeclaredVariable>, values: Record<string, string>): object {
  return Object.fromEntries(
    Object.entries(declared).map(([name, variable]) => [
      name,
      {
        value: variable.isSecret ? null : (values[name] ?? variable.value),
        ...(variable.isSecret ? { isSecret: true } : {}),
        ...(variable.allowOverride ? { allowOverride: true } : {}),
      },
    ]),
  );
}

export function artifactsWire(release: Release): object[] {
  return release.artifacts.map(({ source, version }) => ({
    alias: source.alias,
    type: typeOf(source),
    isPrimary: source.isPrimary,
    isRetained: false,
    definitionReference: {
      ...sourceReference(source),
      ...(version
        ? {
            version: { id: version.id, name: version.name },
            ...(version.sourceBranch === undefined
              ? {}
              : {
                  branch: { id: version.sourceBranch, name: version.sourceBranch },
                  branches: { id: version.sourceBranch, name: version.sourceBranch },
                }),
            ...(version.sourceVersion === undefined
              ? {}
              : { sourceVersion: { id: version.sourceVersion, name: null } }),
          }
        : {}),
    },
  }));
}

export function sourceReference({
  pipeline,
  repository,
  other,
}: Release['artifacts'][number]['source']): Record<string, object> {
  if (other) return { definition: { id: other.name, name: other.name } };
  const project = pipeline?.project ?? repository?.project;
  return {
    definition: {
      id: pipeline ? String(pipeline.id) : (repository?.id ?? ''),
      name: pipeline?.name ?? repository?.name ?? '',
    },
    ...(project ? { project: { id: project.id, name: project.name } } : {}),
    ...(pipeline ? { repository: { id: pipeline.repository.id, name: pipeline.repository.name } } : {}),
  };
}

/** A release; `withEnvironments` is false in lists that did not ask for them. */
export function releaseWire(call: RouteCall, release: Release, withEnvironments = true): object {
  const { definition } = release;
  const environments = release.environments.map((environment) => environmentWire(call, release, environment));
  return {
    id: release.id,
    name: release.name,
    status: releaseStatus(release),
    createdOn: time(release.createdAt),
    modifiedOn: time(release.events.at(-1)?.at ?? release.createdAt),
    modifiedBy: identityRef(call, release.createdBy),
    createdBy: identityRef(call, release.createdBy),
    createdFor: identityRef(call, release.createdFor),
    ...(withEnvironments ? { environments } : {}),
    variables: variablesWire(definition.variables, release.variables),
    variableGroups: [],
    artifacts: artifactsWire(release),
    releaseDefinition: definitionShallow(call, definition),
    releaseDefinitionRevision: 1,
    description: release.description,
    reason: release.reason,
    releaseNameFormat: 'Release-$(rev:r)',
    keepForever: release.keepForever,
    definitionSnapshotRevision: 1,
    logsContainerUrl: `${releaseApi(call, definition)}/releases/${release.id}/logs`,
    _links: links(call, release),
    tags: release.tags,
    triggeringArtifactAlias: null,
    projectReference: { id: definition.project.id, name: definition.project.name },
    properties: propertiesWire(call, release),
  };
}

/** Those that were asked for by name. */
function propertiesWire(call: RouteCall, { properties }: Release): object {
  const wanted = queryList(call, 'propertyFilters') ?? [];
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => wanted.includes(name))
      .map(([name, value]) => [name, { $type: 'System.String', $value: value }]),
  );
}

/** The jobs of a stage as the definition, and the snapshot of it in a release, show them. */
export function phasesWire(call: RouteCall, definition: ReleaseDefinition, plan: ReleaseEnvironment['plan']): object[] {
  const queue = call.state.queues.find(
    ({ name, projectId }) => name === plan.queue && projectId === definition.project.id,
  );
  return [
    {
      rank: 1,
      phaseType: 'agentBasedDeployment',
      name: 'Agent job',
      refName: null,
      workflowTasks: [],
      deploymentInput: {
        parallelExecution: { parallelExecutionType: 'none' },
        skipArtifactsDownload: false,
        artifactsDownloadInput: { downloadInputs: [] },
        ...(queue ? { queueId: queue.id } : {}),
        demands: plan.demands,
        enableAccessToken: false,
        timeoutInMinutes: 0,
        jobCancelTimeoutInMinutes: 1,
        condition: 'succeeded()',
        overrideInputs: {},
      },
    },
  ];
}

export function environmentWire(call: RouteCall, release: Release, environment: ReleaseEnvironment): object {
  const { plan } = environment;
  const { now } = call.state;
  const view = environmentView(release, environment, now);
  const approvals = view.attempts.flatMap((deployment) =>
    deployment.approvals
      .filter(({ askedAt }) => askedAt <= now)
      .map((approval) => ({ release, environment, deployment, approval })),
  );
  const wires = (type: string): object[] =>
    approvals.filter(({ approval }) => approval.type === type).map((pending) => approvalWire(call, pending));
  const last = view.attempts.at(-1);
  const running = last && last.startedAt <= now ? Math.min(last.finishAt, now) - last.startedAt : 0;
  return {
    id: environment.id,
    releaseId: release.id,
    name: plan.name,
    status: view.status,
    variables: variablesWire(plan.variables, environment.variables),
    variableGroups: [],
    preDeployApprovals: wires('preDeploy'),
    postDeployApprovals: wires('postDeploy'),
    deployPhasesSnapshot: phasesWire(call, release.definition, plan),
    deploySteps: view.attempts.map((deployment) => deployStep(call, release, deployment)),
    rank: plan.rank,
    definitionEnvironmentId: plan.id,
    environmentOptions: {
      badgeEnabled: false,
      publishDeploymentStatus: true,
      autoLinkWorkItems: false,
      pullRequestDeploymentEnabled: false,
    },
    conditions: conditionsOf(release, environment, now),
    createdOn: time(release.createdAt),
    modifiedOn: time(last?.queuedAt ?? release.createdAt),
    timeToDeploy: running / 60_000,
    owner: identityRef(call, release.definition.createdBy),
    schedules: [],
    release: releaseShallow(call, release),
    releaseDefinition: definitionShallow(call, release.definition),
    releaseCreatedBy: identityRef(call, release.createdBy),
    triggerReason: {
      release: 'After release creation',
      stages: 'After successful deployment of previous stages',
      manual: 'Manual',
    }[plan.trigger],
    ...(view.status === 'scheduled' ? { scheduledDeploymentTime: time(last?.stretches[0]?.until) } : {}),
  };
}

/** `ReleaseStarted`, or a stage with the statuses (flags) that count: succeeded 4, with partially succeeded 132. */
export function conditionWires(
  plan: ReleaseEnvironment['plan'],
): { name: string; conditionType: string; value: string }[] {
  if (plan.trigger === 'manual') return [];
  if (plan.trigger === 'release') return [{ name: 'ReleaseStarted', conditionType: 'event', value: '' }];
  return plan.after.map((name) => ({
    name,
    conditionType: 'environmentState',
    value: plan.alsoAfterPartial ? '132' : '4',
  }));
}

function conditionsOf(release: Release, environment: ReleaseEnvironment, now: number): object[] {
  if (release.manualEnvironments.includes(environment.plan.name)) return [];
  return conditionWires(environment.plan).map((condition) => {
    const before = release.environments.find(({ plan }) => plan.name === condition.name);
    const status = before ? environmentView(release, before, now).status : 'succeeded';
    return {
      result: status === 'succeeded' || (condition.value === '132' && status === 'partiallySucceeded'),
      ...condition,
    };
  });
}

export function approvalWire(call: RouteCall, pending: PendingApproval): object {
  const { release, environment, approval, deployment } = pending;
  const status = call.state.releaseArea.approvalStatus(pending);
  const answered = approval.answeredAt <= call.state.now && !approval.automated;
  return {
    id: approval.id,
    revision: answered ? 2 : 1,
    ...(approval.automated ? {} : { approver: identityRef(call, person(approval.approver)) }),
    ...(answered ? { approvedBy: identityRef(call, person(approval.by)) } : {}),
    approvalType: approval.type,
    createdOn: time(approval.askedAt),
    modifiedOn: time(answered ? approval.answeredAt : approval.askedAt),
    status,
    comments: answered ? approval.comment : '',
    isAutomated: approval.automated,
    attempt: deployment.attempt,
    rank: 1,
    release: releaseShallow(call, release),
    releaseDefinition: definitionShallow(call, release.definition),
    releaseEnvironment: environmentShallow(call, release, environment),
    url: `${releaseApi(call, release.definition)}/approvals/${approval.id}`,
  };
}

export function interventionWire(call: RouteCall, { release, environment, intervention }: PendingIntervention): object {
  const answered = intervention.answeredAt <= call.state.now;
  return {
    id: intervention.id,
    name: 'Manual Intervention',
    instructions: intervention.instructions,
    status: answered ? intervention.status : 'pending',
    comments: intervention.comment,
    createdOn: time(intervention.askedAt),
    modifiedOn: time(answered ? intervention.answeredAt : intervention.askedAt),
    taskInstanceId: guidOf(`intervention/${intervention.id}`),
    release: releaseShallow(call, release),
    releaseDefinition: definitionShallow(call, release.definition),
    releaseEnvironment: environmentShallow(call, release, environment),
    url: `${releaseApi(call, release.definition)}/releases/${release.id}/manualinterventions/${intervention.id}`,
  };
}

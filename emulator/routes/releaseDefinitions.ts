import { folderPath } from '../state/pipelines';
import { Refusal } from '../state/refusal';
import { typeOf } from '../state/releaseArtifacts';
import type { ReleaseDefinition } from '../state/releaseDefinitions';
import { stretchAt } from '../state/releases';
import { deploymentStatus } from './deploymentWire';
import {
  approvalWire,
  conditionWires,
  definitionShallow,
  environmentShallow,
  phasesWire,
  releaseReference,
  sourceReference,
  variablesWire,
} from './releaseWire';
import { location } from './resources';
import {
  idOf,
  listReply,
  page,
  projectOf,
  queryFlag,
  queryList,
  queryNumber,
  type Reply,
  type Route,
  type RouteCall,
} from './route';
import { identityRef, time } from './wire';

const definitions = '{project}/_apis/release/definitions';

export const releaseDefinitionRoutes: Route[] = [
  { method: 'GET', template: definitions, resource: location.releaseDefinitions, handle: listDefinitions },
  {
    method: 'GET',
    template: `${definitions}/{definitionId}`,
    resource: location.releaseDefinitions,
    handle: getDefinition,
  },
  {
    method: 'GET',
    template: '{project}/_apis/release/deployments',
    resource: location.deployments,
    handle: listDeployments,
  },
  {
    method: 'GET',
    template: '{project}/_apis/release/artifacts/versions',
    resource: location.artifactVersions,
    handle: artifactVersions,
  },
];

/** The release definition with that id in the project, or the service's 404. */
export function releaseDefinitionById(call: RouteCall, id: number): ReleaseDefinition {
  const project = projectOf(call);
  const found = call.state.releaseArea.definitions.find(
    (definition) => definition.id === id && definition.project === project && !definition.deleted,
  );
  if (found) return found;
  throw new Refusal(
    404,
    'ReleaseDefinitionNotFoundException',
    `VS402881: Release pipeline with ID ${id} does not exist. Specify a valid ID and try again.`,
  );
}

function listDefinitions(call: RouteCall): Reply {
  const project = projectOf(call);
  const text = call.query.get('searchtext')?.toLowerCase();
  const exact = queryFlag(call, 'isExactNameMatch');
  const path = call.query.get('path');
  const ids = queryList(call, 'definitionIdFilter')?.map(Number);
  const expand = call.query.get('$expand')?.toLowerCase() ?? '';
  const found = call.state.releaseArea.definitions
    .filter((definition) => definition.project === project && !definition.deleted)
    .filter(
      ({ name }) => text === undefined || (exact ? name.toLowerCase() === text : name.toLowerCase().includes(text)),
    )
    .filter((definition) => path === undefined || definition.path.toLowerCase() === folderPath(path).toLowerCase())
    .filter(({ id }) => ids?.includes(id) ?? true)
    .toSorted(orderOf(call.query.get('queryorder')));
  const { items, headers } = page(call, found, 10000);
  return listReply(
    items.map((definition) => ({
      ...definitionHead(call, definition),
      ...(expand.includes('environments') ? { environments: environmentsOf(call, definition) } : {}),
      ...(expand.includes('artifacts') ? { artifacts: sourcesOf(definition) } : {}),
    })),
    headers,
  );
}

function orderOf(order: string | undefined): (a: ReleaseDefinition, b: ReleaseDefinition) => number {
  switch (order?.toLowerCase()) {
    case 'nameascending':
      return (a, b) => a.name.localeCompare(b.name);
    case 'namedescending':
      return (a, b) => b.name.localeCompare(a.name);
    case 'iddescending':
      return (a, b) => b.id - a.id;
    default:
      return (a, b) => a.id - b.id;
  }
}

function getDefinition(call: RouteCall): Reply {
  const definition = releaseDefinitionById(call, idOf(call, 'definitionId'));
  return {
    json: {
      ...definitionHead(call, definition),
      environments: environmentsOf(call, definition),
      artifacts: sourcesOf(definition),
      variables: variablesWire(definition.variables, {}),
      variableGroups: [],
      triggers: [],
      tags: [],
      properties: {},
    },
  };
}

function definitionHead(call: RouteCall, definition: ReleaseDefinition): object {
  const own = `${call.base}${definition.project.id}/_release?definitionId=${definition.id}`;
  return {
    source: 'userInterface',
    revision: 1,
    description: null,
    createdBy: identityRef(call, definition.createdBy),
    createdOn: time(definition.createdAt),
    modifiedBy: identityRef(call, definition.createdBy),
    modifiedOn: time(definition.createdAt),
    isDeleted: definition.deleted,
    isDisabled: definition.disabled,
    releaseNameFormat: 'Release-$(rev:r)',
    comment: '',
    ...definitionShallow(call, definition),
    projectReference: null,
    _links: { web: { href: own } },
  };
}

function sourcesOf(definition: ReleaseDefinition): object[] {
  return definition.artifacts.map((source) => ({
    alias: source.alias,
    type: typeOf(source),
    isPrimary: source.isPrimary,
    isRetained: false,
    definitionReference: {
      ...sourceReference(source),
      defaultVersionType: { id: 'latestType', name: 'Latest' },
    },
  }));
}

function environmentsOf(call: RouteCall, definition: ReleaseDefinition): object[] {
  return definition.environments.map((plan) => ({
    id: plan.id,
    name: plan.name,
    rank: plan.rank,
    owner: identityRef(call, definition.createdBy),
    variables: variablesWire(plan.variables, {}),
    variableGroups: [],
    preDeployApprovals: stepsOf(call, plan.preApprovers),
    postDeployApprovals: stepsOf(call, plan.postApprovers),
    deployPhases: phasesWire(call, definition, plan),
    conditions: conditionWires(plan),
    environmentOptions: {
      badgeEnabled: false,
      publishDeploymentStatus: true,
      autoLinkWorkItems: false,
      pullRequestDeploymentEnabled: false,
    },
    schedules: [],
    properties: {},
  }));
}

function stepsOf(call: RouteCall, approvers: string[]): object {
  const automated = { rank: 1, isAutomated: true, isNotificationOn: false };
  const steps = approvers.map((name, index) => ({
    rank: index + 1,
    isAutomated: false,
    isNotificationOn: false,
    approver: identityRef(call, { id: name, displayName: name, uniqueName: name }),
  }));
  return { approvals: steps.length > 0 ? steps : [automated] };
}

/** Versions that can be chosen for each artifact. Known from clients, not published. */
function artifactVersions(call: RouteCall): Reply {
  const definition = releaseDefinitionById(call, queryNumber(call, 'releaseDefinitionId') ?? 0);
  return {
    json: {
      artifactVersions: definition.artifacts.map((source) => {
        const versions = call.state.releaseArea.versions(source);
        const sourceId = `${definition.project.id}:${source.pipeline?.id ?? source.repository?.id ?? source.other?.name ?? ''}`;
        return {
          alias: source.alias,
          sourceId,
          artifactSourceId: sourceId,
          versions,
          defaultVersion: versions[0] ?? null,
          errorMessage: source.other?.error ?? null,
        };
      }),
    },
  };
}

function listDeployments(call: RouteCall): Reply {
  const project = projectOf(call);
  const { now, releaseArea } = call.state;
  const [definitionId, environmentId] = [
    queryNumber(call, 'definitionId'),
    queryNumber(call, 'definitionEnvironmentId'),
  ];
  const wanted = (name: string): string[] | undefined => queryList(call, name)?.map((word) => word.toLowerCase());
  const [statuses, operations] = [wanted('deploymentStatus'), wanted('operationStatus')];
  const onlyLatest = queryFlag(call, 'latestAttemptsOnly');
  const all = releaseArea.attempts().filter(({ release }) => release.definition.project === project);
  const found = all
    .filter(({ release }) => definitionId === undefined || release.definition.id === definitionId)
    .filter(({ environment }) => environmentId === undefined || environment.plan.id === environmentId)
    .filter(
      ({ deployment }) =>
        statuses?.some((word) => word === 'all' || word === deploymentStatus(deployment, now).toLowerCase()) ?? true,
    )
    .filter(
      ({ deployment }) =>
        operations?.some((word) => word === 'all' || word === stretchAt(deployment, now).operation.toLowerCase()) ??
        true,
    )
    .filter(
      ({ environment, deployment }) =>
        !onlyLatest || all.findLast((other) => other.environment === environment)?.deployment === deployment,
    )
    .toSorted((a, b) => b.deployment.queuedAt - a.deployment.queuedAt || b.deployment.id - a.deployment.id);
  const { items, headers } = page(call, found, 50);
  return listReply(
    items.map(({ release, environment, deployment }) => ({
      id: deployment.id,
      release: releaseReference(call, release),
      releaseDefinition: definitionShallow(call, release.definition),
      releaseEnvironment: environmentShallow(call, release, environment),
      projectReference: null,
      definitionEnvironmentId: environment.plan.id,
      attempt: deployment.attempt,
      reason: deployment.reason,
      deploymentStatus: deploymentStatus(deployment, now),
      operationStatus: stretchAt(deployment, now).operation,
      requestedBy: identityRef(call, release.createdBy),
      requestedFor: identityRef(call, release.createdFor),
      queuedOn: time(deployment.queuedAt),
      ...(deployment.startedAt <= now ? { startedOn: time(deployment.startedAt) } : {}),
      ...(deployment.finishAt <= now ? { completedOn: time(deployment.finishAt) } : {}),
      lastModifiedOn: time(Math.min(deployment.finishAt, now)),
      conditions: [],
      preDeployApprovals: deployment.approvals
        .filter(({ type, askedAt }) => type === 'preDeploy' && askedAt <= now)
        .map((approval) => approvalWire(call, { release, environment, deployment, approval })),
      postDeployApprovals: deployment.approvals
        .filter(({ type, askedAt }) => type === 'postDeploy' && askedAt <= now)
        .map((approval) => approvalWire(call, { release, environment, deployment, approval })),
    })),
    headers,
  );
}

import { demandReleasePermission, person } from '../state/identity';
import { asList, isMap, optionalText, textOf } from '../state/json';
import { Refusal } from '../state/refusal';
import { environmentView, releaseStatus, type Release, type ReleaseEnvironment } from '../state/releases';
import { zipOf } from '../zip';
import { releaseDefinitionById } from './releaseDefinitions';
import { taskId } from './deploymentWire';
import { environmentWire, releaseWire } from './releaseWire';
import { location } from './resources';
import {
  bodyMap,
  idOf,
  listReply,
  page,
  projectOf,
  queryList,
  queryNumber,
  type Reply,
  type Route,
  type RouteCall,
} from './route';

const releases = '{project}/_apis/release/releases';
const one = `${releases}/{releaseId}`;

export const releaseRoutes: Route[] = [
  { method: 'GET', template: releases, resource: location.releases, handle: listReleases },
  { method: 'POST', template: releases, resource: location.releases, handle: createRelease },
  {
    method: 'GET',
    template: one,
    resource: location.releases,
    handle: (call) => ({ json: releaseWire(call, releaseOf(call)) }),
  },
  { method: 'PATCH', template: one, resource: location.releases, handle: updateRelease },
  {
    method: 'GET',
    template: `${one}/environments/{environmentId}`,
    resource: location.releaseEnvironments,
    handle: getEnvironment,
  },
  {
    method: 'PATCH',
    template: `${one}/environments/{environmentId}`,
    resource: location.releaseEnvironments,
    handle: updateEnvironment,
  },
  {
    method: 'GET',
    template: `${one}/tags`,
    resource: location.releaseTags,
    handle: (call) => listReply(releaseOf(call).tags),
  },
  {
    method: 'POST',
    template: `${one}/tags`,
    resource: location.releaseTags,
    handle: (call) => addTags(call, asList(call.body).map(textOf)),
  },
  {
    method: 'PATCH',
    template: `${one}/tags/{tag}`,
    resource: location.releaseTags,
    handle: (call) => addTags(call, [call.params.tag ?? '']),
  },
  { method: 'GET', template: `${one}/logs`, resource: location.releaseLogs, handle: allLogs },
  {
    method: 'GET',
    template: `${one}/environments/{environmentId}/deployPhases/{releaseDeployPhaseId}/tasks/{taskId}/logs`,
    resource: location.releaseTaskLog,
    handle: taskLog,
  },
];

/** The release of the path in its project, or the service's 404. */
export function releaseOf(call: RouteCall): Release {
  const project = projectOf(call);
  const id = idOf(call, 'releaseId');
  const release = call.state.releaseArea.find(id);
  if (release?.definition.project === project) return release;
  throw new Refusal(
    404,
    'ReleaseNotFoundException',
    `VS402875: Release with ID ${id} does not exist. Specify a valid ID and try again.`,
  );
}

function environmentOf(call: RouteCall, release: Release): ReleaseEnvironment {
  const id = idOf(call, 'environmentId');
  const environment = release.environments.find((candidate) => candidate.id === id);
  if (environment) return environment;
  throw new Refusal(
    404,
    'ReleaseEnvironmentNotFoundException',
    `The stage with ID ${id} of release ${release.name} does not exist.`,
  );
}

function listReleases(call: RouteCall): Reply {
  const project = projectOf(call);
  const definitionId = queryNumber(call, 'definitionId');
  const ids = queryList(call, 'releaseIdFilter')?.map(Number);
  const status = call.query.get('statusfilter')?.toLowerCase();
  const text = call.query.get('searchtext')?.toLowerCase();
  const since = Date.parse(call.query.get('mincreatedtime') ?? '');
  const branch = call.query.get('sourcebranchfilter');
  const version = call.query.get('artifactversionid');
  const tags = queryList(call, 'tagFilter')?.map((tag) => tag.toLowerCase());
  const flags = queryNumber(call, 'environmentStatusFilter');
  const environmentId = queryNumber(call, 'definitionEnvironmentId');
  const expand = call.query.get('$expand')?.toLowerCase() ?? '';
  const found = call.state.releaseArea.releases
    .filter((release) => release.definition.project === project && !release.deleted)
    .filter((release) => definitionId === undefined || release.definition.id === definitionId)
    .filter((release) => ids?.includes(release.id) ?? true)
    .filter((release) => status === undefined || releaseStatus(release) === status)
    .filter(({ createdAt }) => Number.isNaN(since) || createdAt >= since)
    .filter((release) => text === undefined || release.name.toLowerCase().includes(text))
    .filter(
      (release) =>
        branch === undefined ||
        release.artifacts.find(({ source }) => source.isPrimary)?.version?.sourceBranch === branch,
    )
    .filter(
      (release) => version === undefined || release.artifacts.some((artifact) => artifact.version?.id === version),
    )
    .filter((release) => tags?.every((tag) => release.tags.some((own) => own.toLowerCase() === tag)) ?? true)
    .filter((release) => flags === undefined || hasStatus(call, release, flags, environmentId))
    .toSorted((a, b) => (call.query.get('queryorder')?.toLowerCase() === 'ascending' ? a.id - b.id : b.id - a.id));
  const { items, headers } = page(call, found, 50);
  return listReply(
    items.map((release) => releaseWire(call, release, expand.includes('environments'))),
    headers,
  );
}

const environmentFlags: Record<string, number> = {
  notStarted: 1,
  inProgress: 2,
  succeeded: 4,
  canceled: 8,
  rejected: 16,
  queued: 32,
  scheduled: 64,
  partiallySucceeded: 128,
};

function hasStatus(
  call: RouteCall,
  release: Release,
  flags: number,
  definitionEnvironmentId: number | undefined,
): boolean {
  return release.environments
    .filter(({ plan }) => definitionEnvironmentId === undefined || plan.id === definitionEnvironmentId)
    .some(
      (environment) =>
        ((environmentFlags[environmentView(release, environment, call.state.now).status] ?? 0) & flags) !== 0,
    );
}

function createRelease(call: RouteCall): Reply {
  const body = bodyMap(call);
  const definition = releaseDefinitionById(call, Number(textOf(body.definitionId)));
  demandReleasePermission(call.access, 'createReleases');
  const release = call.state.releaseArea.create(
    definition,
    {
      description: textOf(body.description),
      draft: body.isDraft === true,
      reason: optionalText(body.reason) ?? 'manual',
      manualEnvironments: asList(body.manualEnvironments).map(textOf),
      artifacts: asList(body.artifacts)
        .filter(isMap)
        .map((artifact) => ({
          alias: textOf(artifact.alias),
          versionId: isMap(artifact.instanceReference) ? textOf(artifact.instanceReference.id) : '',
        })),
      variables: variableValues(body.variables),
      ...(isMap(body.createdFor)
        ? { createdFor: { ...person(textOf(body.createdFor.id)), id: textOf(body.createdFor.id) } }
        : {}),
      properties: propertyTexts(body.properties),
      environmentVariables: Object.fromEntries(
        asList(body.environmentsMetadata)
          .filter(isMap)
          .map((entry) => [Number(textOf(entry.definitionEnvironmentId)), variableValues(entry.variables)]),
      ),
    },
    call.access.identity,
  );
  return { json: releaseWire(call, release) };
}

/** A value is a text, or one with its type. */
function propertyTexts(given: unknown): Record<string, string> {
  const entries = Object.entries(isMap(given) ? given : {});
  return Object.fromEntries(entries.map(([name, one]) => [name, textOf(isMap(one) ? one.$value : one)]));
}

function variableValues(given: unknown): Record<string, string> {
  const entries = Object.entries(isMap(given) ? given : {});
  return Object.fromEntries(
    entries.map(([name, variable]) => [name, textOf(isMap(variable) ? variable.value : variable)]),
  );
}

function updateRelease(call: RouteCall): Reply {
  const release = releaseOf(call);
  const body = bodyMap(call);
  const { now } = call.state;
  switch (textOf(body.status).toLowerCase()) {
    case 'abandoned':
      demandReleasePermission(call.access, 'manageReleases');
      release.events.push({ kind: 'abandon', at: now });
      break;
    case 'active':
      demandReleasePermission(call.access, 'createReleases');
      release.events.push({ kind: 'activate', at: now });
      break;
  }
  if (typeof body.keepForever === 'boolean') release.keepForever = body.keepForever;
  if (typeof body.name === 'string') release.name = body.name;
  if (Array.isArray(body.manualEnvironments)) release.manualEnvironments = asList(body.manualEnvironments).map(textOf);
  return { json: releaseWire(call, release) };
}

function getEnvironment(call: RouteCall): Reply {
  const release = releaseOf(call);
  return { json: environmentWire(call, release, environmentOf(call, release)) };
}

function updateEnvironment(call: RouteCall): Reply {
  const release = releaseOf(call);
  const environment = environmentOf(call, release);
  const body = bodyMap(call);
  demandReleasePermission(call.access, 'manageDeployments');
  const { releaseArea } = call.state;
  switch (textOf(body.status).toLowerCase()) {
    case 'inprogress':
    case '2': {
      const at = Date.parse(textOf(body.scheduledDeploymentTime));
      Object.assign(environment.variables, variableValues(body.variables));
      const by = call.access.identity.displayName;
      releaseArea.deploy(release, environment, { by, ...(Number.isNaN(at) ? {} : { scheduledAt: at }) });
      break;
    }
    case 'canceled':
    case '8':
      releaseArea.cancel(release, environment);
      break;
    default:
      throw new Refusal(
        400,
        'InvalidRequestException',
        `The status '${textOf(body.status)}' cannot be set on a stage.`,
      );
  }
  return { json: environmentWire(call, release, environment) };
}

function addTags(call: RouteCall, tags: string[]): Reply {
  const release = releaseOf(call);
  for (const tag of tags) if (!release.tags.includes(tag)) release.tags.push(tag);
  return listReply(release.tags);
}

/** Log lines of the tasks that have ended, by path in the archive. */
function logFiles(
  call: RouteCall,
  release: Release,
): { environmentId: number; deploymentId: number; taskId: number; path: string; text: string }[] {
  return call.state.releaseArea
    .attempts()
    .filter((entry) => entry.release === release)
    .flatMap(({ environment, deployment }) =>
      (deployment.job?.tasks ?? []).flatMap((task, index) => {
        if (task.finishAt > call.state.now || task.result === 'skipped') return [];
        const lines = [
          `##[section]Starting: ${task.name}`,
          ...task.log,
          ...task.issues.map((issue) => `##[${issue.type}]${issue.message}`),
        ];
        const text = [...lines, `##[section]Finishing: ${task.name}`]
          .map((line) => `${new Date(task.startAt).toISOString()} ${line}\r\n`)
          .join('');
        const path = `${environment.plan.name}/Attempt ${deployment.attempt}/${index + 1}_${task.name}.log`;
        return [{ environmentId: environment.id, deploymentId: deployment.id, taskId: taskId(index), path, text }];
      }),
    );
}

function allLogs(call: RouteCall): Reply {
  const files = Object.fromEntries(logFiles(call, releaseOf(call)).map(({ path, text }) => [path, text]));
  return { bytes: zipOf(files), contentType: 'application/zip' };
}

function taskLog(call: RouteCall): Reply {
  const [environmentId, phaseId, id] = [
    idOf(call, 'environmentId'),
    idOf(call, 'releaseDeployPhaseId'),
    idOf(call, 'taskId'),
  ];
  const files = logFiles(call, releaseOf(call));
  const log = files.find(
    (file) => file.environmentId === environmentId && file.deploymentId === phaseId && file.taskId === id,
  );
  if (!log) throw new Refusal(404, 'TaskLogNotFoundException', `The log of task ${id} could not be found.`);
  const lines = log.text.split('\r\n').slice(0, -1);
  const asked = lines.slice(queryNumber(call, 'startLine') ?? 0, (queryNumber(call, 'endLine') ?? lines.length) + 1);
  return { text: asked.map((line) => `${line}\r\n`).join(''), contentType: 'text/plain' };
}

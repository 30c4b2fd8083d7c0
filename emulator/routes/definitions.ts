import type { Pipeline } from '../state/pipelines';
import { demandBuildPermission, may } from '../state/identity';
import { Refusal } from '../state/refusal';
import { folderPath } from '../state/pipelines';
import { buildWire } from './buildWire';
import { location } from './resources';
import {
  idOf,
  listReply,
  page,
  projectOf,
  queryFlag,
  queryList,
  type Reply,
  type Route,
  type RouteCall,
} from './route';
import { buildQueue, identityRef, projectRef, time } from './wire';

const collection = '{project}/_apis/build/definitions';

export const definitionRoutes: Route[] = [
  { method: 'GET', template: collection, resource: location.buildDefinitions, handle: listDefinitions },
  {
    method: 'GET',
    template: `${collection}/{definitionId}`,
    resource: location.buildDefinitions,
    handle: getDefinition,
  },
];

/** The pipeline with that id in the project, or the service's 404. */
export function pipelineById(call: RouteCall, id: number): Pipeline {
  const pipeline = call.state.findPipeline(id, projectOf(call));
  if (!pipeline) throw definitionNotFound(id);
  demandBuildPermission(call.access, 'viewBuilds', pipeline);
  return pipeline;
}

export function definitionNotFound(id: number): Refusal {
  return new Refusal(404, 'DefinitionNotFoundException', `Build pipeline ${id} was not found.`);
}

function listDefinitions(call: RouteCall): Reply {
  const project = projectOf(call);
  const name = namePattern(call.query.get('name'));
  const path = call.query.get('path');
  const ids = queryList(call, 'definitionIds')?.map(Number);
  const processType = call.query.get('processtype');
  const yamlFilename = call.query.get('yamlfilename');
  const repositoryId = call.query.get('repositoryid')?.toLowerCase();
  const found = call.state.pipelines
    .filter((pipeline) => pipeline.project === project && !pipeline.deleted && may(call.access, 'viewBuilds'))
    .filter((pipeline) => name.test(pipeline.name))
    .filter((pipeline) => path === undefined || pipeline.folder.toLowerCase() === folderPath(path).toLowerCase())
    .filter((pipeline) => ids?.includes(pipeline.id) ?? true)
    .filter(
      (pipeline) => processType === undefined || processType === '0' || processTypeOf(pipeline) === Number(processType),
    )
    .filter((pipeline) => yamlFilename === undefined || pipeline.yamlFile === yamlFilename)
    .filter((pipeline) => repositoryId === undefined || pipeline.repository.id === repositoryId)
    .toSorted(orderOf(call.query.get('queryorder')));
  const { items, headers } = page(call, found, 10000);
  const shape = queryFlag(call, 'includeAllProperties') ? fullDefinition : definitionListItem;
  return listReply(
    items.map((pipeline) => shape(call, pipeline)),
    headers,
  );
}

/** Names ignore case; `*` stands for any text, without one the whole name is compared. */
function namePattern(text: string | undefined): RegExp {
  if (text === undefined || text === '') return /^/;
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}

function orderOf(order: string | undefined): (a: Pipeline, b: Pipeline) => number {
  const byName = (a: Pipeline, b: Pipeline): number => a.name.localeCompare(b.name);
  switch (order?.toLowerCase()) {
    case 'definitionnameascending':
    case '2':
      return byName;
    case 'definitionnamedescending':
    case '3':
      return (a, b) => byName(b, a);
    case 'lastmodifieddescending':
    case '1':
      return (a, b) => b.createdAt - a.createdAt;
    default:
      return (a, b) => a.id - b.id;
  }
}

function getDefinition(call: RouteCall): Reply {
  return { json: fullDefinition(call, pipelineById(call, idOf(call, 'definitionId'))) };
}

function processTypeOf(pipeline: Pipeline): 1 | 2 {
  return pipeline.kind === 'yaml' ? 2 : 1;
}

/** A pipeline as it stands inside a build. */
export function definitionReference(call: RouteCall, pipeline: Pipeline): object {
  return {
    id: pipeline.id,
    name: pipeline.name,
    url: `${call.base}${pipeline.project.id}/_apis/build/Definitions/${pipeline.id}?revision=${pipeline.revision}`,
    uri: `vstfs:///Build/Definition/${pipeline.id}`,
    path: pipeline.folder,
    type: 'build',
    queueStatus: pipeline.queueStatus,
    revision: pipeline.revision,
    project: projectRef(call, pipeline.project),
  };
}

function definitionListItem(call: RouteCall, pipeline: Pipeline): object {
  const queue = call.state.queues.find((candidate) => candidate.id === pipeline.queueId);
  const own = `${call.base}${pipeline.project.id}`;
  return {
    _links: {
      self: { href: `${own}/_apis/build/Definitions/${pipeline.id}?revision=${pipeline.revision}` },
      web: { href: `${own}/_build/definition?definitionId=${pipeline.id}` },
      editor: { href: `${own}/_build/designer?id=${pipeline.id}&_a=edit-build-definition` },
      badge: { href: `${own}/_apis/build/status/${pipeline.id}` },
    },
    quality: 'definition',
    drafts: [],
    authoredBy: identityRef(call, pipeline.authoredBy),
    ...(queue ? { queue: buildQueue(call, queue) } : {}),
    ...definitionReference(call, pipeline),
    createdDate: time(pipeline.createdAt),
    ...latestBuilds(call, pipeline),
  };
}

function latestBuilds(call: RouteCall, pipeline: Pipeline): object {
  if (!queryFlag(call, 'includeLatestBuilds')) return {};
  const runs = call.state.runs.filter((run) => run.pipeline === pipeline && run.deletedAt === undefined);
  const latest = runs.at(-1);
  const completed = runs.findLast((run) => call.state.look(run).status === 'completed');
  return {
    ...(latest ? { latestBuild: buildWire(call, latest) } : {}),
    ...(completed ? { latestCompletedBuild: buildWire(call, completed) } : {}),
  };
}

function fullDefinition(call: RouteCall, pipeline: Pipeline): object {
  return {
    ...definitionListItem(call, pipeline),
    jobAuthorizationScope: 'project',
    jobTimeoutInMinutes: 60,
    jobCancelTimeoutInMinutes: 5,
    properties: {},
    tags: pipeline.tags,
    triggers: [],
    ...(pipeline.demands.length > 0 ? { demands: pipeline.demands } : {}),
    variables: Object.fromEntries(
      Object.entries(pipeline.variables).map(([name, variable]) => [
        name,
        {
          ...(variable.isSecret ? { value: null, isSecret: true } : { value: variable.value }),
          ...(variable.allowOverride ? { allowOverride: true } : {}),
        },
      ]),
    ),
    process: processOf(pipeline),
    repository: {
      properties: { cleanOptions: '0', fetchDepth: '0', reportBuildStatus: 'true' },
      id: pipeline.repository.id,
      type: 'TfsGit',
      name: pipeline.repository.name,
      url: `${call.base}${encodeURIComponent(pipeline.project.name)}/_git/${encodeURIComponent(pipeline.repository.name)}`,
      defaultBranch: pipeline.defaultBranch,
      clean: null,
      checkoutSubmodules: false,
    },
  };
}

function processOf(pipeline: Pipeline): object {
  if (pipeline.kind === 'yaml') return { yamlFilename: pipeline.yamlFile, type: 2 };
  const phases = pipeline.stages[0]?.jobs ?? [];
  return {
    phases: phases.map((job) => ({
      steps: job.steps.map((step) => ({
        enabled: true,
        continueOnError: step.continueOnError,
        displayName: step.displayName,
        refName: step.refName,
        condition: 'succeeded()',
        task: { id: step.task.id, versionSpec: '2.*', definitionType: 'task' },
        inputs: { script: 'echo hello' },
      })),
      name: job.displayName,
      refName: job.name,
      condition: 'succeeded()',
      jobAuthorizationScope: 'project',
    })),
    type: 1,
  };
}

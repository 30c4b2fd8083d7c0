import { signed } from '../signature';
import { demandBuildPermission, may } from '../state/identity';
import { asList, isMap, textOf, type Json } from '../state/json';
import type { Pipeline } from '../state/pipelines';
import { prepare, type QueueRequest } from '../state/queueing';
import { Refusal } from '../state/refusal';
import type { ChosenResources, Run } from '../state/runs';
import { logsOf, type StepLog } from '../state/timeline';
import { location } from './resources';
import { idOf, listReply, page, projectOf, type Reply, type Route, type RouteCall } from './route';
import { logOf } from './timelines';
import { time } from './wire';

const one = '{project}/_apis/pipelines/{pipelineId}';

export const pipelineRoutes: Route[] = [
  { method: 'GET', template: '{project}/_apis/pipelines', resource: location.pipelines, handle: listPipelines },
  {
    method: 'GET',
    template: one,
    resource: location.pipelines,
    handle: (call) => ({ json: pipelineWire(call, pipelineOf(call)) }),
  },
  { method: 'POST', template: `${one}/preview`, resource: location.pipelinePreview, handle: preview },
  { method: 'GET', template: `${one}/runs`, resource: location.pipelineRuns, handle: listRuns },
  { method: 'POST', template: `${one}/runs`, resource: location.pipelineRuns, handle: runPipeline },
  {
    method: 'GET',
    template: `${one}/runs/{runId}`,
    resource: location.pipelineRuns,
    handle: (call) => ({ json: runWire(call, pipelineRun(call)) }),
  },
  { method: 'GET', template: `${one}/runs/{runId}/logs`, resource: location.pipelineLogs, handle: listLogs },
  { method: 'GET', template: `${one}/runs/{runId}/logs/{logId}`, resource: location.pipelineLogs, handle: getLog },
];

function pipelineOf(call: RouteCall): Pipeline {
  const id = idOf(call, 'pipelineId');
  const pipeline = call.state.findPipeline(id, projectOf(call));
  if (!pipeline || !may(call.access, 'viewBuilds')) {
    throw new Refusal(404, 'PipelineNotFoundException', `Pipeline with id ${id} not found.`);
  }
  return pipeline;
}

/** The run of the path, which has to belong to the pipeline of the path. */
export function pipelineRun(call: RouteCall): Run {
  const pipeline = pipelineOf(call);
  const id = idOf(call, 'runId');
  const run = call.state.findRun(id, pipeline.project);
  if (run?.pipeline === pipeline) return run;
  throw new Refusal(404, 'RunNotFoundException', `Run with id ${id} was not found for pipeline ${pipeline.id}.`);
}

function pipelineReference(call: RouteCall, pipeline: Pipeline): object {
  const { id, revision, name, folder } = pipeline;
  return {
    url: `${call.base}${pipeline.project.id}/_apis/pipelines/${id}?revision=${revision}`,
    id,
    revision,
    name,
    folder,
  };
}

function listPipelines(call: RouteCall): Reply {
  const project = projectOf(call);
  const descending = /desc$/i.test(call.query.get('orderby') ?? '');
  const all = call.state.pipelines
    .filter((pipeline) => pipeline.project === project && !pipeline.deleted && may(call.access, 'viewBuilds'))
    .toSorted((a, b) => a.name.localeCompare(b.name) * (descending ? -1 : 1));
  const { items, headers } = page(call, all, 10000);
  return listReply(
    items.map((pipeline) => ({ _links: pipelineLinks(call, pipeline), ...pipelineReference(call, pipeline) })),
    headers,
  );
}

function pipelineLinks(call: RouteCall, pipeline: Pipeline): object {
  const own = `${call.base}${pipeline.project.id}`;
  return {
    self: { href: `${own}/_apis/pipelines/${pipeline.id}?revision=${pipeline.revision}` },
    web: { href: `${own}/_build/definition?definitionId=${pipeline.id}` },
  };
}

function pipelineWire(call: RouteCall, pipeline: Pipeline): object {
  const configuration =
    pipeline.kind === 'yaml'
      ? { path: pipeline.yamlFile, repository: { id: pipeline.repository.id, type: 'azureReposGit' }, type: 'yaml' }
      : { type: 'designerJson' };
  return { _links: pipelineLinks(call, pipeline), configuration, ...pipelineReference(call, pipeline) };
}

function preview(call: RouteCall): Reply {
  const pipeline = pipelineOf(call);
  demandBuildPermission(call.access, 'queueBuilds', pipeline);
  const body = isMap(call.body) ? call.body : {};
  if (textOf(body.yamlOverride) !== '' && !may(call.access, 'editBuilds')) {
    const message = `User not permitted to queue dry run for build pipeline ${pipeline.id} with modified YAML. Permissions needed: EditBuild`;
    throw new Refusal(403, 'AccessDeniedException', message);
  }
  return { json: { finalYaml: previewed(pipeline, body) } };
}

function previewed(pipeline: Pipeline, body: Json): string {
  const override = textOf(body.yamlOverride);
  return prepare(pipeline, { ...requestOf(body), ...(override === '' ? {} : { yamlOverride: override }) }).finalYaml;
}

function runPipeline(call: RouteCall): Reply {
  const pipeline = pipelineOf(call);
  demandBuildPermission(call.access, 'queueBuilds', pipeline);
  const body = isMap(call.body) ? call.body : {};
  if (body.previewRun === true) {
    const finalYaml = previewed(pipeline, body);
    return {
      json: {
        pipeline: pipelineReference(call, pipeline),
        state: 'unknown',
        url: pipelineRunUrl(call, pipeline, -1),
        id: -1,
        finalYaml,
      },
    };
  }
  if (textOf(body.yamlOverride) !== '') {
    throw new Refusal(400, 'InvalidPipelineOperationException', 'yamlOverride can only be used with a preview run.');
  }
  return { json: runWire(call, call.state.queue(pipeline, requestOf(body), call.access.identity)) };
}

function requestOf(body: Json): QueueRequest {
  const resources = isMap(body.resources) ? body.resources : {};
  const self = isMap(resources.repositories) && isMap(resources.repositories.self) ? resources.repositories.self : {};
  const variables = isMap(body.variables) ? body.variables : {};
  return {
    branch: textOf(self.refName),
    commit: textOf(self.version),
    templateParameters: isMap(body.templateParameters) ? body.templateParameters : {},
    stagesToSkip: asList(body.stagesToSkip).map(textOf),
    variables: Object.fromEntries(
      Object.entries(variables).map(([name, variable]) => {
        const { value, isSecret } = isMap(variable) ? variable : { value: variable, isSecret: false };
        return [name, { value: textOf(value), isSecret: isSecret === true }];
      }),
    ),
    resources: chosen(resources),
  };
}

function chosen(resources: Json): Partial<ChosenResources> {
  const table = (name: string): [string, Json][] =>
    Object.entries(isMap(resources[name]) ? resources[name] : {}).map(([alias, entry]) => [
      alias,
      isMap(entry) ? entry : {},
    ]);
  const versions = (name: string): Record<string, { version: string }> =>
    Object.fromEntries(table(name).map(([alias, entry]) => [alias, { version: textOf(entry.version) }]));
  return {
    repositories: Object.fromEntries(
      table('repositories').map(([alias, entry]) => [
        alias,
        { refName: textOf(entry.refName), version: textOf(entry.version) },
      ]),
    ),
    pipelines: Object.fromEntries(
      table('pipelines').map(([alias, entry]) => [
        alias,
        {
          version: textOf(entry.version),
          ...(entry.runId === undefined ? {} : { runId: Number(textOf(entry.runId)) }),
        },
      ]),
    ),
    containers: versions('containers'),
    builds: versions('builds'),
    packages: versions('packages'),
  };
}

function pipelineRunUrl(call: RouteCall, pipeline: Pipeline, runId: number): string {
  return `${call.base}${pipeline.project.id}/_apis/pipelines/${pipeline.id}/runs/${runId}`;
}

/** A run as the pipelines area shows it: its result has no partiallySucceeded, which counts as succeeded here. */
function runWire(call: RouteCall, run: Run): object {
  const { pipeline } = run;
  const view = call.state.look(run);
  const states = {
    notStarted: 'inProgress',
    inProgress: 'inProgress',
    cancelling: 'canceling',
    completed: 'completed',
  };
  const result = view.result === 'partiallySucceeded' ? 'succeeded' : view.result;
  const url = pipelineRunUrl(call, pipeline, run.id);
  return {
    _links: {
      self: { href: url },
      web: { href: `${call.base}${pipeline.project.id}/_build/results?buildId=${run.id}` },
      'pipeline.web': { href: `${call.base}${pipeline.project.id}/_build/definition?definitionId=${pipeline.id}` },
      pipeline: {
        href: `${call.base}${pipeline.project.id}/_apis/pipelines/${pipeline.id}?revision=${pipeline.revision}`,
      },
    },
    ...(Object.keys(run.variables).length > 0 ? { variables: variablesWire(run) } : {}),
    templateParameters: run.templateParameters,
    ...(run.tags.length > 0 ? { tags: run.tags } : {}),
    pipeline: pipelineReference(call, pipeline),
    state: view.statusWord === view.status ? states[view.status] : view.statusWord,
    ...(view.resultWord === undefined ? {} : { result: view.resultWord === view.result ? result : view.resultWord }),
    createdDate: time(run.queueTime),
    ...(view.finishTime === undefined ? {} : { finishedDate: time(view.finishTime) }),
    url,
    resources: resourcesWire(call, run),
    ...(run.finalYaml === '' ? {} : { finalYaml: run.finalYaml }),
    id: run.id,
    name: run.number,
  };
}

function variablesWire(run: Run): object {
  return Object.fromEntries(
    Object.entries(run.variables).map(([name, value]) => [
      name,
      run.secrets.includes(name) ? { isSecret: true } : { value },
    ]),
  );
}

function resourcesWire(call: RouteCall, run: Run): object {
  const { repositories, pipelines } = run.resources;
  return {
    repositories: Object.fromEntries(
      Object.entries(repositories).map(([alias, chosenRepository]) => [
        alias,
        { repository: { id: run.pipeline.repository.id, type: 'azureReposGit' }, ...chosenRepository },
      ]),
    ),
    ...(Object.keys(pipelines).length === 0
      ? {}
      : {
          pipelines: Object.fromEntries(
            Object.entries(pipelines).map(([alias, { version, pipeline }]) => [
              alias,
              { version, ...(pipeline ? { pipeline: pipelineReference(call, pipeline) } : {}) },
            ]),
          ),
        }),
  };
}

function listRuns(call: RouteCall): Reply {
  const pipeline = pipelineOf(call);
  const runs = call.state.runs.filter((run) => run.pipeline === pipeline && run.deletedAt === undefined);
  return listReply(
    runs
      .toReversed()
      .slice(0, 10000)
      .map((run) => runWire(call, run)),
  );
}

function logWire(call: RouteCall, run: Run, log: StepLog): object {
  const url = `${pipelineRunUrl(call, run.pipeline, run.id)}/logs/${log.id}`;
  const signed = call.query.get('$expand')?.toLowerCase() === 'signedcontent';
  return {
    ...(signed
      ? {
          signedContent: signedUrl(
            call,
            `${call.base}${run.pipeline.project.id}/_apis/build/builds/${run.id}/logs/${log.id}`,
          ),
        }
      : {}),
    createdOn: time(log.createdOn),
    id: log.id,
    lastChangedOn: time(log.createdOn),
    lineCount: log.lines.length,
    url,
  };
}

/** An address that works for an hour, without a token. */
export function signedUrl(call: RouteCall, url: string): object {
  const expiresAt = call.state.now + 3_600_000;
  return { url: signed(url, expiresAt), signatureExpires: time(expiresAt) };
}

function listLogs(call: RouteCall): Reply {
  const run = pipelineRun(call);
  const logs = logsOf(run, call.state.now).map((log) => logWire(call, run, log));
  return { json: { logs, url: `${pipelineRunUrl(call, run.pipeline, run.id)}/logs` } };
}

function getLog(call: RouteCall): Reply {
  const run = pipelineRun(call);
  return { json: logWire(call, run, logOf(call, run)) };
}

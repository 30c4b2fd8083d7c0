import { demandBuildPermission, may, person, type Identity } from '../state/identity';
import { asList, isMap, optionalText, textOf, type Json } from '../state/json';
import { textMap } from '../state/queueing';
import { Refusal, validationFailure } from '../state/refusal';
import type { Run } from '../state/runs';
import { buildWire } from './buildWire';
import { listBuilds } from './buildList';
import { definitionNotFound, pipelineById } from './definitions';
import { location } from './resources';
import {
  bodyMap,
  idOf,
  listReply,
  projectOf,
  queryFlag,
  queryNumber,
  type Reply,
  type Route,
  type RouteCall,
} from './route';

const collection = '{project}/_apis/build/builds';

export const buildRoutes: Route[] = [
  { method: 'GET', template: collection, resource: location.builds, handle: listBuilds },
  { method: 'POST', template: collection, resource: location.builds, handle: queueBuild },
  { method: 'PATCH', template: collection, resource: location.builds, handle: updateBuilds },
  { method: 'GET', template: `${collection}/{buildId}`, resource: location.builds, handle: getBuild },
  { method: 'PATCH', template: `${collection}/{buildId}`, resource: location.builds, handle: updateBuild },
  { method: 'DELETE', template: `${collection}/{buildId}`, resource: location.builds, handle: deleteBuild },
  {
    method: 'PATCH',
    template: `${collection}/{buildId}/stages/{stageRefName}`,
    resource: location.buildStages,
    handle: updateStage,
  },
  {
    method: 'GET',
    template: '{project}/_apis/build/latest/{definition}',
    resource: location.latestBuild,
    handle: latestBuild,
  },
];

/** The run of the path in its project, or the service's 404. */
export function runOf(call: RouteCall, parameter = 'buildId'): Run {
  const id = idOf(call, parameter);
  const run = call.state.findRun(id, projectOf(call));
  if (!run || !may(call.access, 'viewBuilds')) throw buildNotFound(id);
  return run;
}

function buildNotFound(id: number): Refusal {
  return new Refusal(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`);
}

function getBuild(call: RouteCall): Reply {
  return { json: buildWire(call, runOf(call)) };
}

function queueBuild(call: RouteCall): Reply {
  const project = projectOf(call);
  const body = isMap(call.body) ? call.body : {};
  const definition = isMap(body.definition)
    ? Number(textOf(body.definition.id))
    : (queryNumber(call, 'definitionId') ?? 0);
  const pipeline = call.state.findPipeline(definition, project);
  if (!pipeline) throw definitionNotFound(definition);
  demandBuildPermission(call.access, 'queueBuilds', pipeline);
  const demands = asList(body.demands).map(demandText);
  if (demands.length > 0) demandBuildPermission(call.access, 'editQueueBuildConfiguration', pipeline);
  const variables = parametersGiven(body);
  const queueId = isMap(body.queue) ? Number(textOf(body.queue.id)) : pipeline.queueId;
  if (!call.state.queues.some((queue) => queue.id === queueId && queue.projectId === project.id)) {
    throw validationFailure([
      `Could not find a queue with the identifier ${queueId}. The queue does not exist or has not been authorized for use.`,
    ]);
  }
  const run = call.state.queue(
    pipeline,
    {
      ...optional('branch', textOf(body.sourceBranch)),
      ...optional('commit', textOf(body.sourceVersion)),
      variables: Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, { value, isSecret: false }]),
      ),
      templateParameters: isMap(body.templateParameters) ? body.templateParameters : {},
      demands,
      queueId,
      tags: asList(body.tags).map(textOf),
      reason: optionalText(body.reason) ?? 'manual',
      ...requestedFor(body),
    },
    call.access.identity,
  );
  return { json: buildWire(call, run) };
}

function optional<Key extends string>(key: Key, value: string): Partial<Record<Key, string>> {
  return value === '' ? {} : ({ [key]: value } as Partial<Record<Key, string>>);
}

/** `parameters` is a JSON text with the variables; anything else is refused as unreadable. */
function parametersGiven(body: Json): Record<string, string> {
  const text = textOf(body.parameters);
  if (text === '') return {};
  try {
    return textMap(JSON.parse(text));
  } catch {
    throw new Refusal(400, 'InvalidBuildParametersException', 'The parameters of the build are not valid JSON.');
  }
}

function demandText(demand: unknown): string {
  if (!isMap(demand)) return textOf(demand);
  const value = textOf(demand.value);
  return value === '' ? textOf(demand.name) : `${textOf(demand.name)} -equals ${value}`;
}

function requestedFor(body: Json): { requestedFor?: Identity } {
  if (!isMap(body.requestedFor)) return {};
  const name =
    textOf(body.requestedFor.displayName) || textOf(body.requestedFor.uniqueName) || textOf(body.requestedFor.id);
  const identity = person(name);
  return { requestedFor: { ...identity, id: textOf(body.requestedFor.id) || identity.id } };
}

function updateBuild(call: RouteCall): Reply {
  const run = runOf(call);
  applyUpdate(call, run, isMap(call.body) ? call.body : {});
  return { json: buildWire(call, run) };
}

function updateBuilds(call: RouteCall): Reply {
  const updates = asList(call.body).filter(isMap);
  const project = projectOf(call);
  return listReply(
    updates.map((update) => {
      const id = Number(textOf(update.id));
      const run = call.state.findRun(id, project);
      if (!run) throw buildNotFound(id);
      applyUpdate(call, run, update);
      return buildWire(call, run);
    }),
  );
}

function applyUpdate(call: RouteCall, run: Run, update: Json): void {
  if (queryFlag(call, 'retry')) {
    demandBuildPermission(call.access, 'queueBuilds', run.pipeline);
    call.state.retry(run);
    return;
  }
  const status = textOf(update.status).toLowerCase();
  if (status === 'cancelling' || status === '4') {
    demandBuildPermission(call.access, 'stopBuilds', run.pipeline);
    call.state.cancel(run);
  } else if (status !== '') {
    throw new Refusal(400, 'InvalidBuildException', `The status of a build cannot be set to ${status}.`);
  }
  if (typeof update.buildNumber === 'string') run.number = update.buildNumber;
  if (typeof update.keepForever === 'boolean') run.keepForever = update.keepForever;
}

function deleteBuild(call: RouteCall): Reply {
  const run = runOf(call);
  demandBuildPermission(call.access, 'editBuilds', run.pipeline);
  call.state.deleteRun(run);
  return { status: 204 };
}

function updateStage(call: RouteCall): Reply {
  const run = runOf(call);
  const body = bodyMap(call);
  const name = call.params.stageRefName ?? '';
  if (!run.stages.some((stage) => stage.name === name)) {
    throw new Refusal(404, 'StageNotFoundException', `The stage ${name} of build ${run.id} could not be found.`);
  }
  switch (textOf(body.state).toLowerCase()) {
    case 'cancel':
    case '0':
      demandBuildPermission(call.access, 'stopBuilds', run.pipeline);
      call.state.cancel(run, name);
      break;
    case 'retry':
    case '1':
      demandBuildPermission(call.access, 'queueBuilds', run.pipeline);
      call.state.retry(run, {
        stages: [name],
        allJobs: body.forceRetryAllJobs === true,
        dependents: body.retryDependencies !== false,
      });
      break;
    case 'run':
    case '2':
      demandBuildPermission(call.access, 'queueBuilds', run.pipeline);
      call.state.runStage(run, name);
      break;
    default:
      throw new Refusal(400, 'ArgumentException', `The state '${textOf(body.state)}' is not valid.`);
  }
  return { status: 200 };
}

function latestBuild(call: RouteCall): Reply {
  const text = call.params.definition ?? '';
  const project = projectOf(call);
  const pipeline = /^\d+$/.test(text)
    ? pipelineById(call, Number(text))
    : call.state.pipelines.find(
        (candidate) => candidate.project === project && candidate.name.toLowerCase() === text.toLowerCase(),
      );
  if (!pipeline) throw new Refusal(404, 'DefinitionNotFoundException', `Build pipeline ${text} was not found.`);
  const asked = call.query.get('branchname');
  const branch =
    asked === undefined ? pipeline.defaultBranch : asked.startsWith('refs/') ? asked : `refs/heads/${asked}`;
  const run = call.state.runs.findLast(
    (candidate) => candidate.pipeline === pipeline && candidate.branch === branch && candidate.deletedAt === undefined,
  );
  if (!run) throw new Refusal(404, 'BuildNotFoundException', `No builds found for pipeline ${pipeline.id}.`);
  return { json: buildWire(call, run) };
}

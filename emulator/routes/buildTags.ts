import { demandBuildPermission } from '../state/identity';
import { asList, isMap, textOf } from '../state/json';
import { Refusal } from '../state/refusal';
import type { Run } from '../state/runs';
import { runOf } from './builds';
import { location } from './resources';
import { bodyMap, listReply, queryList, type Reply, type Route, type RouteCall } from './route';

const build = '{project}/_apis/build/builds/{buildId}';

export const tagRoutes: Route[] = [
  {
    method: 'GET',
    template: `${build}/tags`,
    resource: location.buildTags,
    handle: (call) => listReply(runOf(call).tags),
  },
  {
    method: 'POST',
    template: `${build}/tags`,
    resource: location.buildTags,
    handle: (call) => addTags(call, asList(call.body).map(textOf)),
  },
  { method: 'PATCH', template: `${build}/tags`, resource: location.buildTags, handle: updateTags },
  {
    method: 'PUT',
    template: `${build}/tags/{tag}`,
    resource: location.buildTags,
    handle: (call) => addTags(call, [call.params.tag ?? '']),
  },
  { method: 'DELETE', template: `${build}/tags/{tag}`, resource: location.buildTags, handle: removeTag },
  { method: 'GET', template: `${build}/properties`, resource: location.buildProperties, handle: getProperties },
  { method: 'PATCH', template: `${build}/properties`, resource: location.buildProperties, handle: patchProperties },
];

function changeableRun(call: RouteCall): Run {
  const run = runOf(call);
  demandBuildPermission(call.access, 'editBuilds', run.pipeline);
  return run;
}

function addTags(call: RouteCall, tags: string[]): Reply {
  const run = changeableRun(call);
  for (const tag of tags) {
    if (tag.includes(':')) throw new Refusal(400, 'InvalidTagException', `The tag '${tag}' is not valid.`);
    if (!run.tags.some((own) => own.toLowerCase() === tag.toLowerCase())) run.tags.push(tag);
  }
  return listReply(run.tags);
}

function updateTags(call: RouteCall): Reply {
  const body = bodyMap(call);
  const removed = asList(body.tagsToRemove).map((tag) => textOf(tag).toLowerCase());
  const run = changeableRun(call);
  run.tags = run.tags.filter((tag) => !removed.includes(tag.toLowerCase()));
  return addTags(call, asList(body.tagsToAdd).map(textOf));
}

function removeTag(call: RouteCall): Reply {
  const run = changeableRun(call);
  run.tags = run.tags.filter((tag) => tag.toLowerCase() !== call.params.tag?.toLowerCase());
  return listReply(run.tags);
}

function propertiesReply(run: Run, only: string[] | undefined): Reply {
  const entries = Object.entries(run.properties).filter(([name]) => only?.includes(name) ?? true);
  const value = Object.fromEntries(entries.map(([name, text]) => [name, { $type: 'System.String', $value: text }]));
  return { json: { count: entries.length, value } };
}

function getProperties(call: RouteCall): Reply {
  return propertiesReply(runOf(call), queryList(call, 'filter'));
}

/** JSON Patch of properties: `[{op: add|replace|remove, path: "/name", value}]`. */
function patchProperties(call: RouteCall): Reply {
  const run = changeableRun(call);
  for (const operation of asList(call.body).filter(isMap)) {
    const name = textOf(operation.path).replace(/^\//, '').replaceAll('~1', '/').replaceAll('~0', '~');
    if (textOf(operation.op) === 'remove')
      run.properties = Object.fromEntries(Object.entries(run.properties).filter(([key]) => key !== name));
    else run.properties[name] = textOf(operation.value);
  }
  return propertiesReply(run, undefined);
}

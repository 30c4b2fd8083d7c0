import type { Run } from '../state/runs';
import { definitionReference } from './definitions';
import type { RouteCall } from './route';
import { buildQueue, identityRef, projectRef, time } from './wire';

/** A run as the build area shows it. Result and times are left out until there are any, as the service does. */
export function buildWire(call: RouteCall, run: Run): object {
  const { pipeline } = run;
  const view = call.state.look(run);
  const own = `${call.base}${pipeline.project.id}`;
  const self = `${own}/_apis/build/Builds/${run.id}`;
  const queue = call.state.queues.find((candidate) => candidate.id === run.queueId);
  return {
    _links: {
      self: { href: self },
      web: { href: `${own}/_build/results?buildId=${run.id}` },
      sourceVersionDisplayUri: { href: `${self}/sources` },
      timeline: { href: `${own}/_apis/build/builds/${run.id}/Timeline` },
      badge: { href: `${own}/_apis/build/status/${pipeline.id}` },
    },
    properties: {},
    tags: run.tags,
    validationResults: [],
    plans: [{ planId: run.planId }],
    triggerInfo: {},
    id: run.id,
    buildNumber: run.number,
    status: view.statusWord,
    result: view.resultWord,
    queueTime: time(run.queueTime),
    startTime: time(view.startTime),
    finishTime: time(view.finishTime),
    url: self,
    definition: definitionReference(call, pipeline),
    buildNumberRevision: Number(run.number.split('.').at(-1)),
    project: projectRef(call, pipeline.project),
    uri: `vstfs:///Build/Build/${run.id}`,
    sourceBranch: run.branch,
    sourceVersion: run.commit,
    ...(queue ? { queue: buildQueue(call, queue) } : {}),
    priority: 'normal',
    reason: run.reason,
    requestedFor: identityRef(call, run.requestedFor),
    requestedBy: identityRef(call, run.requestedBy),
    lastChangedDate: time(view.finishTime ?? view.startTime ?? run.queueTime),
    lastChangedBy: identityRef(call, run.requestedBy),
    ...parametersOf(run),
    ...(Object.keys(run.templateParameters).length > 0
      ? { templateParameters: textValues(run.templateParameters) }
      : {}),
    ...(run.demands.length > 0 ? { demands: run.demands } : {}),
    orchestrationPlan: { planId: run.planId },
    logs: { id: 0, type: 'Container', url: `${own}/_apis/build/builds/${run.id}/logs` },
    repository: {
      id: pipeline.repository.id,
      type: 'TfsGit',
      name: pipeline.repository.name,
      clean: null,
      checkoutSubmodules: false,
    },
    retainedByRelease: run.retainedByRelease,
    triggeredByBuild: null,
    appendCommitMessageToRunName: true,
    ...(view.status === 'notStarted' ? { queuePosition: queuePosition(call, run) } : {}),
    ...(run.deletedAt === undefined ? {} : { deleted: true, deletedDate: time(run.deletedAt) }),
  };
}

/** Variables given at queue time as a JSON text; secret ones show no value. */
function parametersOf(run: Run): object {
  const names = Object.keys(run.variables);
  if (names.length === 0) return {};
  const shown = names.map((name) => [name, run.secrets.includes(name) ? null : run.variables[name]]);
  return { parameters: JSON.stringify(Object.fromEntries(shown)) };
}

function textValues(map: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function queuePosition(call: RouteCall, run: Run): number {
  const waiting = call.state.runs.filter(
    (other) => call.state.look(other).status === 'notStarted' && other.queueId === run.queueId,
  );
  return waiting.indexOf(run) + 1;
}

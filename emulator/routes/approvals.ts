import { approvalStatus, canApprove, checksOf, vote, type Approval, type OpenCheck } from '../state/approvals';
import { guidOf } from '../state/ids';
import { may, person } from '../state/identity';
import { asList, isMap, textOf } from '../state/json';
import { Refusal } from '../state/refusal';
import { location } from './resources';
import { listReply, projectOf, queryList, queryNumber, type Reply, type Route, type RouteCall } from './route';
import { identityRef, time } from './wire';

const approvals = '{project}/_apis/pipelines/approvals';
const checks = '{project}/_apis/pipelines/checks';

export const approvalRoutes: Route[] = [
  { method: 'GET', template: approvals, resource: location.approvals, handle: listApprovals },
  { method: 'PATCH', template: approvals, resource: location.approvals, handle: updateApprovals },
  { method: 'GET', template: `${approvals}/{approvalId}`, resource: location.approvals, handle: getApproval },
  { method: 'GET', template: `${checks}/runs/{checkSuiteId}`, resource: location.checkRuns, handle: getSuite },
  {
    method: 'GET',
    template: `${checks}/configurations`,
    resource: location.checkConfigurations,
    handle: listConfigurations,
  },
  {
    method: 'POST',
    template: `${checks}/queryconfigurations`,
    resource: location.queryCheckConfigurations,
    handle: queryConfigurations,
  },
];

function visible(call: RouteCall): Approval[] {
  const project = projectOf(call);
  return call.state
    .approvals()
    .filter(
      ({ run }) => run.pipeline.project === project && run.deletedAt === undefined && may(call.access, 'viewBuilds'),
    );
}

function listApprovals(call: RouteCall): Reply {
  const ids = queryList(call, 'approvalIds')?.map((id) => id.toLowerCase());
  const state = call.query.get('state')?.toLowerCase();
  const assigned = queryList(call, 'assignedTo')?.map((name) => name.toLowerCase());
  const { now } = call.state;
  const found = visible(call)
    .filter(({ check }) => ids?.includes(check.id) ?? true)
    .filter(
      (approval) => state === undefined || state === 'all' || approvalStatus(approval, now).toLowerCase() === state,
    )
    .filter(({ check }) => check.script.approvers.some((name) => assigned?.includes(name.toLowerCase()) ?? true))
    .slice(0, queryNumber(call, 'top') ?? 100);
  return listReply(found.map((approval) => approvalWire(call, approval)));
}

function approvalById(call: RouteCall, id: string): Approval {
  const approval = visible(call).find(({ check }) => check.id === id.toLowerCase());
  if (approval) return approval;
  throw new Refusal(404, 'ApprovalNotFoundException', `Approval with id ${id} was not found.`);
}

function getApproval(call: RouteCall): Reply {
  return { json: approvalWire(call, approvalById(call, call.params.approvalId ?? '')) };
}

function updateApprovals(call: RouteCall): Reply {
  const updates = asList(call.body).filter(isMap);
  return listReply(
    updates.map((update) => {
      const approval = approvalById(call, textOf(update.approvalId));
      const status = textOf(update.status).toLowerCase();
      if (status !== 'approved' && status !== 'rejected') {
        throw new Refusal(400, 'InvalidApprovalUpdateException', `The status '${status}' cannot be set.`);
      }
      vote(approval, { status, comment: textOf(update.comment) }, call.access, call.state.now);
      return approvalWire(call, approvalById(call, approval.check.id));
    }),
  );
}

function approvalWire(call: RouteCall, approval: Approval): object {
  const { run, check } = approval;
  const { pipeline } = run;
  const expand = call.query.get('$expand')?.toLowerCase() ?? '';
  const own = `${call.base}${pipeline.project.id}`;
  const permissions = canApprove(call.access, approval) ? 'update' : 'view';
  return {
    id: check.id,
    ...(expand.includes('steps') ? { steps: steps(call, approval) } : {}),
    status: approvalStatus(approval, call.state.now),
    createdOn: time(check.startAt),
    lastModifiedOn: time(check.votes.at(-1)?.at ?? check.startAt),
    executionOrder: 'anyOrder',
    minRequiredApprovers: check.script.minRequired ?? check.script.approvers.length,
    instructions: check.script.instructions ?? '',
    blockedApprovers: [],
    ...(expand.includes('permissions') ? { permissions } : {}),
    _links: { self: { href: `${own}/_apis/pipelines/approvals/${check.id}` } },
    pipeline: {
      owner: {
        _links: {
          web: { href: `${own}/_build/results?buildId=${run.id}` },
          self: { href: `${own}/_apis/build/Builds/${run.id}` },
        },
        id: run.id,
        name: run.number,
      },
      id: String(pipeline.id),
      name: pipeline.name,
    },
  };
}

function steps(call: RouteCall, approval: Approval): object[] {
  const { check } = approval;
  const status = approvalStatus(approval, call.state.now);
  return check.script.approvers.map((name, index) => {
    const own = check.votes.find((given) => given.by.toLowerCase() === name.toLowerCase());
    return {
      assignedApprover: identityRef(call, person(name)),
      ...(own ? { actualApprover: identityRef(call, person(own.by)), comment: own.comment } : {}),
      status: own?.status ?? status,
      lastModifiedOn: time(own?.at ?? check.startAt),
      order: index + 1,
      lastModifiedBy: identityRef(call, own ? person(own.by) : call.state.owner),
      initiatedOn: time(check.startAt),
      history: [],
    };
  });
}

const checkTypeNames = { approval: 'Approval', taskCheck: 'Task Check', authorization: 'Authorization' };

/** running while something is pending, else how the check ended. */
function checkStatus(open: OpenCheck, now: number): string {
  if (open.check.finishAt > now) return 'running';
  const words: Record<string, string> = {
    succeeded: 'approved',
    failed: 'rejected',
    skipped: 'timedOut',
    canceled: 'canceled',
  };
  return words[open.check.result] ?? 'failed';
}

/** The suite of checks in front of one stage: its id is that of the checkpoint's record. */
function getSuite(call: RouteCall): Reply {
  const project = projectOf(call);
  const id = call.params.checkSuiteId?.toLowerCase() ?? '';
  const { runs, now } = call.state;
  const found = runs
    .filter((run) => run.pipeline.project === project)
    .flatMap((run) => checksOf(run, now))
    .filter((open) => open.suiteId === id);
  if (found.length === 0)
    throw new Refusal(404, 'CheckSuiteNotFoundException', `Check suite with id ${id} was not found.`);
  const statuses = found.map((open) => checkStatus(open, now));
  const bad = statuses.find((status) => status !== 'approved' && status !== 'running');
  return {
    json: {
      context: {},
      checkRuns: found.map((open) => checkRun(call, open)),
      status: bad ?? (statuses.includes('running') ? 'running' : 'approved'),
      id,
    },
  };
}

function checkRun(call: RouteCall, open: OpenCheck): object {
  const { script, id, startAt, finishAt } = open.check;
  const name = checkTypeNames[script.type];
  const resource =
    script.type === 'authorization' ? script.resource : { type: 'environment', id: '1', name: open.stage };
  return {
    resultMessage: '',
    status: checkStatus(open, call.state.now),
    id,
    createdDate: time(startAt),
    ...(finishAt <= call.state.now ? { completedDate: time(finishAt) } : {}),
    checkConfigurationRef: { id: 1, version: 1, type: { id: guidOf(`check/${name}`), name }, resource },
  };
}

function listConfigurations(call: RouteCall): Reply {
  const resource = { type: call.query.get('resourcetype') ?? '', id: call.query.get('resourceid') ?? '' };
  return configurations(call, [resource]);
}

function queryConfigurations(call: RouteCall): Reply {
  return configurations(
    call,
    asList(call.body)
      .filter(isMap)
      .map((resource) => ({ type: textOf(resource.type), id: textOf(resource.id) })),
  );
}

function configurations(call: RouteCall, resources: { type: string; id: string }[]): Reply {
  projectOf(call);
  const found = call.state.checkConfigurations.filter((check) =>
    resources.some(
      (resource) =>
        resource.type.toLowerCase() === check.resource.type.toLowerCase() && resource.id === check.resource.id,
    ),
  );
  return listReply(
    found.map((check) => ({
      createdBy: identityRef(call, call.state.owner),
      createdOn: time(check.createdOn),
      timeout: check.timeoutMinutes,
      id: check.id,
      version: 1,
      type: { id: guidOf(`check/${check.typeName}`), name: check.typeName },
      url: `${call.base}${call.params.project ?? ''}/_apis/pipelines/checks/configurations/${check.id}`,
      resource: check.resource,
    })),
  );
}

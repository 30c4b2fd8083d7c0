import { asList, isMap, textOf } from '../state/json';
import { Refusal } from '../state/refusal';
import type { Lease } from '../state/leases';
import { runOf } from './builds';
import { location } from './resources';
import {
  bodyMap,
  idOf,
  listReply,
  projectOf,
  queryList,
  queryNumber,
  type Reply,
  type Route,
  type RouteCall,
} from './route';
import { time } from './wire';

const collection = '{project}/_apis/build/retention/leases';

export const leaseRoutes: Route[] = [
  { method: 'GET', template: collection, resource: location.leases, handle: listLeases },
  { method: 'POST', template: collection, resource: location.leases, handle: addLeases },
  { method: 'DELETE', template: collection, resource: location.leases, handle: deleteLeases },
  {
    method: 'GET',
    template: `${collection}/{leaseId}`,
    resource: location.leases,
    handle: (call) => ({ json: leaseWire(leaseOf(call)) }),
  },
  { method: 'PATCH', template: `${collection}/{leaseId}`, resource: location.leases, handle: updateLease },
  {
    method: 'GET',
    template: '{project}/_apis/build/builds/{buildId}/leases',
    resource: location.buildLeases,
    handle: leasesOfBuild,
  },
];

const dayMs = 86_400_000;

function leaseWire(lease: Lease): object {
  return { ...lease, createdOn: time(lease.createdOn), validUntil: time(lease.validUntil) };
}

function leaseOf(call: RouteCall): Lease {
  projectOf(call);
  const id = idOf(call, 'leaseId');
  const lease = call.state.leases.find((candidate) => candidate.leaseId === id);
  if (!lease)
    throw new Refusal(404, 'RetentionLeaseNotFoundException', `The retention lease ${id} could not be found.`);
  return lease;
}

function listLeases(call: RouteCall): Reply {
  projectOf(call);
  const owner = call.query.get('ownerid') ?? call.query.get('userownerid');
  const [definitionId, runId] = [queryNumber(call, 'definitionId'), queryNumber(call, 'runId')];
  const found = call.state.leases
    .filter((lease) => owner === undefined || lease.ownerId === owner)
    .filter((lease) => definitionId === undefined || lease.definitionId === definitionId)
    .filter((lease) => runId === undefined || lease.runId === runId);
  return listReply(found.map(leaseWire));
}

function leasesOfBuild(call: RouteCall): Reply {
  const run = runOf(call);
  return listReply(call.state.leases.filter((lease) => lease.runId === run.id).map(leaseWire));
}

function addLeases(call: RouteCall): Reply {
  const project = projectOf(call);
  const { now, leases } = call.state;
  const made = asList(call.body)
    .filter(isMap)
    .map((asked) => {
      const run = call.state.findRun(Number(textOf(asked.runId)), project);
      if (!run)
        throw new Refusal(
          404,
          'BuildNotFoundException',
          `The requested build ${textOf(asked.runId)} could not be found.`,
        );
      const lease: Lease = {
        leaseId: leases.length + 1,
        definitionId: run.pipeline.id,
        runId: run.id,
        ownerId: textOf(asked.ownerId),
        createdOn: now,
        validUntil: now + (Number(textOf(asked.daysValid)) || 1) * dayMs,
        protectPipeline: asked.protectPipeline === true,
      };
      leases.push(lease);
      return lease;
    });
  return listReply(made.map(leaseWire));
}

function updateLease(call: RouteCall): Reply {
  const lease = leaseOf(call);
  const body = bodyMap(call);
  if (body.daysValid !== undefined) lease.validUntil = call.state.now + Number(textOf(body.daysValid)) * dayMs;
  if (typeof body.protectPipeline === 'boolean') lease.protectPipeline = body.protectPipeline;
  return { json: leaseWire(lease) };
}

function deleteLeases(call: RouteCall): Reply {
  projectOf(call);
  const ids = queryList(call, 'ids')?.map(Number) ?? [];
  const { leases } = call.state;
  leases.splice(0, leases.length, ...leases.filter((lease) => !ids.includes(lease.leaseId)));
  return { status: 204 };
}

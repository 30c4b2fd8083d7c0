import { deploymentsOf, type Release } from '../state/releases';
import { guidOf } from '../state/ids';
import { Refusal } from '../state/refusal';
import type { ReleaseAttachment } from '../state/releaseAttachments';
import { planIdOf } from './deploymentWire';
import { releaseOf } from './releases';
import { releaseApi } from './releaseWire';
import { location } from './resources';
import { idOf, listReply, type Reply, type Route, type RouteCall } from './route';
import { identityRef, time } from './wire';

const attempt = '{project}/_apis/release/releases/{releaseId}/environments/{environmentId}/attempts/{attemptId}';
const plan = `${attempt}/plan/{planId}`;

export const releaseAttachmentRoutes: Route[] = [
  {
    method: 'GET',
    template: `${plan}/attachments/{type}`,
    resource: location.releaseAttachments,
    handle: listAttachments,
  },
  {
    method: 'GET',
    template: `${plan}/timelines/{timelineId}/records/{recordId}/attachments/{type}/{name}`,
    resource: location.releaseAttachment,
    handle: readAttachment,
  },
];

function listAttachments(call: RouteCall): Reply {
  const release = releaseOf(call);
  return listReply(attachmentsOf(call, release).map((attachment) => attachmentWire(call, release, attachment)));
}

function readAttachment(call: RouteCall): Reply {
  const { name, recordId } = call.params;
  const found = attachmentsOf(call, releaseOf(call)).find(
    (candidate) => candidate.name === name && recordOf(candidate) === recordId?.toLowerCase(),
  );
  if (!found) throw new Refusal(404, 'AttachmentNotFoundException', `The attachment ${name ?? ''} could not be found.`);
  return { bytes: Buffer.from(found.content) };
}

/** Those of the type that the tasks of one plan attached. */
function attachmentsOf(call: RouteCall, release: Release): ReleaseAttachment[] {
  const [environmentId, attemptId] = [idOf(call, 'environmentId'), idOf(call, 'attemptId')];
  const { planId, type } = call.params;
  const name = release.environments.find(({ id }) => id === environmentId)?.plan.name ?? '';
  const deployment = deploymentsOf(release)
    .get(name)
    ?.find((candidate) => candidate.attempt === attemptId && candidate.queuedAt <= call.state.now);
  if (!deployment || planIdOf(deployment) !== planId?.toLowerCase())
    throw new Refusal(404, 'TaskOrchestrationPlanNotFoundException', `The plan ${planId ?? ''} could not be found.`);
  return release.attachments.filter(
    (candidate) =>
      candidate.environment === name &&
      candidate.attempt === attemptId &&
      candidate.type.toLowerCase() === type?.toLowerCase(),
  );
}

function attachmentWire(call: RouteCall, release: Release, attachment: ReleaseAttachment): object {
  const { type, name } = attachment;
  const { environmentId, attemptId, planId = '' } = call.params;
  const own = `${releaseApi(call, release.definition)}/releases/${release.id}/environments/${environmentId}/attempts/${attemptId}/plan/${planId}`;
  const recordId = recordOf(attachment);
  return {
    _links: {
      self: {
        href: `${own}/timelines/${planId}/records/${recordId}/attachments/${encodeURIComponent(type)}/${encodeURIComponent(name)}`,
      },
    },
    type,
    name,
    createdOn: time(release.createdAt),
    modifiedOn: time(call.state.now),
    modifiedBy: identityRef(call, release.createdBy),
    timelineId: planId,
    recordId,
  };
}

function recordOf({ type, name }: ReleaseAttachment): string {
  return guidOf(`release/attachment/${type}/${name}`);
}

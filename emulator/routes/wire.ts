import type { Identity } from '../state/identity';
import { poolScope, type Queue } from '../state/pools';
import type { Project } from '../state/projects';
import type { RouteCall } from './route';

/** A moment as the service writes it. */
export function time(at: number | null | undefined): string | undefined {
  return at === null || at === undefined ? undefined : new Date(at).toISOString();
}

export function identityRef(call: RouteCall, identity: Identity): object {
  return {
    displayName: identity.displayName,
    url: `${call.base}_apis/Identities/${identity.id}`,
    _links: { avatar: { href: `${call.base}_apis/GraphProfile/MemberAvatars/${identity.id}` } },
    id: identity.id,
    uniqueName: identity.uniqueName,
    imageUrl: `${call.base}_api/_common/identityImage?id=${identity.id}`,
    descriptor: `aad.${Buffer.from(identity.id).toString('base64url')}`,
    ...(identity.isContainer ? { isContainer: true } : {}),
  };
}

export function projectRef(call: RouteCall, project: Project): object {
  return {
    id: project.id,
    name: project.name,
    ...(project.description ? { description: project.description } : {}),
    url: `${call.base}_apis/projects/${project.id}`,
    state: 'wellFormed',
    revision: 11,
    visibility: 'private',
    lastUpdateTime: time(project.lastUpdateTime),
  };
}

/** A queue as the build area shows it. */
export function buildQueue(call: RouteCall, queue: Queue): object {
  return {
    _links: { self: { href: `${call.base}_apis/build/Queues/${queue.id}` } },
    id: queue.id,
    name: queue.name,
    url: `${call.base}_apis/build/Queues/${queue.id}`,
    pool: { id: queue.pool.id, name: queue.pool.name, ...(queue.pool.isHosted ? { isHosted: true } : {}) },
  };
}

/** A queue as the distributedtask area shows it. */
export function taskQueue(call: RouteCall, queue: Queue): object {
  const { pool } = queue;
  return {
    id: queue.id,
    projectId: queue.projectId,
    name: queue.name,
    pool: {
      id: pool.id,
      scope: poolScope(call.state.organization),
      name: pool.name,
      isHosted: pool.isHosted,
      poolType: 'automation',
      size: pool.agents.length,
      isLegacy: false,
      options: 'none',
    },
  };
}

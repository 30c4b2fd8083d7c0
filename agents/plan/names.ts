import { createHash } from 'node:crypto';

/** What a name in this pool begins with. */
export interface NameSpace {
  prefix: string;
  pool: { id: number; name: string };
}

/** What an agent was made for: one job request (in which attempt), or to stand by idle. */
export type Purpose = { requestId: number; attempt: number } | { idle: number };

// A Job's name may have 63 characters; '-' and the longest number with its attempt need 17 of them.
const baseLimit = 46;
/** A plan asks for the same one thousands of times. */
const bases = new WeakMap<NameSpace, string>();

/**
 * The name of an agent, of its Job or group and of its Secret: the same for the same request and attempt, whoever computes it, so that
 * a second creation meets the first one. Lower case, digits and `-`, at most 63 characters.
 */
export function agentName(space: NameSpace, purpose: Purpose): string {
  if ('idle' in purpose) return `${base(space)}-idle${purpose.idle}`;
  return `${base(space)}-${purpose.requestId}${purpose.attempt > 1 ? `r${purpose.attempt}` : ''}`;
}

/** The name of the agent that stays registered, offline, so that the service accepts jobs for a profile. */
export function placeholderName(space: NameSpace, profile: string): string {
  return `${base(space)}-placeholder-${profile}`;
}

/** What a pool's agent of this name was made for; undefined when it is not of our making. */
export function purposeOf(space: NameSpace, name: string): Purpose | undefined {
  const rest = restOf(space, name);
  // A template may name its agents after the pod, which is the Job's name and five more characters.
  const [, idle, requestId, attempt] = /^(?:idle(\d+)|(\d+)(?:r(\d+))?)(?:-[a-z0-9]{5})?$/.exec(rest ?? '') ?? [];
  if (idle !== undefined) return { idle: Number(idle) };
  if (requestId !== undefined) return { requestId: Number(requestId), attempt: Number(attempt ?? 1) };
  return undefined;
}

/** The profile of the placeholder of this name; undefined when it is none of ours. */
export function placeholderProfile(space: NameSpace, name: string): string | undefined {
  return /^placeholder-(.+)$/.exec(restOf(space, name) ?? '')?.[1];
}

function restOf(space: NameSpace, name: string): string | undefined {
  const start = `${base(space)}-`;
  return name.startsWith(start) ? name.slice(start.length) : undefined;
}

/** Prefix and pool. A pool name that had to be changed to fit gets a mark of the true one, or two pools could share a name. */
function base(space: NameSpace): string {
  const known = bases.get(space) ?? newBase(space);
  bases.set(space, known);
  return known;
}

function newBase({ prefix, pool }: NameSpace): string {
  const plain = pool.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (plain === pool.name && prefix.length + plain.length <= baseLimit) return prefix + plain;
  const mark = createHash('sha256').update(pool.name).digest('hex').slice(0, 6);
  const kept = plain.slice(0, baseLimit - prefix.length - mark.length - 1).replace(/-$/, '');
  return prefix + (kept ? `${kept}-${mark}` : mark);
}

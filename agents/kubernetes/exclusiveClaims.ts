import type { Job } from './objects';

/** On the Job of a template: the claims of which each agent gets one for itself. */
export const exclusiveClaims = 'pipeline-cascade/exclusive-claims';

type Volume = NonNullable<NonNullable<NonNullable<Job['spec']>['template']['spec']>['volumes']>[number];

/** The claims that a Job names to be handed out, in its order. */
export function claimsOf(job: Job): string[] {
  const names = (job.metadata?.annotations?.[exclusiveClaims] ?? '').split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}

/** The claims that are mounted by a Job. */
export function claimsIn(job: Job): string[] {
  return volumesOf(job).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

/**
 * The Job with a claim that no other agent has, in the place of the one that its template mounts. While all are taken it gets an empty
 * folder: an agent with a cold cache is better than one that waits, or two that write to one cache.
 */
export function withFreeClaim(job: Job, taken: ReadonlySet<string>): Job {
  const claims = claimsOf(job);
  const pod = job.spec?.template.spec;
  if (claims.length === 0 || !job.spec || !pod) return job;
  const free = claims.find((claim) => !taken.has(claim));
  const exchange = (volume: Volume): Volume => {
    if (!claims.includes(volume.persistentVolumeClaim?.claimName ?? '')) return volume;
    if (free === undefined) return { name: volume.name, emptyDir: {} };
    return { ...volume, persistentVolumeClaim: { ...volume.persistentVolumeClaim, claimName: free } };
  };
  const spec = { ...pod, volumes: volumesOf(job).map(exchange) };
  return { ...job, spec: { ...job.spec, template: { ...job.spec.template, spec } } };
}

function volumesOf(job: Job): Volume[] {
  return job.spec?.template.spec?.volumes ?? [];
}

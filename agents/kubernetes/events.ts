import { createHash } from 'node:crypto';
import type { Reason } from '../plan/plan';
import type { CoreEvent, Job } from './objects';

/** How long the same words are not said again. */
const repeatMs = 600_000;

/** The words that `kubectl describe` shows in its column Reason. */
const words: Record<Reason, string> = {
  image: 'ImageNotPulled',
  noRoom: 'NoNode',
  quota: 'QuotaExceeded',
  refused: 'Refused',
  exit: 'AgentFailed',
  deadline: 'DeadlineExceeded',
  evicted: 'Evicted',
  other: 'AgentNotStarted',
  unservable: 'NoProfile',
  maxAgents: 'MaxAgentsReached',
  licence: 'NoParallelJob',
  hostsFull: 'NoHost',
  retry: 'AgentRetried',
};

/**
 * An event that tells why a job waits, on its Job, or on the orchestrator's Lease where there is none. Its name is made of what it says, so
 * that the same is not told twice within ten minutes, by whatever instance.
 */
export function reasonEvent(
  { about, reason, text }: { about: string; reason: Reason; text: string },
  { namespace, leaseName, now, job }: { namespace: string; leaseName: string; now: number; job?: Job },
): CoreEvent {
  const window = Math.floor(now / repeatMs);
  const mark = createHash('sha256').update(`${about} ${reason} ${text} ${window}`).digest('hex').slice(0, 16);
  const uid = job?.metadata?.uid;
  return {
    metadata: { name: `${job ? about : leaseName}.${mark}`, namespace },
    involvedObject: job
      ? { apiVersion: 'batch/v1', kind: 'Job', name: about, namespace, ...(uid && { uid }) }
      : { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: leaseName, namespace },
    type: 'Warning',
    reason: words[reason],
    message: (job ? text : `${about}: ${text}`).slice(0, 1000),
    source: { component: 'pipeline-cascade' },
    firstTimestamp: new Date(now),
    lastTimestamp: new Date(now),
    count: 1,
  };
}

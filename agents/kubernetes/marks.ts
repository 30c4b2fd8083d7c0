import { createHash } from 'node:crypto';
import type { Meta } from './objects';
import type { AgentSpec } from '../agentHost';
import type { Purpose } from '../plan/names';

const area = 'pipeline-cascade';
const manager = 'app.kubernetes.io/managed-by';

/** Labels and annotations that carry the orchestrator's state: after a restart it knows from them what it made, and for what. */
export const marks = {
  instance: `${area}/instance`,
  agent: `${area}/agent`,
  pool: `${area}/pool-id`,
  profile: `${area}/profile`,
  request: `${area}/request-id`,
  attempt: `${area}/attempt`,
  idle: `${area}/idle`,
  plan: `${area}/plan-id`,
  job: `${area}/job-id`,
  /** Annotations. */
  run: `${area}/run-url`,
  poolName: `${area}/pool-name`,
  handed: `${area}/registration-handed-over`,
} as const;

/** Tells the orchestrators of one namespace apart: organization and name prefix. */
export function instanceOf(orgUrl: string, prefix: string): string {
  return createHash('sha256').update(`${orgUrl.toLowerCase()} ${prefix}`).digest('hex').slice(0, 12);
}

export function selectorOf(instance: string): string {
  return `${manager}=${area},${marks.instance}=${instance}`;
}

export function labelsOf(spec: AgentSpec, instance: string): Record<string, string> {
  const { purpose, request } = spec;
  return {
    [manager]: area,
    [marks.instance]: instance,
    [marks.agent]: spec.name,
    [marks.pool]: String(spec.pool.id),
    [marks.profile]: spec.profile.name,
    ...('idle' in purpose
      ? { [marks.idle]: String(purpose.idle) }
      : { [marks.request]: String(purpose.requestId), [marks.attempt]: String(purpose.attempt) }),
    ...(isLabel(request?.planId) && { [marks.plan]: request.planId }),
    ...(isLabel(request?.jobId) && { [marks.job]: request.jobId }),
  };
}

/** The service's ids are GUIDs; a label that is none would have the whole Job refused. */
function isLabel(value: string | undefined): value is string {
  return /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(value ?? '');
}

export function annotationsOf({ pool, request }: AgentSpec): Record<string, string> {
  return { [marks.poolName]: pool.name, ...(request?.runUrl && { [marks.run]: request.runUrl }) };
}

/** What an object was made for; undefined where its labels do not say it. */
export function purposeOfLabels(labels: Meta['labels']): Purpose | undefined {
  const number = (mark: string): number => Number(labels?.[mark] ?? NaN);
  if (labels?.[marks.idle] !== undefined) return { idle: number(marks.idle) };
  if (labels?.[marks.request] === undefined) return undefined;
  return { requestId: number(marks.request), attempt: number(marks.attempt) };
}

/** True for an object that this orchestrator made. */
export function isMade(meta: Meta | undefined, instance: string): boolean {
  return meta?.labels?.[manager] === area && meta.labels[marks.instance] === instance;
}

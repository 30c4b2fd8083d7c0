import type { AzureDevOps } from '../azureDevOps';
import type { World } from '../world';
import type { TimelineRecord } from './wire';

/** An approval that holds a stage. https://learn.microsoft.com/rest/api/azure/devops/approvalsandchecks/approvals/query */
export interface Approval {
  id: string;
  status?: string;
  instructions?: string;
  steps?: { assignedApprover?: { displayName?: string }; status?: string }[];
}

/** Checks that hold a stage and have not ended, with the name of the stage. */
export function pendingChecks(records: TimelineRecord[]): { record: TimelineRecord; stage: string }[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  return records
    .filter(({ type = '', state }) => type.startsWith('Checkpoint.') && state !== 'completed')
    .map((record) => ({ record, stage: stageOf(record, byId) }));
}

/** The approvals of these ids, as far as this identity may read them. An approval has the id of its timeline record. */
export async function readApprovals(
  azureDevOps: AzureDevOps,
  project: string,
  ids: string[],
  { signal }: World,
): Promise<Approval[]> {
  if (!ids.length) return [];
  const path = `${encodeURIComponent(project)}/_apis/pipelines/approvals`;
  const { value } = await azureDevOps.rest<{ value?: Approval[] }>('GET', path, {
    query: { approvalIds: ids.join(','), $expand: 'steps' },
    signal,
    attempts: 2,
  });
  return (value.value ?? []).filter(({ id }) => ids.includes(id));
}

/** Approves; throws `ApiError` where this identity may not, and for what is approved already. */
export async function approve(
  azureDevOps: AzureDevOps,
  project: string,
  ids: string[],
  comment: string,
): Promise<void> {
  const path = `${encodeURIComponent(project)}/_apis/pipelines/approvals`;
  await azureDevOps.rest('PATCH', path, {
    body: ids.map((approvalId) => ({ approvalId, status: 'approved', comment })),
    repeatable: true,
    attempts: 3,
  });
}

/** Who is still to approve. */
export function waitingFor({ steps = [] }: Approval): string[] {
  return steps
    .filter(({ status }) => status !== 'approved' && status !== 'rejected')
    .flatMap(({ assignedApprover }) => assignedApprover?.displayName ?? []);
}

function stageOf(record: TimelineRecord, byId: Map<string, TimelineRecord>): string {
  for (let at: TimelineRecord | undefined = record; at; at = byId.get(at.parentId ?? '')) {
    if (at.type === 'Stage') return at.name ?? at.identifier ?? '';
  }
  return '';
}

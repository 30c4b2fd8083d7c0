import type { ChildState } from '../model/childState';
import type { Rest } from './Rest';

interface ApprovalWire {
  id: string;
  status?: string;
  steps?: { assignedApprover?: { displayName?: string }; status?: string }[];
}

/** Ids of the approvals that hold a run; a release tells its approvers itself. */
export function pendingApprovals(state: ChildState | undefined): string[] {
  return (state?.blocks ?? []).flatMap(({ id, isApproval }) => (isApproval ? id : []));
}

/**
 * Who is still to approve, by approval, as far as the viewer may read it.
 * https://learn.microsoft.com/rest/api/azure/devops/approvalsandchecks/approvals/query
 */
export async function readApprovers(rest: Rest, project: string, ids: string[]): Promise<Map<string, string[]>> {
  const query = `approvalIds=${ids.join(',')}&$expand=steps`;
  const path = `${encodeURIComponent(project)}/_apis/pipelines/approvals?${query}`;
  const { value = [] } = await rest.json<{ value?: ApprovalWire[] }>({ path, version: '7.0-preview.1' });
  return new Map(
    value.map(({ id, steps = [] }) => [
      id,
      steps
        .filter(({ status }) => status !== 'approved' && status !== 'rejected')
        .flatMap(({ assignedApprover }) => assignedApprover?.displayName ?? []),
    ]),
  );
}

export function withApprovers(state: ChildState, people: ReadonlyMap<string, string[]>): ChildState {
  return {
    ...state,
    blocks: state.blocks.map((block) => ({ ...block, people: people.get(block.id) ?? block.people })),
  };
}

/** What people and clients did to a release after it was created, in the order in which it happened. */
export type ReleaseEvent =
  | { kind: 'activate'; at: number }
  | { kind: 'abandon'; at: number }
  | { kind: 'deploy'; at: number; environment: string; scheduledAt: number; by: string }
  | { kind: 'cancel'; at: number; environment: string }
  | { kind: 'approval'; at: number; approvalId: number; status: 'approved' | 'rejected'; by: string; comment: string }
  | { kind: 'intervention'; at: number; interventionId: number; status: 'approved' | 'rejected'; comment: string };

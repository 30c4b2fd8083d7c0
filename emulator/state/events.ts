/** What people and clients did to a run after it was queued, in the order in which it happened. */
export type RunEvent =
  | { kind: 'cancel'; at: number }
  | { kind: 'cancelStage'; at: number; stage: string }
  | { kind: 'retry'; at: number; stages: string[]; allJobs: boolean; dependents: boolean }
  | { kind: 'runStage'; at: number; stage: string }
  | { kind: 'approval'; at: number; approvalId: string; status: string; by: string; comment: string }
  | { kind: 'permit'; at: number; resourceType: string; resourceId: string };

/** When a request to cancel hits what was begun at `since`: the first one after it, or Infinity. */
export function cancelTime(events: RunEvent[], since: number, stage?: string): number {
  const hit = events.find(
    (event) =>
      event.at >= since && (event.kind === 'cancel' || (event.kind === 'cancelStage' && event.stage === stage)),
  );
  return hit?.at ?? Infinity;
}

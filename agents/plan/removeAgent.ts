/** The outside as a removal needs it. */
export interface RemovalCalls {
  /** The agent that is registered under this name now. */
  find(name: string): Promise<{ id: number; assignedRequestId?: number } | undefined>;
  /** `PATCH agents/{id} {enabled:false}`. */
  disable(agentId: number): Promise<void>;
  /** `busy`: the service refused because a job runs (400 TaskAgentJobStillRunningException). */
  deleteAgent(agentId: number): Promise<'deleted' | 'busy'>;
  /** Deletes the Job or group. `started`: it was to be deleted only while pending, and runs by now. */
  deleteWorkload(name: string, options: { onlyPending: boolean }): Promise<'deleted' | 'started'>;
}

/**
 * Takes an agent away without ever taking one that has a job: disabled, it gets no new one; the second look sees the one that it got in
 * between (azure-pipelines-agent#3994); the service itself refuses to delete a busy one. Only then does its workload go. Stopped
 * anywhere, it leaves a disabled agent, which the next plan removes. Names, not ids: the plan's look may be older than a registration.
 */
export async function removeAgent(
  { name, workload }: { name: string; workload?: { name: string; state: string } | undefined },
  calls: RemovalCalls,
): Promise<'removed' | 'busy'> {
  const agent = await calls.find(name);
  if (agent) {
    if (agent.assignedRequestId !== undefined) return 'busy';
    await calls.disable(agent.id);
    const again = await calls.find(name);
    if (again?.assignedRequestId !== undefined) return 'busy';
    if (again && (await calls.deleteAgent(again.id)) === 'busy') return 'busy';
  }
  if (workload === undefined) return 'removed';
  // Never registered: a pod that is just starting would register and get a job behind our back, so it has to be pending still.
  const onlyPending = agent === undefined && workload.state === 'pending';
  return (await calls.deleteWorkload(workload.name, { onlyPending })) === 'deleted' ? 'removed' : 'busy';
}

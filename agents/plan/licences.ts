/** Parallel jobs of the organization, as `getResourceUsage` tells them: bought, and in use by running jobs. */
export interface Licences {
  total: number;
  used: number;
}

/**
 * How many more agents can ever run a private job at this moment: parallel jobs that neither a running job uses nor an agent that is
 * up and waits will use. Infinite where the service does not tell.
 */
export function licensedStarts(licences: Licences | undefined, agents: { busy: number; free: number }): number {
  if (licences === undefined) return Infinity;
  // The usage can be older than the look at the agents; the greater of the two is the safe one.
  const running = Math.max(licences.used, agents.busy);
  return Math.max(0, licences.total - running - agents.free);
}

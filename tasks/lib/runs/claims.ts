/**
 * Which runs already belong to a start of this step. Starts go out side by side, and requests can be alike in all that the service
 * tells of a run (stages, secrets and resources are not among it), so one whose answer was lost must not take its neighbour's run.
 */
export class Claims {
  private readonly claimed = new Set<number>();
  private readonly underWay = new Set<Promise<unknown>>();

  /** @param own ids that belong to the step anyway. */
  constructor(private readonly own: () => Iterable<number>) {}

  /** The run of a start that was sent just now; from its answer on it is claimed. */
  async answerOf<T extends { id: number }>(start: Promise<T>): Promise<T> {
    this.underWay.add(start);
    try {
      const run = await start;
      this.claimed.add(run.id);
      return run;
    } finally {
      this.underWay.delete(start);
    }
  }

  /** Ids of all runs that are not free, once every other start that is on its way was answered or lost. */
  async taken(): Promise<Set<number>> {
    await Promise.allSettled(this.underWay);
    return new Set([...this.claimed, ...this.own()]);
  }

  /** True when the run was free and is claimed now. */
  claim(id: number): boolean {
    if (this.claimed.has(id)) return false;
    this.claimed.add(id);
    return true;
  }
}

import type { LostStart } from './lostAnswer';
import type { RunRequest } from './request';

/**
 * Which runs already belong to a start of this step. Starts go out side by side, and requests can be alike in all that the service
 * tells of a run (stages, secrets and resources are not among it), so one whose answer was lost must not take its neighbour's run.
 */
export class Claims {
  private readonly claimed = new Set<number>();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly unsettled = new Set<RunRequest>();

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

  /** A start goes out, or went out before: until it is settled a run that fits it may be its own. */
  sent(request: RunRequest): void {
    this.unsettled.add(request);
  }

  /** The start has its run, or certainly made none. */
  settled(request: RunRequest): void {
    this.unsettled.delete(request);
  }

  /** Other starts that are not settled. Those that are alike in all are none: it does not matter which of them takes which run. */
  private rivals(request: RunRequest): RunRequest[] {
    return [...this.unsettled].filter(
      (other) => other !== request && JSON.stringify(other) !== JSON.stringify(request),
    );
  }

  /** Ids of all runs that are not free, once every other start that is on its way was answered or lost. */
  async taken(): Promise<Set<number>> {
    await Promise.allSettled(this.underWay);
    return new Set([...this.claimed, ...this.own()]);
  }

  /** This start as one whose answer was lost. */
  lostStart(request: RunRequest, sentAt: number): LostStart {
    return { request, sentAt, known: () => this.taken(), rivals: () => this.rivals(request) };
  }

  /** True when the run was free and is claimed now. */
  claim(id: number): boolean {
    if (this.claimed.has(id)) return false;
    this.claimed.add(id);
    return true;
  }
}

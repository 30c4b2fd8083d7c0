/** Requests that were sent to a host, by kind. */
export interface RequestCounts {
  /** Looks at how the registry is asked, one a run. */
  ping: number;
  head: number;
  get: number;
  token: number;
  /** Answers that asked to slow down. */
  throttled: number;
}

/** So many requests at a time. They are HEADs nearly always, which cost a registry next to nothing. */
const AT_ONCE = 10;
/** So many images for which a host only failed, and it is asked no further. */
const MOST_FAILURES = 3;

/** What this run knows of a host: how much it was asked, and whether it may be asked on. */
export class HostState {
  readonly counts: RequestCounts = { ping: 0, head: 0, get: 0, token: 0, throttled: 0 };
  /** Why it is asked nothing more. */
  refused: string | undefined;
  /** Why it is asked for nothing that counts as a pull; HEAD is free. */
  noMorePulls: string | undefined;
  private failures = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly atOnce = AT_ONCE) {}

  /** Runs the work when fewer others run than may at a time. */
  async turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.atOnce) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  failed(reason: string): void {
    if (++this.failures >= MOST_FAILURES) this.refused ??= reason;
  }

  answered(): void {
    this.failures = 0;
  }
}

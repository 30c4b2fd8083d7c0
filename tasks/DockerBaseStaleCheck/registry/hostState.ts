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

type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** What this run knows of a host: how much it was asked, and whether it may be asked on. */
export class HostState {
  readonly counts: RequestCounts = { ping: 0, head: 0, get: 0, token: 0, throttled: 0 };
  /** Why it is asked nothing more. */
  refused: string | undefined;
  /** Why it is asked for nothing that counts as a pull; HEAD is free. */
  noMorePulls: string | undefined;
  /** Runs the work when fewer others run than may at a time. */
  readonly turn: Turn;
  /** The same for tokens: they come from a service of its own, which only some registries have at their own address. */
  readonly tokenTurn: Turn;
  private failures = 0;

  constructor(atOnce = AT_ONCE) {
    this.turn = turnsOf(atOnce);
    this.tokenTurn = turnsOf(atOnce);
  }

  failed(reason: string): void {
    if (++this.failures >= MOST_FAILURES) this.refused ??= reason;
  }

  answered(): void {
    this.failures = 0;
  }
}

function turnsOf(atOnce: number): Turn {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

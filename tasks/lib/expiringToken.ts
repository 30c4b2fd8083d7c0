import type { Secrets } from './secrets';
import type { Credentials } from './transport';
import type { Clock } from './world';

export interface Token {
  value: string;
  /** How long it holds, counted from the time it was asked for. */
  lifetimeMs: number;
}

/** The longest time by which a token is renewed before its end; of a shorter life it is a third. */
const EARLY_MS = 5 * 60_000;

/**
 * A token that is asked for when it is needed and renewed before it ends, so that a wait outlasts any. Callers that need it at the
 * same time share one request. Lives are counted on our own clock from the request on, so a clock that is wrong does no harm.
 */
export class ExpiringToken implements Credentials {
  private current: { header: string; renewAt: number; endsAt: number } | undefined;
  private pending: Promise<string> | undefined;

  constructor(
    private readonly request: () => Promise<Token>,
    private readonly clock: Clock,
    private readonly secrets: Secrets,
  ) {}

  async authorization(): Promise<string> {
    const { current } = this;
    if (current && this.clock.now() < current.renewAt) return current.header;
    try {
      return await this.fresh();
    } catch (error) {
      // Where the sign-in is away for a while, the old token may still do.
      if (current && this.clock.now() < current.endsAt) return current.header;
      throw error;
    }
  }

  /** Gets another token when the refused one is still the newest; a caller that comes later is given what is there by then. */
  async renew(refused: string): Promise<boolean> {
    if (!this.current || this.current.header === refused) {
      this.current = undefined;
      await this.fresh();
    }
    return true;
  }

  private fresh(): Promise<string> {
    this.pending ??= this.get().finally(() => (this.pending = undefined));
    return this.pending;
  }

  private async get(): Promise<string> {
    const askedAt = this.clock.now();
    const { value, lifetimeMs } = await this.request();
    this.secrets.add(value);
    const header = `Bearer ${value}`;
    const endsAt = askedAt + lifetimeMs;
    this.current = { header, endsAt, renewAt: endsAt - Math.min(EARLY_MS, lifetimeMs / 3) };
    return header;
  }
}

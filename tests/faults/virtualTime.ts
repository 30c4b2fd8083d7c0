/** A timer as code that was written for Node expects one. */
export interface VirtualTimer {
  ref(): VirtualTimer;
  unref(): VirtualTimer;
  hasRef(): boolean;
}

interface Entry {
  at: number;
  run: () => void;
  timer: VirtualTimer;
}

/** Turns of the event loop in which nothing happens, before time moves on. */
const CALM_TURNS = 3;
/** Work outside the event loop (packing, files) that nothing tells of is waited for so long, in real milliseconds, before all is over. */
const LAST_PATIENCE_MS = 150;
/** No run needs longer, in real milliseconds: what does hangs. */
const LONGEST_MS = 60_000;

/**
 * Time that stands still while there is something to do and jumps to the next timer when nobody does anything: hours of waiting take
 * milliseconds, and what happens at the same moment in one run does so in every run. Requests over real sockets are what keeps it still, but for
 * those that are told to be `held`: nothing will come for them.
 */
export class VirtualTime {
  /** Milliseconds since 1970. */
  now = Date.parse('2026-11-21T09:00:00Z');
  private entries: Entry[] = [];
  private readonly open = new Set<string>();
  private readonly held = new Set<string>();
  private giveUpAt = Infinity;
  /** Called each time that nobody does anything, before time moves on. */
  onCalm: () => void = () => undefined;

  setTimeout(run: () => void, ms = 0): VirtualTimer {
    const timer: VirtualTimer = { ref: () => timer, unref: () => timer, hasRef: () => true };
    const at = this.now + Math.max(1, Number.isFinite(ms) ? ms : 1);
    const after = this.entries.findIndex((entry) => entry.at > at);
    this.entries.splice(after < 0 ? this.entries.length : after, 0, { at, run, timer });
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.entries = this.entries.filter((entry) => entry.timer !== timer);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.setTimeout(resolve, ms));
  }

  /** A request went out; time stands still until it is closed or held. */
  requestOpened(id: string): void {
    this.open.add(id);
  }

  requestClosed(id: string): void {
    this.open.delete(id);
    this.held.delete(id);
  }

  /** The answer to this request takes time of its own, or never comes. */
  hold(id: string): void {
    this.held.add(id);
  }

  isOpen(id: string): boolean {
    return this.open.has(id);
  }

  /**
   * Lets time run until the promise is settled; gives undefined when it never will be, because nothing is left that could happen, or when it takes
   * longer than so many real milliseconds.
   */
  async runUntil<T>(end: Promise<T>, longestMs = LONGEST_MS): Promise<{ value: T } | undefined> {
    const state = { over: false };
    const settled = () => (state.over = true);
    end.then(settled, settled);
    this.giveUpAt = performance.now() + longestMs;
    for (;;) {
      await this.calm(state);
      if (state.over) return { value: await end };
      if (performance.now() > this.giveUpAt) return undefined;
      if (this.entries.length === 0 && !(await this.lastPatience(state))) return undefined;
      this.onCalm();
      this.moveOn();
    }
  }

  private moveOn(): void {
    const next = this.entries.shift();
    if (!next) return;
    this.now = Math.max(this.now, next.at);
    next.run();
  }

  private async calm(state: { over: boolean }): Promise<void> {
    for (let calm = 0; calm < CALM_TURNS && !state.over && performance.now() < this.giveUpAt;) {
      await new Promise((resolve) => setImmediate(resolve));
      calm = this.isBusy() ? 0 : calm + 1;
    }
  }

  private isBusy(): boolean {
    for (const id of this.open) if (!this.held.has(id)) return true;
    return process.getActiveResourcesInfo().some((kind) => kind.startsWith('FS') || kind === 'FileHandleCloseReq');
  }

  /** True as soon as there is a timer or an end after all. */
  private async lastPatience(state: { over: boolean }): Promise<boolean> {
    const begin = performance.now();
    while (this.entries.length === 0 && !state.over) {
      if (!this.isBusy() && performance.now() - begin > LAST_PATIENCE_MS) return false;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return true;
  }
}

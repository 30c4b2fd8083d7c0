import { harmless } from '../tasks/lib/log';
import type { Secrets } from '../tasks/lib/secrets';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  hasColors?(): boolean;
}

const COLOURS = { error: 31, warning: 33, section: 32, command: 34, debug: 90, group: 1, good: 32 };

type Colour = keyof typeof COLOURS;

/** The log as people read it: no marks of the agent; on a terminal colours, and the progress in a line of its own at the end. */
export class PeopleLog {
  private progress = '';

  constructor(
    private readonly output: Output,
    private readonly secrets: Secrets,
  ) {}

  /** A line of the task; the agent's `##[…]` marks become colours. */
  line(text: string): void {
    const [, mark = '', rest = ''] = /^##\[(\w+)\](.*)$/s.exec(text) ?? [];
    if (mark === 'endgroup') return;
    if (mark === 'error' || mark === 'warning') this.print(`${mark}: ${rest}`, mark);
    else if (mark in COLOURS) this.print(rest, mark as Colour);
    else this.print(text);
  }

  print(text: string, colour?: Colour): void {
    const clean = this.secrets.redact(harmless(text));
    const paints = colour !== undefined && this.output.isTTY && this.output.hasColors?.();
    const painted = paints ? `\u001b[${COLOURS[colour]}m${clean}\u001b[0m` : clean;
    this.output.write(`${this.clear()}${painted}\n${this.progress}`);
  }

  /** Shows how far the task is, where a terminal can show it. */
  setProgress(percent: number, text: string): void {
    if (!this.output.isTTY) return;
    const line = this.secrets.redact(harmless(`${percent}% ${text}`)).replace(/\s+/g, ' ');
    const before = this.clear();
    // Some terminals do not tell their width. A line that fills it could not be taken back.
    const width = this.output.columns ?? 0;
    this.progress = line.slice(0, (width > 1 ? width : 80) - 1);
    this.output.write(before + this.progress);
  }

  endProgress(): void {
    this.output.write(this.clear());
    this.progress = '';
  }

  private clear(): string {
    return this.progress && '\r\u001b[2K';
  }
}

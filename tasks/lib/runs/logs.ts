import type { AzureDevOps, Place } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import type { World } from '../world';
import { title, type Child } from './child';
import type { TimelineRecord } from './wire';

const LOGS: Place = { area: 'build', id: '35a80daf-7f30-45fc-86e8-6b813d9c90df', name: 'logs of a run' };
const TIME_STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

/** How far the log of a step was printed; of one that has ended no more is kept than that it was. */
interface Printed {
  lines: number;
  /** The last one as the service gave it, to find the place again. */
  last: string | undefined;
}

/** Prints the log of each step of a run once, as far as the service has it, each line under the name of its job. */
export class LogPrinter {
  private readonly printed = new Set<string>();
  private readonly begun = new Map<string, Printed>();

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly world: World,
  ) {}

  /** The service publishes most logs when their steps end: those are read once and whole. Of one that grows only what is new is read. */
  async print(child: Child, records: TimelineRecord[]): Promise<void> {
    const jobs = new Map(records.filter(({ type }) => type === 'Job').map(({ id, name }) => [id, name ?? '']));
    const told = records
      .filter(({ type, state, log }) => type === 'Task' && state !== 'pending' && log?.id !== undefined)
      .sort((a, b) => (a.finishTime ?? '').localeCompare(b.finishTime ?? ''));
    for (const { log, parentId, state, name = '' } of told) {
      const key = `${child.id}/${log?.id ?? 0}`;
      if (this.printed.has(key)) continue;
      const lines = await this.readNew(child, log?.id ?? 0);
      if (!lines) continue;
      if (state === 'completed') {
        this.printed.add(key);
        this.begun.delete(key);
      }
      if (!lines.length) continue;
      const job = jobs.get(parentId ?? '') ?? '';
      const place = [title(child), job].filter(Boolean).join(' > ');
      this.world.log.group(
        `${place}: ${name}`,
        lines.map((line) => `${job || child.number} | ${line.replace(TIME_STAMP, '')}`),
      );
    }
  }

  /** The lines since the last time. No source says whether lines are counted from 0 or 1, so the last known one is asked for again. */
  private async readNew(child: Child, logId: number): Promise<string[] | undefined> {
    const key = `${child.id}/${logId}`;
    const before = this.begun.get(key) ?? { lines: 0, last: undefined };
    const lines = await this.read(child, logId, before.lines ? before.lines - 1 : undefined);
    if (!lines) return undefined;
    const known = before.last === undefined ? -1 : lines.slice(0, 2).indexOf(before.last);
    const fresh = lines.slice(known + 1);
    this.begun.set(key, { lines: before.lines + fresh.length, last: fresh.at(-1) ?? before.last });
    return fresh;
  }

  /** The lines, or undefined when they cannot be had now; a refusal is said once by its warning. */
  private async read(child: Child, logId: number, startLine: number | undefined): Promise<string[] | undefined> {
    try {
      const { value } = await this.azureDevOps.call<{ value?: string[] } | undefined>('GET', LOGS, {
        route: { project: child.project, buildId: child.id, logId },
        query: { startLine },
        signal: this.world.signal,
        attempts: 2,
      });
      return (value?.value ?? []).filter((line) => typeof line === 'string');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status < 400 || error.status >= 500) return undefined;
      this.printed.add(`${child.id}/${logId}`);
      this.world.log.warning(`${title(child)}: log ${logId} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }
}

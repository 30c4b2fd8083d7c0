import type { AzureDevOps, Place } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import type { World } from '../world';
import { title, type Child } from './child';
import type { TimelineRecord } from './wire';

const LOGS: Place = { area: 'build', id: '35a80daf-7f30-45fc-86e8-6b813d9c90df', name: 'logs of a run' };
const TIME_STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

/** Prints the log of each step of a run once, when the service has it, each line under the name of its job. */
export class LogPrinter {
  private readonly printed = new Set<string>();

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly world: World,
  ) {}

  /** The service publishes a step's log when the step ends, so each is read once and whole. */
  async print(child: Child, records: TimelineRecord[]): Promise<void> {
    const jobs = new Map(records.filter(({ type }) => type === 'Job').map(({ id, name }) => [id, name ?? '']));
    const ended = records
      .filter(({ type, state, log }) => type === 'Task' && state === 'completed' && log?.id !== undefined)
      .sort((a, b) => (a.finishTime ?? '').localeCompare(b.finishTime ?? ''));
    for (const { log, parentId, name = '' } of ended) {
      const key = `${child.id}/${log?.id ?? 0}`;
      if (this.printed.has(key)) continue;
      const lines = await this.read(child, log?.id ?? 0);
      if (!lines) continue;
      this.printed.add(key);
      const job = jobs.get(parentId ?? '') ?? '';
      const place = [title(child), job].filter(Boolean).join(' > ');
      this.world.log.group(
        `${place}: ${name}`,
        lines.map((line) => `${job || child.number} | ${line.replace(TIME_STAMP, '')}`),
      );
    }
  }

  /** The lines, or undefined when they cannot be had now; a refusal is said once by its warning. */
  private async read(child: Child, logId: number): Promise<string[] | undefined> {
    try {
      const { value } = await this.azureDevOps.call<{ value?: string[] } | undefined>('GET', LOGS, {
        route: { project: child.project, buildId: child.id, logId },
        signal: this.world.signal,
        attempts: 2,
      });
      return value?.value ?? [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status < 400 || error.status >= 500) return undefined;
      this.printed.add(`${child.id}/${logId}`);
      this.world.log.warning(`${title(child)}: log ${logId} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }
}

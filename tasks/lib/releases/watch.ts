import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import { inWords, type ChildResult } from '../verdict';
import { wait } from '../wait';
import type { WaitingInputs } from '../waitingInputs';
import type { World } from '../world';
import { title, type ReleaseChild } from './child';
import { deployStages, turnOf, warnOfUndeployed, type DeploymentNotes } from './deploying';
import { failureLines, tasksOf } from './failures';
import { pendingApprovals, type HeldReport } from './held';
import { attemptOf, isMoving, releaseEnd, type ReleaseEnd } from './releaseEnd';
import { cancelReleases, counted, findRelease } from './stages';
import { RELEASES, type Environment, type Release } from './wire';

export interface ReleaseWatchOptions {
  waiting: WaitingInputs;
  held: HeldReport;
  notes: DeploymentNotes;
  /** Called when something is new: a stage, a result. */
  changed(): void;
}

/** A release with what watching it needs to remember. */
interface Watched {
  child: ReleaseChild;
  since: number;
  /** What held its stages at the last look, in the service's words. */
  held: string;
  /** When the whole of it was read last. */
  readAt: number;
  /** Since when a stage is due that the service does not start. */
  dueSince: number | undefined;
  triesLeft: number;
  /** The list shows that it may have ended; the whole of it is to be read. */
  mayHaveEnded: boolean;
  unknownSaid: boolean;
  logsSaid: Set<string>;
}

const SECOND_MS = 1000;
const WHOLE_A_LOOK = 5;
const WHOLE_EVERY_MS = 60 * SECOND_MS;
/** What nothing holds the service starts within seconds. */
const DUE_IS_OVER_MS = 180 * SECOND_MS;
/** Longest list of ids in one address; servers cut a query at about two thousand characters. */
const IDS_A_REQUEST = 200;

/**
 * Follows releases to their end: one request a look and project, and beside it a few releases as a whole. Deploys the stages that are
 * the step's own to deploy when it is their turn. Sets `environments`, `result` and `reason`.
 */
export class ReleaseWatch {
  private readonly watched: Watched[];

  constructor(
    private readonly releases: AzureDevOps,
    children: ReleaseChild[],
    private readonly options: ReleaseWatchOptions,
    private readonly world: World,
  ) {
    const now = world.clock.now();
    this.watched = children.map((child) => ({
      child,
      ...{ since: now, held: '', readAt: -Infinity, dueSince: undefined, mayHaveEnded: false, unknownSaid: false },
      triesLeft: options.waiting.retryFailedStages,
      logsSaid: new Set<string>(),
    }));
  }

  /** Waits until all ended, or until the time is over, which `onTimeout` then judges. */
  async run(): Promise<void> {
    const { waiting } = this.options;
    const { timedOut } = await wait(
      {
        look: () => this.look(),
        ended: () => this.open().length === 0,
        hurry: () => this.open().some(({ mayHaveEnded }) => mayHaveEnded),
        stillWaiting: () => this.stillWaiting(),
        pauseMs: waiting.pollingIntervalMs,
        deadline: waiting.waitTimeoutMs ? this.world.clock.now() + waiting.waitTimeoutMs : undefined,
      },
      this.world,
    );
    if (!timedOut) return;
    const open = this.open().map(({ child }) => child);
    if (waiting.onTimeout === 'cancel') await cancelReleases(this.releases, open, this.world, counted);
    for (const child of open) {
      child.result = 'timedOut';
      if (child.refusal !== undefined) child.reason = child.refusal;
    }
    this.options.changed();
  }

  private open(): Watched[] {
    return this.watched.filter(({ child }) => !child.result);
  }

  private async look(): Promise<void> {
    const due = this.open().filter(({ mayHaveEnded }) => !mayHaveEnded);
    for (const project of new Set(due.map(({ child }) => child.project))) {
      const group = due.filter(({ child }) => child.project === project);
      for (let at = 0; at < group.length; at += IDS_A_REQUEST)
        await this.lookAt(project, group.slice(at, at + IDS_A_REQUEST));
    }
    await this.readWhole();
  }

  /** https://learn.microsoft.com/rest/api/azure/devops/release/releases/list */
  private async lookAt(project: string, group: Watched[]): Promise<void> {
    const { value } = await this.releases.call<{ value?: Release[] }>('GET', RELEASES, {
      route: { project },
      query: {
        releaseIdFilter: group.map(({ child }) => child.id).join(','),
        $expand: 'environments,approvals',
        $top: group.length,
      },
      signal: this.world.signal,
      attempts: 2,
    });
    const found = new Map((value.value ?? []).map((release) => [release.id, release]));
    for (const one of group) {
      const release = found.get(one.child.id);
      // Not in the list, or without its stages: it is asked for by itself before anything is concluded.
      if (!release?.environments?.length) one.mayHaveEnded = true;
      else {
        const changes = this.note(one, release);
        const end = this.judge(one, release);
        one.mayHaveEnded = end.ended || (changes && !release.environments.some(isMoving)) || this.hasTurn(one, release);
        if (changes && this.options.waiting.waitFor !== 'completion') one.mayHaveEnded = true;
        const held = heldBy(release);
        // A change is worth the reasons for it, but hundreds of releases must not cost a request each.
        if (changes || held !== one.held) one.readAt = Math.min(one.readAt, this.world.clock.now() - WHOLE_EVERY_MS);
        one.held = held;
      }
    }
  }

  /** The end, and what holds a stage, is only read from the whole of a release. */
  private async readWhole(): Promise<void> {
    const now = this.world.clock.now();
    const ended = this.open().filter(({ mayHaveEnded }) => mayHaveEnded);
    const due = this.open()
      .filter((one) => !one.mayHaveEnded && now - one.readAt >= WHOLE_EVERY_MS)
      .sort((a, b) => a.readAt - b.readAt);
    for (const one of [...ended, ...due].slice(0, WHOLE_A_LOOK)) {
      one.readAt = now;
      const release = await findRelease(this.releases, one.child, { signal: this.world.signal, attempts: 2 });
      one.mayHaveEnded = false;
      if (!release) this.finish(one, 'failed', 'it was deleted');
      else await this.proceed(one, release);
    }
  }

  private async proceed(one: Watched, release: Release): Promise<void> {
    const { child } = one;
    this.note(one, release);
    await this.printLogs(one);
    if (await this.deployDue(one, release)) {
      if (child.result) this.finish(one, child.result, child.reason);
      return;
    }
    const hopeless = await this.options.held.look(child);
    if (hopeless) {
      await cancelReleases(this.releases, [child], this.world, counted);
      this.finish(one, 'failed', hopeless);
      return;
    }
    const end = this.judge(one, release);
    if (this.options.waiting.waitFor === 'start' && hasBegun(release, end)) {
      this.finish(one, 'started');
      return;
    }
    if (!end.ended) return;
    if (end.result === 'failed' && (await this.runAgain(one, release, end))) return;
    const lines = end.result === 'failed' || end.result === 'canceled' ? failureLines(child.environments) : [];
    if (lines.length) this.world.log.group(`${title(child)}: what failed`, lines);
    this.finish(one, end.result, end.reason);
  }

  private judge(one: Watched, release: Release): ReleaseEnd {
    const { child } = one;
    const { waitFor } = this.options.waiting;
    const now = this.world.clock.now();
    const stages = typeof waitFor === 'string' ? child.stages : waitFor;
    const end = releaseEnd(release, {
      stages,
      plans: child.plans,
      dueIsOver: one.dueSince !== undefined && now - one.dueSince >= DUE_IS_OVER_MS,
    });
    one.dueSince =
      end.due && !release.environments?.some(isMoving) ? (one.dueSince ?? now) : end.ended ? one.dueSince : undefined;
    const [unknown] = end.unknown;
    if (unknown !== undefined && !one.unknownSaid) {
      one.unknownSaid = true;
      this.world.log.warning(
        `${title(child)} has a stage of status '${unknown}', which this task does not know; it counts as running.`,
      );
    }
    return end;
  }

  /** True when a stage that is the step's own to deploy has its turn. */
  private hasTurn({ child }: Watched, release: Release): boolean {
    return turnOf(child, release).length > 0;
  }

  /** Deploys what has its turn; true when something was. */
  private async deployDue({ child }: Watched, release: Release): Promise<boolean> {
    const due = turnOf(child, release);
    await deployStages(this.releases, child, { environments: due, notes: this.options.notes }, this.world);
    return due.length > 0;
  }

  /** Rejected stages deployed once more, with the artifacts and variables of the first time. */
  private async runAgain(one: Watched, release: Release, end: ReleaseEnd): Promise<boolean> {
    const { child } = one;
    const counted = new Set(
      end.stages.filter(({ status }) => status.toLowerCase() === 'rejected').map(({ name }) => name),
    );
    const rejected = (release.environments ?? []).filter(({ name }) => counted.has(name));
    if (!one.triesLeft || !rejected.length || child.refusal !== undefined) return false;
    one.triesLeft--;
    child.attempt++;
    for (const { name } of rejected)
      this.world.log.info(`${title(child)}: stage ${name} was rejected and is deployed again.`);
    const { notes } = this.options;
    const again = { environments: rejected, notes, proceeds: 'whenBegunByOthers' } as const;
    await deployStages(this.releases, child, again, this.world);
    return true;
  }

  /** Remembers what was seen and says what changed; true when something did. */
  private note(one: Watched, release: Release): boolean {
    const { child } = one;
    const before = new Map(child.environments.map((environment) => [environment.id, environment]));
    const now = release.environments ?? [];
    const changed = now.filter((environment) => isNew(before.get(environment.id), environment));
    // The list may lack what the whole told of attempts.
    child.environments = now.map((environment) => ({ ...before.get(environment.id), ...withoutEmpty(environment) }));
    child.name = release.name ?? child.name;
    if (this.options.waiting.progress !== 'none')
      for (const environment of changed)
        if (environment.status?.toLowerCase() !== 'notstarted')
          this.world.log.info(`${title(child)}: stage ${environment.name} ${statusInWords(environment.status)}.`);
    if (changed.length) this.options.changed();
    return changed.length > 0;
  }

  /** Tasks, and the lines of those that have ended, where they are wanted. */
  private async printLogs({ child, logsSaid }: Watched): Promise<void> {
    const { progress } = this.options.waiting;
    if (progress !== 'jobs' && progress !== 'logs') return;
    for (const environment of child.environments) {
      for (const { job, task } of tasksOf(environment)) {
        const key = `${environment.id}/${attemptOf(environment)}/${task.id}`;
        if (!task.finishTime || logsSaid.has(key)) continue;
        logsSaid.add(key);
        const place = `${environment.name} > ${job} > ${task.name ?? 'task'}`;
        this.world.log.info(`${title(child)}: ${place} ${task.status ?? 'ended'}`);
        if (progress === 'logs' && task.logUrl) await this.printLog(place, task.logUrl);
      }
    }
  }

  private async printLog(place: string, url: string): Promise<void> {
    try {
      const text = await this.releases.readUrl(url, this.world.signal);
      for (const line of text.split(/\r?\n/).filter(Boolean)) this.world.log.info(`[${place}] ${line}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.world.log.debug(`The log of ${place} could not be read: ${messageOf(error)}`);
    }
  }

  private finish({ child }: Watched, result: ChildResult, why?: string): void {
    const reason = child.refusal ?? why;
    child.result = child.refusal === undefined ? result : 'failed';
    if (reason) child.reason = reason;
    if (child.result !== 'failed' && child.result !== 'canceled') warnOfUndeployed(child, 'waitFor', this.world);
    this.world.log.info(`${title(child)} ${inWords(child.result)}${reason ? `: ${reason}` : ''}. ${child.url}`);
    this.options.changed();
  }

  private stillWaiting(): string {
    const open = this.open();
    const names = open.slice(0, 3).map(({ child }) => {
      const moving = child.environments.filter(isMoving).map(({ name }) => name);
      return `${title(child)}${moving.length ? ` (in ${moving.join(', ')})` : ''}`;
    });
    const rest = open.length > names.length ? ` and ${open.length - names.length} more` : '';
    return `Still waiting for ${open.length} of ${this.watched.length}: ${names.join(', ')}${rest}.`;
  }
}

/** True when a job of a stage that counts has begun. */
function hasBegun({ environments = [] }: Release, { stages }: ReleaseEnd): boolean {
  const counted = stages.map(({ name }) => name);
  return environments.some(
    (environment) =>
      counted.includes(environment.name) &&
      (['succeeded', 'partiallysucceeded'].includes(environment.status?.toLowerCase() ?? '') ||
        environment.deploySteps?.at(-1)?.hasStarted === true),
  );
}

function isNew(before: Environment | undefined, now: Environment): boolean {
  if (!before) return now.status?.toLowerCase() !== 'notstarted';
  return before.status !== now.status || attemptOf(now) > attemptOf(before);
}

/** Changes with each approval that is asked for, gate, intervention or queue. */
function heldBy({ environments = [] }: Release): string {
  return environments
    .filter(isMoving)
    .map((one) => [one.id, one.deploySteps?.at(-1)?.operationStatus, ...pendingApprovals(one).map(({ id }) => id)])
    .join(';');
}

function withoutEmpty(environment: Environment): Environment {
  const { deploySteps, conditions, ...rest } = environment;
  return {
    ...rest,
    ...(deploySteps?.length && { deploySteps }),
    ...(conditions && { conditions }),
  };
}

function statusInWords(status = ''): string {
  switch (status.toLowerCase()) {
    // It may wait for an approval or a gate before anything runs.
    case 'inprogress':
      return 'has begun';
    case 'queued':
      return 'is queued';
    case 'scheduled':
      return 'is scheduled';
    case 'partiallysucceeded':
      return 'partially succeeded';
    default:
      return status;
  }
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import type { World } from '../world';
import { title, type Child } from './child';
import { idLists } from './idLists';
import { judgeRun, judgeStages, type WaitFor } from './judge';
import type { Pool } from './pool';
import { progressLines, type Detail } from './progress';
import { failuresOf, readTimeline, stagesOf, type Failure } from './timeline';
import { BUILDS, type Build, type TimelineRecord } from './wire';

export interface WatchOptions {
  /** What is logged of a child while it runs. */
  detail: Detail;
  waitFor: WaitFor;
  /** Called after each timeline, for what else it tells: logs, approvals, why the run does not move. Gives a reason to give it up. */
  observe(child: Child, records: TimelineRecord[]): Promise<string | undefined>;
  /** Asked before a failed child counts as failed; true when its failed stages run again. */
  runAgain(child: Child, records: TimelineRecord[]): Promise<boolean>;
  /** Called when something about a child is new: an id, a result. */
  changed(): void;
}

/** A child with what watching it needs to remember. */
interface Watched {
  child: Child;
  /** When it came under watch. */
  since: number;
  /** When its timeline was read last. */
  timelineAt: number;
  records: TimelineRecord[];
  /** The service calls it completed; its last timeline is still to be read. */
  completed: Build | undefined;
  /** Stages were asked to run again when the run had ended at this time; until it moves, the service still shows the old end. */
  runAgainAfter: { finishTime: string; until: number } | undefined;
  unknownSaid: boolean;
}

const TIMELINES_A_LOOK = 5;
const SECOND_MS = 1000;
/** Later a timeline is read less often: an hour of stages must not cost a request a minute and more. */
const TIMELINE_EVERY_MS = { first: 25 * SECOND_MS, early: 60 * SECOND_MS, late: 90 * SECOND_MS };
const EARLY_MS = 600 * SECOND_MS;
const RERUN_STARTS_WITHIN_MS = 120 * SECOND_MS;

/**
 * Watches runs: one request a look and project, and a few timelines beside it. Sets `progress`, `result` and `reason` of the children
 * and tells the log what changed.
 */
export class RunWatch {
  private readonly watched: Watched[] = [];

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly options: WatchOptions,
    private readonly world: World,
  ) {}

  /** From now on this child is looked at, unless it has ended already. */
  add(child: Child): void {
    if (child.result) return;
    const since = this.world.clock.now();
    const timelineAt = since - TIMELINE_EVERY_MS.early + TIMELINE_EVERY_MS.first;
    this.watched.push({
      child,
      since,
      timelineAt,
      records: [],
      completed: undefined,
      runAgainAfter:
        child.restartedAfter === undefined
          ? undefined
          : { finishTime: child.restartedAfter, until: since + RERUN_STARTS_WITHIN_MS },
      unknownSaid: false,
    });
  }

  /** True while something has ended of which only the timeline is still to be read. */
  hurry(): boolean {
    return this.open().some(({ completed }) => completed);
  }

  async look(): Promise<void> {
    for (const group of groups(this.open().filter(({ completed }) => !completed))) await this.lookAt(group);
    await this.readTimelines();
  }

  private open(): Watched[] {
    return this.watched.filter(({ child }) => !child.result);
  }

  /** One request for all runs of a project, as long as their ids fit into its address. */
  private async lookAt(group: Watched[]): Promise<void> {
    const { value } = await this.azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, {
      route: { project: group[0]?.child.project ?? '' },
      query: { buildIds: group.map(({ child }) => child.id).join(','), $top: group.length },
      signal: this.world.signal,
      attempts: 2,
    });
    const builds = new Map((value.value ?? []).map((build) => [build.id, build]));
    for (const one of group) {
      const build = builds.get(one.child.id) ?? (await this.readMissing(one.child));
      if (build) this.note(one, build);
      else this.finish(one, 'failed', 'it was deleted');
    }
  }

  /** A run that the list does not name any more: asked for by itself, before it counts as deleted. */
  private async readMissing({ project, id }: Child): Promise<Build | undefined> {
    try {
      const { value } = await this.azureDevOps.call<Build | undefined>('GET', BUILDS, {
        route: { project, buildId: id },
        signal: this.world.signal,
        attempts: 2,
      });
      return value?.deleted ? undefined : value;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
      throw error;
    }
  }

  private note(one: Watched, build: Build): void {
    const { child } = one;
    const { log, clock } = this.world;
    const status = build.status ?? '';
    const before = child.progress.status;
    child.number = build.buildNumber ?? child.number;
    child.pipelineId = build.definition?.id ?? child.pipelineId;
    child.branch = build.sourceBranch ?? child.branch;
    child.commit = build.sourceVersion ?? child.commit;
    child.progress = {
      ...child.progress,
      status,
      queueTime: build.queueTime ?? child.progress.queueTime,
      startTime: build.startTime ?? child.progress.startTime,
      finishTime: build.finishTime,
      pool: poolOf(build),
      queuePosition: build.queuePosition,
      demands: demandsOf(build),
    };
    if (status !== before && status === 'inProgress') log.info(`${title(child)} runs.`);
    const judgement = judgeRun(build, []);
    if (judgement.ended) {
      const { runAgainAfter } = one;
      const still = runAgainAfter && runAgainAfter.finishTime === build.finishTime && clock.now() < runAgainAfter.until;
      if (!still) one.completed = build;
      return;
    }
    one.runAgainAfter = undefined;
    if (judgement.unknownStatus && !one.unknownSaid) {
      one.unknownSaid = true;
      log.warning(
        `${title(child)} has the status '${judgement.unknownStatus}', which this task does not know; it counts as running.`,
      );
    }
  }

  /** Timelines of what ended first, then of what runs in rotation; few a look, so that hundreds of children cost no storm. */
  private async readTimelines(): Promise<void> {
    const now = this.world.clock.now();
    const ended = this.open().filter(({ completed }) => completed);
    const due = this.open()
      .filter((one) => !one.completed && now - one.timelineAt >= every(one, now))
      .sort((a, b) => a.timelineAt - b.timelineAt);
    for (const one of [...ended, ...due].slice(0, TIMELINES_A_LOOK)) {
      one.timelineAt = now;
      const before = one.records;
      one.records = (await this.readRecords(one.child)) ?? before;
      one.child.progress.stages = stagesOf(one.records);
      for (const line of progressLines(before, one.records, this.options.detail)) {
        this.world.log.info(`${title(one.child)}: ${line}`);
      }
      const hopeless = await this.options.observe(one.child, one.records);
      if (hopeless) this.finish(one, 'failed', hopeless);
      else if (one.completed) await this.end(one, one.completed);
      else this.releaseEarly(one);
    }
  }

  /** The records, or undefined where this identity may not read them: the run's own result then has to do. */
  private async readRecords(child: Child): Promise<TimelineRecord[] | undefined> {
    try {
      return await readTimeline(this.azureDevOps, child, this.world.signal);
    } catch (error) {
      if (!(error instanceof ApiError) || ![401, 403, 404].includes(error.status)) throw error;
      this.world.log.debug(`${title(child)}: its timeline cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** A completed run with its timeline read: what it counts as, and why; or it runs again. */
  private async end(one: Watched, build: Build): Promise<void> {
    const { child, records } = one;
    const judgement =
      this.options.waitFor === 'completion' || this.options.waitFor === 'start'
        ? judgeRun(build, child.progress.stages, child.stages)
        : judgeStages(child.progress.stages, this.options.waitFor, true);
    if (!judgement.ended) return;
    if (judgement.result === 'failed' && !judgement.reason && (await this.options.runAgain(child, records))) {
      one.completed = undefined;
      one.runAgainAfter = {
        finishTime: build.finishTime ?? '',
        until: this.world.clock.now() + RERUN_STARTS_WITHIN_MS,
      };
      return;
    }
    if (judgement.result === 'failed' || judgement.result === 'canceled') {
      const lines = failuresOf(records, child.url).flatMap(failureLines);
      if (lines.length) this.world.log.group(`${title(child)}: what failed`, lines);
    }
    this.finish(one, judgement.result, judgement.reason);
  }

  /** What is waited for may have come before the run's end: its start, or the end of some stages. */
  private releaseEarly(one: Watched): void {
    const { waitFor } = this.options;
    const { stages } = one.child.progress;
    if (waitFor === 'completion') return;
    if (waitFor === 'start') {
      const begun = one.records.some(
        ({ type, state }) => type === 'Job' && (state === 'inProgress' || state === 'completed'),
      );
      if (begun) this.finish(one, 'started');
      return;
    }
    if (!stages.length) return;
    const judgement = judgeStages(stages, waitFor, false);
    if (judgement.ended) this.finish(one, judgement.result, judgement.reason);
  }

  private finish({ child }: Watched, result: NonNullable<Child['result']>, reason?: string): void {
    child.result = result;
    if (reason) child.reason = reason;
    this.world.log.info(`${title(child)} ${result}${reason ? `: ${reason}` : ''}. ${child.url}`);
    this.options.changed();
  }
}

function poolOf({ queue }: Build): Pool | undefined {
  const { id, name, isHosted } = queue?.pool ?? {};
  return id === undefined ? undefined : { id, name: name ?? queue?.name ?? String(id), hosted: isHosted ?? false };
}

/** Demands stand as texts or as objects, depending on the version of the service. */
function demandsOf({ demands = [] }: Build): string[] {
  return demands.map((demand) =>
    typeof demand === 'string'
      ? demand
      : [demand.name, demand.value && `-equals ${demand.value}`].filter(Boolean).join(' '),
  );
}

function every({ since }: Watched, now: number): number {
  return now - since < EARLY_MS ? TIMELINE_EVERY_MS.early : TIMELINE_EVERY_MS.late;
}

function failureLines({ path, result, errors, more, url }: Failure): string[] {
  const rest = more ? [`  … and ${more} more errors`] : [];
  return [`${path.join(' > ') || 'the run'}: ${result}  ${url}`, ...errors.map((text) => `  ${text}`), ...rest];
}

/** Children by project, in lists whose ids fit into one address. */
function groups(open: Watched[]): Watched[][] {
  const projects = new Set(open.map(({ child }) => child.project));
  return [...projects].flatMap((project) =>
    idLists(
      open.filter(({ child }) => child.project === project),
      ({ child }) => child.id,
    ),
  );
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import { wait } from '../wait';
import type { World } from '../world';
import { title, type Child } from './child';
import { judgeRun } from './judge';
import { progressLines } from './progress';
import { failuresOf, readTimeline, stagesOf, type Failure } from './timeline';
import { BUILDS, type Build, type TimelineRecord } from './wire';

export interface Following {
  children: Child[];
  /** What is logged of a child while it runs. */
  detail: 'none' | 'stages' | 'jobs';
  pauseMs: number;
  deadline: number | undefined;
  /** Called whenever something about a child is new: an id, a result. */
  changed(): void;
}

/** A child with what following it needs to remember. */
interface Followed {
  child: Child;
  timelineAt: number;
  records: TimelineRecord[];
  /** The service calls it completed; its last timeline is still to be read. */
  completed: Build | undefined;
  unknownSaid: boolean;
  /** Its end was logged. */
  told: boolean;
}

const TIMELINES_A_LOOK = 5;
const MINUTE_MS = 60_000;
/** Later a timeline is read less often: an hour of stages must not cost a request a minute and more. */
const TIMELINE_EVERY_MS = { early: MINUTE_MS, late: 90_000 };
const EARLY_MS = 10 * MINUTE_MS;
/** Longest list of ids in one address; servers cut a query at about two thousand characters. */
const LONGEST_IDS = 1700;

/**
 * Follows runs until all have ended or the deadline passed: one request a look and project, and a few timelines beside it. Sets
 * `progress`, `result` and `reason` of the children and tells the log what changed.
 */
export async function followRuns(
  azureDevOps: AzureDevOps,
  following: Following,
  world: World,
): Promise<{ timedOut: boolean }> {
  const begin = world.clock.now();
  const followed = following.children
    .filter(({ result }) => !result)
    .map((child): Followed => ({
      child,
      timelineAt: begin,
      records: [],
      completed: undefined,
      unknownSaid: false,
      told: false,
    }));
  const look = async () => {
    const open = followed.filter(({ child, completed }) => !child.result && !completed);
    await lookAtRuns(azureDevOps, open, world);
    await readTimelines(azureDevOps, followed, { following, begin }, world);
    for (const one of followed) settle(one, following, world);
  };
  return wait(
    {
      look,
      ended: () => followed.every(({ child }) => child.result),
      stillWaiting: () => stillWaiting(following.children),
      pauseMs: following.pauseMs,
      // What has ended waits for nothing but its timeline, of which a look reads only a few.
      hurry: () => followed.some(({ child, completed }) => completed && !child.result),
      deadline: following.deadline,
    },
    world,
  );
}

/** One request for all runs of a project, as long as their ids fit into its address. */
async function lookAtRuns(azureDevOps: AzureDevOps, open: Followed[], world: World): Promise<void> {
  for (const group of groups(open)) {
    const project = group[0]?.child.project ?? '';
    const { value } = await azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, {
      route: { project },
      query: { buildIds: group.map(({ child }) => child.id).join(','), $top: group.length },
      signal: world.signal,
      attempts: 2,
    });
    const builds = new Map((value.value ?? []).map((build) => [build.id, build]));
    for (const one of group) {
      const build = builds.get(one.child.id) ?? (await readMissing(azureDevOps, one.child, world));
      if (build) note(one, build, world);
      else finish(one.child, 'failed', 'it was deleted');
    }
  }
}

/** A run that the list does not name any more: asked for by itself, before it counts as deleted. */
async function readMissing(azureDevOps: AzureDevOps, child: Child, world: World): Promise<Build | undefined> {
  try {
    const route = { project: child.project, buildId: child.id };
    const { value } = await azureDevOps.call<Build | undefined>('GET', BUILDS, {
      route,
      signal: world.signal,
      attempts: 2,
    });
    return value?.deleted ? undefined : value;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
    throw error;
  }
}

function note(one: Followed, build: Build, { log }: World): void {
  const { child } = one;
  const status = build.status ?? '';
  if (status !== child.progress.status) {
    const started = status === 'inProgress' ? 'runs' : status === 'notStarted' ? 'waits for its start' : undefined;
    if (started) log.info(`${title(child)} ${started}.`);
  }
  child.number = build.buildNumber ?? child.number;
  child.branch = build.sourceBranch ?? child.branch;
  child.commit = build.sourceVersion ?? child.commit;
  child.progress = {
    ...child.progress,
    status,
    queueTime: build.queueTime ?? child.progress.queueTime,
    startTime: build.startTime ?? child.progress.startTime,
    finishTime: build.finishTime ?? child.progress.finishTime,
  };
  const judgement = judgeRun(build, []);
  if (judgement.ended) one.completed = build;
  else if (judgement.unknownStatus && !one.unknownSaid) {
    one.unknownSaid = true;
    log.warning(
      `${title(child)} has the status '${judgement.unknownStatus}', which this task does not know; it counts as running.`,
    );
  }
}

/** Timelines of what ended first, then of what runs in rotation; few a look, so that hundreds of children cost no storm. */
async function readTimelines(
  azureDevOps: AzureDevOps,
  followed: Followed[],
  { following, begin }: { following: Following; begin: number },
  world: World,
): Promise<void> {
  const now = world.clock.now();
  const every = now - begin < EARLY_MS ? TIMELINE_EVERY_MS.early : TIMELINE_EVERY_MS.late;
  const ended = followed.filter(({ child, completed }) => completed && !child.result);
  const due = followed
    .filter(
      ({ child, completed, timelineAt }) =>
        !completed && !child.result && following.detail !== 'none' && now - timelineAt >= every,
    )
    .sort((a, b) => a.timelineAt - b.timelineAt);
  for (const one of [...ended, ...due].slice(0, TIMELINES_A_LOOK)) {
    one.timelineAt = now;
    try {
      const records = await readTimeline(azureDevOps, one.child, world.signal);
      for (const line of progressLines(one.records, records, following.detail))
        world.log.info(`${title(one.child)}: ${line}`);
      one.records = records;
      one.child.progress.stages = stagesOf(records);
      if (one.completed) end(one, world);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403 && error.status !== 404))
        throw error;
      world.log.debug(`${title(one.child)}: its timeline cannot be read: ${messageOf(error)}`);
      if (one.completed) end(one, world);
    }
  }
}

/** A completed run with its timeline read: what it counts as, and why. */
function end({ child, completed, records }: Followed, { log }: World): void {
  const judgement = judgeRun(completed ?? {}, child.progress.stages, child.stages);
  if (!judgement.ended) return;
  finish(child, judgement.result, judgement.reason);
  if (child.result === 'failed' || child.result === 'canceled') {
    const lines = failuresOf(records, child.url).flatMap(failureLines);
    if (lines.length) log.group(`${title(child)}: what failed`, lines);
  }
}

function finish(child: Child, result: NonNullable<Child['result']>, reason?: string): void {
  child.result = result;
  if (reason) child.reason = reason;
}

/** Says once how a child ended. */
function settle(one: Followed, following: Following, { log }: World): void {
  const { child } = one;
  if (!child.result || one.told) return;
  one.told = true;
  log.info(`${title(child)} ${child.result}${child.reason ? `: ${child.reason}` : ''}. ${child.url}`);
  following.changed();
}

function failureLines({ path, result, errors, more, url }: Failure): string[] {
  const rest = more ? [`  … and ${more} more errors`] : [];
  return [`${path.join(' > ') || 'the run'}: ${result}  ${url}`, ...errors.map((text) => `  ${text}`), ...rest];
}

function stillWaiting(children: Child[]): string {
  const open = children.filter(({ result }) => !result);
  const names = open.slice(0, 3).map((child) => `${title(child)} (${running(child)})`);
  const rest = open.length > names.length ? ` and ${open.length - names.length} more` : '';
  return `Still waiting for ${open.length} of ${children.length}: ${names.join(', ')}${rest}.`;
}

function running({ progress }: Child): string {
  const stage = progress.stages.find(({ state }) => state === 'running');
  return stage ? `in ${stage.displayName}` : progress.status === 'notStarted' ? 'not started' : 'runs';
}

function groups(open: Followed[]): Followed[][] {
  const all: Followed[][] = [];
  const current = new Map<string, { members: Followed[]; length: number }>();
  for (const one of open) {
    const length = String(one.child.id).length + 1;
    let group = current.get(one.child.project);
    if (!group || group.length + length > LONGEST_IDS) {
      group = { members: [], length: 0 };
      current.set(one.child.project, group);
      all.push(group.members);
    }
    group.members.push(one);
    group.length += length;
  }
  return all;
}

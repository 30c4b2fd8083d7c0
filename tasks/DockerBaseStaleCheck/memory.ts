import { createHash } from 'node:crypto';
import { listed } from '../lib/answerShape';
import type { AzureDevOps } from '../lib/azureDevOps';
import { ApiError } from '../lib/errors';
import type { PlannedRun } from '../lib/runs/plan';
import type { RunRequest } from '../lib/runs/request';
import { isSameRequest, variablesOf } from '../lib/runs/sameRequest';
import { BUILDS, type Build } from '../lib/runs/wire';
import type { TriggeredRun } from './lock/lockFile';

/** So many of a pipeline's newest runs are looked at. */
const LOOK_BACK = 200;
const MARK = 'cascade-base-';

/** Runs of a rebuild pipeline, newest first, each list asked once. */
export class PipelineHistory {
  private readonly lists = new Map<string, Promise<Build[]>>();

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The runs that were started for the same image on the same branch, newest first: with the same parameters and variables.
   * @param ignored names of what changes without a reason to rebuild, as a description does.
   * @param isGroup the request is for one image, the runs are for several: they count where their lists hold it.
   */
  async sameRuns(
    { request }: PlannedRun,
    { ignored, isGroup }: { ignored: ReadonlySet<string>; isGroup: boolean },
  ): Promise<Build[]> {
    const { pipeline, project } = request;
    const branchName = request.branch ?? pipeline.defaultBranch;
    const query = { definitions: pipeline.id, branchName, queryOrder: 'queueTimeDescending', $top: LOOK_BACK };
    const key = JSON.stringify([project, query]);
    const list = this.lists.get(key) ?? this.list(project, query);
    this.lists.set(key, list);
    const counts = (name: string, told: string, wanted: string) =>
      ignored.has(name) || (isGroup && covers(told, wanted));
    const same: Build[] = [];
    for (const build of await list) {
      if (await isSameRequest(this.azureDevOps, asWanted(build, request, counts), request)) same.push(build);
    }
    return same;
  }

  /** What a run came to. */
  async run(project: string, buildId: number): Promise<TriggeredRun> {
    try {
      const route = { project, buildId };
      const { value } = await this.azureDevOps.call<Build>('GET', BUILDS, { route, signal: this.signal });
      return {
        status: value.status === 'completed' ? (isGood(value) ? 'succeeded' : 'failed') : 'running',
        number: value.buildNumber ?? String(buildId),
        commit: value.sourceVersion ?? '',
      };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return { status: 'gone', number: '', commit: '' };
      throw error;
    }
  }

  private async list(project: string, query: Record<string, string | number | undefined>): Promise<Build[]> {
    const call = { route: { project }, query, signal: this.signal };
    const { value } = await this.azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, call);
    return listed(value);
  }
}

/** What the pipeline's own history says of an image that is stale by its base. */
export type Remembered = { verdict: 'stale' } | { verdict: 'fresh' | 'pending' | 'held'; reason: string };

/** What is known of the change that an image would be rebuilt for. */
export interface Change {
  /** When the base was updated, epoch milliseconds; undefined where that is not known. */
  since: number | undefined;
  /** The tag that a run for this very change has; undefined where only a date is known. */
  mark: string | undefined;
  maxFailures: number;
}

/**
 * An image whose pipeline already ran with the same parameters since its base was updated needs no other run; one whose last runs all
 * failed is not started again. Pure.
 */
export function rememberedVerdict(runs: readonly Build[], { since, mark, maxFailures }: Change): Remembered {
  const going = runs.find(({ status }) => status !== 'completed');
  if (going) return { verdict: 'pending', reason: `its rebuild ${numberOf(going)} runs` };
  const [newest] = runs;
  const isFor = ({ tags = [], queueTime = '' }: Build) =>
    // What a run was started for says more than its time: a tag may be moved to an image that was made long before.
    mark !== undefined && tags.some((tag) => tag.startsWith(MARK))
      ? tags.includes(mark)
      : since !== undefined && Date.parse(queueTime) >= since;
  if (newest && isGood(newest) && isFor(newest)) {
    return {
      verdict: 'fresh',
      reason: `run ${numberOf(newest)} rebuilt it since. Should the image still have the old base, its build lacks --pull`,
    };
  }
  const failures = runs.findIndex(isGood);
  const inARow = failures < 0 ? runs.length : failures;
  return newest && inARow >= maxFailures ? { verdict: 'held', reason: held(inARow, newest) } : { verdict: 'stale' };
}

/** The tag of a run for these contents of its bases. Undefined where one of them is not known. */
export function markOf(contents: readonly (string | undefined)[]): string | undefined {
  if (!contents.length || contents.includes(undefined)) return undefined;
  const hash = createHash('sha256').update([...contents].sort().join(' '));
  return `${MARK}${hash.digest('hex').slice(0, 12)}`;
}

type Counts = (name: string, told: string, wanted: string) => boolean;

/** The run with the wanted value wherever its own counts for it. */
function asWanted(build: Build, { parameters, variables }: RunRequest, counts: Counts): Build {
  const replaced = (own: Record<string, unknown>, wanted: Record<string, string>) => {
    const pairs = Object.entries(own).map(([name, told]) => {
      const value = wanted[name];
      return [name, value !== undefined && counts(name, textOf(told), value) ? value : told];
    });
    return Object.fromEntries(pairs) as Record<string, unknown>;
  };
  const values = Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value]));
  return {
    ...build,
    ...(build.templateParameters && { templateParameters: replaced(build.templateParameters, parameters) }),
    ...(build.parameters && { parameters: JSON.stringify(replaced(variablesOf(build), values)) }),
  };
}

/** Whether what a group was given holds what one image would be: in its lists, and among the words of its texts. Pure. */
export function covers(whole: unknown, part: unknown): boolean {
  if (typeof whole === 'string' && typeof part === 'string') {
    const [list, one] = [parsed(whole), parsed(part)];
    if (list !== undefined && one !== undefined) return covers(list, one);
    return ` ${whole} `.includes(` ${part} `);
  }
  if (Array.isArray(whole) && Array.isArray(part)) return part.every((one) => whole.some((item) => covers(item, one)));
  if (!isMap(whole) || !isMap(part)) return whole === part;
  return Object.entries(part).every(([name, value]) => covers(whole[name], value));
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function isGood({ result }: Build): boolean {
  return result === 'succeeded' || result === 'partiallySucceeded';
}

function held(failures: number, newest: Build): string {
  return `its last ${failures} run${failures === 1 ? '' : 's'} failed, the last one was ${numberOf(newest)} ${newest._links?.web?.href ?? ''}. It is started again after one that succeeds, or with a higher maxFailures`;
}

function numberOf({ buildNumber, id }: Build): string {
  return buildNumber ?? String(id);
}

import type { AzureDevOps } from '../lib/azureDevOps';
import { ApiError } from '../lib/errors';
import type { PlannedRun } from '../lib/runs/plan';
import { isSameRequest } from '../lib/runs/sameRequest';
import { BUILDS, type Build } from '../lib/runs/wire';
import type { TriggeredRun } from './lock/lockFile';

/** So many of a pipeline's newest runs are looked at. */
const LOOK_BACK = 200;

/** Runs of a rebuild pipeline, newest first, each list asked once. */
export class PipelineHistory {
  private readonly lists = new Map<string, Promise<Build[]>>();

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly signal: AbortSignal,
  ) {}

  /** The runs that were started with the same parameters and variables on the same branch, newest first. */
  async sameRuns({ request }: PlannedRun): Promise<Build[]> {
    const { pipeline, project } = request;
    const branchName = request.branch ?? pipeline.defaultBranch;
    const query = { definitions: pipeline.id, branchName, queryOrder: 'queueTimeDescending', $top: LOOK_BACK };
    const key = JSON.stringify([project, query]);
    const list = this.lists.get(key) ?? this.list(project, query);
    this.lists.set(key, list);
    const same: Build[] = [];
    for (const build of await list) if (await isSameRequest(this.azureDevOps, build, request)) same.push(build);
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
    return value.value ?? [];
  }
}

/** What the pipeline's own history says of an image that is stale by its base. */
export type Remembered = { verdict: 'stale' } | { verdict: 'fresh' | 'pending' | 'held'; reason: string };

/**
 * An image whose pipeline already ran with the same parameters since its base was updated needs no other run; one whose last runs all
 * failed is not started again. Pure.
 * @param since when the base was updated, epoch milliseconds; undefined where that is not known, and then no earlier run does.
 */
export function rememberedVerdict(
  runs: readonly Build[],
  { since, maxFailures }: { since: number | undefined; maxFailures: number },
): Remembered {
  const going = runs.find(({ status }) => status !== 'completed');
  if (going) return { verdict: 'pending', reason: `its rebuild ${numberOf(going)} runs` };
  const [newest] = runs;
  const queued = Date.parse(newest?.queueTime ?? '');
  if (newest && isGood(newest) && since !== undefined && queued >= since) {
    return {
      verdict: 'fresh',
      reason: `run ${numberOf(newest)} rebuilt it since. Should the image still have the old base, its build lacks --pull`,
    };
  }
  const failures = runs.findIndex(isGood);
  const inARow = failures < 0 ? runs.length : failures;
  return newest && inARow >= maxFailures ? { verdict: 'held', reason: held(inARow, newest) } : { verdict: 'stale' };
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

import { listed } from '../answerShape';
import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf } from '../errors';
import type { World } from '../world';
import { cancelRuns } from './cancel';
import type { Child } from './child';
import type { PlannedRun } from './plan';
import type { RunRequest } from './request';
import { isSameRequest } from './sameRequest';
import { readExpandedYaml } from './rootYaml';
import { previewRun } from './selectStages';
import { webUrl } from './start';
import { readTimeline, stagesOf } from './timeline';
import { BUILDS, type Build } from './wire';

export type IfRunning = 'start' | 'skip' | 'join' | 'cancel' | 'queue';
export type LastResult = 'succeeded' | 'partiallySucceeded' | 'failed' | 'canceled' | 'notRunning';

/** What has to hold before a run is started. */
export interface Conditions {
  ifRunning: IfRunning;
  ifBuilt: 'start' | 'reuse';
  onlyIf: { pipelineId: number; name: string; project: string; results: LastResult[] }[];
}

/** What the conditions make of a run that is due. */
export type Decision =
  | { what: 'start' }
  /** Asked again at the next look: others have to end first. */
  | { what: 'hold'; reason: string }
  | { what: 'skip'; reason: string }
  /** An existing run does instead; it may still run. */
  | { what: 'take'; build: Build; reason: string };

const UNFINISHED = 'inProgress,notStarted,postponed,cancelling';
const LOOK_BACK = 100;

/**
 * Holds the conditions of one step against what the service has. Answers of one turn are remembered, so that hundreds of items of one
 * pipeline cost one request.
 */
export class ConditionCheck {
  private readonly canceled = new Set<number>();
  private memory = new Map<string, Promise<Build[]>>();

  /** @param own ids that never count: runs of this step, and the parent itself. */
  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly conditions: Conditions,
    private readonly own: () => Set<number>,
    private readonly world: World,
  ) {}

  /** A new turn: what was asked before may have changed. */
  forget(): void {
    this.memory = new Map();
  }

  async decide({ request, asked }: PlannedRun): Promise<Decision> {
    const unmet = await this.unmet(request);
    if (unmet) return { what: 'skip', reason: unmet };
    const built = this.conditions.ifBuilt === 'reuse' ? await this.built(request, asked) : undefined;
    if (built) return { what: 'take', build: built, reason: 'that commit already has this successful run' };
    const { ifRunning } = this.conditions;
    if (ifRunning === 'start') return { what: 'start' };
    const running = await this.running(request);
    const [newest] = running;
    if (!newest) return { what: 'start' };
    const names = running.map((build) => build.buildNumber ?? build.id).join(', ');
    switch (ifRunning) {
      case 'skip':
        return { what: 'skip', reason: `${names} of the same pipeline, branch and parameters still runs` };
      case 'join':
        return await this.join(running, request, asked);
      case 'queue':
        return { what: 'hold', reason: `waits until ${names} has ended` };
      case 'cancel':
        await this.cancel(request, running);
        return { what: 'hold', reason: `waits until ${names} is canceled` };
    }
  }

  /** Why the last runs do not allow a start, or undefined. */
  private async unmet({ branch, pipeline }: RunRequest): Promise<string | undefined> {
    for (const { pipelineId, name, project, results } of this.conditions.onlyIf) {
      const on = branch ?? pipeline.defaultBranch;
      const query = { definitions: pipelineId, branchName: on };
      const going = await this.builds(project, { ...query, statusFilter: UNFINISHED });
      if (going.some(({ id }) => !this.own().has(id)))
        return `a run of '${name}' on ${on ?? 'its branch'} has not ended`;
      const wanted = results.filter((result) => result !== 'notRunning');
      if (!wanted.length) continue;
      const ended = await this.builds(project, {
        ...query,
        statusFilter: 'completed',
        queryOrder: 'finishTimeDescending',
        $top: 1,
      });
      const last = ended[0]?.result ?? 'none';
      if (!wanted.some((result) => result === last)) {
        return `the last run of '${name}' on ${on ?? 'its branch'} is '${last}', wanted is ${wanted.join(' or ')}`;
      }
    }
    return undefined;
  }

  /** Unfinished runs that were started with the same branch, commit, parameters and variables. */
  private async running(request: RunRequest): Promise<Build[]> {
    const branch = request.branch ?? request.pipeline.defaultBranch;
    const query = { definitions: request.pipeline.id, branchName: branch, statusFilter: UNFINISHED, $top: LOOK_BACK };
    const builds = await this.builds(request.project, query);
    return await this.same(builds, request);
  }

  private async built(request: RunRequest, asked: string[]): Promise<Build | undefined> {
    const commit = request.commit ?? (await this.head(request));
    if (!commit) return undefined;
    const builds = await this.builds(request.project, {
      definitions: request.pipeline.id,
      branchName: request.branch ?? request.pipeline.defaultBranch,
      statusFilter: 'completed',
      resultFilter: 'succeeded',
      queryOrder: 'finishTimeDescending',
      $top: LOOK_BACK,
    });
    const ofCommit = builds.filter((build) => build.sourceVersion?.toLowerCase() === commit.toLowerCase());
    for (const build of await this.same(ofCommit, request))
      if ((await this.doesAll(build, request, asked)) !== false) return build;
    return undefined;
  }

  /** The newest that does all that is asked for; of one that is just being prepared the stages are not known yet. */
  private async join(running: Build[], request: RunRequest, asked: string[]): Promise<Decision> {
    for (const build of running) {
      const does = await this.doesAll(build, request, asked);
      if (does) return { what: 'take', build, reason: 'it runs already' };
      if (does === undefined)
        return { what: 'hold', reason: `waits until ${build.buildNumber ?? build.id} says which stages it runs` };
    }
    return { what: 'start' };
  }

  /**
   * False for a run that leaves out a stage of which no condition in the YAML says so: somebody chose its stages, and it does not do
   * for a run of all of them. Undefined while the run has no timeline.
   */
  private async doesAll(build: Build, request: RunRequest, asked: string[]): Promise<boolean | undefined> {
    const { signal, log } = this.world;
    if (!request.pipeline.yaml) return true;
    try {
      const records = await readTimeline(this.azureDevOps, { project: request.project, id: build.id }, signal);
      if (!records.length) return undefined;
      const stages = stagesOf(records);
      const missed = stages.filter(({ name, result }) => result === 'skipped' && !request.stagesToSkip.includes(name));
      if (!missed.length) return true;
      if (missed.some(({ name }) => asked.includes(name))) return false;
      const declared = (await readExpandedYaml(await previewRun(this.azureDevOps, request, signal))).stages;
      return missed.every(({ name }) => declared.some((stage) => stage.name === name && stage.conditional));
    } catch (error) {
      // Beside one that runs another is not started on a guess.
      if (!(error instanceof ApiError) || build.status !== 'completed') throw error;
      log.debug(`The stages of ${build.buildNumber ?? build.id} cannot be read: ${messageOf(error)}`);
      return false;
    }
  }

  private async same(builds: Build[], request: RunRequest): Promise<Build[]> {
    const fitting: Build[] = [];
    for (const build of builds) {
      if (!this.own().has(build.id) && (await isSameRequest(this.azureDevOps, build, request))) fitting.push(build);
    }
    return fitting;
  }

  /** The newest commit of the branch, where this identity may read the repository. */
  private async head({ pipeline, project, branch = pipeline.defaultBranch }: RunRequest): Promise<string | undefined> {
    const path = `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(pipeline.repository.id)}/refs`;
    try {
      if (pipeline.repository.type !== 'TfsGit' || !branch) throw new Error('it is not in Azure Repos');
      const { value } = await this.azureDevOps.rest<{ value?: { name?: string; objectId?: string }[] }>('GET', path, {
        query: { filter: branch.replace(/^refs\//, '') },
        signal: this.world.signal,
      });
      return value.value?.find(({ name }) => name === branch)?.objectId;
    } catch (error) {
      this.world.log.warning(
        `ifBuilt: the newest commit of ${branch ?? 'the branch'} cannot be read (${messageOf(error)}), so '${pipeline.name}' is started. Give 'commit' to compare with.`,
      );
      return undefined;
    }
  }

  private async cancel(request: RunRequest, builds: Build[]): Promise<void> {
    const due = builds.filter(({ id }) => !this.canceled.has(id));
    for (const { id } of due) this.canceled.add(id);
    const children = due.map((build): Child => ({
      organization: this.azureDevOps.account.url,
      project: request.project,
      id: build.id,
      name: request.pipeline.name,
      number: build.buildNumber ?? String(build.id),
      url: build._links?.web?.href ?? webUrl(this.azureDevOps, request.project, build.id),
      item: '',
      attempt: 1,
      branch: build.sourceBranch ?? '',
      commit: build.sourceVersion ?? '',
      stages: [],
      given: [],
      progress: { status: build.status ?? '', stages: [] },
    }));
    await cancelRuns(this.azureDevOps, children, this.world.log);
  }

  private builds(project: string, query: Record<string, string | number | undefined>): Promise<Build[]> {
    const key = JSON.stringify([project, query]);
    const known = this.memory.get(key) ?? this.ask(project, query);
    this.memory.set(key, known);
    return known;
  }

  private async ask(project: string, query: Record<string, string | number | undefined>): Promise<Build[]> {
    const call = { route: { project }, query, signal: this.world.signal };
    const { value } = await this.azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, call);
    return listed(value);
  }
}

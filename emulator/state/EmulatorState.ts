import { approvalsOf, vote, type Approval } from './approvals';
import type { CheckConfiguration } from './checks';
import type { Clock } from './clock';
import { systemClock } from './clock';
import { guidOf, isGuid } from './ids';
import { person, type Access, type Identity } from './identity';
import { pipelineFrom, yamlFor, type NewPipeline, type Pipeline, type QueueStatus } from './pipelines';
import type { Lease } from './leases';
import type { AgentSession, AgentToken } from './agentSessions';
import type { ParallelJobs } from './poolJobs';
import { newAgent, type NewAgent, type Pool, type Queue } from './pools';
import { placed } from './placement';
import type { Project } from './projects';
import { prepare, type QueueRequest } from './queueing';
import { Refusal } from './refusal';
import { ReleaseArea } from './ReleaseArea';
import type { PullRequest } from './pullRequests';
import { commit, newRepository, shortName, type Commit, type Repository } from './repositories';
import { resourceRuns } from './resourceRuns';
import { progressOf, runFrom, viewOf, type Run, type RunView } from './runs';
import type { ArtifactScript, AttachmentScript } from './script';
import { newServiceConnection, type ServiceConnection } from './serviceConnections';

export type { NewPipeline } from './pipelines';

export interface NewRun extends QueueRequest {
  reason?: string;
  requestedFor?: Identity;
  tags?: string[];
  queueId?: number;
}

export interface StateOptions {
  clock?: Clock;
  organization?: string;
}

/** What an organization knows: pure data and the rules that move it on the given clock. Knows nothing of HTTP. */
export class EmulatorState {
  readonly clock: Clock;
  readonly organization: string;
  readonly projects: Project[] = [];
  readonly repositories: Repository[] = [];
  readonly pullRequests: PullRequest[] = [];
  readonly pipelines: Pipeline[] = [];
  readonly runs: Run[] = [];
  readonly pools: Pool[] = [];
  readonly queues: Queue[] = [];
  readonly serviceConnections: ServiceConnection[] = [];
  /** Resources that pipelines may use: `type/id` → ids of pipelines, or 'all'. */
  readonly permits = new Map<string, { pipelines: Set<number>; all: boolean }>();
  readonly leases: Lease[] = [];
  readonly releaseArea = new ReleaseArea(this);
  /** Checks that protect resources, as the checks area lists them; what holds a stage up is in the scripts. */
  readonly checkConfigurations: CheckConfiguration[] = [];
  /** What the organization has bought; undefined: the service does not tell. */
  parallelJobs: ParallelJobs | undefined;
  /** Agents that are signed in, and what their login gave them. */
  readonly agentSessions: AgentSession[] = [];
  readonly agentTokens: AgentToken[] = [];
  sessionsMade = 0;
  /** As whom things are done that no request did. */
  readonly owner: Identity = person('Dana Reyes');
  private nextRunId = 1001;
  private nextPipelineId = 11;

  constructor(options: StateOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.organization = options.organization ?? 'contoso';
    this.pools.push(
      { id: 1, name: 'Default', isHosted: false, agents: [] },
      { id: 9, name: 'Azure Pipelines', isHosted: true, agents: [] },
    );
    for (const name of ['build-1', 'build-2']) this.addAgent('Default', { name });
  }

  get now(): number {
    return this.clock.now();
  }

  addProject(name: string, options: { id?: string; description?: string } = {}): Project {
    const id = options.id ?? guidOf(`${this.organization}/project/${name.toLowerCase()}`);
    const project = {
      id,
      name,
      description: options.description ?? '',
      lastUpdateTime: this.now,
      limitsSettableVariables: true,
    };
    this.projects.push(project);
    for (const pool of this.pools) {
      this.queues.push({ id: this.queues.length + 1, name: pool.name, projectId: project.id, pool });
    }
    return project;
  }

  /** A project by name or id, without regard to case. */
  findProject(nameOrId: string): Project | undefined {
    const wanted = nameOrId.toLowerCase();
    return this.projects.find(
      (project) => project.id.toLowerCase() === wanted || project.name.toLowerCase() === wanted,
    );
  }

  addRepository(project: Project, name: string): Repository {
    const found = this.findRepository(project, name);
    if (found) return found;
    const repository = newRepository(project, name, this.now);
    this.repositories.push(repository);
    return repository;
  }

  findRepository(project: Project | undefined, nameOrId: string): Repository | undefined {
    const wanted = nameOrId.toLowerCase();
    return this.repositories.find(
      (repository) =>
        repository.id === wanted ||
        (repository.name.toLowerCase() === wanted && (!project || repository.project === project)),
    );
  }

  /** Commits files to a branch of the repository of a pipeline (or to a repository) and gives the commit. */
  addCommit(where: Pipeline | Repository, branch: string, files: Record<string, string | undefined> = {}): Commit {
    const repository = 'repository' in where ? where.repository : where;
    return commit(repository, { branch: shortName(branch), files, at: this.now });
  }

  /** Branches of a pipeline's repository with their head commits; what is put in here exists. */
  branches(pipeline: Pipeline): Record<string, string> {
    return pipeline.repository.branches;
  }

  tags(pipeline: Pipeline): Record<string, string> {
    return pipeline.repository.tags;
  }

  addPipeline(options: NewPipeline): Pipeline {
    const project = this.projectFor(options.project);
    const kind = options.kind ?? 'yaml';
    const repository = this.addRepository(project, options.repository ?? project.name);
    const id = options.id ?? this.nextPipelineId;
    this.nextPipelineId = Math.max(this.nextPipelineId, id) + 1;
    const yamlFile = `/${(options.yamlFile ?? `pipelines/${options.name}.yml`).replace(/^\//, '')}`;
    const branch = shortName(options.defaultBranch ?? repository.defaultBranch);
    if (kind === 'yaml') {
      commit(repository, {
        branch,
        files: { [yamlFile]: options.yaml ?? yamlFor(options) },
        comment: `Add ${options.name}`,
        at: this.now,
      });
    }
    const queueId = this.queueNamed(project, options.queue ?? 'Azure Pipelines').id;
    const pipeline = pipelineFrom(options, {
      id,
      project,
      repository,
      yamlFile,
      branch,
      queueId,
      at: this.now,
      owner: this.owner,
    });
    this.pipelines.push(pipeline);
    return pipeline;
  }

  /** A connection of the first project, or of the named one, for which jobs get tokens. */
  addServiceConnection(
    options: Partial<Omit<ServiceConnection, 'project'>> & { name: string; project?: string },
  ): ServiceConnection {
    const { project, ...rest } = options;
    const connection = newServiceConnection(this.projectFor(project), rest);
    this.serviceConnections.push(connection);
    return connection;
  }

  findPipeline(id: number, project?: Project): Pipeline | undefined {
    return this.pipelines.find(
      (pipeline) => pipeline.id === id && !pipeline.deleted && (!project || pipeline.project === project),
    );
  }

  addAgent(poolName: string, agent: NewAgent): void {
    const pool = this.pools.find((candidate) => candidate.name === poolName);
    pool?.agents.push(newAgent(pool, agent, this.now));
  }

  addPool(name: string, agents: NewAgent[] = []): Pool {
    const pool: Pool = { id: 10 + this.pools.length, name, isHosted: false, agents: [] };
    this.pools.push(pool);
    for (const agent of agents) this.addAgent(name, agent);
    for (const project of this.projects)
      this.queues.push({ id: this.queues.length + 1, name, projectId: project.id, pool });
    return pool;
  }

  /** Queues a run as the service would; throws a Refusal with its reasons. */
  queue(pipeline: Pipeline, request: NewRun = {}, by?: Identity): Run {
    if (pipeline.queueStatus === 'disabled') {
      throw new Refusal(
        400,
        'DefinitionDisabledException',
        `The build pipeline ${pipeline.name} (ID ${pipeline.id}) is disabled.`,
      );
    }
    const { sources, ...prepared } = prepare(pipeline, request);
    const demands = [...pipeline.demands, ...(request.demands ?? [])];
    const placedIn = { ...pipeline, queueId: request.queueId ?? pipeline.queueId };
    const run = runFrom({
      ...prepared,
      id: this.nextRunId++,
      organization: this.organization,
      pipeline,
      number: this.nextNumber(pipeline),
      queueTime: this.now,
      stages: placed(prepared.stages, placedIn, this.queues, demands),
      resources: {
        ...prepared.resources,
        pipelines: resourceRuns(prepared.resources.pipelines, sources, this),
      },
      variables: request.variables ?? {},
      reason: request.reason ?? 'manual',
      requestedBy: by ?? this.owner,
      requestedFor: request.requestedFor ?? by ?? this.owner,
      tags: request.tags ?? [],
      demands,
      queueId: placedIn.queueId,
    });
    this.runs.push(run);
    for (const [key, { pipelines, all }] of this.permits) {
      if (all || pipelines.has(pipeline.id)) run.events.push(permitEvent(key, 0));
    }
    return run;
  }

  findRun(id: number, project?: Project): Run | undefined {
    return this.runs.find(
      (run) => run.id === id && run.deletedAt === undefined && (!project || run.pipeline.project === project),
    );
  }

  /** The run as it is now. */
  look(run: Run): RunView {
    return viewOf(run, this.now);
  }

  /** Asks a run to cancel, or one stage of it; a run that has ended stays as it is. */
  cancel(run: Run, stage?: string): void {
    if (this.look(run).status === 'completed') return;
    run.events.push(
      stage === undefined ? { kind: 'cancel', at: this.now } : { kind: 'cancelStage', at: this.now, stage },
    );
  }

  /** Runs failed and canceled stages again, or only those named; throws a Refusal where there is nothing to run again. */
  retry(run: Run, options: { stages?: string[]; allJobs?: boolean; dependents?: boolean } = {}): void {
    const ended = progressOf(run)
      .stages.flatMap((attempts) => attempts.slice(-1))
      .filter((span) => span.finishAt <= this.now);
    const stages = ended
      .filter((span) => options.stages?.includes(span.plan.name) ?? true)
      .filter((span) => options.allJobs === true || ['failed', 'canceled'].includes(span.result))
      .map((span) => span.plan.name);
    if (stages.length === 0) {
      throw new Refusal(409, 'InvalidOperationException', `The run ${run.number} has no stage that can be retried.`);
    }
    run.events.push({
      kind: 'retry',
      at: this.now,
      stages,
      allJobs: options.allJobs ?? false,
      dependents: options.dependents ?? true,
    });
  }

  /** Starts a stage that only a person starts. */
  runStage(run: Run, stage: string): void {
    run.events.push({ kind: 'runStage', at: this.now, stage });
  }

  /** Lets pipelines use a resource from now on, and runs that wait for that permission go on. */
  permit(resourceType: string, resourceId: string, pipelineIds: number[] | 'all'): void {
    const key = `${resourceType.toLowerCase()}/${resourceId}`;
    const known = this.permits.get(key) ?? { pipelines: new Set<number>(), all: false };
    if (pipelineIds === 'all') known.all = true;
    else for (const id of pipelineIds) known.pipelines.add(id);
    this.permits.set(key, known);
    for (const run of this.runs) {
      if (known.all || known.pipelines.has(run.pipeline.id)) run.events.push(permitEvent(key, this.now));
    }
  }

  /** Pauses, disables or enables a pipeline; runs that waited start when it is enabled. */
  setQueueStatus(pipeline: Pipeline, queueStatus: QueueStatus): void {
    pipeline.queueStatus = queueStatus;
    if (queueStatus !== 'enabled') return;
    for (const run of this.runs) if (run.pipeline === pipeline && run.held) run.releasedAt ??= this.now;
  }

  /** Puts an artifact into a run by hand. */
  addArtifact(run: Run, artifact: ArtifactScript): void {
    run.artifacts.push(artifact);
  }

  /** Puts an attachment into a run, in place of one of the same type, name and record. */
  addAttachment(run: Run, attachment: AttachmentScript): void {
    run.attachments = run.attachments.filter(
      ({ type, name, recordId }) =>
        type !== attachment.type || name !== attachment.name || recordId !== attachment.recordId,
    );
    run.attachments.push(attachment);
  }

  /** Approvals of all runs that have been asked for so far. */
  approvals(): Approval[] {
    return approvalsOf(this.runs, this.now);
  }

  /** Gives a vote on an approval as somebody; as one of its approvers where nobody is named. */
  approve(
    approvalId: string,
    options: { status?: 'approved' | 'rejected'; comment?: string; as?: Identity } = {},
  ): void {
    const approval = this.approvals().find(({ check }) => check.id === approvalId);
    if (!approval) throw new Error(`There is no approval ${approvalId}`);
    const { approvers } = approval.check.script;
    const next = approvers.find((name) => !approval.check.votes.some((vote) => vote.by === name));
    const identity = options.as ?? person(next ?? approvers[0] ?? this.owner.displayName);
    const answer = { status: options.status ?? 'approved', comment: options.comment ?? '' };
    vote(approval, answer, { identity, denied: [] }, this.now);
  }

  deleteRun(run: Run): void {
    run.deletedAt = this.now;
  }

  queueNamed(project: Project, nameOrId: string): Queue {
    const wanted = nameOrId.toLowerCase();
    const queue = this.queues.find(
      (candidate) =>
        candidate.projectId === project.id &&
        (candidate.name.toLowerCase() === wanted || String(candidate.id) === wanted),
    );
    if (!queue) throw new Error(`The project ${project.name} has no queue ${nameOrId}`);
    return queue;
  }

  /** Access of somebody who may do everything. */
  fullAccess(): Access {
    return { identity: this.owner, denied: [] };
  }

  private projectFor(nameOrId: string | undefined): Project {
    const found = nameOrId === undefined ? this.projects[0] : this.findProject(nameOrId);
    if (found) return found;
    if (nameOrId !== undefined && isGuid(nameOrId)) throw new Error(`No project has the id ${nameOrId}`);
    return this.addProject(nameOrId ?? 'Fabrikam');
  }

  /** `20261121.3`: the day and how many runs of the pipeline it already had. */
  private nextNumber(pipeline: Pipeline): string {
    const day = new Date(this.now).toISOString().slice(0, 10).replaceAll('-', '');
    const before = this.runs.filter((run) => run.pipeline === pipeline && run.number.startsWith(`${day}.`));
    return `${day}.${before.length + 1}`;
  }
}

function permitEvent(key: string, at: number): Run['events'][number] {
  const slash = key.indexOf('/');
  return { kind: 'permit', at, resourceType: key.slice(0, slash), resourceId: key.slice(slash + 1) };
}

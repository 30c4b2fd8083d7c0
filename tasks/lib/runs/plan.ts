import type { AzureDevOps } from '../azureDevOps';
import { UserError } from '../errors';
import { NOTHING, repositoriesFor, type Inheritance } from './inherit';
import { findPipeline, type Pipeline } from './pipeline';
import { findQueue } from './queue';
import type { Variable } from '../variables';
import { fullReference, needsRunsApi, type Resources, type RunRequest } from './request';
import { readDeclaredParameters, readExpandedYaml, type ExpandedYaml } from './rootYaml';
import { checkAwaited, previewRun, selectStages } from './selectStages';

/** One run as the author asks for it; nothing of it was looked up yet. */
export interface WantedRun {
  /** Key of the item of a list; empty for a single run. */
  item: string;
  project: string;
  pipeline: string;
  branch: string | undefined;
  commit: string | undefined;
  parameters: Record<string, string>;
  variables: Record<string, Variable>;
  stages: string[];
  stagesToSkip: string[];
  /** Stages that are waited for, by any name: they have to be among those that run. */
  awaited?: string[];
  resources: Resources;
  queue: string | undefined;
  demands: { name: string; value?: string }[];
  tags: string[];
  requestedFor: string | undefined;
}

/** A run of which everything was looked up. */
export interface PlannedRun {
  item: string;
  request: RunRequest;
  /** Stages that were asked for, by reference name. */
  asked: string[];
}

/**
 * Looks up what runs were asked for: pipelines, stages, resources, queues, each once however often it is named. Throws `UserError` for
 * what is wrong, before anything starts.
 */
export class Planner {
  private readonly pipelines = new Map<string, Promise<Pipeline>>();
  private readonly previews = new Map<string, Promise<ExpandedYaml>>();
  private readonly queues = new Map<string, Promise<number>>();

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly signal: AbortSignal,
    private readonly inheritance: Inheritance = NOTHING,
  ) {}

  async plan(wanted: WantedRun): Promise<PlannedRun> {
    const { item, project, branch, commit, parameters, variables, resources, demands, tags, requestedFor } = wanted;
    const { awaited = [] } = wanted;
    const pipeline = await remembered(this.pipelines, `${project}\n${wanted.pipeline}`, () =>
      findPipeline(this.azureDevOps, project, wanted.pipeline, { signal: this.signal }),
    );
    const request: RunRequest = {
      ...{ pipeline, project, commit, parameters, variables, resources, demands, tags, requestedFor },
      branch: branch === undefined ? undefined : fullReference(branch),
      branchMayBeTag: branch !== undefined && !branch.startsWith('refs/'),
      stagesToSkip: [],
      queueId: undefined,
    };
    checkKind(wanted, request);
    if (wanted.queue !== undefined) request.queueId = await this.queue(project, wanted.queue);
    await this.inheritValues(request);
    const selects = wanted.stages.length > 0 || wanted.stagesToSkip.length > 0;
    const inheritsResources =
      Object.keys(this.inheritance.repositories).length + Object.keys(this.inheritance.pipelines).length > 0;
    if (!selects && !inheritsResources && !Object.keys(resources).length && !awaited.length)
      return { item, request, asked: [] };
    const expanded = await this.expand(request);
    checkResources(resources, expanded, pipeline);
    this.inheritResources(request, expanded);
    const selection = selects ? selectStages(expanded.stages, wanted, pipeline.name) : undefined;
    checkAwaited(awaited, { declared: expanded.stages, skip: selection?.skip ?? [] }, pipeline.name);
    if (!selection) return { item, request, asked: [] };
    const { run, skip } = selection;
    return { item, request: { ...request, stagesToSkip: skip }, asked: wanted.stages.length ? run : [] };
  }

  /** Parameters of the same names and variables of the parent, under what was given explicitly. */
  private async inheritValues(request: RunRequest): Promise<void> {
    const { parameters, variables } = this.inheritance;
    request.variables = { ...variables, ...request.variables };
    if (!request.pipeline.yaml || !Object.keys(parameters).length) return;
    const declared = await readDeclaredParameters(this.azureDevOps, request);
    const fitting = Object.entries(parameters).filter(
      ([name]) => !declared || declared.some((one) => one.name === name),
    );
    request.parameters = { ...Object.fromEntries(fitting), ...request.parameters };
  }

  /** Commits and runs of the parent for the aliases that this pipeline declares too, under what was given explicitly. */
  private inheritResources(request: RunRequest, { aliases }: ExpandedYaml): void {
    const { self, ...repositories } = repositoriesFor(this.inheritance, request.pipeline, aliases.repositories);
    request.branch ??= self?.refName;
    request.commit ??= self?.version;
    const pipelines = Object.fromEntries(
      Object.entries(this.inheritance.pipelines).filter(([alias]) => aliases.pipelines.includes(alias)),
    );
    const merged = {
      repositories: { ...repositories, ...request.resources.repositories },
      pipelines: { ...pipelines, ...request.resources.pipelines },
    };
    request.resources = {
      ...request.resources,
      ...(Object.keys(merged.repositories).length && { repositories: merged.repositories }),
      ...(Object.keys(merged.pipelines).length && { pipelines: merged.pipelines }),
    };
  }

  /** What the service makes of the YAML for these parameters; asked once for equal requests. */
  private async expand(request: RunRequest): Promise<ExpandedYaml> {
    const plain = { ...request, resources: {} };
    const key = JSON.stringify([plain.pipeline.id, plain.branch, plain.commit, plain.parameters, plain.variables]);
    return await remembered(this.previews, key, async () =>
      readExpandedYaml(await previewRun(this.azureDevOps, plain, this.signal)),
    );
  }

  private async queue(project: string, name: string): Promise<number> {
    return await remembered(this.queues, `${project}\n${name}`, () =>
      findQueue(this.azureDevOps, project, name, this.signal),
    );
  }
}

/** What a classic pipeline has none of, and what a YAML pipeline takes from its own text. */
function checkKind(wanted: WantedRun, request: RunRequest): void {
  const { pipeline } = request;
  if (pipeline.yaml) {
    if (wanted.queue !== undefined || wanted.demands.length) {
      throw new UserError(
        `The pipeline '${pipeline.name}' is written in YAML, where pool and demands stand in the pipeline itself: leave queue and demands empty. ${pipeline.url}`,
      );
    }
    return;
  }
  const yamlOnly = [
    (wanted.stages.length > 0 || wanted.stagesToSkip.length > 0 || Boolean(wanted.awaited?.length)) && 'stages',
    Object.keys(wanted.parameters).length > 0 && 'parameters',
    Object.keys(wanted.resources).length > 0 && 'resources',
  ].filter(Boolean);
  if (yamlOnly.length) {
    throw new UserError(
      `The pipeline '${pipeline.name}' is a classic one and has no ${yamlOnly.join(' and ')}; what it takes are variables. ${pipeline.url}`,
    );
  }
  if (needsRunsApi(request)) {
    throw new UserError(
      `The pipeline '${pipeline.name}' is a classic one, to which no variable can be sent as a secret. ${pipeline.url}`,
    );
  }
}

function checkResources(resources: Resources, { aliases }: ExpandedYaml, pipeline: Pipeline): void {
  for (const [kind, versions] of Object.entries(resources) as [keyof Resources, Record<string, unknown>][]) {
    const known = aliases[kind];
    const unknown = Object.keys(versions).find(
      (alias) => !known.some((name) => name.toLowerCase() === alias.toLowerCase()),
    );
    if (unknown !== undefined) {
      throw new UserError(
        `resources: '${unknown}' is no alias under resources: ${kind} of '${pipeline.name}'. It declares ${known.length ? known.join(', ') : 'none'}. ${pipeline.url}`,
      );
    }
  }
}

function remembered<T>(memory: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = memory.get(key) ?? ask();
  memory.set(key, known);
  return known;
}

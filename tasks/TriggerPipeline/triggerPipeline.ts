import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import { Canceled, UserError } from '../lib/errors';
import type { Parent } from '../lib/parent';
import type { Register } from '../lib/register';
import { cancelRuns } from '../lib/runs/cancel';
import { endOf, title, type Child } from '../lib/runs/child';
import { followRuns } from '../lib/runs/follow';
import { findPipeline } from '../lib/runs/pipeline';
import { registered } from '../lib/runs/registered';
import { findLostRun } from '../lib/runs/lostAnswer';
import { fullReference, needsRunsApi, withoutSecrets, type RunRequest } from '../lib/runs/request';
import { setEndedOutputs, setStartedOutputs } from '../lib/runs/results';
import { declaredStages, previewRun, selectStages } from '../lib/runs/selectStages';
import { addTags, startRun, type StartedRun } from '../lib/runs/start';
import { uploadSummary } from '../lib/runs/summary';
import { takeUp } from '../lib/runs/takeUp';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import type { Inputs, WantedRun } from './inputs';

/** What the step works with beside its inputs. */
export interface Context {
  agent: Agent;
  azureDevOps: AzureDevOps;
  parent: Parent | undefined;
  register: Register;
  stepName: string;
}

/** Starts the run, waits for it, and says what its end makes of the step. */
export async function triggerPipeline(inputs: Inputs, context: Context, world: World): Promise<Verdict> {
  const { request, asked } = await planRun(inputs.run, tagsFor(inputs, context), context, world);
  if (inputs.dryRun) return await dryRun(request, context, world);

  const children: Child[] = [];
  const changed = () => {
    context.register.put(children.map(registered));
    showProgress(context.agent, children);
  };
  try {
    const { child, tags } = await startOrTakeUp(request, asked, context, world);
    children.push(child);
    changed();
    setStartedOutputs(context.agent, children, world.log);
    // The queueing call of builds takes tags; what the service did not take, and runs with stages, are tagged beside the wait.
    const missing = request.tags.filter((tag) => !tags.includes(tag));
    const tagging = missing.length ? addTags(context.azureDevOps, child, missing, world) : undefined;
    if (inputs.waiting.waitForCompletion) await waitForAll(inputs, { children, changed }, context, world);
    await tagging;
  } catch (error) {
    if (!(error instanceof Canceled)) throw error;
    await cancelUnfinished(children, inputs, context, world);
    throw error;
  } finally {
    if (children.length) setEndedOutputs(context.agent, children, { stepName: context.stepName, log: world.log });
    uploadSummary(context.agent, children, { stepName: context.stepName, log: world.log });
    context.register.close(children.map(registered));
  }
  return verdictOf(children.map(endOf), inputs.waiting);
}

/** Looks up what the author named. Whatever is wrong with it is said here, before anything starts. */
async function planRun(
  wanted: WantedRun,
  tags: string[],
  { azureDevOps }: Context,
  { signal }: World,
): Promise<{ request: RunRequest; asked: string[] }> {
  const pipeline = await findPipeline(azureDevOps, wanted.project, wanted.pipeline, signal);
  const { branch, commit, parameters, variables } = wanted;
  const request: RunRequest = {
    pipeline,
    project: wanted.project,
    branch: branch && fullReference(branch),
    branchMayBeTag: branch !== undefined && !branch.startsWith('refs/'),
    commit,
    parameters,
    variables,
    stagesToSkip: [],
    tags,
  };
  const selects = wanted.stages.length > 0 || wanted.stagesToSkip.length > 0;
  if (!pipeline.yaml) {
    const yamlOnly = [selects && 'stages', Object.keys(parameters).length > 0 && 'parameters']
      .filter(Boolean)
      .join(' and ');
    if (yamlOnly)
      throw new UserError(
        `The pipeline '${pipeline.name}' is a classic one and has no ${yamlOnly}; give it variables. ${pipeline.url}`,
      );
    if (needsRunsApi(request))
      throw new UserError(
        `The pipeline '${pipeline.name}' is a classic one, which can't be given a secret variable. ${pipeline.url}`,
      );
  }
  if (!selects) return { request, asked: [] };
  const { run, skip } = selectStages(
    await declaredStages(await previewRun(azureDevOps, request, signal)),
    wanted,
    pipeline.name,
  );
  return { request: { ...request, stagesToSkip: skip }, asked: wanted.stages.length ? run : [] };
}

async function dryRun(request: RunRequest, { azureDevOps }: Context, { log, signal }: World): Promise<Verdict> {
  const { pipeline } = request;
  if (pipeline.yaml) await previewRun(azureDevOps, request, signal);
  log.info(
    `${pipeline.name} would be started on ${request.branch ?? pipeline.defaultBranch ?? 'its default branch'}. ${pipeline.url}`,
  );
  return { result: 'Succeeded', message: `Checked '${pipeline.name}'; nothing was started (dryRun).` };
}

/** The child of an earlier attempt of this step where it still counts, else a new one. */
async function startOrTakeUp(
  request: RunRequest,
  asked: string[],
  context: Context,
  world: World,
): Promise<{ child: Child; tags: string[] }> {
  const { azureDevOps, register } = context;
  const earlier = register.earlier.children.find(({ item }) => item === '');
  const known = new Set(register.earlier.children.map(({ id }) => id));
  const taken = earlier && (await takeUp(azureDevOps, earlier, { request, asked }, world));
  if (taken) return { child: taken, tags: request.tags };
  if (world.signal.aborted) throw new Canceled();
  const run = (await findOpenStart(known, context, world)) ?? (await start(request, known, context, world));
  const child = childOf(request, run, {
    asked,
    organization: azureDevOps.account.url,
    attempt: (earlier?.attempt ?? 0) + 1,
  });
  world.log.info(
    `${run.adopted ? 'Took on' : 'Started'} ${title(child)} on ${child.branch || 'its default branch'}. ${child.url}`,
  );
  if (child.given.length) world.log.info(`It was given ${child.given.join(', ')}.`);
  return { child, tags: run.tags };
}

async function start(
  request: RunRequest,
  known: Set<number>,
  { azureDevOps, register }: Context,
  world: World,
): Promise<StartedRun> {
  const sentAt = world.clock.now() + azureDevOps.transport.serverAheadMs;
  // On disk before it is sent: whoever finds this step killed can look for the run.
  register.starting([{ request: withoutSecrets(request), sentAt, item: '' }]);
  return await startRun(azureDevOps, request, known, world);
}

/** The run of a start that an earlier attempt of this step sent before it was killed. */
async function findOpenStart(
  known: Set<number>,
  { azureDevOps, register }: Context,
  world: World,
): Promise<StartedRun | undefined> {
  const open = register.earlier.open.find(({ item }) => item === '');
  return (
    open && (await findLostRun(azureDevOps, { request: open.request as RunRequest, sentAt: open.sentAt, known }, world))
  );
}

function childOf(
  request: RunRequest,
  run: StartedRun,
  { asked, organization, attempt }: { asked: string[]; organization: string; attempt: number },
): Child {
  return {
    organization,
    project: request.project,
    id: run.id,
    name: request.pipeline.name,
    number: run.number,
    url: run.url,
    item: '',
    attempt,
    branch: run.branch || request.branch || '',
    commit: run.commit || request.commit || '',
    stages: asked,
    given: [...Object.keys(request.parameters), ...Object.keys(request.variables)],
    progress: { status: '', queueTime: run.queueTime, stages: [] },
  };
}

async function waitForAll(
  inputs: Inputs,
  { children, changed }: { children: Child[]; changed: () => void },
  { azureDevOps }: Context,
  world: World,
): Promise<void> {
  const { waiting } = inputs;
  const { timedOut } = await followRuns(
    azureDevOps,
    {
      children,
      detail: waiting.progress,
      pauseMs: waiting.pollingIntervalMs,
      deadline: waiting.waitTimeoutMs ? world.clock.now() + waiting.waitTimeoutMs : undefined,
      changed,
    },
    world,
  );
  if (!timedOut) return;
  const open = children.filter(({ result }) => !result);
  for (const child of open) child.result = 'timedOut';
  if (waiting.onTimeout === 'cancel') await cancelRuns(azureDevOps, open, world.log);
}

/** The step was cancelled: so are its children, unless the author said otherwise. */
async function cancelUnfinished(
  children: Child[],
  inputs: Inputs,
  { azureDevOps, register }: Context,
  { log }: World,
): Promise<void> {
  const open = children.filter(({ result }) => !result);
  if (!open.length) return;
  if (!inputs.waiting.cancelWithParent) {
    for (const child of open) log.info(`${title(child)} goes on, because cancelWithParent is false. ${child.url}`);
    return;
  }
  register.canceling();
  await cancelRuns(azureDevOps, open, log);
}

function tagsFor({ tags }: Inputs, { parent }: Context): string[] {
  return parent ? [...tags, parent.tag] : tags;
}

function showProgress(agent: Agent, children: Child[]): void {
  const ended = children.filter(({ result }) => result).length;
  agent.setProgress(
    Math.round((100 * ended) / Math.max(1, children.length)),
    `${ended} of ${children.length} runs ended`,
  );
}

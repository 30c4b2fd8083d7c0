import type { AzureDevOps } from '../lib/azureDevOps';
import { ApiError, isRefusal, UserError } from '../lib/errors';
import { childrenOf, readParentRegister } from '../lib/parentRegister';
import { cancelRuns } from '../lib/runs/cancel';
import { Cascade } from '../lib/runs/cascade';
import { endOf, title, type Child } from '../lib/runs/child';
import { idLists } from '../lib/runs/idLists';
import { Observer } from '../lib/runs/observer';
import { findPipeline } from '../lib/runs/pipeline';
import { fullReference } from '../lib/runs/request';
import { updateStage } from '../lib/runs/runAgain';
import { webUrl } from '../lib/runs/start';
import { readTimeline, stagesOf } from '../lib/runs/timeline';
import { BUILDS, type Build } from '../lib/runs/wire';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { bringBack, prepareBringBack } from './bringBack';
import type { ExistingInputs } from './inputs';
import { Report } from './report';
import { runReferences, type RunReference } from './runReferences';
import type { Context } from './triggerPipeline';

const MOST_TRIES = 3;

/** Waits for runs that were started before, cancels them, runs stages of them, or approves what is pending of them. */
export async function existingRuns(inputs: ExistingInputs, context: Context, world: World): Promise<Verdict> {
  if (inputs.action !== 'approve') prepareBringBack(inputs, context, world);
  const children = await readRuns(await findRuns(inputs, context, world), context, world);
  const observer = new Observer(inputs.waiting, context, world);
  world.log.info(`${children.length} run(s): ${children.map((child) => `${title(child)} ${child.url}`).join(' , ')}`);
  switch (inputs.action) {
    case 'approve':
      return await observer.approveAll(children);
    case 'cancel':
      return await cancelAll(inputs, children, { observer, context }, world);
    case 'runStages':
      await runStages(inputs, children, context, world);
      return await follow(inputs, children, { observer, context }, world);
    case 'wait':
      return await follow(inputs, children, { observer, context }, world);
  }
}

async function follow(
  inputs: ExistingInputs,
  children: Child[],
  { observer, context }: { observer: Observer; context: Context },
  world: World,
): Promise<Verdict> {
  const report = new Report(context, children.length, world.log);
  const cascade = new Cascade(
    [],
    context,
    {
      waiting: inputs.waiting,
      conditions: { ifRunning: 'start', ifBuilt: 'start', onlyIf: [] },
      maxParallel: 0,
      stopOnFirstFailure: false,
      parentRun: undefined,
      existing: children,
      watch: observer,
      changed: (all) => report.changed(all),
    },
    world,
  );
  try {
    report.changed(children);
    await cascade.run();
    await bringBack(inputs, children, context, world);
  } finally {
    listAtTheEnd(children, world);
    report.end(children);
  }
  return verdictOf(children.map(endOf), inputs.waiting);
}

/** A run that ended before it could be canceled is no failure; one that goes on is. */
async function cancelAll(
  inputs: ExistingInputs,
  children: Child[],
  tools: { observer: Observer; context: Context },
  world: World,
): Promise<Verdict> {
  const open = children.filter(({ progress }) => progress.status !== 'completed');
  for (const child of children)
    if (!open.includes(child)) world.log.info(`${title(child)} has ended already. ${child.url}`);
  const refused = await cancelRuns(tools.context.azureDevOps, open, world.log);
  const canceled = open.filter((child) => !refused.includes(child));
  if (refused.length) {
    new Report(tools.context, children.length, world.log).end(children);
    return {
      result: 'Failed',
      message: `${refused.map(title).join(', ')} could not be canceled; see the errors above.`,
    };
  }
  if (inputs.waiting.waitForCompletion && open.length) {
    const asked = {
      onCanceled: 'ignore',
      onFailure: 'ignore',
      onPartialSuccess: 'ignore',
      retryFailedStages: 0,
    } as const;
    return await follow({ ...inputs, waiting: { ...inputs.waiting, ...asked } }, children, tools, world);
  }
  new Report(tools.context, children.length, world.log).end(children);
  return { result: 'Succeeded', message: `Cancellation of ${canceled.length} run(s) was accepted.` };
}

/** Starts stages of runs that wait for it, or that a person would start by hand. */
async function runStages(
  inputs: ExistingInputs,
  children: Child[],
  { azureDevOps }: Context,
  world: World,
): Promise<void> {
  for (const child of children) {
    const stages = stagesOf(await readTimeline(azureDevOps, child, world.signal));
    const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
    const names = inputs.stages.map((wanted) => {
      const stage =
        stages.find(({ name }) => same(name, wanted)) ?? stages.find(({ displayName }) => same(displayName, wanted));
      if (stage) return stage.name;
      throw new UserError(
        `stages: ${title(child)} has no stage '${wanted}'. Its stages: ${stages.map(({ name }) => name).join(', ') || 'none'}. ${child.url}`,
      );
    });
    for (const name of names) {
      await runStage(azureDevOps, child, name, world);
      world.log.info(`${title(child)}: stage ${name} was asked to run.`);
    }
    child.stages = names;
    child.restartedAfter = child.progress.finishTime;
  }
}

/** Asks a stage to run. A request whose answer was lost is sent again only where the stage still waits. */
async function runStage(azureDevOps: AzureDevOps, child: Child, name: string, world: World): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await updateStage(azureDevOps, child, name, 'run');
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || isRefusal(error)) throw error;
      const stage = stagesOf(await readTimeline(azureDevOps, child, world.signal)).find((one) => one.name === name);
      // One that waits for a hand is shown as skipped once the run has ended.
      if (stage && stage.state !== 'pending' && stage.result !== 'skipped') return;
      if (attempt >= MOST_TRIES) throw error;
    }
  }
}

/** Whom the inputs mean; nothing means what earlier steps of this parent registered. */
async function findRuns(inputs: ExistingInputs, context: Context, world: World): Promise<RunReference[]> {
  const { azureDevOps } = context;
  const { runIds, project } = inputs;
  if (runIds?.toLowerCase() === 'latest') return [await latestRun(inputs, context, world)];
  if (runIds) return runReferences(runIds, project, azureDevOps.account.url);
  const { parent } = context;
  if (!parent)
    throw new UserError("runIds: there is no parent run whose children could be meant; give ids, links or 'latest'.");
  const documents = await readParentRegister(context.own(), { agent: context.agent, parent }, world);
  const all = childrenOf(documents, 'run');
  const here = all.filter(({ organization }) => organization === azureDevOps.account.url);
  const elsewhere = all.length - here.length;
  if (elsewhere)
    world.log.info(`${elsewhere} run(s) of other organizations are left to steps with a connection to them.`);
  if (!here.length) {
    throw new UserError(
      `runIds: no earlier step of ${parent.name} started a run in ${azureDevOps.account.url}. Give ids, links or 'latest'. ${parent.url}`,
    );
  }
  // Ids grow with time: the first one that was started comes first.
  return here.map(({ project: where, id }) => ({ project: where, id })).sort((a, b) => a.id - b.id);
}

/** The newest run of the pipeline that fits the filters. */
async function latestRun(
  { action, project, pipeline, latest }: ExistingInputs,
  { azureDevOps }: Context,
  { signal }: World,
): Promise<RunReference> {
  if (action !== 'runStages' && action !== 'approve') {
    throw new UserError(`runIds: 'latest' is for runStages and approve only; ${action} has to be told which runs.`);
  }
  if (!pipeline) throw new UserError("runIds: 'latest' needs the pipeline of which the latest run is meant.");
  const { id, name } = await findPipeline(azureDevOps, project, pipeline, { signal, anyState: true });
  const { value } = await azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, {
    route: { project },
    query: {
      definitions: id,
      branchName: latest.branch && fullReference(latest.branch),
      tagFilters: latest.tags.join(','),
      resultFilter: latest.result,
      queryOrder: 'queueTimeDescending',
      $top: 1,
    },
    signal,
  });
  const [build] = value.value ?? [];
  if (build) return { project, id: build.id };
  const filters = [
    latest.branch && `branch ${latest.branch}`,
    latest.tags.length && `tags ${latest.tags.join(', ')}`,
    latest.result && `result ${latest.result}`,
  ];
  throw new UserError(
    `runIds: '${name}' has no run with ${filters.filter(Boolean).join(', ') || 'any filter'} that this identity may see.`,
  );
}

/** Reads the runs, in their order, one request for many. One that is not there is said before any wait. */
async function readRuns(
  references: RunReference[],
  { azureDevOps, parent }: Context,
  { signal }: World,
): Promise<Child[]> {
  const children: Child[] = [];
  for (const project of new Set(references.map((reference) => reference.project))) {
    const ids = references.filter((reference) => reference.project === project).map(({ id }) => id);
    const found: Build[] = [];
    for (const list of idLists(ids, (id) => id)) {
      const query = { buildIds: list.join(','), $top: list.length };
      const { value } = await azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, {
        route: { project },
        query,
        signal,
      });
      found.push(...(value.value ?? []));
    }
    const missing = ids.filter((id) => !found.some((build) => build.id === id));
    if (missing.length) {
      throw new UserError(
        `runIds: project '${project}' has no run ${missing.join(', ')} that ${azureDevOps.account.credentialName} may see.`,
      );
    }
    children.push(
      ...ids
        .flatMap((id) => found.filter((build) => build.id === id))
        .map((build) => childOf(build, project, azureDevOps, parent?.tag)),
    );
  }
  const place = ({ project, id }: { project: string; id: number }) =>
    references.findIndex((reference) => reference.project === project && reference.id === id);
  return children.sort((a, b) => place(a) - place(b));
}

function childOf(build: Build, project: string, azureDevOps: AzureDevOps, parentTag: string | undefined): Child {
  return {
    organization: azureDevOps.account.url,
    project,
    id: build.id,
    pipelineId: build.definition?.id,
    name: build.definition?.name ?? 'run',
    number: build.buildNumber ?? String(build.id),
    url: build._links?.web?.href ?? webUrl(azureDevOps, project, build.id),
    item: '',
    attempt: 1,
    branch: build.sourceBranch ?? '',
    commit: build.sourceVersion ?? '',
    stages: [],
    given: [],
    progress: {
      // Of one that runs it stays to be said that it does.
      status: build.status === 'completed' ? 'completed' : '',
      stages: [],
      queueTime: build.queueTime,
      startTime: build.startTime,
      finishTime: build.finishTime,
    },
    // Only what this parent started is cancelled with it.
    ...((!parentTag || !build.tags?.includes(parentTag)) && { taken: true }),
  };
}

/** The list at the end names every run with result and link. */
function listAtTheEnd(children: Child[], { log }: World): void {
  log.group(
    'Runs',
    children.map((child) => `${child.result ?? 'started'}  ${title(child)}  ${child.url}`),
  );
}

import { UserError } from '../lib/errors';
import { takeOnEarlierAttempts } from '../lib/parentRegister';
import { Cascade } from '../lib/runs/cascade';
import { endOf } from '../lib/runs/child';
import type { Conditions } from '../lib/runs/conditions';
import { readInheritance } from '../lib/runs/inherit';
import { Observer } from '../lib/runs/observer';
import { findPipeline } from '../lib/runs/pipeline';
import { Planner, type PlannedRun, type WantedRun } from '../lib/runs/plan';
import { setEndedOutputs } from '../lib/runs/results';
import { previewRun } from '../lib/runs/selectStages';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { bringBack, prepareBringBack } from './bringBack';
import { exportedVariables } from './exportedVariables';
import type { StartInputs } from './inputs';
import { Report } from './report';
import { personOf } from './personOf';
import type { Context } from './triggerPipeline';

/** Looks everything up, starts the runs, waits for them, brings back what they left, and says what their ends make of the step. */
export async function startRuns(inputs: StartInputs, context: Context, world: World): Promise<Verdict> {
  const { azureDevOps, register, parent } = context;
  const planned = await planAll(inputs, context, world);
  if (!planned.length) return nothingToStart(inputs, context, world);
  if (inputs.dryRun) return await dryRun(planned, context, world);
  prepareBringBack(inputs, context, world);

  await takeOnEarlierAttempts(context, { task: 'TriggerPipeline', kind: 'run' }, world);
  const observer = new Observer(inputs.waiting, context, world);
  const report = new Report(context, inputs.runs.length, world.log);
  const cascade = new Cascade(
    planned,
    { azureDevOps, register },
    {
      waiting: inputs.waiting,
      conditions: await conditionsOf(inputs, context, world),
      maxParallel: inputs.maxParallel,
      stopOnFirstFailure: inputs.stopOnFirstFailure,
      parentRun: parent?.kind === 'run' && parent.organization === azureDevOps.account.url ? parent.id : undefined,
      watch: observer,
      changed: (children) => report.changed(children),
    },
    world,
  );
  try {
    await cascade.run();
    await bringBack(inputs, cascade.children, context, world);
  } finally {
    report.end(cascade.children);
  }
  return verdictOf(cascade.children.map(endOf), inputs.waiting);
}

/** Whatever is wrong with any of the runs is said here, before one of them starts. */
async function planAll(inputs: StartInputs, context: Context, world: World): Promise<PlannedRun[]> {
  const { agent, azureDevOps, parent } = context;
  const debug = agent.variable('System.Debug')?.toLowerCase() === 'true';
  const inheritance = await readInheritance(inputs.inherit, { own: context.own, parent, debug }, world);
  const exported = exportedVariables(agent, inputs.exportVariables);
  const tags = parent ? [...inputs.tags, parent.tag] : inputs.tags;
  const person = personOf(inputs, context, world);
  const planner = new Planner(azureDevOps, world.signal, inheritance);
  const { waitForCompletion, waitFor } = inputs.waiting;
  const awaited = waitForCompletion && Array.isArray(waitFor) ? waitFor : [];
  const planned: PlannedRun[] = [];
  for (const [index, { item, run }] of inputs.runs.entries()) {
    const wanted: WantedRun = {
      ...run,
      ...{ item, tags, awaited, requestedFor: person, queue: inputs.queue, demands: inputs.demands },
      variables: { ...exported, ...run.variables },
    };
    try {
      planned.push(await planner.plan(wanted));
    } catch (error) {
      if (!item || !(error instanceof UserError)) throw error;
      throw new UserError(`runs: item ${index + 1} ('${item}'): ${error.message}`, { cause: error });
    }
  }
  return planned;
}

async function conditionsOf(
  { ifRunning, ifBuilt, onlyIf, runs }: StartInputs,
  { azureDevOps }: Context,
  world: World,
): Promise<Conditions> {
  const project = runs[0]?.run.project ?? '';
  const named = await Promise.all(
    onlyIf.map(async ({ pipeline, results }) => {
      const { id, name } = await findPipeline(azureDevOps, project, pipeline, { signal: world.signal, anyState: true });
      return { pipelineId: id, name, project, results };
    }),
  );
  return { ifRunning, ifBuilt, onlyIf: named };
}

/** An empty list, as an earlier step may well give: nothing is started, and onSkipped says what that makes of the step. */
function nothingToStart({ waiting }: StartInputs, { agent, register, stepName }: Context, { log }: World): Verdict {
  setEndedOutputs(agent, [], { stepName, log });
  register.close([]);
  const result = { succeed: 'Succeeded', warn: 'SucceededWithIssues', fail: 'Failed' } as const;
  return { result: result[waiting.onSkipped], message: 'The list of runs is empty, so nothing was started.' };
}

async function dryRun(planned: PlannedRun[], { azureDevOps }: Context, { log, signal }: World): Promise<Verdict> {
  for (const { request } of planned) {
    const { pipeline } = request;
    if (pipeline.yaml) await previewRun(azureDevOps, request, signal);
    const branch = request.branch ?? pipeline.defaultBranch ?? 'its default branch';
    const given = [...Object.keys(request.parameters), ...Object.keys(request.variables)];
    log.info(
      `${pipeline.name} would be started on ${branch}${given.length ? ` with ${given.join(', ')}` : ''}. ${pipeline.url}`,
    );
  }
  return { result: 'Succeeded', message: `Checked ${planned.length} run(s); nothing was started (dryRun).` };
}

import { holds } from './conditions';
import { isGood, worst } from './results';
import type { JobPlan, StepPlan } from './rootYaml';
import { inherit, type IssueScript, type JobScript, type TaskScript, type WorkScript } from './script';

export interface TaskSpan {
  refName: string;
  name: string;
  task?: StepPlan['task'];
  startAt: number;
  finishAt: number;
  result: string;
  issues: IssueScript[];
  log: string[];
}

export interface JobSpan {
  plan: JobPlan;
  attempt: number;
  queuedAt: number;
  /** When an agent took it (Infinity: none yet). */
  startAt: number;
  finishAt: number;
  result: string;
  worker: string;
  tasks: TaskSpan[];
}

export interface JobQuestion {
  plan: JobPlan;
  script: (WorkScript & JobScript) | undefined;
  attempt: number;
  readyAt: number;
  cancelAt: number;
  dependencies: Record<string, string>;
  variables: Record<string, string>;
}

const defaultDurationMs = 1000;
const defaultCancelMs = 1000;

/** Plays one job of a stage: condition, agent, tasks one after the other, cancellation. Times in epoch ms, Infinity: never. */
export function runJob(question: JobQuestion): JobSpan {
  const { plan, readyAt, cancelAt } = question;
  const script: WorkScript & JobScript = question.script ?? {};
  const span = {
    plan,
    attempt: question.attempt,
    queuedAt: readyAt,
    worker: script.worker ?? `${plan.pool ?? 'Azure Pipelines'} 1`,
  };
  const canceled = cancelAt <= readyAt;
  if (!holds(plan.condition, { dependencies: question.dependencies, canceled, variables: question.variables })) {
    return { ...span, startAt: Infinity, finishAt: readyAt, result: 'skipped', tasks: [] };
  }
  const stopAt = canceled ? Infinity : cancelAt;
  const waits = plan.servable === false ? 'never' : (script.waitsForAgentMs ?? 0);
  const agentAt = readyAt + (waits === 'never' ? Infinity : waits);
  if (stopAt < agentAt) return { ...span, startAt: Infinity, finishAt: stopAt, result: 'canceled', tasks: [] };
  if (agentAt === Infinity) return { ...span, startAt: Infinity, finishAt: Infinity, result: 'succeeded', tasks: [] };
  const tasks = runTasks(tasksOf(plan, script), { agentAt, stopAt, script });
  const finishAt = tasks.at(-1)?.finishAt ?? agentAt;
  const result = worst(tasks.map((task) => task.result).filter((result) => result !== 'skipped'));
  const softened = plan.continueOnError && result === 'failed' ? 'succeededWithIssues' : result;
  return { ...span, startAt: agentAt, finishAt, result: softened, tasks };
}

interface PlannedTask extends TaskScript {
  task?: StepPlan['task'];
}

/** The service's own steps around those of the YAML or the script; they take no time here. */
function tasksOf(plan: JobPlan, script: WorkScript & JobScript): PlannedTask[] {
  const own: PlannedTask[] = script.tasks ?? plan.steps.map((step) => ({ ...step, name: step.displayName }));
  const work = own.length > 0 ? own : [{ name: 'CmdLine' }];
  return [
    { name: 'Initialize job', durationMs: 0 },
    ...work.map((task, index) => {
      const last = index === work.length - 1;
      const { result, issues, log, durationMs } = script;
      return {
        ...inherit(last ? ({ result, issues, log, durationMs } as WorkScript) : ({ durationMs } as WorkScript), task),
        name: task.name,
      };
    }),
    { name: 'Finalize Job', durationMs: 0, condition: 'always()' },
  ];
}

function runTasks(tasks: PlannedTask[], frame: { agentAt: number; stopAt: number; script: WorkScript }): TaskSpan[] {
  const spans: TaskSpan[] = [];
  let at = frame.agentAt;
  for (const task of tasks) {
    const so = worst(spans.map((span) => span.result).filter((result) => result !== 'skipped'));
    const facts = { dependencies: { before: so }, canceled: at >= frame.stopAt, variables: {} };
    const span = holds(task.condition, facts)
      ? performed(task, at, frame)
      : { ...described(task), startAt: at, finishAt: at, result: 'skipped' };
    spans.push(span);
    at = span.finishAt;
  }
  return spans;
}

function described(task: PlannedTask): Omit<TaskSpan, 'startAt' | 'finishAt' | 'result'> {
  return {
    refName: task.refName ?? task.name.replaceAll(/\W+/g, '_'),
    name: task.name,
    ...(task.task ? { task: task.task } : {}),
    issues: [],
    log: [],
  };
}

function performed(task: PlannedTask, at: number, frame: { stopAt: number; script: WorkScript }): TaskSpan {
  const ends = at + (task.durationMs ?? defaultDurationMs);
  if (at < frame.stopAt && frame.stopAt < ends) {
    const takes = task.cancelTakesMs ?? frame.script.cancelTakesMs ?? defaultCancelMs;
    const finishAt = takes === 'never' ? Infinity : frame.stopAt + takes;
    return {
      ...described(task),
      startAt: at,
      finishAt,
      result: 'canceled',
      log: ['##[error]The Operation will be canceled.'],
    };
  }
  const scripted = task.result ?? 'succeeded';
  const result = task.continueOnError === true && !isGood(scripted) ? 'succeededWithIssues' : scripted;
  return { ...described(task), startAt: at, finishAt: ends, result, issues: task.issues ?? [], log: task.log ?? [] };
}

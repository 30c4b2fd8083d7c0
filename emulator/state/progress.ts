import { checkId, runCheck, type CheckSpan } from './checks';
import { holds } from './conditions';
import { cancelTime, type RunEvent } from './events';
import { runJob, type JobSpan } from './jobProgress';
import { isGood, worst } from './results';
import type { StagePlan } from './rootYaml';
import { inherit, type RunScript } from './script';

/** One attempt of a stage. Times in epoch ms; Infinity: not as things stand. */
export interface StageSpan {
  plan: StagePlan;
  attempt: number;
  readyAt: number;
  checks: CheckSpan[];
  checksEndAt: number;
  startAt: number;
  finishAt: number;
  result: string;
  jobs: JobSpan[];
}

export interface Progress {
  /** Every attempt of every stage, in the order of the YAML; the last one counts. */
  stages: StageSpan[][];
  startAt: number;
  finishAt: number;
  result: string;
}

export interface ProgressQuestion {
  planId: string;
  stages: StagePlan[];
  stagesToSkip: string[];
  /** When the service begins with the run (Infinity: the pipeline is paused). */
  beginAt: number;
  events: RunEvent[];
  variables: Record<string, string>;
  script(stage: string | undefined, attempt: number): RunScript;
}

/**
 * Plays a run from its script and from what was done to it, to the end: pure, so that its state at any moment is a matter of
 * comparing times. Asked again after every event.
 */
export function play(asked: ProgressQuestion): Progress {
  // A run that is canceled before the service began with it ends at that moment.
  const question = { ...asked, beginAt: Math.min(asked.beginAt, cancelTime(asked.events, 0)) };
  const order = inOrder(question.stages);
  const histories = new Map<string, StageSpan[]>();
  for (const plan of order) {
    const request = { requestedAt: question.beginAt, cancelsFrom: 0, attempt: 1 };
    histories.set(plan.name, [runStage(question, plan, request, histories)]);
  }
  for (const event of question.events) if (event.kind === 'retry') replay(question, event, order, histories);
  const stages = question.stages.map((plan) => histories.get(plan.name) ?? []);
  const current = stages.flatMap((attempts) => attempts.slice(-1));
  const firstStarts = stages.flatMap((attempts) => attempts.slice(0, 1)).map(beginOf);
  return {
    stages,
    startAt: Math.min(...firstStarts),
    finishAt: Math.max(...current.map((span) => span.finishAt)),
    result: buildResult(current, question),
  };
}

/** When something of the stage is to be seen: its first check or its first job. */
function beginOf(span: StageSpan): number {
  return Math.min(span.startAt, ...span.checks.map((check) => check.startAt), span.finishAt);
}

function buildResult(current: StageSpan[], question: ProgressQuestion): string {
  const result = worst(current.map((span) => span.result).filter((result) => result !== 'skipped'));
  const lastRetry = question.events.findLast((event) => event.kind === 'retry');
  if (cancelTime(question.events, lastRetry?.at ?? 0) < Infinity && result !== 'failed') return 'canceled';
  return result === 'succeededWithIssues' ? 'partiallySucceeded' : result;
}

/** Stages after everything that they depend on. */
function inOrder(stages: StagePlan[]): StagePlan[] {
  const out: StagePlan[] = [];
  const visit = (plan: StagePlan): void => {
    if (out.includes(plan)) return;
    for (const name of plan.dependsOn) {
      const before = stages.find((stage) => stage.name === name);
      if (before && before !== plan) visit(before);
    }
    if (!out.includes(plan)) out.push(plan);
  };
  stages.forEach(visit);
  return out;
}

function replay(
  question: ProgressQuestion,
  event: RunEvent & { kind: 'retry' },
  order: StagePlan[],
  histories: Map<string, StageSpan[]>,
): void {
  const affected = new Set(event.stages);
  for (const plan of order) {
    const history = histories.get(plan.name) ?? [];
    const last = history.at(-1);
    if (!last) continue;
    const depends = plan.dependsOn.some((name) => affected.has(name));
    const reruns = depends && (event.dependents || last.finishAt > event.at);
    if (!affected.has(plan.name) && !reruns) continue;
    affected.add(plan.name);
    const ended = last.finishAt <= event.at;
    const kept =
      event.stages.includes(plan.name) && !event.allJobs ? last.jobs.filter((job) => isGood(job.result)) : [];
    const attempt = ended ? last.attempt + 1 : last.attempt;
    const request = { requestedAt: event.at, cancelsFrom: event.at, attempt, kept };
    const next = runStage(question, plan, request, histories);
    histories.set(plan.name, ended ? [...history, next] : [...history.slice(0, -1), next]);
  }
}

interface StageRequest {
  requestedAt: number;
  /** Requests to cancel from this moment on concern the attempt. */
  cancelsFrom: number;
  attempt: number;
  /** Jobs of the attempt before that need not run again. */
  kept?: JobSpan[];
}

function runStage(
  question: ProgressQuestion,
  plan: StagePlan,
  request: StageRequest,
  histories: Map<string, StageSpan[]>,
): StageSpan {
  const never = { plan, attempt: request.attempt, checks: [], jobs: [], startAt: Infinity, checksEndAt: Infinity };
  const cancelAt = cancelTime(question.events, request.cancelsFrom, plan.name);
  if (question.stagesToSkip.includes(plan.name)) {
    return { ...never, readyAt: question.beginAt, finishAt: question.beginAt, result: 'skipped' };
  }
  // A stage that the person who started the run left out holds nobody up: what depends on it runs as if it were not there.
  const dependencies = plan.dependsOn
    .filter((name) => !question.stagesToSkip.includes(name))
    .flatMap((name) => histories.get(name)?.slice(-1) ?? []);
  const dependenciesEnd = Math.max(request.requestedAt, ...dependencies.map((span) => span.finishAt));
  const byHand = plan.manual && request.attempt === 1;
  const readyAt = byHand ? Math.max(dependenciesEnd, askedFor(question.events, plan.name)) : dependenciesEnd;
  const stageCanceled = question.events.find((event) => event.kind === 'cancelStage' && event.stage === plan.name)?.at;
  if (stageCanceled !== undefined && stageCanceled === cancelAt && cancelAt < readyAt) {
    return { ...never, readyAt: cancelAt, finishAt: cancelAt, result: 'canceled' };
  }
  // A stage that only a person starts does not keep the run from ending once what it depends on has ended.
  if (readyAt === Infinity) return { ...never, readyAt, finishAt: dependenciesEnd, result: 'skipped' };
  const canceled = cancelAt <= readyAt;
  const results = Object.fromEntries(dependencies.map((span) => [span.plan.name, span.result]));
  if (!holds(plan.condition, { dependencies: results, canceled, variables: question.variables })) {
    const result = canceled && dependencies.length === 0 ? 'canceled' : 'skipped';
    return { ...never, readyAt, finishAt: readyAt, result };
  }
  return runReadyStage(question, plan, { ...request, readyAt, cancelAt: canceled ? Infinity : cancelAt });
}

function askedFor(events: RunEvent[], stage: string): number {
  return events.find((event) => event.kind === 'runStage' && event.stage === stage)?.at ?? Infinity;
}

function runReadyStage(
  question: ProgressQuestion,
  plan: StagePlan,
  request: StageRequest & { readyAt: number; cancelAt: number },
): StageSpan {
  const { attempt, readyAt, cancelAt } = request;
  const script = question.script(plan.name, attempt);
  const stageScript = inherit(script, script.stages?.[plan.name] ?? { jobs: script.jobs ?? {} });
  const checks = (stageScript.checks ?? []).map((check, index) =>
    runCheck(check, {
      id: checkId(question.planId, plan.name, attempt, index),
      startAt: readyAt,
      cancelAt,
      events: question.events,
    }),
  );
  const bad = checks.filter((check) => check.result !== 'succeeded').toSorted((a, b) => a.finishAt - b.finishAt)[0];
  const checksEndAt = bad ? bad.finishAt : Math.max(readyAt, ...checks.map((check) => check.finishAt));
  const span = { plan, attempt, readyAt, checks, checksEndAt };
  if (bad) return { ...span, jobs: [], startAt: Infinity, finishAt: checksEndAt, result: bad.result };
  if (checksEndAt === Infinity)
    return { ...span, jobs: [], startAt: Infinity, finishAt: Infinity, result: 'succeeded' };
  const jobs: JobSpan[] = [];
  for (const job of plan.jobs) {
    const kept = request.kept?.find((before) => before.plan.name === job.name);
    const before = jobs.filter((other) => job.dependsOn.includes(other.plan.name));
    jobs.push(
      kept ??
        runJob({
          plan: job,
          script: inherit(stageScript, stageScript.jobs?.[job.name]),
          attempt,
          readyAt: Math.max(checksEndAt, ...before.map((other) => other.finishAt)),
          cancelAt,
          dependencies: Object.fromEntries(before.map((other) => [other.plan.name, other.result])),
          variables: question.variables,
        }),
    );
  }
  const own = jobs.filter((job) => !request.kept?.includes(job));
  return {
    ...span,
    jobs,
    startAt: Math.min(Infinity, ...own.map((job) => job.startAt)),
    finishAt: Math.max(checksEndAt, ...jobs.map((job) => job.finishAt)),
    result: worst(jobs.map((job) => job.result)),
  };
}

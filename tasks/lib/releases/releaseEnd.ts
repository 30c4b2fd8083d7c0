import { worst, type ChildResult } from '../verdict';
import type { Condition, Environment, Release } from './wire';

/** What the step knows of a stage beside what the service says. */
export interface StagePlan {
  /** In place of the stage's own conditions: what the step itself deploys, or what waits for a hand because the step said so. */
  conditions?: Condition[];
  /** An attempt before this one is not what is waited for. */
  fromAttempt?: number;
}

export interface Selection {
  /** Names of the stages that count; empty: every stage that the definition triggers or that somebody started. */
  stages: string[];
  /** By stage name. */
  plans?: Map<string, StagePlan>;
  /** A stage that is due, but that the service has not started for minutes, will not be started any more. */
  dueIsOver?: boolean;
}

/**
 * How a stage stands. `moves`: the service works at it or will at a known time; `due`: everything it waits for has happened; `waits`:
 * for a stage that can still move; `ended`; `notTriggered`: nothing is left that would start it; `byHand`: only a person starts it.
 */
export type Standing = 'moves' | 'due' | 'waits' | 'ended' | 'notTriggered' | 'byHand';

export interface StageEnd {
  name: string;
  status: string;
  standing: Standing;
  /** Undefined while it can still move. */
  result: ChildResult | undefined;
  /** Why it was not started. */
  reason: string | undefined;
}

export interface ReleaseEnd {
  ended: boolean;
  /** The worst of the stages that count. */
  result: ChildResult;
  reason: string | undefined;
  /** Those that count, in the order of their rank. */
  stages: StageEnd[];
  /** A stage is due: what the service has not started yet it may start at any moment. */
  due: boolean;
  /** Statuses that this program does not know; they count as moving. */
  unknown: string[];
}

/** EnvironmentStatus as flags, in which conditions name what counts. */
const FLAGS: Record<string, number> = {
  notstarted: 1,
  inprogress: 2,
  succeeded: 4,
  canceled: 8,
  rejected: 16,
  queued: 32,
  scheduled: 64,
  partiallysucceeded: 128,
};
const MOVING = ['inprogress', 'queued', 'scheduled'];
const RESULTS: Record<string, ChildResult> = {
  succeeded: 'succeeded',
  partiallysucceeded: 'partiallySucceeded',
  rejected: 'failed',
  canceled: 'canceled',
};

/**
 * Whether a release has ended: no stage that counts can still move by itself. Derived from the stages' statuses and conditions, because
 * the service has no status for it. Pure.
 */
export function releaseEnd(release: Release, selection: Selection): ReleaseEnd {
  const stages = new Stages(release, selection);
  const named = selection.stages.map((name) => name.toLowerCase());
  const counting = stages.all
    .filter(({ name }) => (named.length ? named.includes(name.toLowerCase()) : stages.triggered(name)))
    .map((environment) => stages.end(environment));
  const unknown = stages.all.map(({ status = '' }) => status).filter((status) => !isKnown(status));
  const common = { stages: counting, unknown, due: counting.some(({ standing }) => standing === 'due') };
  const open = counting.filter(({ result }) => result === undefined);
  if (open.length) return { ...common, ended: false, result: 'started', reason: undefined };
  if (!counting.length) return { ...common, ended: true, result: 'failed', reason: nothingDeployed(release) };
  return {
    ...common,
    ended: true,
    result: worst(counting.map(({ result }) => result ?? 'failed')),
    reason: counting.flatMap(({ reason }) => reason ?? [])[0],
  };
}

/** True when a status of this name is among those that the condition's flags name. */
export function counts(value: string | undefined, status: string | undefined): boolean {
  const flag = FLAGS[status?.toLowerCase() ?? ''] ?? 0;
  const text = value?.trim() ?? '';
  const flags = /^\d+$/.test(text)
    ? Number(text)
    : text.split(',').reduce((sum, word) => sum | (FLAGS[word.trim().toLowerCase()] ?? 0), 0);
  // Without any flag it is success that counts.
  return ((flags || 4) & flag) !== 0;
}

/** The newest attempt of a stage; 0 when there is none. */
export function attemptOf({ deploySteps = [] }: Environment): number {
  return Math.max(0, ...deploySteps.map(({ attempt = 0 }) => attempt));
}

export function isMoving({ status = '' }: Environment): boolean {
  return MOVING.includes(status.toLowerCase()) || !isKnown(status);
}

function isKnown(status: string): boolean {
  return status.toLowerCase() in FLAGS;
}

class Stages {
  readonly all: Environment[];
  private readonly known = new Map<string, { standing: Standing; reason?: string }>();
  private readonly asked = new Set<string>();

  constructor(
    private readonly release: Release,
    private readonly selection: Selection,
  ) {
    this.all = (release.environments ?? []).toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  }

  end(environment: Environment): StageEnd {
    const { name, status = '' } = environment;
    const { standing, reason } = this.stand(environment);
    const open = standing === 'moves' || standing === 'due' || standing === 'waits';
    const result = standing === 'ended' ? RESULTS[status.toLowerCase()] : open ? undefined : 'failed';
    return { name, status, standing, result, reason };
  }

  /** True for a stage that was started, or that nothing but conditions keeps from being started. */
  triggered(name: string): boolean {
    const environment = this.find(name);
    if (!environment) return false;
    const status = environment.status?.toLowerCase();
    if (status !== 'notstarted') return true;
    const { standing } = this.stand(environment);
    if (standing === 'byHand') return false;
    const conditions = this.conditions(environment);
    if (conditions.some((one) => isOther(one) && one.result === false)) return false;
    return conditions.every((one) => !isStage(one) || this.triggered(one.name ?? ''));
  }

  private stand(environment: Environment): { standing: Standing; reason?: string } {
    const key = environment.name.toLowerCase();
    const known = this.known.get(key);
    if (known) return known;
    // Stages that wait for each other start nothing.
    if (this.asked.has(key)) return { standing: 'notTriggered', reason: 'stages wait for each other' };
    this.asked.add(key);
    const found = this.derive(environment);
    this.known.set(key, found);
    return found;
  }

  private derive(environment: Environment): { standing: Standing; reason?: string } {
    const status = environment.status?.toLowerCase() ?? '';
    if (isMoving(environment)) return { standing: 'moves' };
    const { fromAttempt = 0 } = this.plan(environment);
    // What stands there is left from before this step.
    const outdated = fromAttempt > 0 && attemptOf(environment) < fromAttempt;
    if (status !== 'notstarted' && !outdated) {
      const again = this.trigger(environment);
      // A stage before it is deployed once more, and then this one will be, too.
      return again.standing === 'waits' && !fromAttempt ? again : { standing: 'ended' };
    }
    const { name } = environment;
    const releaseStatus = this.release.status?.toLowerCase();
    if (releaseStatus === 'draft') return { standing: 'notTriggered', reason: `${name} was not started: a draft` };
    if (releaseStatus === 'abandoned')
      return { standing: 'notTriggered', reason: `${name} was not started: the release was abandoned` };
    return this.trigger(environment);
  }

  /** What the conditions say of a start that is still to come. */
  private trigger(environment: Environment): { standing: Standing; reason?: string } {
    const { name } = environment;
    const conditions = this.conditions(environment);
    const notStarted = (why: string) => `${name} was not started: ${why}`;
    if (!conditions.length) return { standing: 'byHand', reason: notStarted('only a person starts it') };
    let waits = false;
    for (const condition of conditions) {
      if (isOther(condition)) {
        if (condition.result === false)
          return {
            standing: 'notTriggered',
            reason: notStarted(`its filter for ${condition.name ?? 'artifacts'} does not fit`),
          };
      } else if (isStage(condition)) {
        const before = this.find(condition.name ?? '');
        if (!before) {
          if (condition.result === true) continue;
          return { standing: 'notTriggered', reason: notStarted(`it waits for ${condition.name ?? 'a stage'}`) };
        }
        const { standing } = this.stand(before);
        if (standing === 'moves' || standing === 'due' || standing === 'waits') waits = true;
        else if (standing === 'byHand')
          return { standing: 'notTriggered', reason: notStarted(`${before.name} waits for a person to start it`) };
        else if (standing === 'notTriggered' || !counts(condition.value, before.status))
          return { standing: 'notTriggered', reason: notStarted(`${before.name} ${inWords(before.status)}`) };
      }
    }
    if (waits) return { standing: 'waits' };
    return this.selection.dueIsOver
      ? { standing: 'notTriggered', reason: notStarted('nothing holds it, but the service did not start it') }
      : { standing: 'due' };
  }

  private conditions(environment: Environment): Condition[] {
    return this.plan(environment).conditions ?? environment.conditions ?? [];
  }

  private plan({ name }: Environment): StagePlan {
    return this.selection.plans?.get(name.toLowerCase()) ?? {};
  }

  private find(name: string): Environment | undefined {
    return this.all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  }
}

function isStage({ conditionType = '' }: Condition): boolean {
  return ['environmentstate', '2'].includes(conditionType.toLowerCase());
}

/** An artifact filter, or a kind that is newer than this program. */
function isOther(condition: Condition): boolean {
  return !isStage(condition) && !['event', '1'].includes(condition.conditionType?.toLowerCase() ?? '');
}

function inWords(status = ''): string {
  switch (status.toLowerCase()) {
    case 'rejected':
    case 'canceled':
      return `was ${status.toLowerCase()}`;
    case 'partiallysucceeded':
      return 'succeeded only partially';
    case 'notstarted':
      return 'was not started';
    default:
      return `is ${status}`;
  }
}

function nothingDeployed({ status = '', environments = [] }: Release): string {
  if (status.toLowerCase() === 'draft') return 'it is a draft, nothing of it deploys';
  if (!environments.length) return 'it has no stages';
  return 'nothing deploys by itself, every stage waits for a person: name what is to be deployed in stages, or set waitForCompletion to false';
}

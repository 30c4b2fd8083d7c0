import type { AzureDevOps } from '../azureDevOps';
import { ApiError, Canceled, messageOf, UserError } from '../errors';
import type { Register } from '../register';
import { mayHaveStarted, UnclearStart } from '../lostAnswer';
import { addTags } from '../tags';
import { inWords, type ChildResult } from '../verdict';
import { wait } from '../wait';
import type { WaitingInputs } from '../waitingInputs';
import { orCanceled, type World } from '../world';
import { cancelRuns } from './cancel';
import { title, type Child } from './child';
import { Claims } from './claims';
import { ConditionCheck, type Conditions } from './conditions';
import { findLostRun } from './lostAnswer';
import type { PlannedRun } from './plan';
import { registered } from './registered';
import { withoutSecrets } from './request';
import { startedFrom, startRun, type StartedRun } from './start';
import { takeUp } from './takeUp';
import { RunWatch, type WatchOptions } from './watch';
import { TAGS } from './wire';

export interface CascadeOptions {
  waiting: WaitingInputs;
  conditions: Conditions;
  /** How many run at a time; 0: no limit. */
  maxParallel: number;
  stopOnFirstFailure: boolean;
  /** Id of the parent run, which never counts as a run of its own pipeline. */
  parentRun: number | undefined;
  /** Items that have to succeed before this one starts; must name no circle. Without it all may start at once. */
  after?: (item: string) => readonly string[];
  watch: Pick<WatchOptions, 'observe' | 'runAgain'>;
  /** Runs that there are already, which are followed as well. */
  existing?: Child[];
  /** Called when something is new: a child, a result. */
  changed(children: Child[]): void;
}

/** A run that is to come, with what became of it. */
interface Slot {
  planned: PlannedRun;
  child?: Child;
  /** Said once why it is not started yet. */
  held?: string;
}

/** So many starts go out at once, and so many between two looks at what runs already. */
const STARTS_AT_ONCE = 4;
const STARTS_A_TURN = 20;
const ANSWER_DUE_MS = 1000;
/** Ends after which what comes next may start. */
const GOOD: ReadonlySet<ChildResult> = new Set(['succeeded', 'partiallySucceeded']);

/**
 * Starts a list of runs, as many at a time as wanted, and follows them to what is waited for. The same for one run and for hundreds,
 * and for whoever needs runs started.
 */
export class Cascade {
  /** In the order of the list. */
  private readonly slots: Slot[];
  private readonly watch: RunWatch;
  private readonly check: ConditionCheck;
  private readonly claims = new Claims(() => this.ownIds());
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly tagging: Promise<void>[] = [];
  private stopped: string | undefined;

  constructor(
    planned: PlannedRun[],
    private readonly host: { azureDevOps: AzureDevOps; register: Register },
    private readonly options: CascadeOptions,
    private readonly world: World,
  ) {
    this.slots = planned.map((one) => ({ planned: one }));
    const changed = () => this.changed();
    const { progress, waitFor } = options.waiting;
    this.watch = new RunWatch(host.azureDevOps, { ...options.watch, detail: progress, waitFor, changed }, world);
    for (const child of options.existing ?? []) this.watch.add(child);
    this.check = new ConditionCheck(host.azureDevOps, options.conditions, () => this.ownIds(), world);
  }

  /** Everything that was started, taken or decided against so far, in the order of the list. */
  get children(): Child[] {
    return [...(this.options.existing ?? []), ...this.slots.flatMap(({ child }) => child ?? [])];
  }

  /** Starts and waits. Throws `Canceled` after it asked for the cancellation of what it started. */
  async run(): Promise<void> {
    const { waiting } = this.options;
    this.rememberOpen();
    try {
      await this.startDue();
      const { timedOut } = await wait(
        {
          look: () => this.turn(),
          ended: () => this.ended(),
          hurry: () => this.watch.hurry() || (this.due().length > 0 && !this.allHeld()),
          stillWaiting: () => stillWaiting(this.due().length, this.children),
          pauseMs: waiting.pollingIntervalMs,
          deadline: waiting.waitTimeoutMs ? this.world.clock.now() + waiting.waitTimeoutMs : undefined,
        },
        this.world,
      );
      if (timedOut) await this.timeOut();
      await Promise.all(this.tagging);
      // Tags belong to the start: a step that goes on without waiting is at its end only behind them.
      if (this.world.signal.aborted) throw new Canceled();
    } catch (error) {
      if (error instanceof Canceled) await this.cancel();
      throw error;
    }
  }

  /** What an earlier attempt had sent and got no answer to: until each was looked for, any of them may have made a run. */
  private rememberOpen(): void {
    const { open } = this.host.register.earlier;
    for (const { planned } of this.slots)
      if (open.some(({ item }) => item === planned.item)) this.claims.sent(planned.request);
  }

  private async turn(): Promise<void> {
    await this.watch.look();
    this.check.forget();
    const failed = this.children.find(({ result }) => result === 'failed' || result === 'canceled');
    if (failed && this.options.stopOnFirstFailure && !this.stopped) {
      this.stopped = `${title(failed)} ${failed.result ?? ''} and stopOnFirstFailure is set`;
      await cancelRuns(this.host.azureDevOps, this.unfinished(), this.world.log);
    }
    await this.startDue();
  }

  private due(): Slot[] {
    return this.slots.filter(({ child }) => !child);
  }

  private allHeld(): boolean {
    return this.due().every(({ held }) => held !== undefined) || this.freePlaces() === 0;
  }

  private freePlaces(): number {
    const { maxParallel } = this.options;
    return maxParallel ? Math.max(0, maxParallel - this.children.filter(({ result }) => !result).length) : Infinity;
  }

  /** Starts what may start now, a few at once. */
  private async startDue(): Promise<void> {
    if (this.stopped) for (const slot of this.due()) this.skip(slot, this.stopped);
    const untried = this.due();
    let left = STARTS_A_TURN;
    // One that is held takes no place from those behind it.
    while (untried.length && left > 0 && this.freePlaces() > 0 && !this.stopped && !this.world.signal.aborted) {
      const some = untried.splice(0, Math.min(STARTS_AT_ONCE, this.freePlaces(), left));
      await Promise.all(some.map((slot) => this.tracked(this.startSlot(slot))));
      left -= some.filter(({ child }) => child).length;
    }
    if (this.world.signal.aborted) throw new Canceled();
  }

  private async startSlot(slot: Slot): Promise<void> {
    try {
      if (!this.isItsTurn(slot)) return;
      const { child, tags } = (await this.takenUp(slot)) ?? (await this.decided(slot)) ?? {};
      if (!child) return;
      this.settle(slot, child);
      this.host.register.answered(slot.planned.item);
      const missing = slot.planned.request.tags.filter((tag) => !tags?.includes(tag));
      if (missing.length && !child.taken) this.tagging.push(this.addTags(child, missing));
    } catch (error) {
      // What may have started a run after all stays noted, so that the next attempt looks for it first.
      if (!mayHaveStarted(error) && !(error instanceof Canceled)) this.host.register.answered(slot.planned.item);
      if (this.slots.length === 1 || !(error instanceof UserError || error instanceof ApiError)) throw error;
      this.refuse(slot, error);
    }
  }

  private addTags({ project, id, url }: Child, tags: string[]): Promise<void> {
    const run = { place: TAGS, route: { project, buildId: id }, url };
    return addTags(this.host.azureDevOps, run, { tags, world: this.world });
  }

  /** The child of an earlier attempt of this step, where it still counts. */
  private async takenUp({ planned }: Slot): Promise<{ child: Child; tags: string[] } | undefined> {
    const { azureDevOps, register } = this.host;
    const { item, request } = planned;
    const earlier = register.earlier.children.findLast((child) => child.item === item);
    const taken = earlier && (await takeUp(azureDevOps, earlier, planned, this.world));
    if (taken) {
      this.claims.settled(request);
      return { child: taken, tags: request.tags };
    }
    const open = register.earlier.open.find((intent) => intent.item === item);
    const lost = open && (await findLostRun(azureDevOps, this.claims.lostStart(request, open.sentAt), this.world));
    this.claims.settled(request);
    if (!lost || !this.claims.claim(lost.id)) return undefined;
    const child = this.childOf(planned, lost);
    this.world.log.info(`Took on ${title(child)}, which an earlier attempt of this step had started. ${child.url}`);
    return { child, tags: lost.tags };
  }

  /** What the conditions make of it: a start, a run that does instead, a reason to wait or to leave it. */
  private async decided(slot: Slot): Promise<{ child: Child; tags: string[] } | undefined> {
    const { azureDevOps, register } = this.host;
    const { planned } = slot;
    const decision = await this.check.decide(planned);
    switch (decision.what) {
      case 'skip':
        this.skip(slot, decision.reason);
        return undefined;
      case 'hold':
        this.hold(slot, decision.reason);
        return undefined;
      case 'take': {
        const run = startedFrom(azureDevOps, planned.request.project, decision.build);
        const child: Child = { ...this.childOf(planned, run), taken: true };
        if (decision.build.status === 'completed')
          Object.assign(child, { result: 'succeeded', reason: decision.reason });
        this.world.log.info(`${title(child)} does for ${nameOf(planned)}: ${decision.reason}. ${child.url}`);
        return { child, tags: run.tags };
      }
      case 'start': {
        if (this.world.signal.aborted) return undefined;
        const sentAt = this.world.clock.now() + azureDevOps.transport.serverAheadMs;
        register.starting({ request: withoutSecrets(planned.request), sentAt, item: planned.item });
        const run = await this.registeredWhileOpen(startRun(azureDevOps, planned.request, this.claims, this.world));
        const child = this.childOf(planned, run);
        const given = child.given.length ? ` with ${child.given.join(', ')}` : '';
        this.world.log.info(`Started ${title(child)} on ${child.branch || 'its default branch'}${given}. ${child.url}`);
        return { child, tags: run.tags };
      }
    }
  }

  /** A start that is not answered at once is attached to the parent as well: were the agent lost now, a rerun could look for its run. */
  private async registeredWhileOpen<T>(start: Promise<T>): Promise<T> {
    const answered = new AbortController();
    const late = this.world.clock.sleep(ANSWER_DUE_MS, answered.signal);
    late.then(
      () => !answered.signal.aborted && this.host.register.attachOpen(),
      () => undefined,
    );
    try {
      return await start;
    } finally {
      answered.abort();
    }
  }

  /** Whether what has to come before it has succeeded; where that cannot be any more, it is left out. */
  private isItsTurn(slot: Slot): boolean {
    const before = this.options.after?.(slot.planned.item) ?? [];
    const ended = before.map((item) => this.slots.find(({ planned }) => planned.item === item)?.child);
    const bad = ended.find((child) => child?.result && !GOOD.has(child.result));
    if (bad) {
      this.skip(slot, `it comes after ${title(bad)}, which ${inWords(bad.result ?? 'started')}`);
      return false;
    }
    const open = before.filter((_, index) => !ended[index]?.result);
    if (open.length) this.hold(slot, `waits for ${open.join(', ')}`);
    return !open.length;
  }

  private hold(slot: Slot, reason: string): void {
    if (slot.held !== reason) this.world.log.info(`${nameOf(slot.planned)} ${reason}.`);
    slot.held = reason;
  }

  private settle(slot: Slot, child: Child): void {
    slot.child = child;
    this.watch.add(child);
    this.changed();
  }

  private skip(slot: Slot, reason: string): void {
    this.world.log.info(`${nameOf(slot.planned)} is not started: ${reason}.`);
    this.settle(slot, { ...this.unstarted(slot.planned), result: 'skipped', reason });
  }

  /** One of many could not be started: it counts as failed, and the others go on unless all would be refused the same way. */
  private refuse(slot: Slot, error: Error): void {
    this.world.log.error(`${nameOf(slot.planned)} could not be started. ${error.message}`);
    this.settle(slot, { ...this.unstarted(slot.planned), result: 'failed', reason: messageOf(error), refused: true });
    const cause = error instanceof ApiError ? error : error.cause;
    if (cause instanceof ApiError && (cause.status === 401 || cause.status === 403)) {
      this.stopped ??= 'this identity may not start runs';
    }
  }

  private unstarted(planned: PlannedRun): Child {
    const nothing = { id: 0, number: '', url: '', branch: '', commit: '', queueTime: '', tags: [], adopted: false };
    return { ...this.childOf(planned, nothing), attempt: 0 };
  }

  private childOf({ item, request, asked }: PlannedRun, run: StartedRun): Child {
    const attempts = this.host.register.earlier.children
      .filter((child) => child.item === item)
      .map(({ attempt }) => attempt);
    return {
      organization: this.host.azureDevOps.account.url,
      project: request.project,
      id: run.id,
      pipelineId: request.pipeline.id,
      name: request.pipeline.name,
      number: run.number,
      url: run.url,
      item,
      attempt: Math.max(0, ...attempts) + 1,
      branch: run.branch || request.branch || '',
      commit: run.commit || request.commit || '',
      stages: asked,
      given: [...Object.keys(request.parameters), ...Object.keys(request.variables)],
      progress: { status: '', queueTime: run.queueTime, stages: [] },
    };
  }

  /** Without waiting, the step lasts until the last one is started. */
  private ended(): boolean {
    if (this.due().length) return false;
    return !this.options.waiting.waitForCompletion || this.children.every(({ result }) => result);
  }

  private unfinished(): Child[] {
    return this.children.filter(({ result, taken }) => !result && !taken);
  }

  private async timeOut(): Promise<void> {
    for (const slot of this.due()) this.skip(slot, 'waitTimeoutInMinutes had passed before it was its turn');
    const open = this.children.filter(({ result }) => !result);
    if (this.options.waiting.onTimeout === 'cancel') {
      await cancelRuns(this.host.azureDevOps, this.unfinished(), this.world.log);
    }
    for (const child of open) child.result = 'timedOut';
    this.changed();
  }

  /** The step was cancelled: so are its children, those at once that are known, the others as soon as their start is answered. */
  private async cancel(): Promise<void> {
    const { azureDevOps, register } = this.host;
    const { log } = this.world;
    if (!this.options.waiting.cancelWithParent) {
      await Promise.allSettled(this.underWay);
      for (const child of this.unfinished())
        log.info(`${title(child)} goes on, because cancelWithParent is false. ${child.url}`);
      return;
    }
    register.canceling();
    const known = this.unfinished();
    const cancelings = [cancelRuns(azureDevOps, known, log)];
    const late = [...this.underWay].map(async (start) => {
      await start.catch((error: unknown) => {
        if (error instanceof UnclearStart) log.error(messageOf(error));
      });
      const fresh = this.unfinished().filter((child) => !known.includes(child));
      known.push(...fresh);
      await cancelRuns(azureDevOps, fresh, log);
    });
    await Promise.all([...cancelings, ...late]);
  }

  private async tracked(start: Promise<void>): Promise<void> {
    this.underWay.add(start);
    try {
      await orCanceled(start, this.world.signal);
    } finally {
      // A start that the cancel left behind stays, so that its child is cancelled when its id is known.
      if (!this.world.signal.aborted) this.underWay.delete(start);
    }
  }

  private ownIds(): Set<number> {
    const { earlier } = this.host.register;
    const own = [...this.children, ...earlier.children].map(({ id }) => id);
    return new Set(this.options.parentRun === undefined ? own : [...own, this.options.parentRun]);
  }

  private changed(): void {
    this.host.register.put(this.children.filter(({ id }) => id).map(registered));
    this.options.changed(this.children);
  }
}

function nameOf({ item, request }: PlannedRun): string {
  return `${request.pipeline.name}${item ? ` (${item})` : ''}`;
}

function stillWaiting(due: number, children: Child[]): string {
  const open = children.filter(({ result }) => !result);
  const names = open.slice(0, 3).map((child) => `${title(child)} (${running(child)})`);
  const rest = open.length > names.length ? ` and ${open.length - names.length} more` : '';
  const later = due ? `; ${due} to be started` : '';
  return `Still waiting for ${open.length} of ${due + children.length}: ${names.join(', ')}${rest}${later}.`;
}

function running({ progress }: Child): string {
  const stage = progress.stages.find(({ state }) => state === 'running');
  return stage ? `in ${stage.displayName}` : progress.status === 'notStarted' ? 'not started' : 'runs';
}

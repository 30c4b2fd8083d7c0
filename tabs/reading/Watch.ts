import type { Release } from '../../tasks/lib/releases/wire';
import { bareState, hasEnded, type ChildState } from '../model/childState';
import { keyOf, organizationName, type ChildRef, type StepDocument } from '../model/documents';
import { registered } from '../model/tree';
import { pendingApprovals, readApprovers, withApprovers } from './approvals';
import { isPassing, problemText } from './problem';
import { Registers } from './Registers';
import { deploymentsOf, releaseState, type Deployment } from './releaseState';
import { Refusal, type Rest } from './Rest';
import { runState, withTimeline, type BuildWire } from './runState';
import type { RecordWire } from './timeline';

/** The run or release on whose page the tab is. */
export type Root = Pick<ChildRef, 'organization' | 'project' | 'kind' | 'id'>;

/** One request that could be sent; the lowest rank goes first, of equals the one that is overdue for longest. */
interface Reading {
  key: string;
  project: string;
  /** What is read, in words for a problem. */
  what: string;
  rank: number;
  dueAt: number;
  read: () => Promise<void>;
  /** The refusal will not pass. */
  refused?: (text: string) => void;
  /** Nobody misses it: a refusal is not told. */
  isExtra?: boolean;
  /** After the end of this child it is read once more and then never. */
  child?: string;
}

const STATE_EVERY_MS = 4000;
const REGISTER_EVERY_MS = 12_000;
/** Of each child in sight: more seldom where many are, so that there is time for all else. */
const DETAILS_EVERY_MS = { least: 10_000, each: 3000 };
const APPROVERS_EVERY_MS = 30_000;
const CHILD_REGISTER_EVERY_MS = { least: 30_000, each: 8000 };
/** Registers of what nobody looks at: often enough to find grandchildren, seldom enough to be nothing beside the rest. */
const UNSEEN_EVERY_MS = 600_000;
const AFTER_FAULT_MS = 15_000;
const AFTER_REFUSAL_MS = 60_000;
const MOST_IDS = 700;

/**
 * What the tab knows and reads: registers of steps, states of children, timelines. A turn sends at most one request a project, the
 * one that is most wanted: what runs, then the registers, then the details of what is in sight.
 */
export class Watch {
  readonly states = new Map<string, ChildState>();
  /** What cannot be read at present, a sentence each, by the request. */
  readonly problems = new Map<string, string>();
  private readonly registers: Registers;
  private readonly refs = new Map<string, ChildRef>();
  private readonly parents = new Map<string, string>();
  private readonly readAt = new Map<string, number>();
  private readonly notBefore = new Map<string, number>();
  /** Readings that are done with, by the child after whose end they were. */
  private readonly finals = new Map<string, Set<string>>();
  private readonly deployments = new Map<string, Deployment[]>();
  private readonly pools = new Map<string, string>();
  /** Ids of projects that are named by name elsewhere. */
  private readonly projectNames = new Map<string, string>();
  private quietUntil = 0;
  private now = 0;
  private inSight: ReadonlySet<string> = new Set();

  constructor(
    private readonly rest: Rest,
    readonly root: Root,
  ) {
    this.registers = new Registers(rest);
    this.refs.set(keyOf(root), { ...root, name: '', number: '', url: '', item: '', attempt: 1, result: '' });
  }

  get rootKey(): string {
    return keyOf(this.root);
  }

  get documents(): Map<string, StepDocument[]> {
    return this.registers.documents;
  }

  /** The registers of the page's own run or release were read: where there is nothing now, there is nothing so far. */
  get isComplete(): boolean {
    const { rootKey } = this;
    const listed = [...this.readAt.keys()].some((key) => key.startsWith(`register ${rootKey}`));
    const nothingToList =
      this.root.kind === 'release' && this.states.has(rootKey) && !this.deployments.get(rootKey)?.length;
    return (listed || nothingToList) && ![...this.registers.wanted()].some(({ parent }) => parent === rootKey);
  }

  /**
   * Sends at most one request a project. Never throws: what is refused is among the problems.
   * @param inSight keys of the children that the viewer sees.
   */
  async turn(now: number, inSight: ReadonlySet<string>): Promise<void> {
    this.now = now;
    this.inSight = inSight;
    if (this.quietUntil > now) return;
    const chosen = new Map<string, Reading>();
    for (const reading of this.readings()) {
      const project = this.projectKey(reading.project);
      if (reading.dueAt > now || (this.notBefore.get(project) ?? 0) > now) continue;
      const best = chosen.get(project);
      if (!best || reading.rank < best.rank || (reading.rank === best.rank && reading.dueAt < best.dueAt))
        chosen.set(project, reading);
    }
    await Promise.all([...chosen.values()].map((reading) => this.perform(reading)));
  }

  /** Milliseconds until the next turn is of use; undefined when all has ended and all was read. */
  pause(now: number): number | undefined {
    const due = [...this.readings()].map(({ dueAt, project }) =>
      Math.max(dueAt, this.notBefore.get(this.projectKey(project)) ?? 0, this.quietUntil),
    );
    const next = Math.min(...due);
    return next === Infinity ? undefined : Math.max(0, next - now);
  }

  /** Something in sight was never read: the next turn should come soon. */
  get isBehind(): boolean {
    return [...this.readings()].some(({ rank, dueAt }) => rank < 3 && dueAt === 0);
  }

  /** Something was done to a child: what is known of it is old. */
  expire(key: string): void {
    const ref = this.refs.get(key);
    const state = this.states.get(key);
    if (!ref) return;
    if (state) this.states.set(key, { ...state, outcome: 'running', endedAt: undefined });
    this.finals.delete(key);
    for (const name of [`details ${key}`, `register ${key}`, statesKey(ref.kind, this.projectKey(ref.project))])
      this.readAt.delete(name);
  }

  private async perform({ key, project, what, read, refused, isExtra, child }: Reading): Promise<void> {
    const { now } = this;
    const wasLast = child !== undefined && !this.isRunning(child);
    this.readAt.set(key, now);
    try {
      await read();
      this.problems.delete(key);
      if (wasLast) this.finals.set(child, (this.finals.get(child) ?? new Set()).add(key));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(0, String(error));
      const text = problemText(refusal, what);
      if (!isExtra) this.problems.set(key, text);
      if (isPassing(refusal)) {
        this.readAt.delete(key);
        this.notBefore.set(this.projectKey(project), now + AFTER_FAULT_MS);
      } else {
        refused?.(text);
        if (wasLast) this.finals.set(child, (this.finals.get(child) ?? new Set()).add(key));
        else this.readAt.set(key, now + AFTER_REFUSAL_MS);
      }
    }
    // The service asks for quiet with any status, also with 200; what it slows down is the viewer, not one project.
    this.quietUntil = Math.max(this.quietUntil, now + this.rest.takeRetryAfter());
  }

  private *readings(): Generator<Reading> {
    const own = [...this.refs].filter(([, ref]) => isOf(ref, this.root));
    for (const [project, refs] of this.byProject(own)) {
      yield* this.stateReadings(project, refs);
      for (const [key, ref] of refs) yield* this.detailReadings(key, ref);
      yield* this.approverReading(project, refs);
    }
    for (const { key, parent, project, isKnown, listedAt } of this.registers.wanted()) {
      yield {
        key,
        project,
        what: 'what a step has registered',
        rank: isKnown ? 2 : 1,
        dueAt: isKnown ? listedAt : 0,
        read: async () => this.learn(parent, await this.registers.read(key)),
        refused: () => this.registers.giveUp(key),
      };
    }
  }

  private *stateReadings(project: string, refs: [string, ChildRef][]): Generator<Reading> {
    for (const kind of ['run', 'release'] as const) {
      const open = refs.filter(([key, ref]) => ref.kind === kind && this.isOpen(key) && !this.isReadAlone(key));
      if (!open.length) continue;
      // What was never looked at goes first, then what was looked at longest ago.
      const seenAt = ([key]: [string, ChildRef]): number => this.readAt.get(`look ${key}`) ?? 0;
      const chosen = open.length > MOST_IDS ? open.toSorted((a, b) => seenAt(a) - seenAt(b)).slice(0, MOST_IDS) : open;
      const isNew = open.some(([key]) => !this.states.has(key));
      const key = statesKey(kind, project);
      yield {
        key,
        project,
        what: `the state of the ${kind}s of project ${chosen[0]?.[1].project ?? project}`,
        rank: 0,
        // A child that was never looked at cannot wait for the next round.
        dueAt: this.dueAfter(key, isNew ? 1000 : STATE_EVERY_MS),
        read: () => (kind === 'run' ? this.readRuns(chosen) : this.readReleases(chosen)),
        refused: (text) => this.cannotBeRead(chosen, text),
      };
    }
  }

  /** The list of releases need not have their deployments, which hold the attachments: the release of the page is read alone. */
  private isReadAlone(key: string): boolean {
    return key === this.rootKey && this.root.kind === 'release';
  }

  private *detailReadings(key: string, ref: ChildRef): Generator<Reading> {
    const { project, id, kind } = ref;
    const isRoot = key === this.rootKey;
    const isSeen = isRoot || this.inSight.has(key);
    const common = { project, child: key };
    const title = isRoot ? `this ${kind}` : `${ref.name} ${ref.number || id}`;
    const registerEvery = isRoot ? REGISTER_EVERY_MS : isSeen ? this.everyMs(CHILD_REGISTER_EVERY_MS) : UNSEEN_EVERY_MS;
    const registerRank = isRoot ? 1 : isSeen ? 2 : 3;
    if (isSeen && (isRoot ? kind === 'release' : this.states.has(key))) {
      const name = `details ${key}`;
      yield {
        ...common,
        key: name,
        what: kind === 'run' ? `the timeline of ${title}` : title,
        rank: isRoot ? 0 : 2,
        dueAt: this.dueOf(name, key, isRoot ? STATE_EVERY_MS : this.everyMs(DETAILS_EVERY_MS)),
        read: () => (kind === 'run' ? this.readTimeline(key, ref) : this.readRelease(key, ref)),
        ...(isRoot && { refused: (text: string) => this.cannotBeRead([[key, ref]], text) }),
      };
    }
    const what = `what the steps of ${title} have registered`;
    const register = (name: string, read: () => Promise<void>): Reading => {
      const dueAt = this.dueOf(name, key, registerEvery);
      return { ...common, key: name, what, rank: registerRank, dueAt, read };
    };
    if (kind === 'run') yield register(`register ${key}`, () => this.registers.listOfRun(key, ref, this.now));
    else
      for (const deployment of this.deployments.get(key) ?? []) {
        const name = `register ${key} ${deployment.planId}`;
        if (!deployment.isNewest && this.readAt.has(name)) continue;
        yield register(name, () => this.registers.listOfDeployment(key, ref, deployment, this.now));
      }
  }

  private *approverReading(project: string, refs: [string, ChildRef][]): Generator<Reading> {
    const keys = refs.flatMap(([key]) => (this.inSight.has(key) ? key : []));
    const ids = keys.flatMap((key) => pendingApprovals(this.states.get(key)));
    if (!ids.length) return;
    const key = `approvers ${ids.toSorted().join(' ')}`;
    yield {
      key,
      project,
      what: 'who has to approve',
      isExtra: true,
      rank: 2,
      dueAt: this.dueAfter(key, APPROVERS_EVERY_MS),
      read: async () => {
        const people = await readApprovers(this.rest, refs[0]?.[1].project ?? project, ids);
        for (const one of keys) {
          const state = this.states.get(one);
          if (state) this.states.set(one, withApprovers(state, people));
        }
      },
    };
  }

  /** It can still change: it runs, or it failed and the step that started it may run it again, or deploy further stages of it. */
  private isOpen(key: string): boolean {
    const outcome = this.states.get(key)?.outcome;
    if (outcome === undefined || !hasEnded(outcome)) return true;
    const parent = this.parents.get(key);
    if (parent === undefined || outcome === 'unknown') return false;
    return (outcome !== 'succeeded' || this.refs.get(key)?.kind === 'release') && this.isRunning(parent);
  }

  private isRunning(key: string): boolean {
    const state = this.states.get(key);
    return state === undefined || !hasEnded(state.outcome);
  }

  private dueAfter(key: string, everyMs: number): number {
    const at = this.readAt.get(key);
    return at === undefined ? 0 : at + everyMs;
  }

  /** Once more after the end, then never: an ended child does not change unless somebody runs it again. */
  private dueOf(key: string, child: string, everyMs: number): number {
    if (this.finals.get(child)?.has(key)) return Infinity;
    return this.dueAfter(key, this.isRunning(child) ? everyMs : 0);
  }

  private everyMs({ least, each }: { least: number; each: number }): number {
    return Math.max(least, each * this.inSight.size);
  }

  private learn(parent: string, children: ChildRef[]): void {
    for (const ref of children) {
      const key = keyOf(ref);
      this.refs.set(key, key === this.rootKey ? { ...ref, ...this.root } : ref);
      if (key !== this.rootKey) this.parents.set(key, parent);
      if (!isOf(ref, this.root))
        this.states.set(key, {
          ...registered(ref),
          reasons: [`It is in another organization, ${ref.organization}: open it there.`],
        });
    }
  }

  private async readRuns(chosen: [string, ChildRef][]): Promise<void> {
    const project = chosen[0]?.[1].project ?? '';
    const path = `${encodeURIComponent(project)}/_apis/build/builds?buildIds=${idsOf(chosen)}`;
    const { value } = await this.rest.json<{ value: BuildWire[] }>({ path, version: '7.0' });
    const found = new Map(value.map((build) => [build.id, build]));
    for (const [key, ref] of chosen) {
      const build = found.get(ref.id);
      this.seen([key, ref], build && runState(build, this.states.get(key)));
      this.pools.set(key, build?.queue?.name ?? '');
      const { id, name } = build?.project ?? {};
      if (id && name) this.projectNames.set(id.toLowerCase(), name.toLowerCase());
    }
  }

  private async readReleases(chosen: [string, ChildRef][]): Promise<void> {
    const project = chosen[0]?.[1].project ?? '';
    const query = `releaseIdFilter=${idsOf(chosen)}&$expand=environments,approvals,variables&$top=${MOST_IDS}`;
    const path = `${encodeURIComponent(project)}/_apis/release/releases?${query}`;
    const { value } = await this.rest.json<{ value: Release[] }>({ area: 'release', path, version: '7.0' });
    const found = new Map(value.map((release) => [release.id, release]));
    for (const [key, ref] of chosen) {
      const release = found.get(ref.id);
      this.seen([key, ref], release && releaseState(release, this.states.get(key), this.now));
      this.keepDeployments(key, release);
    }
  }

  private async readRelease(key: string, ref: ChildRef): Promise<void> {
    const path = `${encodeURIComponent(ref.project)}/_apis/release/releases/${ref.id}`;
    const release = await this.rest.json<Release>({ area: 'release', path, version: '7.0' });
    this.seen([key, ref], releaseState(release, this.states.get(key), this.now));
    this.keepDeployments(key, release);
  }

  private keepDeployments(key: string, release: Release | undefined): void {
    const deployments = release ? deploymentsOf(release) : [];
    if (deployments.length) this.deployments.set(key, deployments);
  }

  private seen([key, ref]: [string, ChildRef], now: ChildState | undefined): void {
    const before = this.states.get(key);
    this.readAt.set(`look ${key}`, this.now);
    if (now && before && hasEnded(before.outcome) && !hasEnded(now.outcome)) this.finals.delete(key);
    if (now?.outcome !== before?.outcome) this.readAt.delete(`details ${key}`);
    const gone = { ...(before ?? registered(ref)), outcome: 'unknown' as const };
    this.states.set(key, now ?? { ...gone, reasons: ['It is not there any more, or you may not see it.'] });
  }

  /** What the steps registered is all that can be told of them. */
  private cannotBeRead(chosen: [string, ChildRef][], text: string): void {
    for (const [key, ref] of chosen) {
      const told = registered(ref);
      const outcome = hasEnded(told.outcome) ? told.outcome : 'unknown';
      this.states.set(key, { ...(this.states.get(key) ?? bareState(outcome, told)), outcome, reasons: [text] });
    }
  }

  private async readTimeline(key: string, { project, id }: ChildRef): Promise<void> {
    const path = `${encodeURIComponent(project)}/_apis/build/builds/${id}/timeline`;
    // A run that waits in the queue has no timeline: the service answers with nothing.
    const text = await this.rest.text({ path, version: '7.0' });
    const { records = [] } = (text ? JSON.parse(text) : {}) as { records?: RecordWire[] };
    const state = this.states.get(key);
    if (state) this.states.set(key, withTimeline(state, records, this.pools.get(key)));
  }

  private byProject(refs: [string, ChildRef][]): Map<string, [string, ChildRef][]> {
    const groups = new Map<string, [string, ChildRef][]>();
    for (const entry of refs) {
      const project = this.projectKey(entry[1].project);
      const group = groups.get(project);
      if (group) group.push(entry);
      else groups.set(project, [entry]);
    }
    return groups;
  }

  /** A project by one name, whether it was given by id, by name or in other letters: the bound of requests is one a project. */
  private projectKey(project: string): string {
    const name = project.toLowerCase();
    return this.projectNames.get(name) ?? name;
  }
}

function statesKey(kind: ChildRef['kind'], project: string): string {
  return `${kind} states of ${project}`;
}

function idsOf(chosen: [string, ChildRef][]): string {
  return chosen.map(([, { id }]) => id).join(',');
}

/** The viewer's token is for this organization only; children elsewhere are shown as their step registered them. */
function isOf(ref: Root, root: Root): boolean {
  return organizationName(ref.organization) === organizationName(root.organization);
}

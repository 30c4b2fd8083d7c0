import { hasEnded, type ChildState } from '../model/childState';
import { keyOf, organizationName, readDocument, type ChildRef, type StepDocument } from '../model/documents';
import { registered } from '../model/tree';
import { deploymentsOf, releaseState, type Deployment, type ReleaseWire } from './releaseState';
import { Refusal, type Rest } from './Rest';
import { runState, withTimeline, type BuildWire, type RecordWire } from './runState';

/** The run or release on whose page the tab is. */
export type Root = Pick<ChildRef, 'organization' | 'project' | 'kind' | 'id'>;

/** One request that could be sent; the lowest rank goes first, of equals the one that is overdue for longest. */
interface Reading {
  key: string;
  project: string;
  rank: number;
  dueAt: number;
  read: () => Promise<void>;
}

const TYPE = 'pipeline-cascade';
const ATTACHMENTS = '7.0-preview.2';
const RELEASE_ATTACHMENTS = '7.0-preview.1';
const STATE_EVERY_MS = 4000;
const REGISTER_EVERY_MS = 12_000;
const TIMELINE_EVERY_MS = 10_000;
const DETAILS_EVERY_MS = 30_000;
const AFTER_FAULT_MS = 15_000;
const MOST_IDS = 700;

/**
 * What the tab knows and reads: registers of steps, states of children, timelines. A turn sends at most one request a project, the
 * one that is most wanted: what runs, then the registers, then the details of what is in sight; of nothing else.
 */
export class Watch {
  readonly documents = new Map<string, StepDocument[]>();
  readonly states = new Map<string, ChildState>();
  /** What cannot be read at present, by the request. */
  readonly problems = new Map<string, string>();
  private readonly refs = new Map<string, ChildRef>();
  private readonly readAt = new Map<string, number>();
  private readonly notBefore = new Map<string, number>();
  /** Attachments that were listed: address below the organization → the parent, and where it was read what it holds. */
  private readonly attachments = new Map<string, { parent: string; version: string; document?: StepDocument }>();
  private readonly deployments = new Map<string, Deployment[]>();
  private inSight: ReadonlySet<string> = new Set();

  constructor(
    private readonly rest: Rest,
    readonly root: Root,
  ) {
    this.refs.set(keyOf(root), { ...root, name: '', number: '', url: '', item: '', attempt: 1, result: '' });
  }

  get rootKey(): string {
    return keyOf(this.root);
  }

  /**
   * Sends at most one request a project. Never throws: what is refused is among the problems.
   * @param inSight keys of the children that the viewer sees.
   * @returns whether a request was sent.
   */
  async turn(now: number, inSight: ReadonlySet<string>): Promise<boolean> {
    this.inSight = inSight;
    const chosen = new Map<string, Reading>();
    for (const reading of this.readings()) {
      if (reading.dueAt > now || (this.notBefore.get(reading.project) ?? 0) > now) continue;
      const best = chosen.get(reading.project);
      if (!best || reading.rank < best.rank || (reading.rank === best.rank && reading.dueAt < best.dueAt))
        chosen.set(reading.project, reading);
    }
    await Promise.all([...chosen.values()].map((reading) => this.perform(reading, now)));
    return chosen.size > 0;
  }

  /** Milliseconds until the next turn is of use; undefined when all has ended and all was read. */
  pause(now: number): number | undefined {
    const due = [...this.readings()].map(({ dueAt, project }) => Math.max(dueAt, this.notBefore.get(project) ?? 0));
    const next = Math.min(...due);
    return next === Infinity ? undefined : Math.max(0, next - now);
  }

  /** Something was done to a child: what is known of it is old. */
  expire(key: string): void {
    const ref = this.refs.get(key);
    const state = this.states.get(key);
    if (state) this.states.set(key, { ...state, outcome: 'running', endedAt: undefined });
    for (const name of [`timeline ${key}`, `register ${key}`, `${ref?.kind ?? 'run'} states of ${ref?.project ?? ''}`])
      this.readAt.delete(name);
    for (const name of [...this.readAt.keys()]) if (name.endsWith(` after the end of ${key}`)) this.readAt.delete(name);
  }

  private async perform({ key, project, read }: Reading, now: number): Promise<void> {
    this.readAt.set(key, now);
    try {
      await read();
      this.problems.delete(key);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(0, String(error));
      this.problems.set(key, refusal.message || `The service refused (${refusal.status}).`);
      const passing = refusal.status === 0 || refusal.status === 429 || refusal.status >= 500;
      if (passing || refusal.retryAfterMs) {
        this.readAt.delete(key);
        this.notBefore.set(project, now + Math.max(refusal.retryAfterMs, AFTER_FAULT_MS));
      }
    }
  }

  private *readings(): Generator<Reading> {
    const own = [...this.refs].filter(([, ref]) => isOf(ref, this.root));
    for (const [project, refs] of groups(own)) {
      yield* this.stateReadings(project, refs);
      for (const [key, ref] of refs) {
        if (key === this.rootKey || this.inSight.has(key)) yield* this.detailReadings(key, ref);
      }
    }
    for (const [href, { parent, document }] of this.attachments) {
      const project = this.refs.get(parent)?.project ?? this.root.project;
      if (!document) {
        const key = `attachment ${href}`;
        yield { key, project, rank: 1, dueAt: this.dueAfter(key, Infinity), read: () => this.readAttachment(href) };
      }
    }
  }

  private *stateReadings(project: string, refs: [string, ChildRef][]): Generator<Reading> {
    const { rootKey, root } = this;
    // The list of releases need not have their deployments, which hold the attachments: the release of the page is read alone.
    const alone = root.kind === 'release' && root.project === project && !this.hasEnded(rootKey);
    const own = `release ${root.id}`;
    const due = this.dueAfter(own, STATE_EVERY_MS);
    if (alone) yield { key: own, project, rank: 0, dueAt: due, read: () => this.readRootRelease() };
    for (const kind of ['run', 'release'] as const) {
      const open = refs.filter(([key, ref]) => ref.kind === kind && key !== (alone && rootKey) && !this.hasEnded(key));
      const ids = open.slice(0, MOST_IDS).map(([, { id }]) => id);
      const key = `${kind} states of ${project}`;
      // A child that was never looked at cannot wait for the next round.
      const fresh = open.some(([childKey]) => !this.states.has(childKey));
      const dueAt = this.dueAfter(key, fresh ? 1000 : STATE_EVERY_MS);
      const read = (): Promise<void> =>
        kind === 'run' ? this.readRuns(project, ids) : this.readReleases(project, ids);
      if (ids.length) yield { key, project, rank: fresh ? 0 : 1, dueAt, read };
    }
  }

  private *detailReadings(key: string, ref: ChildRef): Generator<Reading> {
    const { project } = ref;
    const isRoot = key === this.rootKey;
    const ended = this.hasEnded(key);
    const register = `register ${key}`;
    const registerDue = ended
      ? this.dueAfterEnd(register, key)
      : this.dueAfter(register, isRoot ? REGISTER_EVERY_MS : DETAILS_EVERY_MS);
    if (ref.kind === 'run') {
      yield {
        key: register,
        project,
        rank: isRoot ? 0 : 3,
        dueAt: registerDue,
        read: () => this.listRunRegister(key, ref),
      };
      const timeline = `timeline ${key}`;
      const dueAt = ended ? this.dueAfterEnd(timeline, key) : this.dueAfter(timeline, TIMELINE_EVERY_MS);
      if (!isRoot && this.states.has(key))
        yield { key: timeline, project, rank: 2, dueAt, read: () => this.readTimeline(key, ref) };
      return;
    }
    for (const deployment of this.deployments.get(key) ?? []) {
      const name = `register ${key} ${deployment.planId}`;
      const dueAt = ended
        ? this.dueAfterEnd(name, key)
        : this.dueAfter(name, isRoot ? REGISTER_EVERY_MS : DETAILS_EVERY_MS);
      const read = (): Promise<void> => this.listReleaseRegister(key, ref, deployment);
      yield { key: name, project, rank: isRoot ? 1 : 3, dueAt, read };
    }
  }

  private hasEnded(key: string): boolean {
    const state = this.states.get(key);
    return state !== undefined && hasEnded(state.outcome);
  }

  private dueAfter(key: string, everyMs: number): number {
    const at = this.readAt.get(key);
    return at === undefined ? 0 : at + everyMs;
  }

  /** Once more after the end, then never: an ended child does not change unless somebody runs it again. */
  private dueAfterEnd(key: string, child: string): number {
    const after = `${key} after the end of ${child}`;
    if (this.readAt.has(after)) return Infinity;
    return this.dueAfter(key, 0);
  }

  private markEnd(key: string, child: string): void {
    if (this.hasEnded(child)) this.readAt.set(`${key} after the end of ${child}`, 0);
  }

  private async readRuns(project: string, ids: number[]): Promise<void> {
    const path = `${encodeURIComponent(project)}/_apis/build/builds?buildIds=${ids.join(',')}`;
    const { value } = await this.rest.json<{ value: BuildWire[] }>({ path, version: '7.0' });
    const found = new Map(value.map((build) => [build.id, build]));
    for (const id of ids) {
      const build = found.get(id);
      this.seen(project, { kind: 'run', id }, build && ((before) => runState(build, before)));
    }
  }

  private async readReleases(project: string, ids: number[]): Promise<void> {
    const query = `releaseIdFilter=${ids.join(',')}&$expand=environments,approvals&$top=${MOST_IDS}`;
    const path = `${encodeURIComponent(project)}/_apis/release/releases?${query}`;
    const { value } = await this.rest.json<{ value: ReleaseWire[] }>({ area: 'release', path, version: '7.0' });
    const found = new Map(value.map((release) => [release.id, release]));
    for (const id of ids) {
      const release = found.get(id);
      this.seen(project, { kind: 'release', id }, release && (() => releaseState(release)));
      if (release) this.deployments.set(keyOf({ ...this.root, kind: 'release', id }), deploymentsOf(release));
    }
  }

  private async readRootRelease(): Promise<void> {
    const path = `${encodeURIComponent(this.root.project)}/_apis/release/releases/${this.root.id}`;
    const release = await this.rest.json<ReleaseWire>({ area: 'release', path, version: '7.0' });
    this.states.set(this.rootKey, releaseState(release));
    this.deployments.set(this.rootKey, deploymentsOf(release));
  }

  private seen(
    project: string,
    child: Pick<ChildRef, 'kind' | 'id'>,
    change: ((before: ChildState | undefined) => ChildState) | undefined,
  ): void {
    const key = keyOf({ ...this.root, ...child });
    const ref = this.refs.get(key);
    if (ref?.project !== project) return;
    const before = this.states.get(key);
    if (change) this.states.set(key, change(before));
    else
      this.states.set(key, {
        ...(before ?? registered(ref)),
        outcome: 'unknown',
        reasons: ['It is not there any more, or you may not see it.'],
      });
  }

  private async readTimeline(key: string, { project, id }: ChildRef): Promise<void> {
    const path = `${encodeURIComponent(project)}/_apis/build/builds/${id}/timeline`;
    // A run that waits in the queue has no timeline: the service answers with nothing.
    const text = await this.rest.text({ path, version: '7.0' });
    const { records = [] } = (text ? JSON.parse(text) : {}) as { records?: RecordWire[] };
    const state = this.states.get(key);
    if (state) this.states.set(key, withTimeline(state, records));
    this.markEnd(`timeline ${key}`, key);
  }

  private async listRunRegister(key: string, { project, id }: Root): Promise<void> {
    const path = `${encodeURIComponent(project)}/_apis/build/builds/${id}/attachments/${TYPE}`;
    this.list(key, await this.rest.json({ path, version: ATTACHMENTS }), 'core');
    this.markEnd(`register ${key}`, key);
  }

  private async listReleaseRegister(key: string, { project, id }: Root, deployment: Deployment): Promise<void> {
    const { environmentId, attempt, planId } = deployment;
    const plan = `environments/${environmentId}/attempts/${attempt}/plan/${planId}/attachments/${TYPE}`;
    const path = `${encodeURIComponent(project)}/_apis/release/releases/${id}/${plan}`;
    this.list(key, await this.rest.json({ area: 'release', path, version: RELEASE_ATTACHMENTS }), 'release');
    this.markEnd(`register ${key} ${planId}`, key);
  }

  /** What was listed is read, or read again: a step attaches its document anew under the same address while it waits. */
  private list(
    parent: string,
    { value = [] }: { value?: { _links?: { self?: { href?: string } } }[] },
    area: string,
  ): void {
    for (const { _links } of value) {
      const path = belowProject(_links?.self?.href ?? '');
      if (!path) continue;
      const href = `${area} ${path}`;
      const { document: _old, ...rest } = this.attachments.get(href) ?? { parent, version: ATTACHMENTS };
      const finished = this.hasEnded(parent) && this.readAt.has(`final ${href}`);
      if (finished) continue;
      this.attachments.set(href, rest);
      this.readAt.delete(`attachment ${href}`);
      if (this.hasEnded(parent)) this.readAt.set(`final ${href}`, 0);
    }
  }

  private async readAttachment(href: string): Promise<void> {
    const entry = this.attachments.get(href);
    if (!entry) return;
    const [area = '', path = ''] = href.split(' ');
    const project = encodeURIComponent(this.refs.get(entry.parent)?.project ?? this.root.project);
    const inRelease = area === 'release';
    const text = await this.rest.text({
      area: inRelease ? 'release' : 'core',
      path: `${project}/${path}`,
      version: inRelease ? RELEASE_ATTACHMENTS : ATTACHMENTS,
    });
    const document = readDocument(text) ?? { task: '', step: '', children: [], dockerfiles: [] };
    this.attachments.set(href, { ...entry, document });
    const kept = (this.documents.get(entry.parent) ?? []).filter(
      ({ task, step }) => task !== document.task || step !== document.step,
    );
    this.documents.set(entry.parent, [...kept, document]);
    for (const ref of document.children) this.refs.set(keyOf(ref), ref);
  }
}

/** The part of an attachment's address after its project: the token goes to no host that an answer names. */
function belowProject(href: string): string | undefined {
  return /\/(_apis\/[^?#\s]+)/i.exec(href)?.[1];
}

/** The viewer's token is for this organization only; children elsewhere are shown as their step registered them. */
function isOf(ref: Root, root: Root): boolean {
  return organizationName(ref.organization) === organizationName(root.organization);
}

function groups(refs: [string, ChildRef][]): Map<string, [string, ChildRef][]> {
  const byProject = new Map<string, [string, ChildRef][]>();
  for (const entry of refs) byProject.set(entry[1].project, [...(byProject.get(entry[1].project) ?? []), entry]);
  return byProject;
}

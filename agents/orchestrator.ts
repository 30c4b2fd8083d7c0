import { setTimeout as sleep } from 'node:timers/promises';
import { Canceled, messageOf } from '../tasks/lib/errors';
import type { World } from '../tasks/lib/world';
import type { AgentHost } from './agentHost';
import type { Pool, PoolService } from './azureDevOps/poolService';
import type { Config } from './config';
import { execute, type Executing } from './execute';
import { Gate } from './gate';
import type { JsonLog } from './log';
import type { Metrics } from './metrics';
import type { Licences } from './plan/licences';
import type { JobRequest } from './plan/jobRequest';
import { placeholderName, purposeOf, type NameSpace } from './plan/names';
import { plan, type Action, type PoolView } from './plan/plan';
import { supplyOf } from './plan/supply';
import { isFinished } from './plan/workload';

export interface Parts {
  config: Pick<Config, 'orgUrl' | 'prefix' | 'profiles' | 'limits'>;
  pools: readonly Pool[];
  service: PoolService;
  /** In the order in which they are filled. */
  hosts: ReadonlyMap<string, AgentHost>;
  metrics: Metrics;
  log: JsonLog;
  clock: World['clock'];
  signal: AbortSignal;
  /** False as soon as another instance may act. */
  mayAct: () => boolean;
}

type Start = Action & { kind: 'startAgent' | 'handRegistration' };

/** A whole look at the capabilities is dear; the placeholders are asked for theirs once in so long. */
const capabilitiesMs = 300_000;
const licencesMs = 15_000;
/** The same reason is said in the log once in so long. */
const repeatMs = 600_000;
const atOnce = 10;
/** Pages of runs that a round writes a reason to: each is two requests, and a long queue is told of little by little. */
const runsToldAtOnce = 10;
/** Agents that are made at once, and registrations that are made and handed over at once. */
const startsAtOnce = 25;
/** So long a round waits for registrations, in real time: a key takes a tenth of a second, and meanwhile other jobs are queued. */
const registrationsMs = 5000;

/**
 * Looks at every pool and does what the plan says. What it remembers is only for the log, the metrics and to ask less often: a restart at
 * any place loses nothing.
 */
export class Orchestrator {
  private readonly spaces = new Map<number, NameSpace>();
  private readonly askedCapabilities = new Map<number, number>();
  private readonly told = new Map<string, number>();
  /** When the jobs were queued whose agents are on their way. */
  private readonly starting = new Map<string, number>();
  private readonly ended = new Set<string>();
  /** What the pages of runs were told, by request. */
  private readonly runsTold = new Map<number, string>();
  /** By pool and name: agents that are made or made and not registered yet. */
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly greeted = new Set<number>();
  private readonly creating = new Gate(startsAtOnce);
  private readonly registering = new Gate(startsAtOnce);
  private licences: { at: number; value: Licences | undefined } | undefined;

  constructor(private readonly parts: Parts) {}

  /** One look at all pools; true while anything waits or is on its way. Throws only what concerns all of them. */
  async round(): Promise<boolean> {
    const { pools, log } = this.parts;
    const views: { pool: Pool; view: PoolView }[] = [];
    const failures: unknown[] = [];
    for (const pool of pools) {
      try {
        views.push({ pool, view: await this.view(pool) });
      } catch (error) {
        if (this.parts.signal.aborted) return false;
        failures.push(error);
        log.say('error', `Pool '${pool.name}' could not be looked at: ${messageOf(error)}`, { pool: pool.name });
      }
    }
    if (failures.length === 0) this.forgetRuns(views.flatMap(({ view }) => view.requests));
    const free = new Map(views.map(({ pool, view }) => [pool.id, this.measure(pool, view)]));
    for (const { pool, view } of views) {
      // Parallel jobs are the organization's: agents that wait in another pool will use theirs.
      const elsewhere = [...free].reduce((sum, [id, count]) => sum + (id === pool.id ? 0 : count), 0);
      const licences = view.licences && { ...view.licences, used: view.licences.used + elsewhere };
      const actions = plan({ ...view, licences });
      this.greet(pool, view, actions);
      const started = actions.filter(({ kind }) => kind === 'startAgent').length;
      free.set(pool.id, (free.get(pool.id) ?? 0) + started);
      await this.carryOut(pool, view, actions);
    }
    const patience = new AbortController();
    await Promise.race([this.finish(), sleep(registrationsMs, undefined, patience).catch(() => undefined)]);
    patience.abort();
    if (failures.length > 0 && failures.length === pools.length) throw failures[0];
    return views.some(({ view }) => view.requests.some(({ received }) => !received));
  }

  private async view(pool: Pool): Promise<PoolView> {
    const { config, service, hosts, clock, signal } = this.parts;
    const now = clock.now();
    const capabilities = now - (this.askedCapabilities.get(pool.id) ?? -Infinity) >= capabilitiesMs;
    // The workloads last: an agent that was made is then never missing beside the request that it was made for.
    const looked = await service.look(pool, { capabilities, signal });
    if (capabilities) this.askedCapabilities.set(pool.id, now);
    const workloads = (await Promise.all([...hosts.values()].map((host) => host.workloads()))).flat();
    return {
      space: this.spaceOf(pool),
      ...looked,
      workloads: workloads.filter(({ poolId }) => poolId === pool.id),
      profiles: config.profiles,
      hosts: [...hosts.values()].map((host) => host.room(clock.now())),
      licences: looked.requests.length > 0 ? await this.parallelJobs() : undefined,
      limits: config.limits,
      now: clock.now(),
    };
  }

  /** At the first look the placeholders that are there are told; those that are missing are told when they are registered. */
  private greet(pool: Pool, { space, profiles }: PoolView, actions: readonly Action[]): void {
    if (this.greeted.has(pool.id)) return;
    this.greeted.add(pool.id);
    const missing = new Set(actions.map((action) => action.kind === 'ensurePlaceholder' && action.name));
    for (const { name } of profiles) {
      const placeholder = placeholderName(space, name);
      if (!missing.has(placeholder))
        this.parts.log.say('info', `The placeholder '${placeholder}' is there.`, { pool: pool.name });
    }
  }

  private async parallelJobs(): Promise<Licences | undefined> {
    const { clock, service, signal, log } = this.parts;
    const now = clock.now();
    if (this.licences !== undefined && now - this.licences.at < licencesMs) return this.licences.value;
    let value = this.licences?.value;
    try {
      value = await service.licences();
    } catch (error) {
      if (signal.aborted) throw error;
      const instead = value ? `the ${value.total} known before count on` : 'no agent is held back for them';
      const text = `The parallel jobs of the organization cannot be read, so ${instead}: ${messageOf(error)}`;
      if (this.isNew('licences')) log.say('warn', text);
    }
    this.licences = { at: now, value };
    return value;
  }

  private async carryOut(pool: Pool, view: PoolView, actions: readonly Action[]): Promise<void> {
    const { config, service, hosts, log, metrics } = this.parts;
    const requestAbout = (about: string): JobRequest | undefined => {
      const purpose = purposeOf(view.space, about);
      const id = purpose && 'requestId' in purpose ? purpose.requestId : Number(/^request (\d+)$/.exec(about)?.[1]);
      return view.requests.find(({ requestId }) => requestId === id);
    };
    const frame: Executing = {
      requestAbout,
      pool,
      orgUrl: config.orgUrl,
      profiles: config.profiles,
      service,
      hosts,
      log,
      metrics,
    };
    let runsToTell = runsToldAtOnce;
    const fresh = actions.filter((action) => {
      if (action.kind === 'tellReason') return this.isNews(pool, action);
      return action.kind !== 'tellRun' || (runsToTell > 0 && this.isNewForRun(action) && runsToTell-- > 0);
    });
    // Placeholders first: without them the service refuses jobs.
    const first = fresh.filter(({ kind }) => kind === 'ensurePlaceholder');
    const rest = fresh.filter(({ kind }) => kind !== 'ensurePlaceholder');
    for (const action of first) await this.carryOutOne(action, frame);
    const made = rest.filter(isStart).map((action) => this.begin(action, frame));
    const others = rest.filter((action) => !isStart(action));
    for (let i = 0; i < others.length; i += atOnce) {
      await Promise.all(others.slice(i, i + atOnce).map((action) => this.carryOutOne(action, frame)));
    }
    await Promise.all(made);
    for (const action of rest) {
      if (action.kind === 'startAgent' && action.request) this.starting.set(action.name, action.request.queuedAt);
    }
    const known = new Set(view.workloads.map(({ name }) => name));
    for (const name of this.ended)
      if (name.startsWith(`${pool.id}/`) && !known.has(name.slice(name.indexOf('/') + 1))) this.ended.delete(name);
  }

  /** Resolves when every agent that was made has its registration; once the signal has aborted, with what is on its way. */
  async finish(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  /**
   * Resolves when the agent is made. Its registration follows behind those that are ahead of it: a key takes so long that the agents of a
   * long queue must not wait for each other's. One that is cut there is handed its registration by a later plan.
   */
  private begin(action: Start, frame: Executing): Promise<void> {
    const key = `${frame.pool.id}/${action.kind === 'startAgent' ? action.name : action.workload.name}`;
    if (this.underWay.has(key)) return Promise.resolve();
    return new Promise((made) => {
      const carryOut = async (): Promise<void> => {
        let gate = this.creating;
        const beforeRegistering = async (): Promise<void> => {
          gate.leave();
          made();
          gate = this.registering;
          await gate.enter();
          if (this.parts.signal.aborted || !this.parts.mayAct()) throw new Canceled();
        };
        await gate.enter();
        try {
          await this.carryOutOne(action, { ...frame, beforeRegistering });
        } finally {
          gate.leave();
          made();
          this.underWay.delete(key);
        }
      };
      this.underWay.set(key, carryOut());
    });
  }

  private async carryOutOne(action: Action, frame: Executing): Promise<void> {
    const { mayAct, signal, log } = this.parts;
    const isStopped = () => signal.aborted;
    if (isStopped() || !mayAct()) return;
    try {
      await execute(action, frame);
    } catch (error) {
      if (isStopped() || !mayAct()) return;
      const { name } = frame.pool;
      log.say('error', `${action.kind} did not succeed and is planned anew: ${messageOf(error)}`, { pool: name });
    }
  }

  /** A reason is logged, counted and told where people look, but not with every look. */
  private isNews(pool: Pool, { about, reason, text }: Action & { kind: 'tellReason' }): boolean {
    const { log, metrics } = this.parts;
    // What counts down changes with every look, and so does how many wait.
    const said = text.replace(/^\d+ jobs? waits?: |\d+ s$/g, '');
    if (!this.isNew(`${pool.id} ${about} ${reason} ${said}`)) return false;
    if (about !== 'pool') metrics.failed.inc({ pool: pool.name, reason });
    log.say('warn', `${about}: ${text}`, { pool: pool.name, reason });
    return true;
  }

  private isNewForRun({ request: { requestId }, text }: Action & { kind: 'tellRun' }): boolean {
    if (this.runsTold.get(requestId) === text) return false;
    this.runsTold.set(requestId, text);
    return true;
  }

  private forgetRuns(requests: readonly JobRequest[]): void {
    const known = new Set(requests.map(({ requestId }) => requestId));
    for (const requestId of this.runsTold.keys()) if (!known.has(requestId)) this.runsTold.delete(requestId);
  }

  private isNew(said: string): boolean {
    const now = this.parts.clock.now();
    for (const [earlier, at] of this.told) if (now - at > repeatMs) this.told.delete(earlier);
    if (this.told.has(said)) return false;
    this.told.set(said, now);
    return true;
  }

  /** Sets the gauges; gives the number of agents that wait for a job. */
  private measure(pool: Pool, view: PoolView): number {
    const { metrics } = this.parts;
    const label = { pool: pool.name };
    const supply = supplyOf({ ...view, startTimeoutMs: view.limits.startTimeoutMs });
    const live = supply.map(({ workload }) => workload.state);
    const free = supply.filter(({ use }) => use === 'free');
    metrics.pending.set(label, live.filter((state) => state === 'pending').length);
    metrics.running.set(label, live.filter((state) => state === 'running').length);
    metrics.idle.set(label, free.filter(({ workload }) => workload.state === 'running').length);
    metrics.queued.set(
      label,
      view.requests.filter(({ received, reservedAgentId, hosted }) => !received && !reservedAgentId && !hosted).length,
    );
    for (const workload of view.workloads) {
      const queuedAt = this.starting.get(workload.name);
      if (queuedAt !== undefined && workload.startedAt !== undefined) {
        metrics.startSeconds.observe(label, Math.max(0, workload.startedAt - queuedAt) / 1000);
        this.starting.delete(workload.name);
      }
      const key = `${pool.id}/${workload.name}`;
      if (isFinished(workload) && !this.ended.has(key)) {
        this.ended.add(key);
        this.starting.delete(workload.name);
        if (workload.state === 'failed') metrics.failed.inc({ ...label, reason: workload.problem?.reason ?? 'other' });
      }
    }
    return free.length;
  }

  private spaceOf(pool: Pool): NameSpace {
    const space = this.spaces.get(pool.id) ?? { prefix: this.parts.config.prefix, pool };
    this.spaces.set(pool.id, space);
    return space;
  }
}

function isStart(action: Action): action is Start {
  return action.kind === 'startAgent' || action.kind === 'handRegistration';
}

import type { CoreV1Event, KubeConfig, V1DeleteOptions, V1Job, V1Pod, V1Secret } from '@kubernetes/client-node';
import { PatchStrategy, setHeaderOptions, Watch } from '@kubernetes/client-node';
import type { AgentHost, AgentSpec, Registration, RegistrationWay, Started } from '../agentHost';
import type { HostRoom, Reason } from '../plan/plan';
import type { Problem, Workload } from '../plan/workload';
import { isLive } from '../plan/workload';
import { agentJob, registrationSecret } from './agentJob';
import type { ApiClients } from './apiClients';
import { messageOf, statusOf } from './apiError';
import { reasonEvent } from './events';
import { claimsIn, claimsOf, withFreeClaim } from './exclusiveClaims';
import { Followed, type Page } from './followed';
import { timeOf, workloadOf } from './jobState';
import type { JobTemplate } from './jobTemplate';
import { keptOfJob, keptOfPod } from './keptFields';
import { isMade, marks, selectorOf } from './marks';
import type { Job } from './objects';
import { toClient } from './objects';
import { ensureNamespace, mayNotWork, tryAgents } from './startCheck';

/** After a refusal by a quota nothing is tried for so long. */
const quotaPauseMs = 30_000;
/** While pods wait for a node, another host is preferred for so long. */
const crowdedMs = 120_000;
/** The Job controller makes a pod within moments; a Job without one for so long has been refused it. */
const podlessMs = 10_000;

export interface KubernetesSettings {
  namespace: string;
  initializeNamespace: boolean;
  instance: string;
  way: RegistrationWay;
  dockerSocketPath?: string;
  /** The object that events hang on which concern no Job. */
  leaseName: string;
  /** By the name of the profile. */
  templates: ReadonlyMap<string, JobTemplate>;
  now: () => number;
}

/** Agents as Jobs of one namespace. Everything it knows is read from the cluster; only Jobs with its labels are seen, changed or deleted. */
export class KubernetesHost implements AgentHost {
  private fullUntil = 0;
  private crowdedUntil = 0;
  /** Why Jobs got no pod. */
  private refusals: { at: number; byJob: Promise<Map<string, string>> } | undefined;

  /** Jobs on their way to the server. */
  private readonly beingMade = new Map<string, Job>();

  private constructor(
    private readonly clients: ApiClients,
    private readonly settings: KubernetesSettings,
    private readonly followed: { jobs: Followed<V1Job>; pods: Followed<V1Pod> },
  ) {}

  /** Connects, and reads what is there. Throws when the rights or the namespace are missing. */
  static async open(
    kubeConfig: KubeConfig,
    clients: ApiClients,
    settings: KubernetesSettings,
  ): Promise<KubernetesHost> {
    const { batch, core } = clients;
    const { namespace, now } = settings;
    if (settings.initializeNamespace) await ensureNamespace(core, namespace);
    const selector = selectorOf(settings.instance);
    const asked = { namespace, labelSelector: selector };
    const watch = new Watch(kubeConfig);
    const jobs = new Followed<V1Job>(
      watch,
      {
        path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
        selector,
        list: (page: Page) => batch.listNamespacedJob({ ...asked, ...page }),
        keep: (job) => toClient<V1Job>(keptOfJob(job)),
      },
      now,
    );
    const pods = new Followed<V1Pod>(
      watch,
      {
        path: `/api/v1/namespaces/${namespace}/pods`,
        selector,
        list: (page: Page) => core.listNamespacedPod({ ...asked, ...page }),
        keep: (pod) => toClient<V1Pod>(keptOfPod(pod)),
      },
      now,
    );
    try {
      await jobs.start();
      await pods.start();
      await tryAgents(clients, settings);
    } catch (error) {
      jobs.stop();
      pods.stop();
      if (statusOf(error) !== 403) throw error;
      throw mayNotWork(namespace, error);
    }
    return new KubernetesHost(clients, settings, { jobs, pods });
  }

  room(now: number): HostRoom {
    return {
      name: 'kubernetes',
      // The cluster deletes them itself after ttlSecondsAfterFinished; this is for one that does not.
      keepFinishedMs: 900_000,
      ...(this.fullUntil > now && { fullUntil: this.fullUntil }),
      ...(this.crowdedUntil > now && { crowdedUntil: this.crowdedUntil }),
    };
  }

  async workloads(): Promise<Workload[]> {
    const pods = new Map<string, V1Pod[]>();
    for (const pod of this.followed.pods.all()) {
      const agent = pod.metadata?.labels?.[marks.agent] ?? '';
      pods.set(agent, [...(pods.get(agent) ?? []), pod]);
    }
    const workloads = await Promise.all(
      this.followed.jobs.all().map(async (job) => {
        const own = pods.get(job.metadata?.name ?? '') ?? [];
        const workload = workloadOf(job, own, 'kubernetes');
        if (workload?.state !== 'pending' || own.length > 0) return workload;
        const problem = await this.whyNoPod(job);
        return problem ? { ...workload, problem } : workload;
      }),
    );
    const known = workloads.filter((workload) => workload !== undefined);
    if (known.some((workload) => isLive(workload) && workload.problem?.reason === 'noRoom')) {
      this.crowdedUntil = this.settings.now() + crowdedMs;
    }
    return known;
  }

  async start(spec: AgentSpec, register: () => Promise<Registration>): Promise<Started> {
    const { namespace, templates } = this.settings;
    const template = templates.get(spec.profile.name);
    if (template === undefined)
      return { reason: 'refused', text: `the profile '${spec.profile.name}' has no template` };
    const wanted = withFreeClaim(agentJob(spec, template, this.settings), this.takenClaims());
    const body = toClient<V1Job>(wanted);
    let job: V1Job;
    try {
      this.beingMade.set(spec.name, wanted);
      // The Job is made first: its name is what two starts meet at, and the one that made it hands over the registration.
      job = await this.clients.batch.createNamespacedJob({ namespace, body });
      this.followed.jobs.add(job);
    } catch (error) {
      return await this.whyNotStarted(spec, error);
    } finally {
      this.beingMade.delete(spec.name);
    }
    await this.handOver(job, register);
    return 'started';
  }

  async finishStart(workload: Workload, register: () => Promise<Registration>): Promise<void> {
    const job = this.followed.jobs.get(workload.name);
    if (job) await this.handOver(job, register);
  }

  async remove(name: string, { onlyPending }: { onlyPending: boolean }): Promise<'deleted' | 'started'> {
    const { namespace } = this.settings;
    const job = this.followed.jobs.get(name);
    if (!isMade(job?.metadata, this.settings.instance)) return 'deleted';
    if (onlyPending && (await this.runs(name))) return 'started';
    try {
      const uid = job?.metadata?.uid;
      await this.clients.batch.deleteNamespacedJob({
        namespace,
        name,
        // The pod goes before the Job, so the name is free only when no agent of it is left.
        body: toClient<V1DeleteOptions>({ propagationPolicy: 'Foreground', ...(uid && { preconditions: { uid } }) }),
      });
    } catch (error) {
      // Gone already, or another one of that name by now.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
    return 'deleted';
  }

  async tell(about: string, reason: Reason, text: string): Promise<void> {
    const job = this.followed.jobs.get(about);
    const { namespace, leaseName, now } = this.settings;
    const event = reasonEvent({ about, reason, text }, { namespace, leaseName, now: now(), ...(job && { job }) });
    try {
      await this.clients.core.createNamespacedEvent({ namespace, body: toClient<CoreV1Event>(event) });
    } catch (error) {
      // The same was told a moment ago.
      if (statusOf(error) !== 409) throw error;
    }
  }

  async stop(): Promise<void> {
    this.followed.jobs.stop();
    this.followed.pods.stop();
    await Promise.resolve();
  }

  /** Claims that an agent has, or is about to get. A pod that ends still has its own. */
  private takenClaims(): Set<string> {
    if ([...this.settings.templates.values()].every(({ job }) => claimsOf(job).length === 0)) return new Set();
    const ended = new Set<string | undefined>();
    for (const { metadata, status } of this.followed.pods.all())
      if (status?.phase === 'Succeeded' || status?.phase === 'Failed') ended.add(metadata?.labels?.[marks.agent]);
    const holding = this.followed.jobs
      .all()
      .filter(({ metadata, status }) => status?.completionTime === undefined && !ended.has(metadata?.name));
    return new Set([...holding, ...this.beingMade.values()].flatMap((job) => claimsIn(job)));
  }

  /** Makes the Secret that the container waits for, then marks the Job: a start that is cut in between is finished by the next plan. */
  private async handOver(job: V1Job, register: () => Promise<Registration>): Promise<void> {
    const { namespace } = this.settings;
    const name = job.metadata?.name ?? '';
    const body = toClient<V1Secret>(registrationSecret(job, await register()));
    try {
      await this.clients.core.createNamespacedSecret({ namespace, body });
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
      // Of a start that was cut: its key is not the one that is registered now.
      await this.clients.core.deleteNamespacedSecret({ namespace, name });
      await this.clients.core.createNamespacedSecret({ namespace, body });
    }
    const annotations = { [marks.handed]: new Date(this.settings.now()).toISOString() };
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const patched = await this.clients.batch.patchNamespacedJob(
      { namespace, name, body: { metadata: { annotations } } },
      options,
    );
    this.followed.jobs.add(patched);
  }

  private async whyNotStarted(spec: AgentSpec, error: unknown): Promise<Started> {
    const text = messageOf(error);
    switch (statusOf(error)) {
      case 409: {
        const { namespace, instance } = this.settings;
        const there = await this.clients.batch.readNamespacedJob({ namespace, name: spec.name });
        if (isMade(there.metadata, instance)) return 'duplicate';
        return {
          reason: 'refused',
          text: `a Job '${spec.name}' is there that is not of the orchestrator's making; give JOB_PREFIX another value`,
        };
      }
      case 403:
        if (!text.includes('exceeded quota')) return { reason: 'refused', text };
        this.fullUntil = this.settings.now() + quotaPauseMs;
        return { reason: 'quota', text };
      case 400:
      case 422:
        return { reason: 'refused', text };
      default:
        throw error;
    }
  }

  /** A quota or an admission rule that refuses the pod speaks only through an event of the Job. */
  private async whyNoPod(job: V1Job): Promise<Problem | undefined> {
    const { now } = this.settings;
    const age = now() - (timeOf(job.metadata?.creationTimestamp) ?? now());
    if (age < podlessMs) return undefined;
    // One list for all: after a long queue a thousand Jobs wait for their pods.
    if (this.refusals === undefined || now() - this.refusals.at >= podlessMs)
      this.refusals = { at: now(), byJob: this.refusedPods() };
    const text = (await this.refusals.byJob).get(job.metadata?.uid ?? '');
    if (text === undefined) return undefined;
    const reason = text.includes('exceeded quota') ? 'quota' : 'refused';
    if (reason === 'quota') this.fullUntil = now() + quotaPauseMs;
    return { reason, text: `its pod was refused: ${text}` };
  }

  /** By the uid of the Job: what its last refusal said. */
  private async refusedPods(): Promise<Map<string, string>> {
    const { namespace } = this.settings;
    const fieldSelector = 'involvedObject.kind=Job,reason=FailedCreate';
    const { items } = await this.clients.core.listNamespacedEvent({ namespace, fieldSelector });
    return new Map(items.map(({ involvedObject, message }) => [involvedObject.uid ?? '', message ?? '']));
  }

  /** Asks the server itself, for the watch may lag. */
  private async runs(name: string): Promise<boolean> {
    const { namespace } = this.settings;
    const pods = await this.clients.core.listNamespacedPod({ namespace, labelSelector: `${marks.agent}=${name}` });
    return pods.items.some(({ status }) =>
      status?.containerStatuses?.some(({ state }) => state?.running ?? state?.terminated),
    );
  }
}

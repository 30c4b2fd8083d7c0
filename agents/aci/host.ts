import type { ContainerGroup, ContainerInstanceManagementClient } from '@azure/arm-containerinstance';
import type { AgentHost, AgentSpec, Registration, RegistrationWay, Started } from '../agentHost';
import type { AciConfig } from '../config';
import type { HostRoom } from '../plan/plan';
import type { Workload } from '../plan/workload';
import { isFinished } from '../plan/workload';
import { agentGroup, isMadeGroup, workloadOfGroup } from './containerGroup';
import { refusalOf, statusOf } from './refusal';

/** A quota is asked again after this, where the answer does not say when. */
const quotaPauseMs = 60_000;
/** Lists of Resource Manager can lag behind what was made. */
const listLagMs = 60_000;
/** Looks at single groups at a time. */
const looksAtOnce = 10;

export interface AciSettings {
  instance: string;
  way: RegistrationWay;
  aci: AciConfig;
  now: () => number;
}

/** Agents as container groups of one resource group. Only groups with its tag are seen, changed or deleted. */
export class AciHost implements AgentHost {
  private fullUntil = 0;
  /** Made by this process and perhaps not listed yet. */
  private readonly made = new Map<string, Workload>();
  /** Finished groups do not change any more and are not looked at again. */
  private readonly finished = new Map<string, Workload>();

  constructor(
    private readonly client: ContainerInstanceManagementClient,
    private readonly settings: AciSettings,
  ) {}

  room(now: number): HostRoom {
    // A finished group costs nothing, but counts against the quota of groups.
    return { name: 'aci', keepFinishedMs: 60_000, ...(this.fullUntil > now && { fullUntil: this.fullUntil }) };
  }

  async workloads(): Promise<Workload[]> {
    const { aci, instance, now } = this.settings;
    const listed = new Map<string, ContainerGroup>();
    for await (const group of this.client.containerGroups.listByResourceGroup(aci.resourceGroup)) {
      if (group.name !== undefined && isMadeGroup(group, instance)) listed.set(group.name, group);
    }
    for (const name of this.finished.keys()) if (!listed.has(name)) this.finished.delete(name);
    const looks: Workload[] = [];
    const names = [...listed.keys()];
    for (let i = 0; i < names.length; i += looksAtOnce) {
      const some = await Promise.all(names.slice(i, i + looksAtOnce).map((name) => this.lookAt(name)));
      looks.push(...some.filter((workload) => workload !== undefined));
    }
    for (const [name, workload] of this.made) {
      if (listed.has(name) || now() - workload.createdAt > listLagMs) this.made.delete(name);
    }
    return [...looks, ...this.made.values()];
  }

  async start(spec: AgentSpec, register: () => Promise<Registration>): Promise<Started> {
    const { aci, now } = this.settings;
    if (await this.read(spec.name)) return 'duplicate';
    const group = agentGroup(spec, await register(), { ...this.settings, now: now() });
    try {
      // Not waited for: the image takes minutes, and the next look tells how it goes.
      await this.client.containerGroups.beginCreateOrUpdate(aci.resourceGroup, spec.name, group);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      if (refusal.problem.reason === 'quota') this.fullUntil = now() + (refusal.retryAfterMs ?? quotaPauseMs);
      return refusal.problem;
    }
    const workload = workloadOfGroup({ ...group, name: spec.name }, 'aci');
    if (workload) this.made.set(spec.name, workload);
    return 'started';
  }

  /** Group and registration are made in one request: nothing can be left open. */
  async finishStart(): Promise<void> {
    await Promise.resolve();
  }

  async remove(name: string, { onlyPending }: { onlyPending: boolean }): Promise<'deleted' | 'started'> {
    const { aci, instance } = this.settings;
    const group = await this.read(name);
    if (group === undefined || !isMadeGroup(group, instance)) return 'deleted';
    const state = workloadOfGroup(group, 'aci')?.state;
    if (onlyPending && state !== 'pending' && state !== 'ending') return 'started';
    await this.client.containerGroups.beginDelete(aci.resourceGroup, name);
    this.made.delete(name);
    return 'deleted';
  }

  /** Container Instances have no place for it; the log and the metrics have it. */
  async tell(): Promise<void> {
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.resolve();
  }

  /** A list does not say how the containers do. */
  private async lookAt(name: string): Promise<Workload | undefined> {
    const known = this.finished.get(name);
    if (known) return known;
    const group = await this.read(name);
    const workload = group && workloadOfGroup(group, 'aci');
    if (workload && isFinished(workload)) this.finished.set(name, workload);
    return workload;
  }

  private async read(name: string): Promise<ContainerGroup | undefined> {
    try {
      return await this.client.containerGroups.get(this.settings.aci.resourceGroup, name);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }
}

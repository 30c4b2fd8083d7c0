import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type CoreV1Event,
  type KubeConfig,
  type V1Binding,
  type V1EnvVar,
  type V1Node,
  type V1Pod,
} from '@kubernetes/client-node';
import { statusOf } from '../../../agents/kubernetes/apiError';
import { toClient } from '../../../agents/kubernetes/objects';

const node = 'test-node';
const lookMs = 150;

interface Container {
  pod: string;
  folder: string;
  process?: ChildProcess;
  startedAt?: string;
  exitCode?: number;
  reported?: boolean;
  log: string;
}

/**
 * Scheduler and kubelet in one, for pods of agents: binds each pod to a node, waits for its Secrets as a kubelet does, runs the image's own
 * entry point with a fake agent under it, and reports to the API server what comes of it. A pod that is deleted gets SIGTERM first.
 */
export class Kubelet {
  /** By the pod's uid; pods that are gone stay, so that nothing that ever ran is missing. */
  readonly containers = new Map<string, Container>();
  private readonly core: CoreV1Api;
  private stopped = false;
  private turns: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: {
      admin: KubeConfig;
      namespace: string;
      /** How long each job takes. */
      jobMs: number;
      /** Why the image of a pod cannot be pulled; undefined: it can. */
      refuses?: (image: string) => string | undefined;
    },
  ) {
    this.core = settings.admin.makeApiClient(CoreV1Api);
  }

  async start(): Promise<void> {
    await this.core.createNode({ body: toClient<V1Node>({ metadata: { name: node } }) }).catch((error: unknown) => {
      if (statusOf(error) !== 409) throw error;
    });
    this.turns = this.turn();
  }

  /** Ends every process of it. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.turns;
    for (const { process: child, folder } of this.containers.values()) {
      if (child?.pid && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private async turn(): Promise<void> {
    while (!this.stopped) {
      try {
        const { namespace } = this.settings;
        const { items } = await this.core.listNamespacedPod({ namespace });
        for (const pod of items) {
          await this.advance(pod).catch((error: unknown) => {
            // Somebody else changed the pod meanwhile.
            if (statusOf(error) !== 409 && statusOf(error) !== 404) throw error;
          });
        }
      } catch (error) {
        console.error('kubelet:', error);
      }
      await sleep(lookMs);
    }
  }

  private async advance(pod: V1Pod): Promise<void> {
    const uid = pod.metadata?.uid ?? '';
    const known = this.containers.get(uid);
    if (!known) {
      const folder = mkdtempSync(join(tmpdir(), 'pod-'));
      this.containers.set(uid, { pod: pod.metadata?.name ?? '', folder, log: '' });
      const { namespace } = this.settings;
      const name = pod.metadata?.name ?? '';
      const binding = { metadata: { name, namespace }, target: { apiVersion: 'v1', kind: 'Node', name: node } };
      await this.core.createNamespacedPodBinding({ namespace, name, body: toClient<V1Binding>(binding) });
      return;
    }
    if (pod.metadata?.deletionTimestamp) await this.endPod(pod, known);
    else if (known.process === undefined) await this.startPod(pod, known);
    else if (known.exitCode !== undefined && !known.reported) await this.report(pod, known);
  }

  private async startPod(pod: V1Pod, container: Container): Promise<void> {
    const spec = pod.spec?.containers.find(({ name }) => name === 'agent') ?? pod.spec?.containers[0];
    const image = spec?.image ?? '';
    const refusal = this.settings.refuses?.(image);
    if (refusal !== undefined) {
      if (pod.status?.containerStatuses?.[0]?.state?.waiting) return;
      await this.patch(pod, 'Pending', { waiting: { reason: 'ImagePullBackOff', message: refusal } });
      return;
    }
    const [registration, variables] = await Promise.all([this.mounted(pod), this.variables(spec?.env ?? [])]);
    if (registration === undefined || variables === undefined) return;
    const root = join(container.folder, 'agent');
    mkdirSync(join(container.folder, 'registration'), { recursive: true });
    mkdirSync(root);
    for (const [name, content] of Object.entries(registration)) {
      writeFileSync(join(container.folder, 'registration', name), Buffer.from(content, 'base64'), { mode: 0o444 });
    }
    const fake = `exec '${process.execPath}' '${resolve('tests/agents/kubernetes/fakeAgent.mjs')}'`;
    writeFileSync(join(root, 'run-docker.sh'), `#!/bin/bash\n${fake} run\n`, { mode: 0o755 });
    writeFileSync(join(root, 'config.sh'), `#!/bin/bash\n${fake} configure "$@"\n`, { mode: 0o755 });
    const child = spawn('bash', [resolve('agents/image/entrypoint.sh')], {
      env: {
        ...variables,
        PATH: process.env.PATH,
        AGENT_ROOT: root,
        AGENT_REGISTRATION: join(container.folder, 'registration'),
        FAKE_JOB_MS: String(this.settings.jobMs),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    container.process = child;
    container.startedAt = new Date().toISOString();
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (container.log += text));
    child.on('close', (code) => (container.exitCode = code ?? 137));
    await this.patch(pod, 'Running', { running: { startedAt: container.startedAt } });
  }

  private async report(pod: V1Pod, container: Container): Promise<void> {
    const { exitCode = 0, startedAt } = container;
    const terminated = { exitCode, startedAt, finishedAt: new Date().toISOString() };
    await this.patch(pod, exitCode === 0 ? 'Succeeded' : 'Failed', { terminated });
    container.reported = true;
  }

  private async endPod(pod: V1Pod, { process: child, exitCode }: Container): Promise<void> {
    if (child?.pid && exitCode === undefined) {
      child.kill('SIGTERM');
      return;
    }
    const { namespace } = this.settings;
    const name = pod.metadata?.name ?? '';
    await this.core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
  }

  /** What the Secrets hold that the pod mounts; undefined as long as one is missing. */
  private async mounted(pod: V1Pod): Promise<Record<string, string> | undefined> {
    const names = (pod.spec?.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []);
    const files: Record<string, string> = {};
    for (const name of names) {
      const data = await this.secret(name);
      if (data === undefined) return undefined;
      Object.assign(files, data);
    }
    return files;
  }

  private async variables(env: readonly V1EnvVar[]): Promise<Record<string, string> | undefined> {
    const variables: Record<string, string> = {};
    for (const { name, value, valueFrom } of env) {
      const reference = valueFrom?.secretKeyRef;
      const data = reference ? await this.secret(reference.name ?? '') : undefined;
      if (reference && data?.[reference.key] === undefined) return undefined;
      variables[name] = reference ? Buffer.from(data?.[reference.key] ?? '', 'base64').toString() : (value ?? '');
    }
    return variables;
  }

  private async secret(name: string): Promise<Record<string, string> | undefined> {
    const { namespace } = this.settings;
    try {
      return (await this.core.readNamespacedSecret({ name, namespace })).data ?? {};
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  private async patch(pod: V1Pod, phase: string, state: object): Promise<void> {
    const { namespace } = this.settings;
    const name = pod.metadata?.name ?? '';
    const image = pod.spec?.containers[0]?.image ?? '';
    const containerName = pod.spec?.containers[0]?.name ?? '';
    const status = { name: containerName, image, imageID: '', ready: false, restartCount: 0, state };
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const body = { status: { phase, containerStatuses: [status] } };
    await this.core.patchNamespacedPodStatus({ name, namespace, body }, options);
  }
}

/** The messages of all events that the orchestrator has made. */
export async function eventsOf(core: CoreV1Api, namespace: string): Promise<CoreV1Event[]> {
  const { items } = await core.listNamespacedEvent({ namespace });
  return items.filter(({ source }) => source?.component === 'pipeline-cascade');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

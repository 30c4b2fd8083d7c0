import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, KubeConfig, VersionApi, type AuthenticationV1TokenRequest } from '@kubernetes/client-node';
import { toClient } from '../../../agents/kubernetes/objects';

const version = '1.20.2';
const bin = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pipeline-cascade', 'kube', version, 'bin');

/** True where scripts/kubeApiServer.mjs has been run. */
export function hasKubernetes(): boolean {
  return ['etcd', 'kubectl', 'kube-apiserver', 'kube-controller-manager'].every((program) =>
    existsSync(join(bin, program)),
  );
}

/** A real control plane on loopback: API server with RBAC, controller manager, etcd. No nodes: the test plays kubelet. */
export interface KubeCluster {
  admin: KubeConfig;
  /** A client that signs in as the orchestrator's service account in the namespace `agents`. */
  orchestrator: KubeConfig;
  /** The same by way of connections that can be cut; after `stop` there is no way at all. */
  cuttable(): Promise<{ orchestrator: KubeConfig; cut(): void; stop(): void }>;
  /** Runs kubectl as the administrator; gives what it prints. */
  kubectl(...args: string[]): string;
  /** The file of a client that has a ServiceAccount's own token, as a pod of it would be given. */
  signInFile(account: { namespace: string; name: string }): Promise<string>;
  stop(): Promise<void>;
}

export async function startKubeCluster(): Promise<KubeCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'kube-'));
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
  const tokens = { admin: randomBytes(16).toString('hex'), orchestrator: randomBytes(16).toString('hex') };
  const account = 'system:serviceaccount:agents:agent-orchestrator';
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const key = file('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const tokenFile = file(
    'tokens.csv',
    `${tokens.admin},admin,1,system:masters\n${tokens.orchestrator},${account},2,"system:serviceaccounts,system:serviceaccounts:agents"\n`,
  );
  const etcdUrl = `http://127.0.0.1:${client}`;
  const processes: ChildProcess[] = [];
  const run = (program: string, options: Record<string, string>): void => {
    const log = createWriteStream(join(folder, `${program}.log`));
    const child = spawn(
      join(bin, program),
      Object.entries(options).map(([name, value]) => `--${name}=${value}`),
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    processes.push(child);
  };
  const stop = async (): Promise<void> => {
    for (const child of processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    run('etcd', {
      'data-dir': join(folder, 'etcd'),
      'unsafe-no-fsync': 'true',
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': `http://127.0.0.1:${peer}`,
    });
    run('kube-apiserver', {
      'etcd-servers': etcdUrl,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(secure),
      'cert-dir': join(folder, 'certs'),
      'token-auth-file': tokenFile,
      'authorization-mode': 'RBAC',
      // As clusters have it whose rules for pods are set by namespace.
      'allow-privileged': 'true',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': key,
      'service-account-signing-key-file': key,
      'service-cluster-ip-range': '10.0.0.0/24',
      'disable-admission-plugins': 'ServiceAccount',
      'feature-gates': 'TTLAfterFinished=true',
    });
    const admin = configFor(secure, tokens.admin);
    await ready(admin, () => readFileSync(join(folder, 'kube-apiserver.log'), 'utf8'));
    run('kube-controller-manager', {
      kubeconfig: file('admin.kubeconfig', admin.exportConfig()),
      controllers: 'job,ttl-after-finished,garbagecollector,namespace,podgc',
      'leader-elect': 'false',
      'secure-port': '0',
      port: '0',
      'feature-gates': 'TTLAfterFinished=true',
    });
    const cuttable = async () => {
      const way = await wayTo(secure);
      return { ...way, orchestrator: configFor(way.port, tokens.orchestrator) };
    };
    const kubectl = (...args: string[]): string =>
      execFileSync(join(bin, 'kubectl'), ['--kubeconfig', join(folder, 'admin.kubeconfig'), ...args], {
        encoding: 'utf8',
        // A home of its own: it caches what the server can do.
        env: { PATH: process.env.PATH, HOME: folder },
      });
    const signInFile = async ({ namespace, name }: { namespace: string; name: string }): Promise<string> => {
      const body = toClient<AuthenticationV1TokenRequest>({ spec: { audiences: [], expirationSeconds: 3600 } });
      const core = admin.makeApiClient(CoreV1Api);
      const { status } = await core.createNamespacedServiceAccountToken({ namespace, name, body });
      return file(`${namespace}-${name}.kubeconfig`, configFor(secure, status?.token ?? '').exportConfig());
    };
    return { kubectl, signInFile, admin, orchestrator: configFor(secure, tokens.orchestrator), cuttable, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configFor(port: number, token: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: `https://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'user', token },
  );
  return config;
}

async function ready(admin: KubeConfig, log: () => string): Promise<void> {
  const api = admin.makeApiClient(VersionApi);
  let last: unknown;
  for (let tries = 0; tries < 240; tries++) {
    try {
      assert.equal((await api.getCode()).minor, '20');
      return;
    } catch (error) {
      last = error;
      await sleep(250);
    }
  }
  throw new Error(`the API server did not come up: ${log().slice(-2000)}`, { cause: last });
}

/** Passes connections on, until they are cut. */
async function wayTo(port: number): Promise<{ port: number; cut(): void; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    stop: () => {
      server.close();
      cut();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  await new Promise((closed) => server.close(closed));
  return address.port;
}

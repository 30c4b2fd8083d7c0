import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeCluster } from './kubeCluster';

/** The orchestrator's manifests in a cluster, and the variables that its Deployment gives it. */
export interface Installation {
  env: Record<string, string>;
  remove(): void;
}

interface Deployment {
  spec: {
    template: {
      spec: {
        serviceAccountName: string;
        containers: { envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[] }[];
      };
    };
  };
}

/**
 * Installs as `agents/README.md` says, by its very commands: the values are written into kustomization.yaml, the token into a Secret.
 * What comes back is what the Deployment would start, with a real token of its ServiceAccount and no other right.
 */
export async function install(
  cluster: KubeCluster,
  { literals, token }: { literals: Record<string, string>; token: string },
): Promise<Installation> {
  const copy = mkdtempSync(join(tmpdir(), 'manifests-'));
  try {
    cpSync('agents/deploy/kubernetes', copy, { recursive: true });
    const file = join(copy, 'kustomization.yaml');
    let text = readFileSync(file, 'utf8');
    for (const [name, value] of Object.entries(literals)) {
      const line = new RegExp(`^( +- )${name}=.*$`, 'm');
      text = line.test(text) ? text.replace(line, `$1${name}=${value}`) : `${text}      - ${name}=${value}\n`;
    }
    writeFileSync(file, text);
    for (const command of commandsOf(readFileSync('agents/README.md', 'utf8'))) {
      const args = command.replace('ORG_PAT=…', `ORG_PAT=${token}`).replaceAll('agents/deploy/kubernetes', copy);
      cluster.kubectl(...args.split(' ').slice(1));
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
  const deployment = read<Deployment>(cluster, 'deployment', 'agent-orchestrator').spec.template.spec;
  const env: Record<string, string> = {};
  for (const { configMapRef, secretRef } of deployment.containers[0]?.envFrom ?? []) {
    if (configMapRef) Object.assign(env, read<{ data: object }>(cluster, 'configmap', configMapRef.name).data);
    const data = secretRef && read<{ data: Record<string, string> }>(cluster, 'secret', secretRef.name).data;
    for (const [name, value] of Object.entries(data ?? {})) env[name] = Buffer.from(value, 'base64').toString();
  }
  env.KUBECONFIG = await cluster.signInFile({ namespace: 'agents', name: deployment.serviceAccountName });
  return { env, remove: () => cluster.kubectl('delete', 'namespace', 'agents', '--wait=true') };
}

/** The commands of the five-minute start that need no registry. */
function commandsOf(readme: string): string[] {
  const start = readme.slice(readme.indexOf('## Five minutes'), readme.indexOf('kubectl -n agents get'));
  return [...start.matchAll(/^ +(kubectl .*)$/gm)].map(([, command = '']) => command);
}

function read<T>(cluster: KubeCluster, kind: string, name: string): T {
  return JSON.parse(cluster.kubectl('-n', 'agents', 'get', kind, name, '-o', 'json')) as T;
}

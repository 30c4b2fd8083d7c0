import { DefaultAzureCredential } from '@azure/identity';
import { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../tasks/lib/errors';
import { clouds, containerInstances } from './aci/clouds';
import { AciHost } from './aci/host';
import type { AgentHost, RegistrationWay } from './agentHost';
import type { Config } from './config';
import { apiClients } from './kubernetes/apiClients';
import { KubernetesHost } from './kubernetes/host';
import type { JobTemplate } from './kubernetes/jobTemplate';
import { plainTemplate, readJobTemplate } from './kubernetes/jobTemplate';
import { Election } from './kubernetes/lease';
import { instanceOf } from './kubernetes/marks';

export interface Hosts {
  hosts: Map<string, AgentHost>;
  /** Of two instances the one that acts; undefined without a cluster, where the registration of each agent is the lock. */
  election?: Election;
}

/** By the name of the profile. Throws `UserError` with all that is wrong in the templates. */
export function readTemplates(
  { profiles, kubernetes }: Pick<Config, 'profiles' | 'kubernetes'>,
  { way, readFile, warn }: { way: RegistrationWay; readFile: (path: string) => string; warn: (text: string) => void },
): Map<string, JobTemplate> {
  const templates = new Map<string, JobTemplate>();
  const problems: string[] = [];
  for (const { name, image, jobDefinitionFile } of profiles) {
    if (jobDefinitionFile === undefined) {
      templates.set(name, plainTemplate(image ?? ''));
      continue;
    }
    const rules = { path: jobDefinitionFile, way, ...kubernetes };
    const read = readJobTemplate(readFile(jobDefinitionFile), rules);
    problems.push(...read.problems);
    read.warnings.forEach(warn);
    if (read.template) templates.set(name, read.template);
  }
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  return templates;
}

/** Opens the hosts that `HOST_TYPE` names, in its order. Throws when the rights, the namespace or the cluster are missing. */
export async function openHosts(
  config: Config,
  found: {
    way: RegistrationWay;
    templates: ReadonlyMap<string, JobTemplate>;
    now: () => number;
    identity: string;
    /** A test brings its own cluster. */
    kubeConfig?: KubeConfig;
  },
): Promise<Hosts> {
  const { way, templates, now } = found;
  const instance = instanceOf(config.orgUrl, config.prefix);
  const hosts = new Map<string, AgentHost>();
  let election: Election | undefined;
  for (const name of config.hosts) {
    if (name === 'aci' && config.aci) {
      const { cloud, tenantId } = config.aci;
      const { authorityHost } = clouds[cloud];
      const credential = new DefaultAzureCredential({ authorityHost, ...(tenantId && { tenantId }) });
      hosts.set(name, new AciHost(containerInstances(credential, config.aci), { instance, way, aci: config.aci, now }));
      continue;
    }
    const kubeConfig = found.kubeConfig ?? defaultKubeConfig();
    const leaseName = `agent-orchestrator-${instance}`;
    const settings = { ...config.kubernetes, instance, way, templates, leaseName, now };
    const clients = apiClients(kubeConfig);
    hosts.set(name, await KubernetesHost.open(kubeConfig, clients, settings));
    election = new Election(clients.leases, {
      namespace: config.kubernetes.namespace,
      name: leaseName,
      identity: found.identity,
    });
  }
  return { hosts, ...(election && { election }) };
}

function defaultKubeConfig(): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return kubeConfig;
}

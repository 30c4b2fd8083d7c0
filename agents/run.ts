import { AzureDevOps } from '../tasks/lib/azureDevOps';
import type { Network } from '../tasks/lib/agent';
import type { Secrets } from '../tasks/lib/secrets';
import type { World } from '../tasks/lib/world';
import { CountedTransport } from './azureDevOps/countedTransport';
import { PoolService, type Pool } from './azureDevOps/poolService';
import type { Config } from './config';
import type { Hosts } from './hosts';
import { openHosts, readTemplates } from './hosts';
import { readJobTemplate } from './kubernetes/jobTemplate';
import type { JsonLog } from './log';
import { loop, Wake, type Condition } from './loop';
import { newMetrics, type Metrics } from './metrics';
import { Orchestrator } from './orchestrator';
import { registrationWay } from './registrationWay';
import { startServer } from './server';
import { signIn } from './signIn';
import { findPools } from './startChecks';

export interface Outside {
  log: JsonLog;
  secrets: Secrets;
  clock: World['clock'];
  signal: AbortSignal;
  network: Network;
  readFile: (path: string) => string;
  /** Names this process among several instances. */
  identity: string;
  metrics?: Metrics;
  /** A test brings its own hosts, and is told on which port the server listens. */
  open?: typeof openHosts;
  onListening?: (port: number) => void;
}

/** The orchestrator from its configuration to its end: until the signal aborts, or after one round. Throws what no waiting can mend. */
export async function run(config: Config, outside: Outside): Promise<void> {
  const { log, clock, signal, secrets } = outside;
  const metrics = outside.metrics ?? newMetrics();
  const transport = new CountedTransport({ clock, log, signal }, outside.network, metrics, config.prefix);
  const { account, token } = signIn(config, { secrets, clock });
  const way = wayOf(config, outside.readFile);
  const azureDevOps = new AzureDevOps(account, transport);
  const service = new PoolService(azureDevOps, { way, token, now: () => clock.now() });
  if (way === 'token')
    log.warning(
      'Agents register with a token, which a job can read (REGISTRATION=token, or an image that is not ours).',
    );
  const templates = config.hosts.includes('kubernetes')
    ? readTemplates(config, { way, readFile: outside.readFile, warn: (text) => log.warning(text) })
    : new Map<string, never>();
  const pools = await findPools(config, { azureDevOps, service, log });
  for (const { id, name } of pools) transport.pools.set(String(id), name);
  const profiles = config.profiles.map((profile) => ({
    ...profile,
    namesAgents: templates.get(profile.name)?.namesAgents ?? true,
  }));
  const opened = await (outside.open ?? openHosts)(config, {
    way,
    templates,
    now: () => clock.now(),
    identity: outside.identity,
  });
  await goRound({ ...config, profiles }, outside, { ...opened, service, pools, metrics });
}

async function goRound(
  config: Config,
  outside: Outside,
  made: Hosts & { service: PoolService; pools: Pool[]; metrics: Metrics },
): Promise<void> {
  const { log, clock, signal } = outside;
  const { hosts, election, metrics } = made;
  const condition: Condition = { standsBy: false, turnedAt: clock.now() };
  const wake = new Wake();
  // Measured by a clock that never jumps: one that is set forward would make two instances of one.
  const mayAct = () => election?.holds(performance.now()) ?? true;
  const orchestrator = new Orchestrator({ ...made, config, log, clock, signal, mayAct });
  const server = await startServer({
    port: config.port,
    ...(config.hook && { hook: config.hook }),
    condition,
    metrics,
    wake: () => wake.now(),
    now: () => clock.now(),
  });
  const address = server.address();
  if (address && typeof address === 'object') outside.onListening?.(address.port);
  const elected = async () => (await election?.round(performance.now())) ?? true;
  // The Lease is renewed by its own clock: a long pause or a long round must not lose it.
  const renewal = election && setInterval(() => void elected().catch(() => undefined), 3000);
  const pauses = { shortestMs: config.pollingDelayMs, idleMs: config.pollingDelayIdleMs };
  const { runOnce } = config;
  try {
    await loop({ round: () => orchestrator.round(), elected, pauses, runOnce, wake, condition, log, clock, signal });
  } finally {
    await orchestrator.finish();
    clearInterval(renewal);
    await election?.release().catch(() => undefined);
    await Promise.all([...hosts.values()].map((host) => host.stop()));
    server.close();
    server.closeAllConnections();
  }
}

function wayOf(config: Config, readFile: (path: string) => string): 'key' | 'token' {
  const images = config.profiles.map(({ image, jobDefinitionFile }) =>
    jobDefinitionFile && config.hosts.includes('kubernetes') ? imageOf(readFile(jobDefinitionFile)) : (image ?? ''),
  );
  return registrationWay(config.registration, images);
}

/** The agent's image of a template; what else is wrong with the file is told when it is read as a Job. */
function imageOf(content: string): string {
  const rules = { path: '', namespace: '', way: 'token' as const };
  const { template } = readJobTemplate(content, rules);
  const containers = template?.job.spec?.template.spec?.containers;
  return containers?.find(({ name }) => name === template?.agentContainer)?.image ?? '';
}

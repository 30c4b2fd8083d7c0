import { Secrets } from '../../tasks/lib/secrets';
import { AzureDevOps } from '../../tasks/lib/azureDevOps';
import { CountedTransport } from '../../agents/azureDevOps/countedTransport';
import { PoolService } from '../../agents/azureDevOps/poolService';
import type { AgentHost, RegistrationWay } from '../../agents/agentHost';
import type { Limits } from '../../agents/plan/plan';
import type { ProfileSettings } from '../../agents/profiles';
import { jsonLog, type JsonLog } from '../../agents/log';
import { newMetrics, type Metrics } from '../../agents/metrics';
import { Orchestrator } from '../../agents/orchestrator';
import { signIn } from '../../agents/signIn';
import type { Emulator } from '../../emulator/server';

export const limits: Limits = {
  maxAgents: 100,
  minimumAgents: 0,
  minimumIdle: [],
  idleTimeoutMs: 300_000,
  startTimeoutMs: 900_000,
};

export const profile: ProfileSettings = { name: 'default', capabilities: {}, namesAgents: true, image: 'agent:1' };

/** A clock that only `advance` moves; a sleep is over at once and moves it as well. */
export class TestClock {
  time = Date.parse('2026-11-20T12:00:00Z');
  now = (): number => this.time;
  sleep = async (ms: number): Promise<void> => {
    this.time += ms;
  };
}

export interface Made {
  orchestrator: Orchestrator;
  service: PoolService;
  metrics: Metrics;
  lines: string[];
  log: JsonLog;
}

/** An orchestrator for a pool of the emulator, as one process would have it. */
export async function newOrchestrator(
  emulator: Emulator,
  host: AgentHost,
  more: {
    limits?: Partial<Limits>;
    profiles?: ProfileSettings[];
    pools?: string[];
    way?: RegistrationWay;
    signal?: AbortSignal;
    mayAct?: () => boolean;
  } = {},
): Promise<Made> {
  const { clock } = emulator.state;
  const sleeping = 'sleep' in clock ? (clock as TestClock) : new TestClock();
  const lines: string[] = [];
  const secrets = new Secrets(() => undefined);
  const log = jsonLog('debug', secrets, { write: (line: string) => lines.push(line) });
  const metrics = newMetrics();
  const signal = more.signal ?? new AbortController().signal;
  const transport = new CountedTransport({ clock: sleeping, log, signal }, {}, metrics, 'agent-job-');
  const { account, token } = signIn({ orgUrl: emulator.url, orgPat: emulator.token }, { secrets, clock: sleeping });
  const now = () => emulator.state.now;
  const service = new PoolService(new AzureDevOps(account, transport), { way: more.way ?? 'token', token, now });
  const pools = await Promise.all((more.pools ?? ['build']).map(async (name) => (await service.findPool(name))!));
  for (const { id, name } of pools) transport.pools.set(String(id), name);
  const config = {
    orgUrl: emulator.url,
    prefix: 'agent-job-',
    profiles: more.profiles ?? [profile],
    limits: { ...limits, ...more.limits },
  };
  const orchestrator = new Orchestrator({
    ...{ config, pools, service, metrics, log, signal, clock: sleeping },
    hosts: new Map([['kubernetes', host]]),
    mayAct: more.mayAct ?? (() => true),
  });
  return { orchestrator, service, metrics, lines, log };
}

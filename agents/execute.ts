import { messageOf } from '../tasks/lib/errors';
import type { AgentHost } from './agentHost';
import type { PoolService } from './azureDevOps/poolService';
import { AgentExists } from './azureDevOps/poolService';
import type { Metrics } from './metrics';
import type { JsonLog } from './log';
import type { JobRequest } from './plan/jobRequest';
import type { Action } from './plan/plan';
import { removeAgent } from './plan/removeAgent';
import type { ProfileSettings } from './profiles';

export interface Executing {
  pool: { id: number; name: string };
  orgUrl: string;
  profiles: readonly ProfileSettings[];
  hosts: ReadonlyMap<string, AgentHost>;
  service: PoolService;
  log: JsonLog;
  metrics: Metrics;
  /** The waiting request that a reason is about: one of a request, or of the agent made for it. */
  requestAbout: (about: string) => JobRequest | undefined;
  /** Called when the agent is made and its registration is next; what it throws leaves that to a later plan. */
  beforeRegistering?: () => Promise<void>;
}

/** Does one thing that was planned. Doing it again does no harm; what it throws is for the next plan to mend. */
export async function execute(action: Action, frame: Executing): Promise<void> {
  const { pool, service, hosts, log, metrics } = frame;
  switch (action.kind) {
    case 'ensurePlaceholder':
      await service.ensurePlaceholder(pool, action.name, action.profile);
      log.say('info', `The placeholder '${action.name}' is registered.`, { pool: pool.name });
      return;
    case 'startAgent':
      await start(action, frame);
      return;
    case 'handRegistration': {
      const { workload } = action;
      const profile = frame.profiles.find(({ name }) => name === workload.profile);
      if (profile === undefined) return;
      await hosts.get(workload.host)?.finishStart(workload, async () => {
        await frame.beforeRegistering?.();
        return await service.register({ pool, name: workload.name, profile }, { replace: true });
      });
      return;
    }
    case 'removeAgent': {
      const { name, workload, why } = action;
      const host = workload && hosts.get(workload.host);
      const end = await removeAgent(action, {
        find: (agent) => service.find(pool, agent),
        disable: (id) => service.disable(pool, id),
        deleteAgent: (id) => service.deleteAgent(pool, id),
        deleteWorkload: async (made, options) => (await host?.remove(made, options)) ?? 'deleted',
      });
      log.say('info', end === 'busy' ? `Agent '${name}' stays: it has a job.` : `Agent '${name}' removed: ${why}.`, {
        pool: pool.name,
      });
      return;
    }
    case 'deleteLeftover':
      await hosts.get(action.workload.host)?.remove(action.workload.name, { onlyPending: false });
      return;
    case 'cancelRequest': {
      const { requestId } = action.request;
      await tellRun(action.request, `canceled: ${action.why}`, frame);
      await service.cancel(pool, requestId);
      log.say('warn', `Job request ${requestId} canceled: ${action.why}.`, {
        pool: pool.name,
        run: action.request.runUrl,
      });
      metrics.failed.inc({ pool: pool.name, reason: 'unservable' });
      return;
    }
    case 'tellReason':
      for (const host of hosts.values()) await host.tell(action.about, action.reason, action.text);
      await tellRun(frame.requestAbout(action.about), action.text, frame);
      return;
    case 'tellRun':
      await tellRun(action.request, action.text, frame);
      return;
    default:
      action satisfies never;
  }
}

async function start(action: Action & { kind: 'startAgent' }, frame: Executing): Promise<void> {
  const { name, purpose, request } = action;
  const { pool, orgUrl, service, log, metrics } = frame;
  const profile = frame.profiles.find((one) => one.name === action.profile.name);
  const host = frame.hosts.get(action.host);
  if (profile === undefined || host === undefined) return;
  try {
    const spec = { name, purpose, pool, orgUrl, profile, ...(request && { request }) };
    const started = await host.start(spec, async () => {
      await frame.beforeRegistering?.();
      return await service.register({ pool, name, profile }, { replace: false });
    });
    if (started === 'duplicate') return;
    if (started === 'started') {
      metrics.created.inc({ pool: pool.name });
      log.say('info', `Agent '${name}' started on ${action.host}.`, { pool: pool.name, request: request?.requestId });
      return;
    }
    metrics.failed.inc({ pool: pool.name, reason: started.reason });
    log.say('warn', `Agent '${name}' was not started: ${started.text}`, { pool: pool.name, reason: started.reason });
    await host.tell(request ? `request ${request.requestId}` : 'pool', started.reason, started.text);
    await tellRun(request, started.text, frame);
  } catch (error) {
    // Another instance registers it, or its start was cut and is brought to its end by a later plan.
    if (!(error instanceof AgentExists)) throw error;
    log.say('debug', error.message, { pool: pool.name });
  }
}

/** For the people who look at the run; what keeps it from its page is in the log, and stops nothing. */
async function tellRun(
  request: JobRequest | undefined,
  text: string,
  { pool, service, log }: Executing,
): Promise<void> {
  if (request === undefined) return;
  try {
    await service.tellRun(request, `No agent of pool '${pool.name}' for this job: ${text}`);
  } catch (error) {
    log.say('debug', `The reason is not on the page of the run: ${messageOf(error)}`, { run: request.runUrl });
  }
}

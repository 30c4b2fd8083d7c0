import type { Profile } from './demands';
import { idleMinimumAt } from './idleMinimum';
import type { JobRequest } from './jobRequest';
import { licensedStarts } from './licences';
import type { Purpose } from './names';
import { agentName, purposeOf } from './names';
import type { Action, HostRoom, PoolView, Reason } from './plan';
import type { Supply } from './supply';
import { isFor } from './supply';
import type { Workload } from './workload';
import { endedInVain, isFinished, nextAttemptAt } from './workload';

interface Wants {
  request: JobRequest;
  profiles: readonly Profile[];
}

/** How many more agents there is room for. */
interface Budget {
  agents: number;
  licences: number;
}

/** A job that waits for its turn for less is nothing to tell on the page of its run. */
const longWaitMs = 120_000;

/** Which agents to start, for the requests that no agent is on its way for and then for the minimum. `blocked`: requests that lack only room. */
export function planStarts(
  view: PoolView,
  { supply, unserved, surplus }: { supply: readonly Supply[]; unserved: readonly Wants[]; surplus: readonly Supply[] },
): { actions: Action[]; blocked: number } {
  const budget: Budget = {
    agents: view.limits.maxAgents - supply.length,
    licences: licensedStarts(view.licences, {
      busy: supply.filter(({ use }) => use === 'busy').length,
      free: supply.filter(({ use }) => use === 'free').length,
    }),
  };
  const actions: Action[] = [];
  const attempts = lastAttempts(view);
  const waiting: { reason: Reason; request: JobRequest }[] = [];
  for (const wants of unserved) {
    const { action, shortOf } = startFor(view, wants, { budget, attempts });
    if (action) actions.push(action);
    if (shortOf) waiting.push({ reason: shortOf, request: wants.request });
    if (action?.kind === 'startAgent') spend(budget, wants.request.isPrivate);
  }
  actions.push(...waits(view, waiting));
  const started = actions.filter(({ kind }) => kind === 'startAgent').length;
  const free = surplus.filter(({ workload }) => workload.profile === view.profiles[0]?.name).length;
  actions.push(...startIdle(view, budget, { idle: free, all: supply.length + started }));
  return { actions, blocked: waiting.filter(({ reason }) => reason !== 'hostsFull').length };
}

function startFor(
  view: PoolView,
  { request, profiles }: Wants,
  { budget, attempts }: { budget: Budget; attempts: ReadonlyMap<number, number> },
): { action?: Action; shortOf?: Reason } {
  const made = view.workloads.filter((workload) => isFor(workload, request));
  // One that is still there, though of no use any more, goes first: there are never two for a request.
  if (made.some((workload) => !isFinished(workload) && !tookAnother(view, workload.name))) return {};
  const ended = made.filter(isFinished).sort((a, b) => (a.finishedAt ?? a.createdAt) - (b.finishedAt ?? b.createdAt));
  const retryAt = nextAttemptAt(ended);
  if (ended.length > 0 && retryAt > view.now) return { action: retry(view, { request, ended, retryAt }) };
  if (budget.agents <= 0) return { shortOf: 'maxAgents' };
  if (request.isPrivate && budget.licences <= 0) return { shortOf: 'licence' };
  for (const profile of profiles) {
    const host = roomFor(view, profile);
    if (host === undefined) continue;
    const purpose: Purpose = { requestId: request.requestId, attempt: (attempts.get(request.requestId) ?? 0) + 1 };
    const name = agentName(view.space, purpose);
    return { action: { kind: 'startAgent', name, purpose, profile, host: host.name, request } };
  }
  return { shortOf: 'hostsFull' };
}

/** The last attempt for each request. An agent still registered counts as well: a new one under its name would be taken for it. */
function lastAttempts({ space, agents, workloads }: PoolView): Map<number, number> {
  const last = new Map<number, number>();
  for (const made of [
    ...workloads.map(({ purpose }) => purpose),
    ...agents.map(({ name }) => purposeOf(space, name)),
  ]) {
    if (made && 'requestId' in made) last.set(made.requestId, Math.max(made.attempt, last.get(made.requestId) ?? 0));
  }
  return last;
}

/** The service gave the agent made for this request another job: it counts there, and this request needs a new one. */
function tookAnother({ agents, requests }: PoolView, name: string): boolean {
  const agent = agents.find((one) => one.name === name || one.name.startsWith(`${name}-`));
  if (agent === undefined) return false;
  if (agent.assignedRequestId !== undefined || agent.completed !== undefined) return true;
  return requests.some(({ reservedAgentId }) => reservedAgentId === agent.id);
}

function retry(
  { now }: PoolView,
  { request, ended, retryAt }: { request: JobRequest; ended: readonly Workload[]; retryAt: number },
): Action {
  const agents = ended.length === 1 ? '1 agent' : `${ended.length} agents`;
  const problem = ended.at(-1)?.problem?.text;
  const text = `${agents} ended before taking it${problem ? `: ${problem}` : ''}; the next one in ${Math.ceil((retryAt - now) / 1000)} s`;
  return { kind: 'tellReason', about: `request ${request.requestId}`, reason: 'retry', text };
}

/** The first host with room; where pods wait for a node on all of them, the first that takes more: a cluster may grow by them. */
function roomFor({ hosts, now }: PoolView, profile: Profile): HostRoom | undefined {
  const open = hosts.filter(
    ({ name, fullUntil = 0 }) => fullUntil <= now && (profile.hosts === undefined || profile.hosts.includes(name)),
  );
  return open.find(({ crowdedUntil = 0 }) => crowdedUntil <= now) ?? open[0];
}

/** One reason for all that lack the same, and a word on the page of each run that has waited for long. */
function waits(view: PoolView, waiting: readonly { reason: Reason; request: JobRequest }[]): Action[] {
  return [...new Set(waiting.map(({ reason }) => reason))].flatMap((reason): Action[] => {
    const requests = waiting.filter((one) => one.reason === reason).map(({ request }) => request);
    const text = shortage(view, reason);
    const jobs = requests.length === 1 ? '1 job waits' : `${requests.length} jobs wait`;
    const long = requests.filter(({ queuedAt }) => view.now - queuedAt > longWaitMs);
    return [
      { kind: 'tellReason', about: 'pool', reason, text: `${jobs}: ${text}` },
      ...long.map((request): Action => ({ kind: 'tellRun', request, text })),
    ];
  });
}

function spend(budget: Budget, isPrivate: boolean): void {
  budget.agents -= 1;
  if (isPrivate) budget.licences -= 1;
}

function shortage({ limits, licences }: PoolView, reason: Reason): string {
  if (reason === 'maxAgents') return `the pool has all of its ${limits.maxAgents} agents (MAX_AGENTS)`;
  if (reason === 'licence') {
    return `all ${licences?.total ?? 0} parallel jobs of the organization are in use; more are bought under Organization settings, Parallel jobs`;
  }
  return 'no host has room';
}

/** Agents that stand by. Their numbers only grow while any is known, so that two instances mean the same one by the same name. */
function startIdle(view: PoolView, budget: Budget, have: { idle: number; all: number }): Action[] {
  const { limits, now, profiles, workloads, space } = view;
  const [profile] = profiles;
  const host = profile && roomFor(view, profile);
  const standing = workloads.filter(({ purpose }) => 'idle' in purpose);
  const vain = standing.filter(endedInVain);
  if (profile === undefined || host === undefined || (vain.length > 0 && nextAttemptAt(vain) > now)) return [];
  const short = Math.max(idleMinimumAt(limits.minimumIdle, now) - have.idle, limits.minimumAgents - have.all);
  const count = Math.max(0, Math.min(short, budget.agents, budget.licences));
  const numbers = [...standing.map(({ purpose }) => purpose), ...view.agents.map(({ name }) => purposeOf(space, name))];
  const last = Math.max(0, ...numbers.map((purpose) => (purpose && 'idle' in purpose ? purpose.idle : 0)));
  return Array.from({ length: count }, (_, i) => {
    const purpose = { idle: last + 1 + i };
    return { kind: 'startAgent', name: agentName(space, purpose), purpose, profile, host: host.name };
  });
}

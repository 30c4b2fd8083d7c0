import assert from 'node:assert/strict';
import type { JobRequest, PoolAgent } from '../../agents/plan/jobRequest';
import { licensedStarts } from '../../agents/plan/licences';
import { agentName, placeholderName } from '../../agents/plan/names';
import type { Action, PoolView } from '../../agents/plan/plan';
import { plan } from '../../agents/plan/plan';
import { removeAgent } from '../../agents/plan/removeAgent';
import type { Workload } from '../../agents/plan/workload';

const now = Date.parse('2026-11-20T12:00:00Z');
const space = { prefix: 'agent-job-', pool: { id: 7, name: 'build' } };
const seconds = (count: number): number => now - count * 1000;

function request(requestId: number, more: Partial<JobRequest> = {}): JobRequest {
  return {
    requestId,
    queuedAt: seconds(60),
    priority: 0,
    demands: [],
    received: false,
    matchesAllAgents: false,
    hosted: false,
    isPrivate: true,
    ...more,
  };
}

function workload(purpose: Workload['purpose'], more: Partial<Workload> = {}): Workload {
  const name = agentName(space, purpose);
  return {
    name,
    host: 'kubernetes',
    poolId: 7,
    profile: 'default',
    purpose,
    state: 'running',
    createdAt: seconds(60),
    startedAt: seconds(50),
    handed: true,
    ...more,
  };
}

function agent(id: number, name: string, more: Partial<PoolAgent> = {}): PoolAgent {
  return { id, name, enabled: true, online: true, createdAt: seconds(60), ...more };
}

const placeholders = ['default', 'gpu'].map((profile, i) =>
  agent(1 + i, placeholderName(space, profile), { online: false }),
);

function view(more: Partial<PoolView> = {}): PoolView {
  return {
    space,
    requests: [],
    workloads: [],
    profiles: [
      { name: 'default', capabilities: {}, namesAgents: true },
      { name: 'gpu', capabilities: { gpu: '' }, namesAgents: true },
    ],
    hosts: [{ name: 'kubernetes', keepFinishedMs: 600_000 }],
    licences: undefined,
    limits: { maxAgents: 100, minimumAgents: 0, minimumIdle: [], idleTimeoutMs: 300_000, startTimeoutMs: 900_000 },
    now,
    ...more,
    agents: [...placeholders, ...(more.agents ?? [])],
  };
}

/** Each action in a few words. */
function short(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    switch (action.kind) {
      case 'startAgent':
        return `start ${action.name} ${action.profile.name} ${action.host}`;
      case 'tellReason':
        return `tell ${action.about}: ${action.reason}`;
      case 'cancelRequest':
        return `cancel ${action.request.requestId}`;
      case 'tellRun':
        return `tell the run of ${action.request.requestId}: ${action.text}`;
      case 'handRegistration':
      case 'deleteLeftover':
        return `${action.kind} ${action.workload.name}`;
      case 'ensurePlaceholder':
      case 'removeAgent':
        return `${action.kind} ${action.name}`;
    }
  });
}

const one = { requestId: 11, attempt: 1 };
const limits = view().limits;
const name11 = 'agent-job-build-11';

describe('the plan', () => {
  const cases: [string, Partial<PoolView>, string[]][] = [
    ['starts nothing while nothing waits', {}, []],
    ['starts one agent for a waiting request', { requests: [request(11)] }, [`start ${name11} default kubernetes`]],
    [
      'takes the profile that meets the demands',
      { requests: [request(11, { demands: ['GPU', 'Agent.Version -gtVersion 2.1'] })] },
      [`start ${name11} gpu kubernetes`],
    ],
    [
      "takes the service's word for capabilities that only the agent's scan finds",
      { requests: [request(11, { demands: ['npm'], matchedAgents: [placeholderName(space, 'gpu')] })] },
      [`start ${name11} gpu kubernetes`],
    ],
    [
      'starts nothing for a request whose agent is on its way',
      { requests: [request(11)], workloads: [workload(one, { state: 'pending' })] },
      [],
    ],
    [
      'starts nothing for a request that is running',
      { requests: [request(11, { received: true, reservedAgentId: 9 })] },
      [],
    ],
    [
      'starts nothing for a request that only the look at the agents shows as taken',
      { requests: [request(11)], workloads: [workload(one)], agents: [agent(9, name11, { assignedRequestId: 11 })] },
      [],
    ],
    ['leaves Microsoft-hosted images alone', { requests: [request(11, { hosted: true, demands: ['quantum'] })] }, []],
    [
      'leaves a request that an agent of somebody else can take',
      { requests: [request(11, { demands: ['quantum'], matchedAgents: ['lab-3'] })] },
      [],
    ],
    [
      'counts an agent made for one request that got the job of another',
      {
        requests: [request(11), request(12, { reservedAgentId: 9, received: true })],
        workloads: [workload(one), workload({ requestId: 12, attempt: 1 })],
        agents: [agent(9, name11, { assignedRequestId: 12 }), agent(10, 'agent-job-build-12')],
      },
      [],
    ],
    [
      'makes a new one where the agent made for a request took another job and no second one is there',
      {
        requests: [request(11), request(12, { reservedAgentId: 9, received: true })],
        workloads: [workload(one)],
        agents: [agent(9, name11, { assignedRequestId: 12 })],
      },
      [`start ${name11}r2 default kubernetes`],
    ],
    [
      'does not count on an agent that only the look at the requests shows as taken',
      {
        requests: [request(12), request(13, { reservedAgentId: 9 })],
        workloads: [workload(one)],
        agents: [agent(9, name11)],
      },
      ['start agent-job-build-12 default kubernetes'],
    ],
    [
      'says what no profile meets',
      { requests: [request(11, { demands: ['quantum'] })] },
      ['tell request 11: unservable'],
    ],
    [
      'cancels what nobody can serve, after the time that was set',
      {
        requests: [
          request(11, { demands: ['quantum'], queuedAt: seconds(601) }),
          request(12, { demands: ['quantum'] }),
        ],
        limits: { ...limits, cancelUnservableAfterMs: 600_000 },
      },
      ['cancel 11', 'tell request 12: unservable'],
    ],
    [
      'starts the most urgent up to MAX_AGENTS, and says why the others wait',
      { requests: [request(11), request(12, { priority: 5 }), request(13)], limits: { ...limits, maxAgents: 1 } },
      ['start agent-job-build-12 default kubernetes', 'tell pool: maxAgents'],
    ],
    [
      'tells the runs that have waited for long',
      {
        requests: [request(11, { queuedAt: now - 120_001 }), request(12, { queuedAt: now - 120_000 })],
        limits: { ...limits, maxAgents: 0 },
      },
      ['tell pool: maxAgents', 'tell the run of 11: the pool has all of its 0 agents (MAX_AGENTS)'],
    ],
    [
      'starts no more agents than there are licences, and says so',
      {
        requests: [request(11), request(12), request(13, { isPrivate: false })],
        licences: { total: 5, used: 4 },
      },
      [`start ${name11} default kubernetes`, 'start agent-job-build-13 default kubernetes', 'tell pool: licence'],
    ],
    [
      'waits between attempts after a failure',
      {
        requests: [request(11)],
        workloads: [
          workload(one, { state: 'failed', finishedAt: seconds(5), problem: { reason: 'exit', text: 'exit code 1' } }),
        ],
      },
      ['tell request 11: retry'],
    ],
    [
      'makes the next attempt under the next name',
      { requests: [request(11)], workloads: [workload(one, { state: 'failed', finishedAt: seconds(11) })] },
      [`start ${name11}r2 default kubernetes`],
    ],
    [
      'waits longer after each failure',
      {
        requests: [request(11)],
        workloads: [1, 2, 3].map((attempt) =>
          workload({ requestId: 11, attempt }, { state: 'failed', finishedAt: seconds(39) }),
        ),
      },
      ['tell request 11: retry'],
    ],
    [
      'uses no name that is still registered',
      { requests: [request(11)], agents: [agent(9, name11, { online: false, enabled: false })] },
      [`start ${name11}r2 default kubernetes`],
    ],
    [
      'says why a pod does not start',
      {
        requests: [request(11)],
        workloads: [workload(one, { state: 'pending', problem: { reason: 'image', text: 'ImagePullBackOff' } })],
      },
      [`tell ${name11}: image`],
    ],
    [
      'takes back an agent that never came, before it starts another one',
      {
        requests: [request(11)],
        workloads: [workload(one, { state: 'pending', createdAt: seconds(901), startedAt: seconds(901) })],
      },
      [`removeAgent ${name11}`],
    ],
    [
      'hands over the registration that a restart kept from a Job',
      { requests: [request(11)], workloads: [workload(one, { state: 'pending', handed: false })] },
      [`handRegistration ${name11}`],
    ],
    [
      'starts on the second host what the first has no room for',
      {
        requests: [request(11)],
        hosts: [
          { name: 'kubernetes', keepFinishedMs: 0, crowdedUntil: now + 1 },
          { name: 'aci', keepFinishedMs: 0 },
        ],
      },
      [`start ${name11} default aci`],
    ],
    [
      'goes on with a crowded host where there is no other: the cluster may grow',
      { requests: [request(11)], hosts: [{ name: 'kubernetes', keepFinishedMs: 0, crowdedUntil: now + 1 }] },
      [`start ${name11} default kubernetes`],
    ],
    [
      'says that no host has room',
      { requests: [request(11)], hosts: [{ name: 'kubernetes', keepFinishedMs: 0, fullUntil: now + 1 }] },
      ['tell pool: hostsFull'],
    ],
    [
      'moves a pod that no node has room for',
      {
        requests: [request(11)],
        workloads: [workload(one, { state: 'pending', problem: { reason: 'noRoom', text: 'no node' } })],
        hosts: [
          { name: 'kubernetes', keepFinishedMs: 0, crowdedUntil: now + 1 },
          { name: 'aci', keepFinishedMs: 0 },
        ],
      },
      [`tell ${name11}: noRoom`, `removeAgent ${name11}`],
    ],
    [
      'removes an idle agent after the timeout',
      { workloads: [workload(one, { startedAt: seconds(301) })], agents: [agent(9, name11)] },
      [`removeAgent ${name11}`],
    ],
    [
      'keeps an idle agent until then',
      { workloads: [workload(one, { startedAt: seconds(299) })], agents: [agent(9, name11)] },
      [],
    ],
    [
      'never touches a busy agent, however old and however full the pool',
      {
        requests: [request(12, { demands: ['gpu'] })],
        workloads: [workload(one, { startedAt: seconds(99_999) })],
        agents: [agent(9, name11, { assignedRequestId: 1 })],
        limits: { ...limits, maxAgents: 1 },
      },
      ['tell pool: maxAgents'],
    ],
    [
      'removes an idle agent of one kind at once where another kind needs its place',
      {
        requests: [request(12, { demands: ['gpu'] })],
        workloads: [workload(one)],
        agents: [agent(9, name11)],
        limits: { ...limits, maxAgents: 1 },
      },
      ['tell pool: maxAgents', `removeAgent ${name11}`],
    ],
    [
      'removes at once the registration of an agent that did its job and whose workload is gone, and no younger one',
      {
        agents: [
          agent(9, name11, { online: false, completed: { requestId: 11, finishedAt: seconds(5) } }),
          agent(10, 'agent-job-build-12', { online: false }),
        ],
      },
      [`removeAgent ${name11}`],
    ],
    [
      'goes on with a removal that was begun',
      { workloads: [workload(one)], agents: [agent(9, name11, { enabled: false })] },
      [`removeAgent ${name11}`],
    ],
    [
      'keeps idle agents on top of those that are needed',
      {
        requests: [request(11)],
        workloads: [workload(one)],
        limits: { ...limits, minimumIdle: [{ count: 2 }] },
      },
      ['start agent-job-build-idle1 default kubernetes', 'start agent-job-build-idle2 default kubernetes'],
    ],
    [
      'keeps the idle minimum when the timeout is over',
      {
        workloads: [
          workload({ idle: 4 }, { startedAt: seconds(999) }),
          workload({ idle: 5 }, { startedAt: seconds(998) }),
        ],
        agents: [agent(9, 'agent-job-build-idle4'), agent(10, 'agent-job-build-idle5')],
        limits: { ...limits, minimumIdle: [{ count: 1 }] },
      },
      ['removeAgent agent-job-build-idle4'],
    ],
    [
      'adds only what lacks to the minimum of agents',
      { requests: [request(11)], limits: { ...limits, minimumAgents: 2 } },
      [`start ${name11} default kubernetes`, 'start agent-job-build-idle1 default kubernetes'],
    ],
    [
      'waits before it replaces idle agents that fail',
      {
        workloads: [workload({ idle: 1 }, { state: 'failed', finishedAt: seconds(3) })],
        limits: { ...limits, minimumIdle: [{ count: 1 }] },
      },
      [],
    ],
    [
      'puts a lost or disabled placeholder back',
      { profiles: [{ name: 'arm', capabilities: {}, namesAgents: true }] },
      [
        'ensurePlaceholder agent-job-build-placeholder-arm',
        'removeAgent agent-job-build-placeholder-default',
        'removeAgent agent-job-build-placeholder-gpu',
      ],
    ],
    [
      'removes the offline agent of a finished workload, and no other',
      {
        workloads: [workload(one, { state: 'succeeded', finishedAt: seconds(5) })],
        agents: [
          agent(9, name11, { online: false }),
          agent(10, 'agent-job-build-12', { online: false }),
          agent(11, 'lab-3', { online: false, createdAt: 0 }),
          agent(12, 'agent-job-build-13', { online: true, createdAt: 0 }),
          agent(13, 'agent-job-build-14', { online: false, createdAt: 0 }),
        ],
      },
      [`removeAgent ${name11}`, 'removeAgent agent-job-build-14'],
    ],
    [
      'deletes finished workloads that stayed',
      { workloads: [workload(one, { state: 'succeeded', finishedAt: seconds(601) })] },
      [`deleteLeftover ${name11}`],
    ],
    [
      'ends a workload that did its job and hangs',
      {
        workloads: [workload(one)],
        agents: [agent(9, name11, { completed: { requestId: 11, finishedAt: seconds(301) } })],
      },
      [`removeAgent ${name11}`],
    ],
  ];
  for (const [title, more, expected] of cases) {
    it(title, () => assert.deepEqual(short(plan(view(more))), expected));
  }

  it('leaves a running agent alone whose name is its own, for it may be busy', () => {
    const profiles = [{ name: 'default', capabilities: {}, namesAgents: false }];
    const old = workload(one, { startedAt: seconds(901) });
    const actions = short(plan(view({ profiles, workloads: [old], limits: { ...limits, idleTimeoutMs: 10_000_000 } })));
    assert.ok(!actions.includes(`removeAgent ${name11}`), String(actions));
  });
});

describe('licences', () => {
  it('are as good as endless where the service does not tell', () => {
    assert.equal(licensedStarts(undefined, { busy: 500, free: 500 }), Infinity);
  });
  it('count running jobs once, from the look that knows more of them', () => {
    assert.equal(licensedStarts({ total: 10, used: 3 }, { busy: 5, free: 2 }), 3);
    assert.equal(licensedStarts({ total: 10, used: 9 }, { busy: 5, free: 2 }), 0);
  });
});

describe('a removal', () => {
  function calls(looks: ({ id: number; assignedRequestId?: number } | undefined)[], done: string[], more = {}) {
    return {
      find: async () => looks.shift(),
      disable: async (id: number) => void done.push(`disable ${id}`),
      deleteAgent: async (id: number) => {
        done.push(`delete agent ${id}`);
        return 'deleted' as const;
      },
      deleteWorkload: async (name: string, { onlyPending }: { onlyPending: boolean }) => {
        done.push(`delete ${name}${onlyPending ? ' if pending' : ''}`);
        return 'deleted' as const;
      },
      ...more,
    };
  }
  const target = { name: name11, workload: { name: name11, state: 'pending' } };

  it('disables, looks again and deletes the agent before its workload', async () => {
    const done: string[] = [];
    assert.equal(await removeAgent(target, calls([{ id: 9 }, { id: 9 }], done)), 'removed');
    assert.deepEqual(done, ['disable 9', 'delete agent 9', `delete ${name11}`]);
  });
  it('stops when the agent got a job in between', async () => {
    const done: string[] = [];
    assert.equal(await removeAgent(target, calls([{ id: 9 }, { id: 9, assignedRequestId: 4 }], done)), 'busy');
    assert.deepEqual(done, ['disable 9']);
  });
  it('stops when the service says that a job runs', async () => {
    const done: string[] = [];
    assert.equal(
      await removeAgent(target, calls([{ id: 9 }, { id: 9 }], done, { deleteAgent: async () => 'busy' as const })),
      'busy',
    );
    assert.deepEqual(done, ['disable 9']);
  });
  it('deletes a workload whose agent was never registered only while it is pending', async () => {
    const done: string[] = [];
    await removeAgent(target, calls([undefined], done));
    assert.deepEqual(done, [`delete ${name11} if pending`]);
  });
});

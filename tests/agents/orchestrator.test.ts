import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { isLive } from '../../agents/plan/workload';
import { startEmulator, type Emulator } from '../../emulator/server';
import { endJob, jobOf, queueJob, type PoolJob } from '../../emulator/state/poolJobs';
import type { Pool } from '../../emulator/state/pools';
import { MemoryCluster, type Course } from './memoryHost';
import { newOrchestrator, profile, TestClock } from './orchestrating';

interface Run {
  id: number;
  records: { type: string; issues?: { message: string }[] }[];
}

describe('the orchestrator, at the emulator and in a cluster in memory', function () {
  this.timeout(60_000);
  let emulator: Emulator;
  let clock: TestClock;
  let pool: Pool;
  let cluster: MemoryCluster;

  async function begin(course: Partial<Course> = {}): Promise<void> {
    clock = new TestClock();
    emulator = await startEmulator({ clock });
    pool = emulator.state.addPool('build');
    cluster = new MemoryCluster(emulator.state, { startMs: 5000, jobMs: 30_000, ...course });
  }
  afterEach(async () => {
    await emulator.close();
  });

  /** Rounds with the world going on in between, until it is as wanted. */
  async function until(
    round: () => Promise<unknown>,
    wanted: () => boolean,
    { stepMs = 2000, most = 400 }: { stepMs?: number; most?: number } = {},
  ): Promise<void> {
    for (let rounds = 0; !wanted(); rounds++) {
      assert.ok(rounds < most, 'it did not come about');
      await round();
      clock.time += stepMs;
      cluster.live();
    }
  }

  const queue = (count: number, demands: string[] = []): PoolJob[] =>
    Array.from({ length: count }, () => queueJob(emulator.state, 'build', { demands }));
  const allDone = (jobs: readonly PoolJob[]) => () => jobs.every(({ result }) => result === 'succeeded');

  it('registers its placeholder, without which the service refuses every job, and puts it back', async () => {
    await begin();
    assert.match(queue(1)[0]!.message ?? '', /No agent found in pool build/);
    const { orchestrator } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    assert.equal(queue(1)[0]!.message, undefined);
    const again = await newOrchestrator(emulator, cluster.host());
    for (let i = 0; i < 2; i++) await again.orchestrator.round();
    const [placeholder] = pool.agents;
    const told = again.lines.filter((line) => line.includes(`The placeholder '${placeholder?.name}' is there.`));
    assert.equal(told.length, 1, 'a restart tells that it is there');
    assert.deepEqual([placeholder?.name, placeholder?.status], ['agent-job-build-placeholder-default', 'offline']);
    pool.agents.splice(0, 1);
    await orchestrator.round();
    assert.deepEqual(
      pool.agents.map(({ name }) => name).filter((name) => name.includes('placeholder')),
      ['agent-job-build-placeholder-default'],
    );
  });

  it('makes one agent a job, and leaves nothing but the placeholder behind', async () => {
    await begin();
    const { orchestrator, metrics } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    const jobs = queue(12);
    await until(() => orchestrator.round(), allDone(jobs));
    assert.equal(cluster.made.length, 12);
    clock.time += 1_000_000;
    await orchestrator.round();
    await orchestrator.round();
    assert.deepEqual(
      pool.agents.map(({ name }) => name),
      ['agent-job-build-placeholder-default'],
    );
    assert.equal(cluster.containers.size, 0);
    const text = await metrics.registry.metrics();
    assert.match(text, /cascade_agents_created_total\{pool="build"\} 12/);
    assert.match(text, /cascade_agent_start_seconds_count\{pool="build"\} 12/);
    assert.match(text, /cascade_jobs_queued\{pool="build"\} 0/);
    assert.match(text, /cascade_azure_devops_requests_total\{pool="build",status="200"\}/);
  });

  it('loses nothing and makes nothing twice when it is killed in the middle of a start, three times over', async () => {
    await begin();
    const first = await newOrchestrator(emulator, cluster.host());
    await first.orchestrator.round();
    const jobs = queue(9);
    for (const where of ['create', 'register', 'hand over']) {
      let calls = 0;
      const stop = new AbortController();
      const dies = (what: string): void => {
        if (stop.signal.aborted) throw new Error('killed');
        if (what === where && ++calls === 3) {
          stop.abort();
          throw new Error('killed');
        }
      };
      const { orchestrator } = await newOrchestrator(emulator, cluster.host(dies), { signal: stop.signal, way: 'key' });
      await orchestrator.round();
      assert.ok(stop.signal.aborted, where);
      clock.time += 1000;
    }
    const last = await newOrchestrator(emulator, cluster.host(), { way: 'key' });
    await until(() => last.orchestrator.round(), allDone(jobs));
    assert.equal(cluster.made.length, 9);
    assert.equal(new Set(cluster.made).size, 9);
  });

  it('makes nothing twice when two instances act at once', async () => {
    await begin();
    const [one, other] = [
      await newOrchestrator(emulator, cluster.host(), { way: 'key' }),
      await newOrchestrator(emulator, cluster.host(), { way: 'key' }),
    ];
    await one.orchestrator.round();
    const jobs = queue(8);
    await until(() => Promise.all([one.orchestrator.round(), other.orchestrator.round()]), allDone(jobs));
    assert.equal(cluster.made.length, 8);
  });

  it('stops in the middle of a look when another instance may act, which brings all to its end', async () => {
    await begin();
    let holds = true;
    const host = cluster.host((what) => {
      if (what === 'create' && cluster.made.length === 5) holds = false;
    });
    const first = await newOrchestrator(emulator, host, { way: 'key', mayAct: () => holds });
    await first.orchestrator.round();
    const jobs = queue(60);
    await first.orchestrator.round();
    assert.ok(cluster.made.length >= 5 && cluster.made.length <= 25, `${cluster.made.length} were on their way`);
    assert.equal(pool.agents.length, 1, 'none is registered any more');
    await first.orchestrator.round();
    assert.ok(cluster.made.length <= 25);
    const second = await newOrchestrator(emulator, cluster.host());
    await until(() => second.orchestrator.round(), allDone(jobs));
    assert.equal(new Set(cluster.made).size, cluster.made.length);
    assert.equal(cluster.made.length, 60);
  });

  it('makes 1,000 agents for 1,000 jobs, each once', async () => {
    await begin();
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { limits: { maxAgents: 1000 } });
    await orchestrator.round();
    queue(1000);
    for (let i = 0; i < 3; i++) await orchestrator.round();
    assert.equal(cluster.made.length, 1000);
    assert.equal(new Set(cluster.made).size, 1000);
  });

  it('makes all agents of a long queue before the first registration is through, and looks again while others go on', async () => {
    await begin();
    const order: string[] = [];
    const host = cluster.host((what) => order.push(what));
    const { orchestrator, lines } = await newOrchestrator(emulator, host, { way: 'key' });
    await orchestrator.round();
    emulator.faults.add({ match: { method: 'POST', route: /\/agents$/ }, kind: 'slow', ms: 6000, times: 25 });
    queue(30);
    await orchestrator.round();
    assert.equal(order.filter((what) => what === 'create').length, 30);
    assert.ok(!order.includes('hand over'), 'the round did not wait for registrations of 6 s');
    clock.time += 60_000;
    queue(1);
    await orchestrator.round();
    assert.equal(cluster.made.length, 31);
    await orchestrator.finish();
    assert.equal(order.filter((what) => what === 'hand over').length, 31);
    assert.equal(pool.agents.length, 32);
    assert.ok([...cluster.containers.values()].every(({ registration }) => registration));
    assert.doesNotMatch(lines.join(''), /did not succeed|"level":"error"/);
  });

  it('never has more agents than its maximum, and looks at an idle pool with two requests', async () => {
    await begin({ jobMs: 10_000 });
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { limits: { maxAgents: 5 } });
    await orchestrator.round();
    const jobs = queue(12);
    let most = 0;
    await until(async () => {
      await orchestrator.round();
      const live = [...cluster.containers.values()].filter(({ workload }) => isLive(workload));
      most = Math.max(most, live.length);
    }, allDone(jobs));
    assert.equal(most, 5);
    for (let i = 0; i < 5; i++) await orchestrator.round();
    const before = emulator.calls.length;
    await orchestrator.round();
    assert.equal(emulator.calls.length - before, 2);
  });

  it('starts no more agents than the organization has parallel jobs', async () => {
    await begin();
    emulator.state.parallelJobs = { total: 3 };
    const { orchestrator, lines } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    const jobs = queue(7);
    await orchestrator.round();
    await orchestrator.round();
    assert.equal(cluster.made.length, 3);
    assert.match(lines.join(''), /all 3 parallel jobs of the organization are in use/);
    await until(() => orchestrator.round(), allDone(jobs));
    assert.equal(cluster.made.length, 7);
  });

  it('says that the parallel jobs cannot be read, once, and goes by those that it knew', async () => {
    await begin();
    emulator.state.parallelJobs = { total: 3 };
    const { orchestrator, lines } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    queue(2);
    await orchestrator.round();
    emulator.faults.add({ match: { route: /resourceusage/ }, kind: 'status', status: 403, times: 100 });
    queue(5);
    for (let i = 0; i < 3; i++) {
      clock.time += 20_000;
      await orchestrator.round();
    }
    assert.equal(cluster.made.length, 3);
    const said = lines.filter((line) => line.includes('cannot be read, so the 3 known before count on'));
    assert.equal(said.length, 1);
    const fresh = await newOrchestrator(emulator, cluster.host());
    await fresh.orchestrator.round();
    assert.match(fresh.lines.join(''), /cannot be read, so no agent is held back for them: .*403/);
  });

  it('counts agents that wait in one pool against the parallel jobs that another pool could use', async () => {
    await begin();
    emulator.state.parallelJobs = { total: 4 };
    emulator.state.addPool('deploy');
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { pools: ['build', 'deploy'] });
    await orchestrator.round();
    for (const name of ['build', 'deploy']) for (let i = 0; i < 3; i++) queueJob(emulator.state, name);
    await orchestrator.round();
    await orchestrator.round();
    assert.equal(cluster.made.length, 4);
  });

  it('never takes away an agent that got a job while it was being removed', async () => {
    await begin();
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { limits: { idleTimeoutMs: 10_000 } });
    await orchestrator.round();
    const [job] = queue(1);
    await orchestrator.round();
    clock.time += 5000;
    endJob(emulator.state, job!, 'canceled');
    cluster.live();
    clock.time += 20_000;
    const late = queue(1);
    // The look comes before the job is taken, the removal after it.
    cluster.live();
    await orchestrator.round();
    await until(() => orchestrator.round(), allDone(late));
    assert.equal(cluster.done, 1);
    assert.ok(pool.agents.every((agent) => !jobOf(pool, agent)));
  });

  it('cancels a job that no profile can serve, after the time that is set, and says why', async () => {
    await begin();
    const { orchestrator, lines } = await newOrchestrator(emulator, cluster.host(), {
      limits: { cancelUnservableAfterMs: 60_000 },
    });
    emulator.state.addAgent('build', { name: 'agent-job-build-9', status: 'offline', capabilities: { gpu: 'a100' } });
    await orchestrator.round();
    const [job] = queue(1, ['gpu']);
    await orchestrator.round();
    assert.equal(job!.result, undefined);
    clock.time += 61_000;
    await orchestrator.round();
    assert.equal(job!.result, 'canceled');
    assert.match(lines.join(''), /no profile meets its demands \(default lacks gpu\)/);
  });

  it('puts the reason on the page of the run, at the job that waits, and goes on where it may not', async () => {
    for (const status of [undefined, 403]) {
      await begin();
      emulator.state.addProject('Fabrikam');
      emulator.state.addAgent('build', { name: 'theirs', status: 'offline' });
      const pipeline = emulator.state.addPipeline({ name: 'p', queue: 'build', demands: ['gpu'] });
      const ask = async (path: string, init: object = {}): Promise<Run> => {
        const headers = { authorization: `Bearer ${emulator.token}`, 'content-type': 'application/json' };
        return (await (await fetch(`${emulator.url}Fabrikam/_apis/${path}`, { headers, ...init })).json()) as Run;
      };
      const { id } = await ask(`pipelines/${pipeline.id}/runs?api-version=7.1`, { method: 'POST', body: '{}' });
      if (status)
        emulator.faults.add({ match: { method: 'PATCH', route: /records$/ }, kind: 'status', status, times: 9 });
      clock.time += 1000;
      const { orchestrator, lines } = await newOrchestrator(emulator, cluster.host());
      for (let i = 0; i < 3; i++) await orchestrator.round();
      const { records } = await ask(`build/builds/${id}/timeline?api-version=7.1`);
      const job = records.find(({ type }) => type === 'Job');
      const told = job?.issues?.map(({ message }) => message) ?? [];
      const reason = "No agent of pool 'build' for this job: no profile meets its demands (default lacks gpu)";
      assert.deepEqual(told, status ? [] : [reason]);
      assert.equal(lines.filter((line) => line.includes('not on the page of the run')).length, status ? 1 : 0);
      if (!status) await emulator.close();
    }
  });

  it('puts what the whole pool lacks on the pages of the runs that wait for long, each once and not all at a time', async () => {
    await begin();
    emulator.state.addProject('Fabrikam');
    emulator.state.addAgent('build', { name: 'theirs', status: 'offline' });
    const pipeline = emulator.state.addPipeline({ name: 'p', queue: 'build' });
    const headers = { authorization: `Bearer ${emulator.token}`, 'content-type': 'application/json' };
    const ask = async (path: string, init: object = {}): Promise<Run> =>
      (await (await fetch(`${emulator.url}Fabrikam/_apis/${path}`, { headers, ...init })).json()) as Run;
    const ids: number[] = [];
    for (let i = 0; i < 12; i++)
      ids.push((await ask(`pipelines/${pipeline.id}/runs?api-version=7.1`, { method: 'POST', body: '{}' })).id);
    const told = async (): Promise<string[]> => {
      const runs = await Promise.all(ids.map((id) => ask(`build/builds/${id}/timeline?api-version=7.1`)));
      return runs.flatMap(({ records }) =>
        records
          .filter(({ type }) => type === 'Job')
          .flatMap(({ issues }) => issues?.map(({ message }) => message) ?? []),
      );
    };
    clock.time += 1000;
    const first = await newOrchestrator(emulator, cluster.host(), { limits: { maxAgents: 0 } });
    await first.orchestrator.round();
    await first.orchestrator.round();
    assert.deepEqual(await told(), [], 'a job that just waits for its turn is nothing to tell');
    clock.time += 121_000;
    await first.orchestrator.round();
    assert.equal((await told()).length, 10);
    for (let i = 0; i < 3; i++) await first.orchestrator.round();
    const said = "No agent of pool 'build' for this job: the pool has all of its 0 agents (MAX_AGENTS)";
    assert.deepEqual(await told(), Array(12).fill(said));
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { limits: { maxAgents: 0 } });
    for (let i = 0; i < 3; i++) await orchestrator.round();
    assert.equal((await told()).length, 12, 'a restart says it no second time');
    assert.equal(first.lines.filter((line) => line.includes('12 jobs wait: the pool has all')).length, 1);
  });

  it('names the scope that it needs itself where its token is refused later', async () => {
    await begin();
    const { orchestrator } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    emulator.faults.add({
      ...{ match: { method: 'GET', route: /agents$/ }, kind: 'status', status: 401, times: 9 },
      body: { message: "TF400813: The user '' is not authorized to access this resource." },
    });
    await assert.rejects(orchestrator.round(), /TF400813.*it needs Agent Pools: read & manage\./s);
  });

  it('gives a job that demands more the profile that has it', async () => {
    await begin();
    const gpu = { ...profile, name: 'gpu', capabilities: { gpu: 'a100' } };
    const { orchestrator } = await newOrchestrator(emulator, cluster.host(), { profiles: [profile, gpu] });
    await orchestrator.round();
    const jobs = queue(1, ['gpu -equals a100']);
    await until(() => orchestrator.round(), allDone(jobs));
    assert.deepEqual(
      [...cluster.containers.values()].map(({ spec }) => spec.profile.name),
      ['gpu'],
    );
  });

  it('says once why an agent does not come, and goes on after a look that failed', async () => {
    await begin({ problem: () => ({ reason: 'image', text: "the image 'agent:1' cannot be pulled" }) });
    const { orchestrator, lines, metrics } = await newOrchestrator(emulator, cluster.host());
    await orchestrator.round();
    queue(1);
    emulator.state.pools.splice(emulator.state.pools.indexOf(pool), 1);
    await assert.rejects(orchestrator.round(), /was answered with 404/);
    emulator.state.pools.push(pool);
    for (let i = 0; i < 5; i++) await orchestrator.round();
    assert.equal(lines.filter((line) => line.includes('cannot be pulled')).length, 1);
    assert.match(await metrics.registry.metrics(), /cascade_agents_failed_total\{pool="build",reason="image"\} 1/);
  });

  it('hands a container a registration whose key fits the one that the service was told, and no token', async () => {
    await begin();
    const { orchestrator, lines } = await newOrchestrator(emulator, cluster.host(), { way: 'key' });
    await orchestrator.round();
    queue(1);
    await orchestrator.round();
    const [container] = cluster.containers.values();
    const registration = container!.registration!;
    assert.deepEqual(Object.keys(registration).sort(), ['agent', 'credentials', 'credentials_rsaparams']);
    assert.ok(!JSON.stringify(registration).includes(emulator.token));
    const { modulus } = JSON.parse(registration.credentials_rsaparams!) as { modulus: string };
    const agent = pool.agents.find(({ name }) => name === container!.spec.name)!;
    assert.equal(agent.publicKey?.modulus, modulus);
    assert.ok(!lines.join('').includes(emulator.token));
  });
});

import assert from 'node:assert/strict';
import { placeholderProfile } from '../../agents/plan/names';
import { isLive } from '../../agents/plan/workload';
import { PoolSimulation, randomFrom } from './poolSimulation';

const histories = Number(process.env.HISTORIES ?? 60);
const kinds = [[], [], ['gpu'], ['GPU -equals A100'], ['Agent.Version -gtVersion 2.182.1'], ['quantum']];

describe('the plan, over random histories', () => {
  for (let seed = 1; seed <= histories; seed++) {
    const random = randomFrom(seed);
    const rules = {
      maxAgents: 2 + Math.floor(random() * 5),
      licences: random() < 0.5 ? undefined : 2 + Math.floor(random() * 4),
      minimumIdle: random() < 0.5 ? 0 : 1,
      registersFirst: random() < 0.7,
    };
    it(`serves every request with one agent, kills no busy one and leaves nothing (seed ${seed})`, async () => {
      const pool = new PoolSimulation(random, rules);
      await troubledTimes(pool, random);
      await quietTimes(pool);

      const waiting = [...pool.jobs.values()].filter(({ end }) => end === undefined);
      assert.deepEqual(waiting, [], 'every request was served or, if nobody can, cancelled');
      const refused = [...pool.jobs.values()].filter(
        ({ end, request }) => end === 'done' && request.demands[0] === 'quantum',
      );
      assert.deepEqual(refused, []);
      assert.deepEqual(
        pool.workloads().map(({ state }) => state),
        Array.from({ length: rules.minimumIdle }, () => 'running'),
      );
      const ours = [...pool.agents.values()].filter(({ name }) => !placeholderProfile(pool.space, name));
      assert.equal(ours.length, rules.minimumIdle);
      assert.equal(pool.agents.size - ours.length, pool.profiles.length, 'each profile has its placeholder');
    });
  }
});

async function troubledTimes(pool: PoolSimulation, random: () => number): Promise<void> {
  for (let pass = 0; pass < 150; pass++) {
    while (random() < 0.25) pool.queue([...kinds[Math.floor(random() * kinds.length)]!]);
    if (random() < 0.03) pool.cancel(1 + Math.floor(random() * 40));
    if (random() < 0.02) pool.dropPlaceholder();
    if (random() < 0.02) pool.skewMs = [0, 7_200_000, -600_000][Math.floor(random() * 3)]!;
    await pool.pass(random() < 0.1 ? 60_000 : 500 + random() * 4000);
  }
}

async function quietTimes(pool: PoolSimulation): Promise<void> {
  pool.faulty = false;
  pool.skewMs = 0;
  // Long enough for an agent that never comes, the one after it, and an idle timeout.
  for (let pass = 0, calm = 0; pass < 1500 && calm < 100; pass++) {
    const actions = await pool.pass(5000);
    const done = [...pool.jobs.values()].every(({ end }) => end !== undefined) && pool.workloads().every(isLive);
    calm = done && actions.length === 0 ? calm + 1 : 0;
  }
}

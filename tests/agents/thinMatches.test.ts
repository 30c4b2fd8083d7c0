import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'mocha';
import { thinMatches } from '../../agents/azureDevOps/thinMatches';
import { startEmulator } from '../../emulator/server';
import { queueJob } from '../../emulator/state/poolJobs';
import { MemoryCluster } from './memoryHost';
import { newOrchestrator, profile } from './orchestrating';

const space = { prefix: 'agent-job-', pool: { id: 7, name: 'build' } };

const thinned = async (whole: string, size: number): Promise<string> => {
  const bytes = Buffer.from(whole);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return await text(Readable.from(chunks).pipe(thinMatches(space)));
};

describe('the matching of a list of job requests', () => {
  const agent = (name: string) => ({
    id: 1,
    name,
    _links: { web: { href: 'https://x/{"}]' } },
    osDescription: 'a "\\',
  });
  const names = (matched: { name: string }[] | undefined) => matched?.map(({ name }) => name);

  it('is cut down to placeholders and one foreign agent, wherever the chunks end, and all else stays', async () => {
    const matchedAgents = [
      ...['agent-job-build-1', 'agent-job-build-placeholder-default', 'agent-job-build-2', 'mine-ü', 'theirs'],
      ...['agent-job-build-placeholder-gpu', 'agent-job-build-idle3'],
    ].map(agent);
    const note = 'says "matchedAgents":[ and {"';
    const list = {
      count: 3,
      value: [
        { requestId: 1, note, matchedAgents, demands: ['gpü'] },
        { requestId: 2, matchedAgents: [], matchesAllAgentsInPool: true },
        { requestId: 3, matchedAgents: [agent('theirs')], reservedAgent: agent('agent-job-build-1') },
      ],
    };
    for (const whole of [JSON.stringify(list), JSON.stringify(list, null, 2)]) {
      for (const size of [1, 2, 3, 7, 64, 1_000_000]) {
        const read = JSON.parse(await thinned(whole, size)) as { value: { matchedAgents?: { name: string }[] }[] };
        const [first, ...others] = read.value;
        assert.deepEqual(names(first?.matchedAgents), [
          ...['agent-job-build-placeholder-default', 'mine-ü', 'agent-job-build-placeholder-gpu'],
        ]);
        assert.deepEqual({ ...first, matchedAgents }, list.value[0], `in chunks of ${size}`);
        assert.deepEqual(others, list.value.slice(1));
      }
    }
  });

  it('leaves what is no such list as it came, also where it is cut off', async () => {
    for (const whole of ['', '<html>', '{"matchedAgents":null}', '{"matchedAgents":["x"]}', '{"message":"no"}']) {
      for (const size of [1, 1000]) assert.equal(await thinned(whole, size), whole);
    }
    assert.throws(() => JSON.parse('[{"matchedAgents":[{"name":"x'));
    await assert.rejects(async () => JSON.parse(await thinned('[{"matchedAgents":[{"name":"x', 5)) as unknown);
  });
});

describe('a look at a thousand requests and a thousand agents', function () {
  this.timeout(120_000);

  it('reads them in two requests, whether or not the service names a thousand agents with each request', async () => {
    for (const profiles of [[profile], [profile, { ...profile, name: 'gpu', capabilities: { gpu: 'a100' } }]]) {
      const emulator = await startEmulator();
      try {
        emulator.state.addPool('build');
        const cluster = new MemoryCluster(emulator.state, { startMs: 0, jobMs: 0 });
        const { orchestrator, service } = await newOrchestrator(emulator, cluster.host(), { profiles });
        await orchestrator.round();
        // With a second profile the job fits not all agents of the pool, and those that it fits come by name.
        const demands = profiles.length > 1 ? ['gpu'] : [];
        for (let i = 1; i <= 1000; i++) {
          emulator.state.addAgent('build', {
            name: `agent-job-build-${i}`,
            status: 'offline',
            capabilities: { gpu: '' },
          });
          queueJob(emulator.state, 'build', { demands });
        }
        const before = emulator.calls.length;
        const looked = await service.look({ id: emulator.state.pools.at(-1)!.id }, { capabilities: false });
        assert.equal(emulator.calls.length - before, 2);
        assert.deepEqual([looked.requests.length, looked.agents.length], [1000, 1000 + profiles.length]);
        const placeholders = profiles.length > 1 ? ['agent-job-build-placeholder-gpu'] : undefined;
        assert.ok(looked.requests.every(({ matchedAgents }) => String(matchedAgents) === String(placeholders)));
      } finally {
        await emulator.close();
      }
    }
  });
});

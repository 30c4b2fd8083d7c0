import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Secrets } from '../../tasks/lib/secrets';
import { readConfig } from '../../agents/config';
import { Election } from '../../agents/kubernetes/lease';
import { jsonLog } from '../../agents/log';
import { run } from '../../agents/run';
import { startEmulator } from '../../emulator/server';
import { MemoryCluster } from './memoryHost';

describe('the orchestrator as a whole', () => {
  it('measures how long it holds the Lease by a clock that never jumps', async () => {
    const emulator = await startEmulator();
    emulator.state.addPool('build');
    try {
      const env = { ORG_URL: emulator.url, ORG_PAT: emulator.token, AGENT_POOLS: 'build', JOB_IMAGE: 'a:1', PORT: '0' };
      const read = readConfig(env, () => '');
      assert.ok('config' in read);
      const election = sinon.createStubInstance(Election);
      election.round.resolves(true);
      election.holds.returns(true);
      election.release.resolves();
      const stop = new AbortController();
      let sleeps = 0;
      let time = Date.now();
      const secrets = new Secrets(() => undefined);
      await run(read.config, {
        ...{ secrets, signal: stop.signal, network: {}, readFile: () => '', identity: 'a' },
        log: jsonLog('error', secrets, { write: () => undefined }),
        clock: {
          now: () => time,
          // With every pause the machine's clock is set forward an hour, then back two.
          sleep: async () => {
            time += ++sleeps % 2 ? 3_600_000 : -7_200_000;
            if (sleeps === 20) stop.abort();
            await new Promise(setImmediate);
          },
        },
        open: async () => ({
          hosts: new Map([['kubernetes', new MemoryCluster(emulator.state, { startMs: 0, jobMs: 0 }).host()]]),
          election,
        }),
      });
      const times = [...election.round.args, ...election.holds.args].map(([now]) => now);
      assert.ok(election.round.callCount >= 6 && election.holds.callCount >= 1);
      assert.ok(Math.max(...times) - Math.min(...times) < 60_000, times.join());
    } finally {
      await emulator.close();
    }
  });
});

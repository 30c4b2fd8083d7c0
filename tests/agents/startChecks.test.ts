import assert from 'node:assert/strict';
import { CountedTransport } from '../../agents/azureDevOps/countedTransport';
import { PoolService } from '../../agents/azureDevOps/poolService';
import { jsonLog } from '../../agents/log';
import { newMetrics } from '../../agents/metrics';
import { signIn } from '../../agents/signIn';
import { findPools } from '../../agents/startChecks';
import { startEmulator, type Emulator } from '../../emulator/server';
import { AzureDevOps } from '../../tasks/lib/azureDevOps';
import { Secrets } from '../../tasks/lib/secrets';
import { TestClock } from './orchestrating';

describe('the pools at the start', () => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await startEmulator();
  });
  afterEach(async () => {
    await emulator.close();
  });

  function begin() {
    const clock = new TestClock();
    const secrets = new Secrets(() => undefined);
    const lines: string[] = [];
    const log = jsonLog('info', secrets, { write: (line: string) => lines.push(line) });
    const metrics = newMetrics();
    const signal = new AbortController().signal;
    const transport = new CountedTransport({ clock, log, signal }, {}, metrics, 'agent-job-');
    const { account, token } = signIn({ orgUrl: emulator.url, orgPat: emulator.token }, { secrets, clock });
    const azureDevOps = new AzureDevOps(account, transport);
    const service = new PoolService(azureDevOps, { way: 'key', token, now: clock.now });
    const find = (...pools: string[]) => findPools({ pools }, { azureDevOps, service, log });
    return { find, service, transport, clock, metrics, lines };
  }

  it('are told: their rights, and that one which updates its agents costs a one-job agent its job', async () => {
    emulator.state.addPool('good').autoUpdate = false;
    emulator.state.addPool('updates').autoUpdate = true;
    const { find, lines } = begin();
    assert.deepEqual(
      (await find('good', 'updates')).map(({ name }) => name),
      ['good', 'updates'],
    );
    const said = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    assert.deepEqual(said, [
      "Pool 'good' is there and may be managed.",
      "Pool 'updates' is there and may be managed.",
      "Pool 'updates' updates its agents, which costs a one-job agent its job: switch 'Allow agents in this pool to automatically update' off.",
    ]);
  });

  it('are asked as slowly as the service wants, and that is counted', async () => {
    const { id } = emulator.state.addPool('build');
    const { service, transport, clock, metrics } = begin();
    transport.pools.set(String(id), 'build');
    emulator.faults.add({
      match: { method: 'GET', route: /jobrequests/ },
      kind: 'status',
      status: 429,
      times: 1,
      headers: { 'retry-after': '7' },
    });
    const since = clock.now();
    await service.look({ id }, { capabilities: false });
    assert.ok(clock.now() - since >= 7000, 'it waited');
    const text = await metrics.registry.metrics();
    assert.match(text, /cascade_throttled_seconds_total\{pool="build"\} 7/);
    assert.match(text, /cascade_azure_devops_requests_total\{pool="build",status="429"\} 1/);
    assert.match(text, /cascade_azure_devops_requests_total\{pool="build",status="200"\} 2/);
  });
});

import assert from 'node:assert/strict';
import type { Fault } from '../../../emulator/faults';
import {
  closeOrganizations,
  fastTime,
  issuesOf,
  logOf,
  startOrganization,
  until,
  type Organization,
} from './organization';
import { together } from '../together';

const LOOK = { method: 'GET', route: 'build/builds' };

/** A child that lasts a few seconds, and its step while faults strike every look. */
async function runThrough(faults: Fault[], lastsMs = 2500) {
  const fabrikam = await startOrganization();
  fabrikam.add({ script: { durationMs: lastsMs } });
  for (const fault of faults) fabrikam.emulator.faults.add(fault);
  const step = await fabrikam.run();
  return { fabrikam, step };
}

function looks(organization: Organization) {
  return organization.calls('GET', 'build/builds');
}

describe('TriggerPipeline: waiting', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('notices the end of a 20-second child within 5 seconds, with at most 8 looks', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 20_000 } });
    const step = await fabrikam.run();
    const [run] = fabrikam.runs;
    const finished = Date.parse((JSON.parse(step.outputs.results ?? '[]') as { finishTime: string }[])[0]!.finishTime);
    const noticed = looks(fabrikam).at(-1)!.at;
    assert.equal(step.outputs.runId, String(run?.id));
    assert.ok(noticed - finished <= 5000, `it was noticed after ${noticed - finished} ms`);
    assert.ok(looks(fabrikam).length <= 8, `${looks(fabrikam).length} looks`);
  });

  it('goes on through passing faults of every kind, and says that it does', async () => {
    const kinds: Omit<Fault, 'match'>[] = [
      { kind: 'drop' },
      { kind: 'dropAfter' },
      { kind: 'truncate' },
      { kind: 'garbage' },
      { kind: 'html', status: 200 },
      { kind: 'status', status: 500 },
      { kind: 'html', status: 502 },
      { kind: 'status', status: 503 },
      { kind: 'status', status: 504, body: { message: 'TF246017: The database could not be reached.' } },
    ];
    await Promise.all(
      kinds.map(async (kind) => {
        // Three in a row outlast the repetition of one look.
        const { step, fabrikam } = await runThrough([{ ...kind, match: LOOK, times: 3 }]);
        const name = `${kind.kind} ${kind.status ?? ''}`;
        assert.equal(step.result, 'Succeeded', `${name}: ${step.message}`);
        assert.match(issuesOf(step, 'warning').join('\n'), /could not be asked: .*wait goes on/, name);
        assert.match(logOf(step), /The service answers again/, name);
        assert.equal(fabrikam.runs.length, 1, name);
      }),
    );
  });

  it('obeys Retry-After, on 429 as on 200, and says once that the service slows it down', async () => {
    const retryAfter = { headers: { 'retry-after': '3', 'x-ratelimit-resource': 'Concurrency' } };
    const cases = await Promise.all([
      runThrough([{ kind: 'status', status: 429, match: LOOK, times: 2, ...retryAfter }], 3000),
      runThrough([{ kind: 'headers', match: LOOK, times: 2, ...retryAfter }], 3000),
    ]);
    for (const { step, fabrikam } of cases) {
      assert.equal(step.result, 'Succeeded', step.message);
      const after = fabrikam.emulator.calls.findIndex((call) => call === looks(fabrikam)[0]);
      const [slowed, next] = fabrikam.emulator.calls.slice(after);
      assert.ok(next!.at - slowed!.at >= 2950, `the next request came after ${next!.at - slowed!.at} ms`);
      assert.equal(logOf(step).match(/slows us down \(Concurrency\): it asks for 3 s/g)?.length, 1);
    }
  });

  it('ends with the cause where waiting mends nothing: no right, no token, a sign-in page', async () => {
    const refusal = (status: number, message: string) => ({ kind: 'status' as const, status, body: { message } });
    const cases: [Omit<Fault, 'match'>, RegExp][] = [
      [refusal(401, "TF400813: The user '' is not authorized to access this resource."), /TF400813.*scope/],
      [refusal(403, 'VS403463: The conditional access policy has failed.'), /VS403463.*administrator/],
      [
        refusal(404, 'VS800075: The project does not exist, or you do not have permission.'),
        /VS800075.*job authorization scope/,
      ],
      [{ kind: 'signIn203' }, /sign-in page: the job's own token is invalid, expired/],
      [{ kind: 'redirect' }, /sign-in page/],
    ];
    await Promise.all(
      cases.map(async ([fault, cause]) => {
        const { step, fabrikam } = await runThrough([{ ...fault, match: LOOK, times: 9 }], 600_000);
        assert.equal(step.result, 'Failed');
        assert.match(step.message ?? '', cause);
        assert.equal(looks(fabrikam).length, 1, `${cause.source}: one look was enough`);
        assert.equal(step.outputs.runId, String(fabrikam.runs[0]?.id), 'the outputs exist all the same');
      }),
    );
  });

  it('ends when every look has failed for ten minutes on end, with the cause', async () => {
    const { clock, env } = fastTime(200);
    const fabrikam = await startOrganization({ clock });
    fabrikam.add({ script: { durationMs: 36_000_000 } });
    fabrikam.emulator.faults.add({ kind: 'status', status: 503, match: LOOK, times: 10_000 });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /503/);
    const waited = looks(fabrikam).at(-1)!.at - looks(fabrikam)[0]!.at;
    assert.ok(waited > 590_000 && waited < 720_000, `it ended after ${waited / 1000} s`);
    assert.equal(issuesOf(step, 'warning').length, 1, 'one warning says that the service is away');
  });

  it('counts a deleted child as failed and says so', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 600_000 } });
    const running = await fabrikam.start();
    await until(() => fabrikam.runs.length === 1);
    fabrikam.emulator.state.deleteRun(fabrikam.runs[0]!);
    const step = await running.finished;
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /failed: it was deleted/);
    assert.equal(step.outputs.result, 'failed');
  });

  it('speaks when something changes, and every ten minutes to say that it is still there', async () => {
    const { clock, env } = fastTime(400);
    const fabrikam = await startOrganization({ clock });
    fabrikam.add({
      stages: [{ name: 'Build' }, { name: 'Scan', dependsOn: ['Build'] }],
      script: { durationMs: 1_500_000 },
    });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Succeeded');
    const log = logOf(step);
    assert.deepEqual(log.match(/stage (Build|Scan) \w+/g), [
      'stage Build runs',
      'stage Build succeeded',
      'stage Scan runs',
      'stage Scan succeeded',
    ]);
    const still = log.match(/^Still waiting for 1 of 1: rebuild \S+ \(in (Build|Scan)\)\.$/gm) ?? [];
    assert.ok(still.length >= 3 && still.length <= 5, `${still.length} lines in 50 minutes`);
  });
});

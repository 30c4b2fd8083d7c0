import assert from 'node:assert/strict';
import { ApiError, Canceled, UserError } from '../../../tasks/lib/errors';
import { nextPause, wait } from '../../../tasks/lib/wait';
import type { World } from '../../../tasks/lib/world';

const MINUTE_MS = 60_000;

/** A world whose clock stands until somebody sleeps, and what was said in it. */
function standingWorld(signal = new AbortController().signal): { world: World; said: string[]; now: () => number } {
  let now = 0;
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const clock = {
    now: () => now,
    sleep: async (ms: number, wanted?: AbortSignal) => {
      if (wanted?.aborted) throw new Canceled();
      now += ms;
    },
  };
  const log = { info: say, warning: say, error: say, debug: say, group: say };
  return { world: { clock, log, signal }, said, now: () => now };
}

function apiError(status: number): ApiError {
  return new ApiError({ method: 'GET', url: 'https://x/', status, reasons: ['no'] });
}

describe('The wait', () => {
  it('looks often at first and then as seldom as it may', async () => {
    const { world, now } = standingWorld();
    const looks: number[] = [];
    const look = async () => void looks.push(now() / 1000);
    await wait({ look, ended: () => looks.length === 18, stillWaiting: () => '', pauseMs: 15_000 }, world);
    assert.deepEqual(looks, [1, 3, 6, 10, 14, 18, 23, 28, 33, 38, 43, 48, 53, 58, 63, 78, 93, 108]);
  });

  it('is never asked less than the author allows, and notices within five seconds in the first minute', () => {
    for (let at = 0; at < MINUTE_MS; at += 500) assert.ok(nextPause(at, 600_000) <= 5000);
    assert.equal(nextPause(MINUTE_MS, 600_000), 600_000);
    assert.equal(nextPause(30_000, 1000), 1000);
  });

  it('does not look where there is nothing to wait for', async () => {
    const look = () => Promise.reject(new Error('it looked'));
    const end = await wait({ look, ended: () => true, stillWaiting: () => '', pauseMs: 1000 }, standingWorld().world);
    assert.deepEqual(end, { timedOut: false });
  });

  it('looks a last time on the deadline', async () => {
    const { world, now } = standingWorld();
    const looks: number[] = [];
    const look = async () => void looks.push(now());
    const waiting = { look, ended: () => false, stillWaiting: () => '', pauseMs: 600_000, deadline: 100_000 };
    assert.deepEqual(await wait(waiting, world), { timedOut: true });
    assert.equal(looks.at(-1), 100_000);
  });

  it('ends well when the last look finds it ended', async () => {
    const { world, now } = standingWorld();
    const ended = () => now() >= 100_000;
    const waiting = { look: async () => undefined, ended, stillWaiting: () => '', pauseMs: 600_000, deadline: 100_000 };
    assert.deepEqual(await wait(waiting, world), { timedOut: false });
  });

  it('says every ten minutes that it is still there', async () => {
    const { world, said, now } = standingWorld();
    const ended = () => now() >= 61 * MINUTE_MS;
    await wait({ look: async () => undefined, ended, stillWaiting: () => 'still', pauseMs: 15_000 }, world);
    assert.equal(said.length, 6);
  });

  it('goes on through a passing fault, and says once that it came and once that it went', async () => {
    const { world, said, now } = standingWorld();
    const look = async () => {
      if (now() > 2 * MINUTE_MS && now() < 9 * MINUTE_MS) throw apiError(503);
    };
    await wait({ look, ended: () => now() > 9.5 * MINUTE_MS, stillWaiting: () => 'still', pauseMs: 15_000 }, world);
    assert.equal(said.length, 2);
    assert.match(said[0] ?? '', /could not be asked: .* The wait goes on/);
    assert.match(said[1] ?? '', /answers again/);
  });

  it('ends with the cause when every look failed for ten minutes', async () => {
    const { world, now } = standingWorld();
    const look = () => Promise.reject(apiError(503));
    await assert.rejects(wait({ look, ended: () => false, stillWaiting: () => '', pauseMs: 15_000 }, world), /503/);
    assert.ok(now() >= 10 * MINUTE_MS && now() < 11 * MINUTE_MS);
  });

  const final = [
    apiError(400),
    apiError(401),
    apiError(403),
    apiError(404),
    apiError(203),
    new UserError('x'),
    new Canceled(),
  ];
  for (const error of [...final, new TypeError('a defect')]) {
    it(`ends at once with what no waiting mends: ${error instanceof ApiError ? error.status : error.name}`, async () => {
      const { world, now } = standingWorld();
      const look = () => Promise.reject(error);
      await assert.rejects(wait({ look, ended: () => false, stillWaiting: () => '', pauseMs: 15_000 }, world), error);
      assert.equal(now(), 1000);
    });
  }

  it('ends with the step that is canceled', async () => {
    const { world } = standingWorld(AbortSignal.abort());
    const waiting = { look: async () => undefined, ended: () => false, stillWaiting: () => '', pauseMs: 15_000 };
    await assert.rejects(wait(waiting, world), Canceled);
  });
});

import assert from 'node:assert/strict';
import { ExpiringToken } from '../../tasks/lib/expiringToken';
import { Secrets } from '../../tasks/lib/secrets';
import { handClock } from './jobStub';

const HOUR_MS = 3600_000;

function tokens(lifetimeMs: number) {
  const clock = handClock();
  const told: string[] = [];
  const state = { asked: 0, failure: undefined as Error | undefined };
  const token = new ExpiringToken(
    async () => {
      state.asked++;
      if (state.failure) throw state.failure;
      return { value: `token-${state.asked}`, lifetimeMs };
    },
    clock,
    new Secrets((value) => told.push(value)),
  );
  return { clock, told, state, token };
}

describe('a token that expires', () => {
  it('is asked for at its first use, and told to the agent before that', async () => {
    const { state, told, token } = tokens(HOUR_MS);
    assert.equal(state.asked, 0);
    assert.equal(await token.authorization(), 'Bearer token-1');
    assert.ok(told.includes('token-1'));
  });

  it('is shared by callers that want it at once', async () => {
    const { state, token } = tokens(HOUR_MS);
    const headers = await Promise.all([1, 2, 3].map(() => token.authorization()));
    assert.deepEqual(headers, ['Bearer token-1', 'Bearer token-1', 'Bearer token-1']);
    assert.equal(state.asked, 1);
  });

  it('is renewed five minutes before its end, and a short one at two thirds of its life', async () => {
    for (const [lifetimeMs, keptMs] of [
      [HOUR_MS, HOUR_MS - 5 * 60_000],
      [3000, 2000],
    ] as const) {
      const { clock, token } = tokens(lifetimeMs);
      await token.authorization();
      clock.move(keptMs - 1);
      assert.equal(await token.authorization(), 'Bearer token-1');
      clock.move(1);
      assert.equal(await token.authorization(), 'Bearer token-2');
    }
  });

  it('is used to its end while the sign-in is away, and no longer', async () => {
    const { clock, state, token } = tokens(HOUR_MS);
    await token.authorization();
    state.failure = new Error('the login is away');
    clock.move(HOUR_MS - 1);
    assert.equal(await token.authorization(), 'Bearer token-1');
    clock.move(1);
    await assert.rejects(token.authorization(), /the login is away/);
    state.failure = undefined;
    assert.equal(await token.authorization(), 'Bearer token-4');
  });

  it('is renewed once for all callers to which the same one was refused', async () => {
    const { state, token } = tokens(HOUR_MS);
    const refused = await token.authorization();
    assert.deepEqual(await Promise.all([token.renew(refused), token.renew(refused)]), [true, true]);
    assert.equal(await token.renew(refused), true, 'one that comes late is given the new one');
    assert.equal(state.asked, 2);
    assert.equal(await token.authorization(), 'Bearer token-2');
  });
});

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { isLost, withPatience } from '../../../tasks/lib/lostAnswer';
import { LostAnswer, Transport } from '../../../tasks/lib/transport';
import type { World } from '../../../tasks/lib/world';

const URL = 'https://dev.azure.com/contoso/_apis/build/builds';

function worldOf(signal: AbortSignal): World {
  const say = () => undefined;
  return {
    clock: { now: () => 0, sleep: async () => undefined },
    log: { info: say, warning: say, error: say, debug: say, group: say },
    signal,
  };
}

describe('The patience for an answer', () => {
  it('leaves nothing behind at the signal, however many answers there were', async () => {
    const { signal } = new AbortController();
    for (let count = 0; count < 20; count++) await withPatience(Promise.resolve(count), URL, worldOf(signal));
    await assert.rejects(withPatience(Promise.reject(new Error('refused')), URL, worldOf(signal)), /refused/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('ends soon after a cancel, before the start as well as during it, and the answer counts as lost', async () => {
    const never = new Promise<never>(() => undefined);
    const before = new AbortController();
    before.abort();
    await assert.rejects(withPatience(never, URL, worldOf(before.signal)), LostAnswer);
    const during = new AbortController();
    const waiting = withPatience(never, URL, worldOf(during.signal));
    during.abort();
    await assert.rejects(waiting, LostAnswer);
    assert.equal(getEventListeners(during.signal, 'abort').length, 0);
  });
});

describe('A start that was not signed in', () => {
  it('is not lost, whatever became of the sign-in: it was never sent', async () => {
    const lost = new LostAnswer({ method: 'POST', url: 'https://login.microsoftonline.com/', status: 0, reasons: [] });
    const credentials = { authorization: () => Promise.reject(lost) };
    const transport = new Transport(worldOf(new AbortController().signal));
    const error: unknown = await transport
      .send({ method: 'POST', url: URL, credentials })
      .catch((thrown: unknown) => thrown);
    assert.equal((error as Error).message, lost.message);
    assert.ok(isLost(lost));
    assert.ok(!isLost(error));
  });
});

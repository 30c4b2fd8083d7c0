import assert from 'node:assert/strict';
import type { KubernetesObject } from '@kubernetes/client-node';
import sinon from 'sinon';
import { Followed, type Page } from '../../agents/kubernetes/followed';

interface Thing extends KubernetesObject {
  kept?: boolean;
}

/** An API server's side of lists and watches, played by hand. */
class Server {
  objects: Thing[] = [];
  version = 1;
  pages: Page[] = [];
  watches: {
    query: Record<string, unknown>;
    tell: (phase: string, object: object) => void;
    end: (error?: unknown) => void;
    ended: boolean;
  }[] = [];
  /** What the next watch is refused with. */
  refusal: unknown;

  put(name: string, uid = name): Thing {
    const thing = { metadata: { name, uid, resourceVersion: String(++this.version) } };
    this.objects = [...this.objects.filter(({ metadata }) => metadata?.name !== name), thing];
    return thing;
  }

  list = async (page: Page): Promise<{ items: Thing[]; metadata: object }> => {
    this.pages.push(page);
    const from = Number(page._continue ?? 0);
    const next = from + page.limit;
    const _continue = next < this.objects.length ? String(next) : undefined;
    return { items: this.objects.slice(from, next), metadata: { resourceVersion: String(this.version), _continue } };
  };

  watch = async (
    _path: string,
    query: Record<string, unknown>,
    tell: (phase: string, object: object) => void,
    end: (error?: unknown) => void,
  ): Promise<AbortController> => {
    const request = new AbortController();
    const made = { query, tell, end, ended: false };
    request.signal.addEventListener('abort', () => (made.ended = true));
    this.watches.push(made);
    if (this.refusal) end(this.refusal);
    return request;
  };
}

describe('objects that are followed', () => {
  let clock: sinon.SinonFakeTimers;
  let server: Server;
  let followed: Followed<Thing>;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_800_000_000_000, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    server = new Server();
    followed = new Followed<Thing>(
      server,
      { path: '/things', selector: 'ours=true', list: server.list, keep: (thing) => ({ ...thing, kept: true }) },
      Date.now,
    );
  });
  afterEach(() => {
    followed.stop();
    clock.restore();
  });

  const names = () => followed.all().map(({ metadata }) => metadata?.name);
  const current = () => server.watches.at(-1)!;

  it('are listed in pages, and watched from the version of the list', async () => {
    for (let i = 0; i < 250; i++) server.put(`thing-${i}`);
    await followed.start();
    assert.equal(names().length, 250);
    assert.deepEqual(server.pages, [
      { limit: 100 },
      { limit: 100, _continue: '100' },
      { limit: 100, _continue: '200' },
    ]);
    assert.equal(current().query.resourceVersion, '251');
    assert.ok(
      followed.all().every(({ kept }) => kept),
      'what is not needed is left out',
    );
  });

  it('come, change and go as the watch tells', async () => {
    await followed.start();
    current().tell('ADDED', server.put('a'));
    current().tell('ADDED', server.put('b'));
    current().tell('DELETED', server.put('a'));
    assert.deepEqual(names(), ['b']);
    assert.ok(followed.get('b')?.kept);
    assert.equal(followed.get('a'), undefined);
  });

  it('go on from the last version that was told, a bookmark too, when the server ends a watch', async () => {
    await followed.start();
    current().tell('ADDED', server.put('a'));
    current().tell('BOOKMARK', { metadata: { resourceVersion: '77' } });
    current().end();
    await clock.tickAsync(1500);
    assert.equal(server.watches.length, 2);
    assert.equal(current().query.resourceVersion, '77');
    assert.equal(server.pages.length, 1, 'it is not listed again');
    assert.deepEqual(names(), ['a']);
  });

  for (const how of ['refuses the watch with 410', 'tells it in the watch'] as const) {
    it(`are listed anew where the server no longer knows the version: it ${how}`, async () => {
      server.put('gone');
      await followed.start();
      server.objects = [];
      server.put('new');
      if (how === 'tells it in the watch') current().tell('ERROR', { kind: 'Status', code: 410 });
      else current().end({ statusCode: 410 });
      await clock.tickAsync(1500);
      assert.deepEqual(names(), ['new']);
      assert.equal(server.watches.length, 2);
    });
  }

  it('are watched anew where a watch died without its connection knowing', async () => {
    await followed.start();
    const dead = current();
    await clock.tickAsync(77_000);
    assert.equal(server.watches.length, 2, 'the server would have ended it after 60 s');
    assert.ok(dead.ended, 'its connection is closed');
    dead.tell('ADDED', server.put('late'));
    assert.deepEqual(names(), [], 'what it says after that does not count');
    current().tell('ADDED', server.put('a'));
    assert.deepEqual(names(), ['a']);
  });

  it('are not known while the server is away, and are again when it is back', async () => {
    await followed.start();
    server.refusal = new Error('connect ECONNREFUSED');
    current().end(server.refusal);
    await clock.tickAsync(29_000);
    assert.deepEqual(names(), []);
    await clock.tickAsync(571_000);
    assert.throws(() => followed.all(), /is not known/);
    assert.throws(() => followed.get('a'), /is not known/);
    assert.ok(server.watches.length < 620, 'it asks about once in a second');
    server.refusal = undefined;
    await clock.tickAsync(1500);
    current().tell('ADDED', server.put('a'));
    assert.deepEqual(names(), ['a']);
  });

  it('count as made until the watch tells of them, and no older state is put over a newer one', async () => {
    await followed.start();
    const [first, second] = [server.put('a'), server.put('a')];
    followed.add(first);
    assert.deepEqual(names(), ['a']);
    current().tell('ADDED', second);
    followed.add(first);
    assert.equal(followed.get('a')?.metadata?.resourceVersion, second.metadata?.resourceVersion);
    followed.add(server.put('a', 'another'));
    assert.equal(followed.get('a')?.metadata?.uid, 'another');
    followed.add(server.put('never-told'));
    await clock.tickAsync(31_000);
    assert.deepEqual(names(), ['a'], 'made and deleted while nobody looked');
  });

  it('are left alone after the end', async () => {
    await followed.start();
    followed.stop();
    await clock.tickAsync(200_000);
    assert.equal(server.watches.length, 1);
    assert.ok(current().ended);
  });
});

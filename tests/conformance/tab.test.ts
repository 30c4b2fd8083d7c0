import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { scopesFor } from '../../scripts/tabHost/scopes';
import { act } from '../../tabs/reading/actions';
import { Rest } from '../../tabs/reading/Rest';
import { Watch, type Root } from '../../tabs/reading/Watch';
import { treeOf, type TreeNode } from '../../tabs/model/tree';
import { readJson } from '../package/thePackage';
import { register, registerInRelease, startRun } from '../tabs/cascadeScene';
import { publishedRequests, specsFolder, type Sent } from './publishedRequests';
import { publishedScopes } from './publishedScopes';

describe('What the tab sends, and the published documents', function () {
  this.timeout(60_000);
  const folder = specsFolder();
  let now = Date.parse('2026-11-20T10:00:00Z');
  let emulator: Emulator;
  let sent: Sent[];

  before(async function () {
    if (folder === undefined) {
      console.log('      ../shared/specs is not there: nothing is compared with the published documents');
      this.skip();
    }
    emulator = await startEmulator({ clock: { now: () => now } });
    await everything();
    sent = emulator.calls.map(({ method, path, body }) => ({ method, path: path.replace(/^\/[^/]+\//, ''), body }));
  });
  after(() => emulator.close());

  /** Looks at everything that the tab looks at, and does everything that it offers. */
  async function everything(): Promise<void> {
    const { state } = emulator;
    state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 9e6 });
    const failed = startRun(emulator, 'failed', { durationMs: 1000, stages: { Test: { result: 'failed' } } });
    const running = startRun(emulator, 'running', { durationMs: 9e6, cancelTakesMs: 0 });
    const checks = [{ type: 'approval', approvers: ['Kim Lee'] }];
    const waiting = startRun(emulator, 'waiting', { stages: { Build: { checks } } });
    const create = (name: string, script: object) =>
      state.releaseArea.create(state.releaseArea.addDefinition({ name, stages: [{ name: 'Dev' }], script }));
    const rejected = create('rejected', { durationMs: 1000, result: 'failed' });
    const deploying = create('deploying', { durationMs: 9e6, cancelTakesMs: 0 });
    const children = [failed, running, waiting, rejected, deploying];
    register(emulator, parent, children);
    now += 10_000;
    const tree = await look({ kind: 'run', id: parent.id });
    assert.equal(tree.length, children.length);
    const rest = restOf();
    for (const index of [0, 3]) await act(rest, 'rerun', tree[index]!);
    for (const index of [1, 4]) await act(rest, 'cancel', tree[index]!);
    const whole = { ...tree[0]!, state: { ...tree[0]!.state, stages: [] } };
    now += 60_000;
    await act(rest, 'rerun', whole);
    registerInRelease(emulator, { release: deploying, stage: 'Dev' }, [failed]);
    assert.equal((await look({ kind: 'release', id: deploying.id })).length, 1);
  }

  function restOf(): Rest {
    return new Rest({ token: async () => emulator.token, core: emulator.url, release: emulator.releaseUrl, fetch });
  }

  async function look(page: Pick<Root, 'kind' | 'id'>): Promise<TreeNode[]> {
    const watch = new Watch(restOf(), { organization: emulator.url, project: 'Fabrikam', ...page });
    const tree = (): TreeNode[] => treeOf(watch.rootKey, watch.documents, watch.states);
    for (let turn = 0; turn < 60; turn++, now += 1000) await watch.turn(now, new Set(tree().map(({ key }) => key)));
    assert.deepEqual([...watch.problems], []);
    return tree();
  }

  it('is published: addresses, methods, query parameters and bodies', () => {
    assert.deepEqual([...new Set(sent.flatMap(publishedRequests(folder!)))], []);
  });

  it('is covered by the scopes of the manifest, each of which is needed', () => {
    const { scopes } = readJson<{ scopes: string[] }>('vss-extension.json');
    const covered = new Set(scopes.flatMap((scope) => [scope, scope.replace(/_execute$/, '')]));
    const published = publishedScopes(folder!);
    for (const one of sent)
      assert.ok(
        published(one).some((scope) => covered.has(scope)),
        `${one.method} ${one.path}`,
      );
    const asked = new Set(sent.flatMap(published));
    assert.deepEqual(
      scopes.filter((scope) => !asked.has(scope)),
      [],
    );
  });

  it('needs the scopes that the host page of the tests asks for', () => {
    const published = publishedScopes(folder!);
    for (const one of sent) assert.ok(scopesFor(one.method, `/${one.path}`).includes(published(one)[0]!), one.path);
  });

  it('is all that the tab knows to ask for', () => {
    const asked = sent.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
    for (const part of [
      /^GET Fabrikam\/_apis\/build\/builds$/,
      /^GET Fabrikam\/_apis\/build\/builds\/\d+\/timeline$/,
      /^GET Fabrikam\/_apis\/build\/builds\/\d+\/attachments\/pipeline-cascade$/,
      /^GET \S+\/_apis\/build\/builds\/\d+\/[^/]+\/[^/]+\/attachments\/pipeline-cascade\/\S+$/,
      /^GET Fabrikam\/_apis\/pipelines\/approvals$/,
      /^GET Fabrikam\/_apis\/release\/releases$/,
      /^GET Fabrikam\/_apis\/release\/releases\/\d+$/,
      /^GET Fabrikam\/_apis\/release\/\S+\/plan\/[^/]+\/attachments\/pipeline-cascade$/,
      /^GET Fabrikam\/_apis\/release\/\S+\/records\/[^/]+\/attachments\/pipeline-cascade\/\S+$/,
      /^PATCH Fabrikam\/_apis\/build\/builds\/\d+$/,
      /^PATCH Fabrikam\/_apis\/build\/builds\/\d+\/stages\/Test$/,
      /^PATCH Fabrikam\/_apis\/release\/releases\/\d+\/environments\/\d+$/,
    ])
      assert.ok(
        asked.some((one) => part.test(one)),
        String(part),
      );
  });
});

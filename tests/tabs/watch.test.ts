import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import type { Run } from '../../emulator/state/runs';
import { keyOf } from '../../tabs/model/documents';
import { treeOf, type TreeNode } from '../../tabs/model/tree';
import { act } from '../../tabs/reading/actions';
import { Rest } from '../../tabs/reading/Rest';
import { Watch } from '../../tabs/reading/Watch';

const YAML = 'stages:\n  - stage: Build\n    jobs: [{ job: b, steps: [{ script: x }] }]\n';

describe('What the tab reads', () => {
  let now = Date.parse('2026-11-20T10:00:00Z');
  let emulator: Emulator;
  let parent: Run;
  let watch: Watch;
  let rest: Rest;

  beforeEach(async () => {
    emulator = await startEmulator({ clock: { now: () => now } });
    emulator.state.addProject('Fabrikam');
    parent = start('parent', { durationMs: 60_000 });
    rest = restFor(emulator.token);
    watch = new Watch(rest, { organization: emulator.url, project: 'Fabrikam', kind: 'run', id: parent.id });
  });
  afterEach(() => emulator.close());

  function restFor(token: string): Rest {
    return new Rest({ token: async () => token, core: emulator.url, release: emulator.releaseUrl, fetch });
  }

  function start(name: string, script: object): Run {
    return emulator.state.queue(emulator.state.addPipeline({ name, kind: 'yaml', yaml: YAML, script }));
  }

  function register(of: Run, children: Run[], more: object = {}): void {
    const refs = children.map(({ id }) => ({
      organization: emulator.url,
      project: 'Fabrikam',
      kind: 'run',
      id,
      name: `child ${id}`,
      result: '',
      ...more,
    }));
    const content = JSON.stringify({ version: 1, task: 'TriggerPipeline', step: 's', children: refs });
    emulator.state.addAttachment(of, { type: 'pipeline-cascade', name: 's', content });
  }

  const keysOf = (...runs: Run[]): Set<string> =>
    new Set(runs.map(({ id }) => keyOf({ organization: emulator.url, kind: 'run', id })));
  const tree = (): TreeNode[] => treeOf(watch.rootKey, watch.documents, watch.states);

  /** Turns, a second apart, and the most requests that one of them sent. */
  async function turns(count: number, inSight = new Set<string>()): Promise<number> {
    let most = 0;
    for (let turn = 0; turn < count; turn++) {
      const before = emulator.calls.length;
      await watch.turn(now, inSight);
      most = Math.max(most, emulator.calls.length - before);
      now += 1000;
    }
    return most;
  }

  it('is the children, their stages and their children, with one request a turn', async () => {
    const child = start('child', { durationMs: 5000 });
    const grandchild = start('grandchild', { durationMs: 3000, result: 'failed' });
    register(parent, [child]);
    register(child, [grandchild]);
    const most = await turns(30, keysOf(child, grandchild));
    assert.equal(most, 1);
    const [first] = tree();
    assert.equal(first?.state.outcome, 'succeeded');
    assert.deepEqual(
      first.state.stages.map(({ reference, outcome }) => [reference, outcome]),
      [['Build', 'succeeded']],
    );
    assert.equal(first.children[0]?.state.outcome, 'failed');
    assert.deepEqual([...watch.problems], []);
  });

  it('is the state of five hundred children with one request', async () => {
    const pipeline = emulator.state.addPipeline({
      name: 'many',
      kind: 'yaml',
      yaml: YAML,
      script: { durationMs: 9e6 },
    });
    const runs = Array.from({ length: 500 }, () => emulator.state.queue(pipeline));
    register(parent, runs);
    await turns(5);
    assert.equal(tree().filter(({ state }) => state.startedAt !== undefined).length, 500);
    assert.ok(emulator.calls.length <= 5);
  });

  it('comes to an end when all has ended', async () => {
    register(parent, [start('child', { durationMs: 1000 })]);
    now += 120_000;
    await turns(20);
    assert.equal(watch.pause(now), undefined);
    const before = emulator.calls.length;
    await turns(5);
    assert.equal(emulator.calls.length, before);
  });

  it('tells what a child waits for', async () => {
    const child = start('child', { stages: { Build: { checks: [{ type: 'approval', approvers: ['Kim Lee'] }] } } });
    register(parent, [child]);
    await turns(10, keysOf(child));
    assert.deepEqual(tree()[0]?.state.reasons, ['Stage Build waits for approval.']);
  });

  it('is never asked of another organization', async () => {
    register(parent, [start('child', {})], { organization: 'https://dev.azure.com/else/', result: 'failed' });
    await turns(8);
    assert.equal(tree()[0]?.state.outcome, 'failed');
    assert.ok(emulator.calls.every(({ path }) => !path.includes('buildIds=1002')));
  });

  it('is asked later when the service does not answer, and the fault is shown until then', async () => {
    emulator.faults.add({ match: {}, kind: 'status', status: 503 });
    await turns(1);
    assert.equal(watch.problems.size, 1);
    await turns(20);
    assert.equal(watch.problems.size, 0);
  });

  it('shows a child that was deleted', async () => {
    const child = start('child', {});
    register(parent, [child]);
    emulator.state.deleteRun(child);
    await turns(5);
    assert.deepEqual(tree()[0]?.state.reasons, ['It is not there any more, or you may not see it.']);
  });

  it('cancels and reruns as the viewer, and is fresh afterwards', async () => {
    const child = start('child', { durationMs: 600_000, cancelTakesMs: 0 });
    register(parent, [child]);
    await turns(8, keysOf(child));
    await act(rest, 'cancel', tree()[0]!);
    watch.expire(tree()[0]!.key);
    await turns(15, keysOf(child));
    assert.equal(tree()[0]?.state.outcome, 'canceled');
    await act(rest, 'rerun', tree()[0]!);
    watch.expire(tree()[0]!.key);
    await turns(12, keysOf(child));
    assert.equal(tree()[0]?.state.outcome, 'running');
    assert.equal(tree()[0]?.state.stages[0]?.attempt, 2);
  });

  it('explains a refusal with the permission and the words of the service', async () => {
    register(parent, [start('child', { durationMs: 600_000 })]);
    await turns(4);
    emulator.tokens.push({ token: 'reader', denied: ['stopBuilds'] });
    await assert.rejects(
      act(restFor('reader'), 'cancel', tree()[0]!),
      /was not canceled: you need the permission 'Stop builds' on it.* The service says: /,
    );
  });

  it('is of a release what its deployments attached', async () => {
    const child = start('child', { durationMs: 600_000 });
    const definition = emulator.state.releaseArea.addDefinition({ name: 'Deploy', stages: [{ name: 'Dev' }] });
    const release = emulator.state.releaseArea.create(definition);
    const ref = { organization: emulator.url, project: 'Fabrikam', kind: 'run', id: child.id, name: 'child' };
    const attached = { version: 1, task: 'TriggerPipeline', step: 's', children: [ref] };
    // The emulator has no attachments of releases: they are answered here as the published document of the area describes them.
    const asked: string[] = [];
    const answer = (value: object): Response => new Response(JSON.stringify(value));
    const withAttachments: typeof fetch = async (input, init) => {
      const { pathname } = new URL(input);
      if (!pathname.includes('/attachments/')) return fetch(input, init);
      asked.push(pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'PLAN'));
      if (pathname.endsWith('/s')) return answer(attached);
      const href = `${emulator.releaseUrl}guid/_apis/Release${pathname.split('/_apis/release')[1] ?? ''}/s`;
      return answer({ count: 1, value: [{ name: 's', _links: { self: { href } } }] });
    };
    rest = new Rest({
      token: async () => emulator.token,
      core: emulator.url,
      release: emulator.releaseUrl,
      fetch: withAttachments,
    });
    watch = new Watch(rest, { organization: emulator.url, project: 'Fabrikam', kind: 'release', id: release.id });
    now += 100;
    const most = await turns(6, keysOf(child));
    assert.equal(most, 1);
    assert.equal(tree()[0]?.state.outcome, 'running');
    const environment = release.environments[0]!.id;
    assert.match(
      asked[0] ?? '',
      new RegExp(
        `/releases/${release.id}/environments/${environment}/attempts/1/plan/PLAN/attachments/pipeline-cascade$`,
      ),
    );
  });
});

import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import type { Run } from '../../emulator/state/runs';
import { keyOf } from '../../tabs/model/documents';
import { reasonsOf, shownOutcome } from '../../tabs/model/childState';
import { actionsFor, treeOf, type TreeNode } from '../../tabs/model/tree';
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

  // eslint-disable-next-line max-params -- a table of what one step attached
  function register(of: Run, children: Run[], more: object = {}, step = 's', recordId?: string): void {
    const refs = children.map(({ id }) => ({
      organization: emulator.url,
      project: 'Fabrikam',
      kind: 'run',
      id,
      name: `child ${id}`,
      result: '',
      ...more,
    }));
    const content = JSON.stringify({ version: 1, task: 'TriggerPipeline', step, children: refs });
    emulator.state.addAttachment(of, { type: 'pipeline-cascade', name: step, content, ...(recordId && { recordId }) });
  }

  const why = (index: number): string[] => reasonsOf(tree()[index]!.state);
  const countsOf = (names: string[]): number[] =>
    [...new Set(names)].map((name) => names.filter((other) => other === name).length);

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
    assert.deepEqual(why(0), ['Stage Build waits for approval by Kim Lee.']);
    assert.equal(shownOutcome(tree()[0]!.state), 'waiting');
  });

  it('tells which check and which permission a child waits for', async () => {
    const checks = [
      { type: 'taskCheck', name: 'Query work items', durationMs: 600_000 },
      { type: 'authorization', resource: { type: 'environment', id: '7', name: 'prod' } },
    ];
    const child = start('child', { stages: { Build: { checks } } });
    register(parent, [child]);
    await turns(10, keysOf(child));
    assert.deepEqual(why(0), [
      'Stage Build waits for the check Query work items.',
      'Stage Build waits for the permission to use a resource.',
    ]);
  });

  it('names the pool and the place in the queue of a child that waits for an agent', async () => {
    const child = start('child', { queuedMs: 600_000 });
    register(parent, [child]);
    await turns(5, keysOf(child));
    assert.match(why(0).join(), /^Waits for an agent of pool .+, position 1\.$/);
  });

  it('has names of parameters and variables, and no value of them', async () => {
    const pipeline = emulator.state.addPipeline({
      name: 'given',
      parameters: [{ name: 'image', default: 'a' }],
      variables: { ring: { value: '1', allowOverride: true }, key: { isSecret: true, allowOverride: true } },
      script: { durationMs: 600_000 },
    });
    const child = emulator.state.queue(pipeline, {
      templateParameters: { image: 'value-of-image' },
      variables: {
        ring: { value: 'value-of-ring', isSecret: false },
        key: { value: 'value-of-key', isSecret: true },
      },
    });
    register(parent, [child]);
    await turns(5, keysOf(child));
    const { parameters, variables } = tree()[0]!.state;
    assert.deepEqual([parameters, variables], [['image'], ['ring', 'key']]);
    assert.doesNotMatch(JSON.stringify(tree()), /value-of/);
  });

  it('tells why a child failed, and why one was canceled', async () => {
    const issues = [{ type: 'error', message: 'no such package' }];
    const failed = start('failed', { durationMs: 1000, result: 'failed', issues });
    const rejected = start('rejected', {
      durationMs: 1000,
      stages: { Build: { checks: [{ type: 'approval', approvers: ['Kim Lee'], timesOutAfterMs: 1000 }] } },
    });
    const canceled = start('canceled', { queuedMs: 600_000, cancelTakesMs: 0 });
    register(parent, [failed, rejected, canceled]);
    emulator.state.cancel(canceled);
    await turns(30, keysOf(failed, rejected, canceled));
    assert.match(why(0).join(), /no such package/);
    assert.match(why(1).join(), /^Stage Build .*: approval was not given\.$/);
    assert.match(why(2).join(), /canceled/);
  });

  it('is never asked of another organization', async () => {
    register(parent, [start('child', {})], { organization: 'https://dev.azure.com/else/', result: 'failed' });
    await turns(8);
    assert.equal(tree()[0]?.state.outcome, 'failed');
    assert.ok(emulator.calls.every(({ path }) => !path.includes('buildIds=1002')));
    assert.match(why(0).join(), /another organization/);
  });

  it('offers nothing to be done to a child of another organization: its id is that of something else here', async () => {
    register(parent, [start('child', {})], { organization: 'https://dev.azure.com/else/' });
    await turns(5);
    assert.deepEqual(actionsFor(tree()[0]!), { rerun: false, cancel: false });
  });

  it('is asked with at most one request a turn of each project, in whatever letters or by whatever id it is named', async () => {
    const other = emulator.state.addProject('Images');
    const runs = ['a', 'b'].map((name) => start(name, { durationMs: 60_000 }));
    const elsewhere = ['c', 'd'].map((name) =>
      emulator.state.queue(emulator.state.addPipeline({ name, project: 'Images', script: { durationMs: 60_000 } })),
    );
    register(parent, [runs[0]!]);
    register(parent, [runs[1]!], { project: 'FABRIKAM' }, 'in capitals');
    register(parent, [elsewhere[0]!], { project: 'Images' }, 'by name');
    register(parent, [elsewhere[1]!], { project: other.id }, 'by id');
    const seen = keysOf(...runs, ...elsewhere);
    await turns(8, seen);
    const counted: number[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const before = emulator.calls.length;
      await turns(1, seen);
      const projects = emulator.calls.slice(before).map(({ path }) => path.split('/')[2]!.toLowerCase());
      counted.push(...countsOf(projects.map((name) => (name === other.id ? 'images' : name))));
    }
    assert.ok(counted.length > 40, 'both projects are asked');
    assert.equal(Math.max(...counted), 1);
  });

  it('goes on when its step runs a failed child again', async () => {
    const child = start('child', { durationMs: 20_000, stages: { Build: { result: 'failed' } } });
    register(parent, [child]);
    await turns(30, keysOf(child));
    assert.equal(tree()[0]?.state.outcome, 'failed');
    emulator.state.retry(child, { stages: ['Build'] });
    await turns(6, keysOf(child));
    assert.equal(tree()[0]?.state.outcome, 'running');
    await turns(30, keysOf(child));
    assert.deepEqual([tree()[0]?.state.outcome, tree()[0]?.state.stages[0]?.attempt], ['failed', 2]);
  });

  it('has the children of every attempt of a step', async () => {
    register(parent, [start('first', {})], { attempt: 1 }, 's', 'record-1');
    register(parent, [start('second', {})], { attempt: 2 }, 's', 'record-2');
    await turns(6);
    assert.deepEqual(
      tree().map(({ ref }) => [ref.name, ref.attempt]),
      [
        ['child 1002', 1],
        ['child 1003', 2],
      ],
    );
  });

  it('comes to everything in sight, however much there is, and still looks at the states every few seconds', async () => {
    const children = Array.from({ length: 20 }, (_, at) => start(`child-${at}`, { durationMs: 9e6 }));
    const unseen = start('unseen', { durationMs: 9e6 });
    register(parent, [...children, unseen]);
    for (const child of [...children, unseen]) register(child, [start(`of ${child.id}`, { durationMs: 9e6 })]);
    await turns(120, keysOf(...children));
    const tops = tree();
    assert.ok(tops.every(({ children: below }) => below.length === 1));
    assert.ok(tops.slice(0, 20).every(({ state }) => state.stages.length === 1));
    const before = emulator.calls.length;
    await turns(120, keysOf(...children));
    const asked = emulator.calls.slice(before).map(({ path }) => path.replace(/\?.*/, ''));
    const times = (part: RegExp): number => asked.filter((path) => part.test(path)).length;
    assert.ok(times(/builds$/) >= 24, `states: ${times(/builds$/)}`);
    for (const { id } of children) assert.ok(times(new RegExp(`builds/${id}/timeline$`)) > 0, `timeline of ${id}`);
  });

  it('finds grandchildren of a child that nobody looks at', async () => {
    const child = start('child', { durationMs: 600_000 });
    register(parent, [child]);
    register(child, [start('grandchild', { durationMs: 600_000 })]);
    await turns(8);
    assert.equal(tree()[0]?.children[0]?.state.outcome, 'running');
  });

  for (const [status, said] of [
    [401, /cannot be read: the session has expired. Reload the page \(401\)\./],
    [
      403,
      /cannot be read: you need the permission 'View builds' or 'View releases' there \(403\)\. The service says: No\./,
    ],
    [404, /cannot be read: it is not there any more, or you may not see it \(404\)\./],
    [500, /cannot be read: the service has a fault \(500\)\. The tab tries again; what is shown may be old\./],
  ] as const) {
    it(`says what cannot be read, why and what to do, after ${status}`, async () => {
      const child = start('child', { durationMs: 600_000 });
      register(parent, [child]);
      const match = { route: /timeline$/ };
      emulator.faults.add({ match, kind: 'status', status, body: { message: 'No' }, times: 1000 });
      await turns(10, keysOf(child));
      const problems = [...watch.problems.values()];
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, new RegExp(`^The timeline of child 1002 1002 ${said.source}`));
    });
  }

  it('comes to an end although a project of a child may not be seen', async () => {
    emulator.state.addProject('Secret');
    const hidden = emulator.state.queue(emulator.state.addPipeline({ name: 'hidden', project: 'Secret' }));
    emulator.tokens.push({ token: 'viewer', projects: ['Fabrikam'] });
    rest = restFor('viewer');
    watch = new Watch(rest, { organization: emulator.url, project: 'Fabrikam', kind: 'run', id: parent.id });
    register(parent, [hidden], { project: 'Secret', result: 'failed' });
    now += 120_000;
    await turns(20, keysOf(hidden));
    assert.equal(tree()[0]?.state.outcome, 'failed');
    assert.match(why(0).join(), /^The state of the runs of project Secret cannot be read/);
    assert.equal(watch.pause(now), undefined);
  });

  it('is left alone for as long as the service asks for, also with a good answer', async () => {
    register(parent, [start('child', { durationMs: 600_000 })]);
    await turns(5);
    emulator.faults.add({ match: {}, kind: 'headers', headers: { 'retry-after': '30' } });
    await turns(8);
    const before = emulator.calls.length;
    await turns(20);
    assert.equal(emulator.calls.length, before);
    await turns(10);
    assert.ok(emulator.calls.length > before);
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
});

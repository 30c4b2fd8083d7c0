import assert from 'node:assert/strict';
import type { Fault } from '../../../emulator/faults';
import { buildVariables } from '../../agent/systemVariables';
import { together } from '../together';
import { closeOrganizations, fastTime, logOf, PROJECT, startOrganization, type Organization } from './organization';

const CREATE = { method: 'POST', route: 'release/releases' };
const { clock, env } = fastTime(5);

async function startWith(fault: Omit<Fault, 'match'>, match: Fault['match'] = CREATE): Promise<Organization> {
  const fabrikam = await startOrganization({ clock });
  fabrikam.define();
  fabrikam.emulator.faults.add({ ...fault, match });
  return fabrikam;
}

describe('TriggerRelease: when the answer to a creation is lost', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  const afterEffect: [name: string, fault: Omit<Fault, 'match'>][] = [
    ['the connection broke', { kind: 'dropAfter' }],
    ['a gateway answered 502', { kind: 'statusAfter', status: 502, body: '<html>Bad Gateway</html>' }],
    ['the service answered 500', { kind: 'statusAfter', status: 500 }],
    ['half of the answer came', { kind: 'truncate' }],
    ['the answer is no JSON', { kind: 'garbage' }],
    ['a page answered 200', { kind: 'statusAfter', status: 200, body: '<html>Welcome</html>' }],
  ];
  for (const [name, fault] of afterEffect) {
    it(`takes on the release that it made, although ${name}`, async () => {
      const fabrikam = await startWith(fault);
      const step = await fabrikam.run({ tags: 'mine' }, { env });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [1, 1]);
      assert.equal(step.outputs.releaseId, String(fabrikam.releases[0]?.id));
      assert.match(logOf(step), /Found it: Deploy Release-1 is taken on/);
      assert.deepEqual(fabrikam.releases[0]?.tags, ['mine', 'cascade-parent-4711']);
    });
  }

  for (const [name, fault] of [
    ['the connection broke', { kind: 'drop' }],
    ['the service answered 500', { kind: 'status', status: 500 }],
    ['the service answered 503', { kind: 'status', status: 503 }],
  ] satisfies [string, Omit<Fault, 'match'>][]) {
    it(`looks, finds none and creates once more when ${name} before anything happened`, async () => {
      const fabrikam = await startWith(fault);
      const step = await fabrikam.run({}, { env });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [1, 2]);
      const { calls } = fabrikam.emulator;
      const [first, second] = fabrikam.creations();
      const between = calls.slice(calls.indexOf(first!), calls.indexOf(second!));
      assert.ok(between.some(({ path }) => path.includes('minCreatedTime=')));
    });
  }

  it('repeats a creation that was refused with 429, which certainly did nothing', async () => {
    const fabrikam = await startWith({ kind: 'status', status: 429, headers: { 'retry-after': '2' } });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [1, 2]);
  });

  it('gives up after three creations without an answer, and says why', async () => {
    const fabrikam = await startWith({ kind: 'status', status: 503, times: 9 });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /503/);
    assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [0, 3]);
  });

  it('never takes the release of a step beside it, though it is alike in all but its mark', async () => {
    const fabrikam = await startWith({ kind: 'drop' });
    const variables = buildVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    // Two jobs of one parent: the creation of the first is lost before it happened, that of the second is made meanwhile.
    const both = await Promise.all(
      ['one', 'two'].map((phase) =>
        fabrikam.run({}, { env, stepName: phase, variables: { ...variables, 'system.phaseName': phase } }),
      ),
    );
    const ids = both.map(({ outputs }) => outputs.releaseId);
    assert.deepEqual(
      both.map(({ result }) => result),
      ['Succeeded', 'Succeeded'],
    );
    assert.equal(new Set(ids).size, 2, 'each has a release of its own');
    assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [2, 3]);
  });

  it('tells two alike apart when both answers are lost', async () => {
    const fabrikam = await startWith({ kind: 'dropAfter', times: 2 });
    const variables = buildVariables({ collectionUri: fabrikam.emulator.url, project: PROJECT });
    const both = await Promise.all(
      ['one', 'two'].map((phase) =>
        fabrikam.run({}, { env, stepName: phase, variables: { ...variables, 'system.phaseName': phase } }),
      ),
    );
    assert.deepEqual(
      both.map(({ result }) => result),
      ['Succeeded', 'Succeeded'],
      both[0]?.message,
    );
    assert.equal(new Set(both.map(({ outputs }) => outputs.releaseId)).size, 2);
    assert.deepEqual([fabrikam.releases.length, fabrikam.creations().length], [2, 2]);
  });

  it('looks at description, artifacts and variables where the service keeps no marks, and fails where it cannot tell', async () => {
    const fabrikam = await startOrganization({ clock });
    const definition = fabrikam.define({ variables: { ring: { value: '1', allowOverride: true } } });
    const { releaseArea } = fabrikam.emulator.state;
    const forget = () => {
      for (const release of fabrikam.releases) release.properties = {};
    };
    const alike = () => {
      const { description = '' } = fabrikam.releases.at(-1) ?? {};
      releaseArea.create(definition, { description, variables: { ring: '2' } });
    };
    // Somebody's release with another variable is none of ours.
    fabrikam.emulator.faults.add({ kind: 'dropAfter', match: CREATE });
    const running = await fabrikam.start({ variables: 'ring: 3' }, { env });
    const timer = setInterval(forget, 5);
    const step = await running.finished;
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.creations().length, 1);
    fabrikam.emulator.faults.add({
      kind: 'dropAfter',
      match: ({ method, path }) => {
        if (method !== 'POST' || !/\/releases(\?|$)/.test(path)) return false;
        setTimeout(alike, 50);
        return true;
      },
    });
    const unclear = await fabrikam.run({ variables: 'ring: 2' }, { env });
    clearInterval(timer);
    assert.equal(unclear.result, 'Failed');
    assert.match(
      unclear.message ?? '',
      /2 releases could be the one it made: http\S+releaseId=\d+ , http\S+releaseId=\d+/,
    );
  });
});

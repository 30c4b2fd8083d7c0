import assert from 'node:assert/strict';
import type { Fault } from '../../../emulator/faults';
import { together } from '../together';
import { closeOrganizations, fastTime, logOf, startOrganization, type Organization } from './organization';

const START = { method: 'POST', route: 'build/builds' };
/** With stages chosen the run is started through the other API, which puts no tag on it. */
const START_OF_STAGES = { method: 'POST', route: 'pipelines/{pipelineId}/runs' };
const STAGES = [{ name: 'Build' }, { name: 'Scan', dependsOn: [] }];

/** The looks for a run that was made take ten seconds; here they take one. */
const { clock, env } = fastTime(10);

async function startWith(fault: Fault): Promise<Organization> {
  const organization = await startOrganization({ clock });
  organization.add({ stages: STAGES });
  organization.emulator.faults.add(fault);
  return organization;
}

describe('TriggerPipeline: when the answer to the start is lost', function () {
  this.timeout(90_000);
  const it = together();
  after(closeOrganizations);

  const afterEffect: [name: string, fault: Omit<Fault, 'match'>][] = [
    ['the connection broke', { kind: 'dropAfter' }],
    ['the service answered 500', { kind: 'statusAfter', status: 500 }],
    ['the service answered 503', { kind: 'statusAfter', status: 503 }],
    ['a gateway answered 504 with a page', { kind: 'statusAfter', status: 504, body: '<html>Gateway Timeout</html>' }],
    ['half of the answer came', { kind: 'truncate' }],
    ['the answer is no JSON', { kind: 'garbage' }],
    ['a page answered 200', { kind: 'statusAfter', status: 200, body: '<html>Welcome</html>' }],
  ];
  for (const [name, fault] of afterEffect) {
    it(`takes on the run that it made, although ${name}`, async () => {
      const [builds, stages] = await Promise.all([
        startWith({ ...fault, match: START }),
        startWith({ ...fault, match: START_OF_STAGES }),
      ]);
      const steps = await Promise.all([builds.run({}, { env }), stages.run({ stages: 'Build' }, { env })]);
      for (const [index, organization] of [builds, stages].entries()) {
        const step = steps[index]!;
        assert.equal(step.result, 'Succeeded', step.message);
        assert.equal(organization.runs.length, 1);
        assert.equal(organization.starts().length, 1);
        assert.equal(step.outputs.runId, String(organization.runs[0]?.id));
        assert.match(logOf(step), /Found it: rebuild \S+ is taken on/);
        assert.ok(organization.runs[0]?.tags.includes('cascade-parent-4711'), 'it has the tag of its parent');
      }
    });
  }

  const withoutEffect: [name: string, fault: Omit<Fault, 'match'>][] = [
    ['the connection broke', { kind: 'drop' }],
    ['the service answered 500', { kind: 'status', status: 500 }],
    ['the service answered 503', { kind: 'status', status: 503 }],
  ];
  for (const [name, fault] of withoutEffect) {
    it(`looks for a run, finds none and starts once more when ${name} before anything happened`, async () => {
      const fabrikam = await startWith({ ...fault, match: START });
      const step = await fabrikam.run({}, { env });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(fabrikam.runs.length, 1);
      assert.equal(fabrikam.starts().length, 2);
      const [, second] = fabrikam.starts();
      const calls = fabrikam.emulator.calls;
      const between = calls.slice(calls.indexOf(fabrikam.starts()[0]!) + 1, calls.indexOf(second!));
      assert.ok(
        between.some(({ path }) => path.includes('definitions=11&minTime=')),
        'it looked before it started again',
      );
    });
  }

  it('repeats a start that was refused with 429, which certainly did nothing, when Retry-After has passed', async () => {
    const fabrikam = await startWith({ kind: 'status', status: 429, headers: { 'retry-after': '2' }, match: START });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Succeeded');
    const [first, second] = fabrikam.starts();
    assert.ok(second!.at - first!.at >= 1950);
    assert.equal(fabrikam.runs.length, 1);
  });

  it('gives up after three starts without an answer, and says why', async () => {
    const fabrikam = await startWith({ kind: 'status', status: 503, match: START, times: 9 });
    const step = await fabrikam.run({}, { env });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /503/);
    assert.equal(fabrikam.starts().length, 3);
    assert.equal(fabrikam.runs.length, 0);
  });

  it('fails with all links when it cannot tell which run is its own', async () => {
    const fabrikam = await startOrganization({ clock });
    const pipeline = fabrikam.add({ stages: STAGES });
    const somebodyStarts = () => fabrikam.emulator.state.queue(pipeline);
    fabrikam.emulator.faults.add({
      kind: 'dropAfter',
      match: ({ method, path }) => method === 'POST' && path.includes('/runs') && Boolean(somebodyStarts()),
    });
    const step = await fabrikam.run({ stages: 'Build' }, { env });
    assert.equal(step.result, 'Failed');
    assert.equal(fabrikam.starts().length, 1);
    assert.equal(fabrikam.runs.length, 2);
    for (const { id } of fabrikam.runs) assert.match(step.message ?? '', new RegExp(`buildId=${id}\\b`));
  });

  it("does not take another parent's run, another branch's or an older one for its own", async () => {
    const fabrikam = await startOrganization({ clock });
    const pipeline = fabrikam.add({ stages: STAGES });
    const { state, faults } = fabrikam.emulator;
    state.addCommit(pipeline, 'other');
    state.queue(pipeline).queueTime -= 600_000;
    faults.add({
      kind: 'drop',
      match: ({ method, path }) => {
        if (method !== 'POST' || !path.includes('/builds')) return false;
        state.queue(pipeline, { tags: ['cascade-parent-999'] });
        state.queue(pipeline, { branch: 'refs/heads/other' });
        return true;
      },
    });
    const step = await fabrikam.run({ branch: 'main' }, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(fabrikam.starts().length, 2);
    assert.equal(step.outputs.runId, String(fabrikam.runs.at(-1)?.id));
  });
});

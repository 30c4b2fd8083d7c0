import assert from 'node:assert/strict';
import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import { together } from '../together';
import { closeOrganizations, fastTime, logOf, startOrganization, type Organization } from './organization';

const { clock, env } = fastTime(30);
const MINUTE_MS = 60_000;

/** What holds a stage, how the log says it, and what a person does then. */
const HOLDS: {
  what: string;
  scene: Partial<NewDefinition>;
  says: RegExp;
  then?: (fabrikam: Organization) => void;
}[] = [
  {
    what: "somebody else's approval before a deployment",
    scene: { stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }] },
    says: /stage Dev waits for pre-deployment approval by Norman Paulk\. http/,
    then: approve,
  },
  {
    what: "somebody else's approval after a deployment",
    scene: { stages: [{ name: 'Dev', postApprovers: ['Norman Paulk'] }] },
    says: /stage Dev waits for post-deployment approval by Norman Paulk\. http/,
    then: approve,
  },
  {
    what: 'a manual intervention',
    scene: { stages: [{ name: 'Dev' }], script: { durationMs: 0, intervention: { instructions: 'Look at the map' } } },
    says: /stage Dev waits for a manual intervention: Look at the map\. http/,
    then: ({ emulator: { state }, releases }) => {
      const [pending] = state.releaseArea.interventions(releases[0]!);
      state.releaseArea.answerIntervention(pending!, { status: 'approved', comment: '' });
    },
  },
  {
    what: 'a gate',
    scene: { stages: [{ name: 'Dev' }], script: { durationMs: 0, gates: { durationMs: 2 * MINUTE_MS } } },
    says: /stage Dev evaluates its gates\. http/,
  },
  {
    what: 'another deployment of the stage',
    scene: { stages: [{ name: 'Dev' }], script: { durationMs: 0, queuedMs: 2 * MINUTE_MS } },
    says: /stage Dev is queued behind another deployment of that stage, or for a free parallel job\. http/,
  },
  {
    what: 'an agent, whose pool is named',
    scene: { stages: [{ name: 'Dev', queue: 'metal' }], script: { durationMs: 0, waitsForAgentMs: 2 * MINUTE_MS } },
    says: /stage Dev waits for an agent of pool 'metal'\. http/,
  },
  {
    what: 'demands that no agent meets',
    scene: {
      stages: [{ name: 'Dev', queue: 'metal', demands: ['gpu -equals a100'] }],
      script: { durationMs: 0, waitsForAgentMs: 2 * MINUTE_MS },
    },
    says: /stage Dev waits for an agent of pool 'metal': none is online and enabled that meets its demands \(gpu -equals a100\)/,
  },
];

function approve({ emulator: { state } }: Organization): void {
  const [pending] = state.releaseArea.approvals().filter(({ approval }) => !approval.automated);
  state.releaseArea.answerApproval(
    pending!,
    { status: 'approved', comment: '' },
    { identity: state.owner, denied: [] },
  );
}

async function withPool(scene: Partial<NewDefinition>): Promise<Organization> {
  const fabrikam = await startOrganization({ clock });
  fabrikam.emulator.state.addPool('metal', [{ name: 'm-1' }]);
  fabrikam.define({ script: { durationMs: 0 }, ...scene });
  return fabrikam;
}

describe('TriggerRelease: what holds a stage', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  for (const { what, scene, says, then } of HOLDS) {
    it(`names ${what}, once, and goes on when it is over`, async () => {
      const fabrikam = await withPool(scene);
      const running = await fabrikam.start({}, { env });
      let answered = false;
      running.onLog((line) => {
        if (!says.test(line) || answered) return;
        answered = true;
        then?.(fabrikam);
      });
      const step = await running.finished;
      assert.equal(step.result, 'Succeeded', `${step.message ?? ''}\n${logOf(step)}`);
      assert.equal(step.log.filter((line) => says.test(line)).length, 1, logOf(step));
    });
  }

  it('names a deployment that is deferred, and until when', async () => {
    const fabrikam = await withPool({ stages: [{ name: 'Dev', manual: true }] });
    const { releaseArea } = fabrikam.emulator.state;
    const release = releaseArea.create(releaseArea.definitions[0]!);
    releaseArea.deploy(release, release.environments[0]!, { scheduledAt: clock.now() + 3 * MINUTE_MS });
    const step = await fabrikam.run({ action: 'wait', release: 'latest' }, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(logOf(step), /stage Dev is deferred until \d{4}-\d\d-\d\dT/);
  });

  it('fails with the reason when an approval or a gate says no, and when the release is deleted', async () => {
    const rejected = await withPool({ stages: [{ name: 'Dev', preApprovers: ['Norman Paulk'] }] });
    const running = await rejected.start({}, { env });
    running.onLog((line) => {
      if (!line.includes('waits for pre-deployment approval')) return;
      const { state } = rejected.emulator;
      const [pending] = state.releaseArea.approvals().filter(({ approval }) => !approval.automated);
      state.releaseArea.answerApproval(
        pending!,
        { status: 'rejected', comment: '' },
        { identity: state.owner, denied: [] },
      );
    });
    const step = await running.finished;
    assert.equal(step.result, 'Failed');
    assert.match(logOf(step), /Dev: an approval was rejected/);

    const gates = { durationMs: 1000, result: 'failed' as const };
    const gated = await withPool({ stages: [{ name: 'Dev' }], script: { durationMs: 0, gates } });
    assert.match(logOf(await gated.run({}, { env })), /Dev: its gates failed/);

    const deleted = await withPool({ stages: [{ name: 'Dev' }], script: { durationMs: 60 * MINUTE_MS } });
    const waiting = await deleted.start({}, { env });
    waiting.onLog((line) => {
      if (line.includes('Created Deploy')) deleted.releases[0]!.deleted = true;
    });
    const end = await waiting.finished;
    assert.equal(end.result, 'Failed');
    assert.match(end.message ?? '', /it was deleted/);
  });

  it('explains an invalid definition by either of its errors', async () => {
    const texts = {
      VS402877: 'VS402877: Pre-approvals or post-approvals in stage Dev are empty.',
      VS402982: 'VS402982: A retention policy is not set for the stage Dev.',
    };
    for (const [code, message] of Object.entries(texts)) {
      const fabrikam = await withPool({});
      const match = { method: 'POST', route: 'release/releases' };
      fabrikam.emulator.faults.add({ kind: 'status', status: 400, match, body: { message } });
      const step = await fabrikam.run({}, { env });
      assert.equal(step.result, 'Failed');
      assert.match(
        step.message ?? '',
        new RegExp(`No release of 'Deploy' was created: .*${code}.*definition itself is invalid`),
      );
    }
  });
});

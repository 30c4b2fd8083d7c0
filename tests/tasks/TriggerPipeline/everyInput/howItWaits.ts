import assert from 'node:assert/strict';
import type { RunScript } from '../../../../emulator/state/script';
import { fastTime, logOf, startOrganization, until, type StepInputs } from '../organization';
import { HOUR_MS, succeed, withPipeline, type InputTests } from './inputTest';

const SPEED = 60;

/** A pipeline of stages in an organization whose time runs fast, with the options of a step in the same time. */
async function inFastTime(script: RunScript, speed = SPEED) {
  const { clock, env } = fastTime(speed);
  const fabrikam = await startOrganization({ clock });
  fabrikam.add({ stages: [{ name: 'Build' }, { name: 'Scan' }], script });
  return { fabrikam, options: { env } };
}

/** What the step is with a child that ends so. */
async function resultWith(child: string, inputs: StepInputs): Promise<string> {
  const fabrikam = await withPipeline({ script: { durationMs: 0, result: child } });
  return (await fabrikam.run(inputs)).result;
}

function word(input: string, options: string): { inputs: StepInputs; says: RegExp } {
  return { inputs: { [input]: 'explode' }, says: new RegExp(`^${input}: 'explode' is none of ${options}\\.$`) };
}

/** Inputs that say what is waited for, how long, and what comes of it. */
export const HOW_IT_WAITS: InputTests = {
  waitForCompletion: {
    use: [
      'false ends the step once the run is started',
      async () => {
        const fabrikam = await withPipeline({ script: { durationMs: HOUR_MS } });
        const step = await succeed(fabrikam, { waitForCompletion: 'false' });
        assert.deepEqual([step.outputs.result, step.outputs.runId], ['started', '1001']);
      },
    ],
    misuse: { inputs: { waitForCompletion: 'yes' }, says: /^waitForCompletion: 'yes' is neither true nor false/ },
  },
  waitFor: {
    use: [
      'start waits for the first job, a list for the end of those stages',
      async () => {
        const script = { waitsForAgentMs: 60_000, stages: { Scan: { durationMs: 100 * HOUR_MS } } };
        const { fabrikam, options } = await inFastTime({ durationMs: 1000, ...script });
        const started = await succeed(fabrikam, { waitFor: 'start' }, options);
        assert.equal(started.outputs.result, 'started');
        const [run] = fabrikam.runs;
        assert.ok(fabrikam.emulator.state.now - run!.queueTime >= 60_000, 'queued is not started');
        const stage = await succeed(fabrikam, { waitFor: 'build' }, { ...options, stepName: 'stage' });
        assert.equal(stage.outputs.result, 'succeeded');
        assert.equal(fabrikam.emulator.state.look(fabrikam.runs[1]!).status, 'inProgress', 'Scan goes on');
      },
    ],
    misuse: {
      where: () => withPipeline({ stages: [{ name: 'Build' }] }),
      inputs: { waitFor: 'Biuld' },
      says: /^waitFor: 'Biuld' is no stage of 'rebuild'\. Its stages: Build\./,
    },
  },
  waitTimeoutInMinutes: {
    use: [
      'ends the wait',
      async () => {
        const { fabrikam, options } = await inFastTime({ durationMs: 100 * HOUR_MS });
        const step = await fabrikam.run({ waitTimeoutInMinutes: '2' }, options);
        assert.deepEqual([step.result, step.outputs.result], ['Failed', 'timedOut']);
      },
    ],
    misuse: {
      inputs: { waitTimeoutInMinutes: '1.5' },
      says: /^waitTimeoutInMinutes: '1\.5' is no whole number from 0/,
    },
  },
  onTimeout: {
    use: [
      'cancel cancels what still runs then',
      async () => {
        const { fabrikam, options } = await inFastTime({ durationMs: 100 * HOUR_MS });
        const step = await fabrikam.run({ waitTimeoutInMinutes: '1', onTimeout: 'cancel' }, options);
        assert.equal(step.result, 'Failed');
        // At this speed a busy machine answers late, and then the step asks again.
        assert.ok(fabrikam.calls('PATCH', 'build/builds').length > 0);
      },
    ],
    misuse: word('onTimeout', 'fail, cancel, warn'),
  },
  pollingInterval: {
    use: [
      'is the longest pause between two looks, and after the first minute the usual one',
      async () => {
        const { fabrikam, options } = await inFastTime({ durationMs: HOUR_MS / 2 }, 600);
        await succeed(fabrikam, { pollingInterval: '300' }, options);
        const looks = fabrikam.calls('GET', 'build/builds').filter(({ path }) => path.includes('buildIds='));
        const late = looks.filter(({ at }) => at - looks[0]!.at > 90_000).map(({ at }) => at);
        const pauses = late.slice(1, -2).map((at, index) => at - late[index]!);
        assert.ok(pauses.length > 3 && pauses.length < 25, String(pauses.length));
        // At this speed a busy machine moves single looks by minutes; the usual pause stays what it is.
        const usual = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)]!;
        assert.ok(usual >= 290_000 && usual < 400_000, String(pauses));
      },
    ],
    misuse: { inputs: { pollingInterval: '0' }, says: /^pollingInterval: '0' is no whole number from 1 to 600/ },
  },
  cancelWithParent: {
    use: [
      'false leaves the run alone when the step is canceled',
      async () => {
        const fabrikam = await withPipeline({ script: { durationMs: HOUR_MS } });
        const running = await fabrikam.start({ cancelWithParent: 'false' });
        await until(() => fabrikam.calls('GET', 'build/builds').length > 0);
        await running.cancel();
        assert.equal(fabrikam.calls('PATCH').length, 0);
      },
    ],
    misuse: { inputs: { cancelWithParent: 'never' }, says: /^cancelWithParent: 'never' is neither true nor false/ },
  },
  onFailure: {
    use: [
      'is what a failed child makes of the step',
      async () => {
        assert.equal(await resultWith('failed', { onFailure: 'warn' }), 'SucceededWithIssues');
        assert.equal(await resultWith('failed', { onFailure: 'ignore' }), 'Succeeded');
      },
    ],
    misuse: word('onFailure', 'fail, warn, ignore'),
  },
  onCanceled: {
    use: [
      'is the same for a canceled one',
      async () => {
        assert.equal(await resultWith('canceled', { onCanceled: 'warn' }), 'SucceededWithIssues');
        assert.equal(await resultWith('canceled', { onFailure: 'ignore' }), 'Succeeded', 'empty: as onFailure');
        assert.equal(await resultWith('failed', { onCanceled: 'ignore' }), 'Failed');
      },
    ],
    misuse: word('onCanceled', 'fail, warn, ignore'),
  },
  onPartialSuccess: {
    use: [
      'is the same for one that partially succeeded',
      async () => {
        assert.equal(await resultWith('succeededWithIssues', {}), 'SucceededWithIssues');
        assert.equal(await resultWith('succeededWithIssues', { onPartialSuccess: 'fail' }), 'Failed');
      },
    ],
    misuse: word('onPartialSuccess', 'fail, warn, ignore'),
  },
  onSkipped: {
    use: [
      'is what it makes of the step that a condition kept the run from being started',
      async () => {
        const fabrikam = await withPipeline();
        const inputs = { onlyIf: 'rebuild: succeeded' };
        assert.equal((await fabrikam.run(inputs)).result, 'Succeeded');
        assert.equal((await fabrikam.run({ ...inputs, onSkipped: 'fail' })).result, 'Failed');
        assert.equal(fabrikam.starts().length, 0);
      },
    ],
    misuse: word('onSkipped', 'succeed, warn, fail'),
  },
  onDeadlock: {
    use: [
      'warn says so and waits on, until somebody adds an agent',
      async () => {
        const { clock, env } = fastTime(SPEED);
        const fabrikam = await startOrganization({ clock });
        const pool = fabrikam.emulator.state.addPool('single', [{ name: 'fabrikam-agent-1' }]);
        pool.agents[0]!.id = 8;
        fabrikam.add({ kind: 'classic', queue: 'single', script: { durationMs: 0, waitsForAgentMs: 800_000 } });
        const step = await succeed(fabrikam, { onDeadlock: 'warn' }, { env });
        assert.match(logOf(step), /deadlock/);
        assert.equal(fabrikam.calls('PATCH').length, 0);
      },
    ],
    misuse: word('onDeadlock', 'fail, warn'),
  },
  retryFailedStages: {
    use: [
      'runs what failed again, in the same run',
      async () => {
        const fabrikam = await withPipeline({
          stages: [{ name: 'Build' }, { name: 'Test' }],
          script: ({ stage, attempt }) => ({
            durationMs: 100,
            ...(stage === 'Test' && attempt === 1 ? { result: 'failed' } : {}),
          }),
        });
        await succeed(fabrikam, { retryFailedStages: '1', pollingInterval: '1' });
        assert.equal(fabrikam.runs.length, 1);
      },
    ],
    misuse: { inputs: { retryFailedStages: '-1' }, says: /^retryFailedStages: '-1' is no whole number from 0 to 10/ },
  },
  approvals: {
    use: [
      'approve approves what this identity may',
      async () => {
        await approved({ approvals: 'approve' });
      },
    ],
    misuse: word('approvals', 'wait, approve'),
  },
  approvalComment: {
    use: [
      'is written beside the approval, with the link of the parent in it',
      async () => {
        const comment = await approved({ approvals: 'approve', approvalComment: 'ok: <parent link>!' });
        assert.match(comment, /^ok: http\S+buildId=4711!$/);
        assert.match(await approved({ approvals: 'approve' }), /^Approved by http\S+buildId=4711$/);
      },
    ],
    misuse: {
      inputs: { approvalComment: '$(reason)' },
      says: /^approvalComment: the variable 'reason' is not set in this job/,
    },
  },
  progress: {
    use: [
      'is how much the log tells of a child: nothing, stages, jobs, or every line',
      async () => {
        const stages = [{ name: 'Build', jobs: ['compile'] }];
        const fabrikam = await withPipeline({ stages, script: { durationMs: 0, log: ['gcc -O2'] } });
        const told = { none: '', stages: 'stage Build', jobs: 'job Build > compile', logs: 'compile | gcc -O2' };
        for (const [progress, text] of Object.entries(told)) {
          const log = logOf(await succeed(fabrikam, { progress }, { stepName: progress }));
          for (const other of Object.values(told).filter(Boolean)) {
            const wanted = Object.values(told).indexOf(other) <= Object.values(told).indexOf(text);
            assert.equal(log.includes(other), wanted, `${progress}: ${other}\n${log}`);
          }
        }
      },
    ],
    misuse: word('progress', 'none, stages, jobs, logs'),
  },
};

/** Has a stage approved by the step, and gives the comment. */
async function approved(inputs: StepInputs): Promise<string> {
  const checks = [{ type: 'approval' as const, approvers: ['Robin Meyer'] }];
  const { fabrikam, options } = await inFastTime({ durationMs: 1000, stages: { Scan: { checks } } });
  fabrikam.emulator.tokens[0]!.identity = 'Robin Meyer';
  await succeed(fabrikam, inputs, options);
  const [patch] = fabrikam.calls('PATCH', 'approvals');
  return (patch?.body as { comment: string }[])[0]?.comment ?? '';
}

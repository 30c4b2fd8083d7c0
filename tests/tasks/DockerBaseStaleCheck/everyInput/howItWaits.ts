import assert from 'node:assert/strict';
import type { NewPipeline } from '../../../../emulator/state/EmulatorState';
import type { RunScript } from '../../../../emulator/state/script';
import { fastTime, logOf, until } from '../../organization';
import {
  EACH,
  flag,
  HOUR_MS,
  number,
  succeed,
  withImages,
  withRunningRebuild,
  word,
  type InputTests,
} from './inputTest';

const WAITING = { ...EACH, waitForCompletion: 'true' };
const SPEED = 60;

/** Images and a pipeline of two stages in an organization whose time runs fast. */
async function inFastTime(script: RunScript, more: Partial<NewPipeline> = {}) {
  const { clock, env } = fastTime(SPEED);
  const project = await withImages({ stages: [{ name: 'Build' }, { name: 'Scan' }], script, ...more }, { clock });
  return { project, options: { env: { ...env, DOCKER_CONFIG: project.folder } } };
}

/** What the step is with a rebuild that ends so. */
async function resultWith(child: string, inputs: Record<string, string>): Promise<string> {
  const project = await withImages({ script: { durationMs: 0, result: child } });
  return (await project.check({ ...WAITING, ...inputs })).result;
}

/** Has a stage approved by the step, and gives the comment. */
async function approved(inputs: Record<string, string>): Promise<string> {
  const checks = [{ type: 'approval' as const, approvers: ['Robin Meyer'] }];
  const { project, options } = await inFastTime({ durationMs: 1000, stages: { Scan: { checks } } });
  project.emulator.tokens[0]!.identity = 'Robin Meyer';
  await succeed(project, { ...WAITING, ...inputs }, options);
  const patch = project.emulator.calls.find(({ method, path }) => method === 'PATCH' && path.includes('approvals'));
  return (patch?.body as { comment: string }[])[0]?.comment ?? '';
}

/** Inputs that say how long rebuilds are waited for, and what comes of their ends. */
export const HOW_IT_WAITS: InputTests = {
  waitForCompletion: {
    use: [
      'true waits for the rebuilds; here it is false unless given',
      async () => {
        const project = await withImages({ script: { durationMs: HOUR_MS } });
        assert.equal((await succeed(project, EACH)).outputs.result, 'started');
        assert.equal(await resultWith('failed', {}), 'Failed');
      },
    ],
    misuse: flag('waitForCompletion'),
  },
  waitFor: {
    use: [
      'start waits for the first job',
      async () => {
        const { project, options } = await inFastTime({ durationMs: 100 * HOUR_MS, waitsForAgentMs: 60_000 });
        const step = await succeed(project, { ...WAITING, waitFor: 'start' }, options);
        assert.equal(step.outputs.result, 'started');
        const [run] = project.emulator.state.runs;
        assert.ok(project.emulator.state.now - run!.queueTime >= 60_000, 'queued is not started');
      },
    ],
    misuse: {
      inputs: { ...WAITING, waitFor: 'start, Build' },
      says: /^waitFor: 'start, Build' mixes 'start' with stages/,
    },
  },
  waitTimeoutInMinutes: {
    use: [
      'ends the wait',
      async () => {
        const { project, options } = await inFastTime({ durationMs: 100 * HOUR_MS });
        const step = await project.check({ ...WAITING, waitTimeoutInMinutes: '2' }, options);
        assert.deepEqual([step.result, step.outputs.result], ['Failed', 'timedOut']);
      },
    ],
    misuse: number('waitTimeoutInMinutes', 0, 100_000),
  },
  onTimeout: {
    use: [
      'warn leaves what still runs, and succeeds with issues',
      async () => {
        const { project, options } = await inFastTime({ durationMs: 100 * HOUR_MS });
        const step = await project.check({ ...WAITING, waitTimeoutInMinutes: '1', onTimeout: 'warn' }, options);
        assert.equal(step.result, 'SucceededWithIssues');
        assert.ok(!project.emulator.calls.some(({ method }) => method === 'PATCH'));
      },
    ],
    misuse: word('onTimeout', 'fail, cancel, warn'),
  },
  pollingInterval: {
    use: [
      'is the longest pause between two looks',
      async () => {
        const { project, options } = await inFastTime({ durationMs: HOUR_MS / 4 });
        await succeed(project, { ...WAITING, pollingInterval: '300' }, options);
        const seldom = project.emulator.calls.filter(({ path }) => path.includes('buildIds=')).length;
        const often = await inFastTime({ durationMs: HOUR_MS / 4 });
        await succeed(often.project, { ...WAITING, pollingInterval: '20' }, often.options);
        const looks = often.project.emulator.calls.filter(({ path }) => path.includes('buildIds=')).length;
        assert.ok(looks > seldom, `${looks} looks are more than ${seldom}`);
      },
    ],
    misuse: { inputs: { pollingInterval: '0' }, says: /^pollingInterval: '0' is no whole number from 1 to 600/ },
  },
  cancelWithParent: {
    use: [
      'false leaves the rebuilds alone when the step is canceled',
      async () => {
        const project = await withImages({ script: { durationMs: HOUR_MS } });
        const running = await project.start({ ...WAITING, cancelWithParent: 'false' });
        await until(() => project.emulator.calls.some(({ path }) => path.includes('buildIds=')));
        await running.cancel();
        assert.ok(!project.emulator.calls.some(({ method }) => method === 'PATCH'));
      },
    ],
    misuse: flag('cancelWithParent'),
  },
  onFailure: {
    use: [
      'is what a failed rebuild makes of the step',
      async () => {
        assert.equal(await resultWith('failed', { onFailure: 'warn' }), 'SucceededWithIssues');
        assert.equal(await resultWith('failed', { onFailure: 'ignore' }), 'Succeeded');
      },
    ],
    misuse: word('onFailure', 'fail, warn, ignore'),
  },
  onCanceled: {
    use: [
      'is the same for one that was canceled',
      async () => {
        assert.equal(await resultWith('canceled', {}), 'Failed');
        assert.equal(await resultWith('canceled', { onCanceled: 'warn' }), 'SucceededWithIssues');
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
      'is what it makes of the step that a run under way kept the rebuild from being started',
      async () => {
        const project = await withRunningRebuild();
        const { state } = project.emulator;
        const before = state.runs.length;
        const inputs = { ...WAITING, ifRunning: 'skip' };
        assert.equal((await project.check(inputs)).result, 'Succeeded');
        assert.equal((await project.check({ ...inputs, onSkipped: 'fail' })).result, 'Failed');
        assert.equal(state.runs.length, before);
      },
    ],
    misuse: word('onSkipped', 'succeed, warn, fail'),
  },
  onDeadlock: {
    use: [
      'warn says so and waits on, until somebody adds an agent',
      async () => {
        const { clock, env } = fastTime(SPEED);
        const script = { durationMs: 0, waitsForAgentMs: 800_000 };
        const project = await withImages({}, { clock });
        const pool = project.emulator.state.addPool('single', [{ name: 'fabrikam-agent-1' }]);
        pool.agents[0]!.id = 8;
        project.emulator.state.addPipeline({ name: 'classic', kind: 'classic', queue: 'single', script });
        const inputs = { pipeline: 'classic', waitForCompletion: 'true', onDeadlock: 'warn' };
        const step = await succeed(project, inputs, { env: { ...env, DOCKER_CONFIG: project.folder } });
        assert.match(logOf(step), /deadlock/);
      },
    ],
    misuse: word('onDeadlock', 'fail, warn'),
  },
  retryFailedStages: {
    use: [
      'runs what failed again, in the same run',
      async () => {
        const project = await withImages({
          stages: [{ name: 'Build' }, { name: 'Test' }],
          script: ({ stage, attempt }) => ({
            durationMs: 100,
            ...(stage === 'Test' && attempt === 1 ? { result: 'failed' } : {}),
          }),
        });
        await succeed(project, { ...WAITING, retryFailedStages: '1', pollingInterval: '1' });
        assert.equal(project.emulator.state.runs.length, 1);
      },
    ],
    misuse: number('retryFailedStages', 0, 10),
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
        assert.match(await approved({ approvals: 'approve', approvalComment: 'ok: <parent link>!' }), /^ok: http\S+!$/);
      },
    ],
    misuse: {
      inputs: { approvalComment: '$(reason)' },
      says: /^approvalComment: the variable 'reason' is not set in this job/,
    },
  },
  progress: {
    use: [
      'is how much the log tells of a rebuild',
      async () => {
        const stages = [{ name: 'Build', jobs: ['compile'] }];
        for (const progress of ['none', 'jobs'] as const) {
          const project = await withImages({ stages, script: { durationMs: 0, log: ['gcc -O2'] } });
          const log = logOf(await succeed(project, { ...WAITING, progress }));
          assert.equal(log.includes('job Build > compile'), progress === 'jobs', log);
        }
      },
    ],
    misuse: word('progress', 'none, stages, jobs, logs'),
  },
};

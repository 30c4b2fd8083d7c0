import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type JobOptions, type RunningStep, type StepResult, runStep, startStep } from './agent';
import { fixtureTask, printing } from './fixtureTask';

/** Starts a task and waits until it has printed 'ready'. */
async function startReady(code: string, options: Partial<JobOptions> = {}): Promise<RunningStep> {
  const step = await startStep({ taskFolder: fixtureTask(code), ...options });
  const ready = new Promise<void>((resolve) => step.onLine(({ line }) => line === 'ready' && resolve()));
  await Promise.race([ready, step.finished]);
  return step;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Gone, or a zombie that nobody in this container collects. */
function isGone(pid: number): boolean {
  if (!isAlive(pid)) return true;
  const [, state] = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  return state === 'Z';
}

function errors({ issues }: StepResult): string[] {
  return issues.filter(({ type }) => type === 'error').map(({ message }) => message);
}

const canceledIssues = [
  'The Operation will be canceled. The next steps may not contain expected logs.',
  'The operation was canceled.',
];
const forever = 'setInterval(() => undefined, 1000); console.log("ready");';
const deaf = `process.on('SIGINT', () => console.log('no')); process.on('SIGTERM', () => console.log('never')); ${forever}`;
const quick = { sigintMs: 300, sigtermMs: 300 };

describe('the process of a step', () => {
  it('fails the step by its exit code, whatever it said before', async () => {
    const code = `${printing('##vso[task.complete result=Succeeded]fine')} process.exitCode = 3;`;
    const result = await runStep({ taskFolder: fixtureTask(code) });
    assert.deepEqual([result.result, result.exitCode, result.message], ['Failed', 3, 'fine']);
    assert.match(
      errors(result)[0] ?? '',
      /^Exit code 3 returned from process: file name '.*', arguments '".*index\.js"'\.$/,
    );
  });

  it('makes of a failure that may be gone on from one with issues, in the job as well', async () => {
    const result = await runStep({ taskFolder: fixtureTask('process.exit(1)'), continueOnError: true });
    assert.deepEqual([result.result, result.job.status], ['SucceededWithIssues', 'SucceededWithIssues']);
  });

  it('fails the step when node cannot be started or the script is missing', async () => {
    const noNode = await runStep({ taskFolder: fixtureTask(''), node: '/nowhere/node' });
    assert.deepEqual([noNode.result, noNode.exitCode], ['Failed', null]);
    const execution = { Node20_1: { target: 'other.js' } };
    const noScript = await runStep({ taskFolder: fixtureTask('', { execution }) });
    assert.match(errors(noScript)[0] ?? '', /File not found: '.*other\.js'/);
  });

  it('reads lines of every kind as they come, and the last one without an end', async () => {
    const pieces = ['a\n', '\nb\r', '\nc\rd\n', 'é'.repeat(3), ' end'];
    const code = `const pieces = ${JSON.stringify(pieces)};
      const next = () => { if (pieces.length) { process.stdout.write(pieces.shift()); setTimeout(next, 30); } }; next();`;
    const { raw } = await runStep({ taskFolder: fixtureTask(code) });
    assert.deepEqual(
      raw.map(({ line }) => line),
      ['a', '', 'b', 'c', 'd', 'ééé end'],
    );
  });

  it('puts characters together that came in two pieces', async () => {
    const code = `const bytes = Buffer.from('€\\n'); process.stdout.write(bytes.subarray(0, 1));
      setTimeout(() => process.stdout.write(bytes.subarray(1)), 30);`;
    assert.equal((await runStep({ taskFolder: fixtureTask(code) })).raw[0]?.line, '€');
  });

  it('is canceled by SIGINT, and what it says then still counts', async () => {
    const code = `process.once('SIGINT', () => {
        console.log('##vso[task.setvariable variable=runId;isoutput=true]7');
        console.log('##vso[task.complete result=Failed]canceled'); process.exit(0);
      }); ${forever}`;
    const step = await startReady(code);
    const result = await step.cancel();
    assert.deepEqual([result.result, result.exitCode, result.signal], ['Canceled', 0, null]);
    assert.deepEqual([result.outputs, errors(result)], [{ runId: '7' }, canceledIssues]);
    assert.equal(result.job.status, 'Canceled');
    assert.equal(result.job.variables.get('Agent.JobStatus'), 'Canceled');
  });

  it('gets SIGTERM after SIGINT, and SIGKILL after both', async () => {
    const step = await startReady(deaf, { times: quick });
    const { pid } = step;
    const result = await step.cancel();
    assert.deepEqual(
      result.raw.map(({ line }) => line),
      ['ready', 'no', 'never'],
    );
    assert.deepEqual([result.result, result.signal, result.exitCode], ['Canceled', 'SIGKILL', 137]);
    assert.equal(isAlive(pid!), false);
  });

  it('ends by SIGINT without a handler, at once', async () => {
    const result = await (await startReady(forever)).cancel();
    assert.deepEqual([result.result, result.signal, result.exitCode], ['Canceled', 'SIGINT', 130]);
  });

  it('fails when its time is over', async () => {
    const result = await (await startReady(deaf, { times: quick })).timeOut();
    assert.deepEqual([result.result, errors(result)], ['Failed', ['The task has timed out.']]);
    assert.equal(result.job.status, 'Failed');
    const byItself = await runStep({ taskFolder: fixtureTask(forever), timeoutMs: 200 });
    assert.deepEqual([byItself.result, byItself.signal], ['Failed', 'SIGINT']);
  });

  it('fails with 137 when it is killed', async () => {
    const result = await (await startReady(forever)).kill();
    assert.deepEqual([result.result, result.exitCode, result.signal], ['Failed', 137, 'SIGKILL']);
  });

  it('can be followed in the log, from its first line', async () => {
    const step = await startStep({ taskFolder: fixtureTask(printing('a', 'b')) });
    const seen: string[] = [];
    step.onLog((line) => seen.push(line));
    assert.deepEqual(seen, (await step.finished).log);
  });

  it('is not changed by a cancellation that comes too late', async () => {
    const step = await startStep({ taskFolder: fixtureTask('') });
    await step.finished;
    const result = await step.cancel();
    assert.deepEqual([result.result, result.job.status], ['Succeeded', 'Succeeded']);
  });

  it('does not outlive the process that simulates the agent', async () => {
    const agent = JSON.stringify(require.resolve('./agent'));
    const code = `require(${agent}).startStep({ taskFolder: ${JSON.stringify(fixtureTask(deaf))} })
      .then((step) => step.onLine(() => console.log(step.pid)));`;
    const simulating = spawn(process.execPath, ['--import', 'tsx', '-e', code]);
    const [pid] = (await once(simulating.stdout, 'data')) as [Buffer];
    simulating.kill('SIGTERM');
    const [, signal] = (await once(simulating, 'exit')) as [number | null, string | null];
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([signal, isGone(Number(pid.toString()))], ['SIGTERM', true]);
  });

  it('is waited for no longer than a grace time when a child keeps its pipes, and the child goes too', async () => {
    const code = `const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' });
      child.unref(); console.log(child.pid);`;
    const result = await runStep({ taskFolder: fixtureTask(code), times: { openPipesMs: 200 } });
    assert.equal(result.result, 'Succeeded');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(isGone(Number(result.raw[0]?.line)), true);
  });

  it('is left alone once it declared itself done, and says nothing more', async () => {
    const code = `console.log('##vso[task.complete result=Succeeded;done=true]enough'); ${forever}
      setInterval(() => console.log('still here'), 3000);`;
    const result = await runStep({ taskFolder: fixtureTask(code), times: { doneMs: 200 } });
    assert.deepEqual([result.result, result.exitCode, result.raw.length], ['Succeeded', null, 2]);
  });

  it('is tried again after a failure, in the same folders', async () => {
    const code = `const fs = require('fs'); const file = process.env.AGENT_TEMPDIRECTORY + '/tries';
      const tries = fs.existsSync(file) ? Number(fs.readFileSync(file)) : 0; fs.writeFileSync(file, String(tries + 1));
      console.log('##vso[task.complete result=' + (tries < 2 ? 'Failed' : 'SucceededWithIssues') + ']try ' + tries);`;
    const taskFolder = fixtureTask(code);
    const waits: number[] = [];
    const times = { retryMs: (n: number) => (waits.push(n), 1) };
    const result = await runStep({ taskFolder, retryCountOnTaskFailure: 3, times });
    assert.deepEqual([result.result, result.message, waits], ['SucceededWithIssues', 'try 2', [1, 2]]);
    const exhausted = await runStep({ taskFolder, retryCountOnTaskFailure: 1, times });
    assert.deepEqual([exhausted.result, exhausted.message], ['Failed', 'try 1']);
  });

  it('finds in its environment what an earlier try has set', async () => {
    const code = `const { SEEN, VSTS_TASKVARIABLE_ID } = process.env; console.log([SEEN, VSTS_TASKVARIABLE_ID].join());
      ${printing('##vso[task.setvariable variable=seen]yes', '##vso[task.settaskvariable variable=id]7')}
      console.log('##vso[task.complete result=' + (SEEN ? 'Succeeded' : 'Failed') + ']');`;
    const options = { retryCountOnTaskFailure: 1, times: { retryMs: () => 1 } };
    const { result, log } = await runStep({ taskFolder: fixtureTask(code), ...options });
    assert.deepEqual([result, log.includes(','), log.includes('yes,7')], ['Succeeded', true, true]);
  });

  it('is tried again after a bad exit code, and a failed command stays one', async () => {
    const once = `const fs = require('fs'); const file = process.env.AGENT_TEMPDIRECTORY + '/x';
      if (!fs.existsSync(file)) { fs.writeFileSync(file, ''); FIRST }`;
    const options = { retryCountOnTaskFailure: 1, times: { retryMs: () => 1 } };
    const crash = await runStep({ taskFolder: fixtureTask(once.replace('FIRST', 'process.exit(1);')), ...options });
    assert.deepEqual([crash.result, crash.exitCode], ['Succeeded', 0]);
    const command = once.replace('FIRST', printing('##vso[task.nonsense]', '##vso[task.complete result=Failed]'));
    assert.equal((await runStep({ taskFolder: fixtureTask(command), ...options })).result, 'Failed');
  });

  it('is not tried again when the job was canceled meanwhile', async () => {
    const step = await startStep({
      taskFolder: fixtureTask('process.exit(1)'),
      retryCountOnTaskFailure: 5,
      times: { retryMs: () => 60_000 },
    });
    await new Promise<void>((resolve) => step.onLog((line) => line.includes('RetryHelper') && resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(step.pid, undefined);
    assert.equal((await step.cancel()).result, 'Canceled');
  });
});

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { startEmulator, type Emulator } from '../../emulator/server';
import { build, onTerminal, shell, type Ended, type ShellOptions } from './shell';

describe('A task from a shell', function () {
  this.timeout(60_000);
  let emulator: Emulator;

  before(() => build());
  beforeEach(async () => {
    emulator = await startEmulator();
    const { state } = emulator;
    state.addProject('Fabrikam');
    state.addPipeline({ name: 'rebuild', folder: 'images', stages: [{ name: 'Build' }], script: { durationMs: 100 } });
    const issues = [{ type: 'error' as const, message: `##vso[task.setvariable variable=stolen]${emulator.token}` }];
    state.addPipeline({ name: 'broken', script: { durationMs: 100, result: 'failed', issues } });
    state.addPipeline({ name: 'partial', script: { durationMs: 100, wire: { result: 'partiallySucceeded' } } });
    state.addPipeline({ name: 'slow', script: { durationMs: 60_000 } });
  });
  afterEach(async () => {
    await emulator.close();
  });

  function token(): Record<string, string> {
    return { AZURE_DEVOPS_EXT_PAT: emulator.token };
  }

  function trigger(args: string[], options: ShellOptions = {}, run = shell): Promise<Ended> {
    const place = ['--organization', emulator.url, '--project', 'Fabrikam'];
    return run(['TriggerPipeline', ...place, ...args], { environment: token(), ...options });
  }

  it('starts a pipeline, waits for it, and ends with 0', async () => {
    const { code, stdout, stderr } = await trigger(['--pipeline', '\\images\\rebuild', '--branch', 'main']);
    assert.equal(code, 0);
    assert.equal(emulator.state.runs.length, 1);
    const lines = stdout.split('\n').filter(Boolean);
    assert.match(lines[0]!, /^Started rebuild \S+ on refs\/heads\/main\. http/);
    assert.match(lines.at(-1)!, /^Succeeded: rebuild \S+ succeeded \(http/);
    assert.equal(stderr, '');
  });

  it('prints neither logging commands nor colours nor progress into a pipe', async () => {
    const { stdout } = await trigger(['--pipeline', 'broken']);
    assert.match(stdout, /\nbroken \S+: what failed\n/);
    assert.match(stdout, /\nerror: broken \S+ failed \(http\S+\)\.\nFailed\.\n$/);
    // eslint-disable-next-line no-control-regex -- a terminal's colours begin with one
    assert.doesNotMatch(stdout, /##vso|##\[|\u001b|\r|0 of 1/);
  });

  it('shows colours and a line of progress on a terminal', async () => {
    const { code, stdout } = await trigger(['--pipeline', 'broken'], {}, onTerminal);
    assert.equal(code, 1);
    assert.ok(stdout.includes('\u001b[31merror: broken'), 'errors are red');
    assert.ok(
      stdout.includes('\n0% 0 of 1 runs ended\r\u001b[2Kbroken'),
      'the next line takes the place of the progress',
    );
    assert.ok(stdout.endsWith('\r\u001b[2K'), 'no progress is left at the end');
  });

  it('shows no colours on a terminal where NO_COLOR is set', async () => {
    const { stdout } = await trigger(
      ['--pipeline', 'broken'],
      { environment: { ...token(), NO_COLOR: '1' } },
      onTerminal,
    );
    assert.ok(stdout.includes('error: broken'));
    assert.ok(!stdout.includes('\u001b[31m'));
  });

  it('ends with 1 when the run failed', async () => {
    assert.equal((await trigger(['--pipeline', 'broken'])).code, 1);
  });

  it('ends with 0 when it succeeded with issues, and with 2 when asked to be strict', async () => {
    const [lax, strict] = await Promise.all([
      trigger(['--pipeline', 'partial']),
      trigger(['--pipeline', 'partial', '--strict']),
    ]);
    assert.equal(lax.code, 0);
    assert.match(lax.stdout, /\nSucceeded with issues\.\n$/);
    assert.equal(strict.code, 2);
  });

  it('prints the output variables as JSON on standard output and the log on standard error', async () => {
    const { code, stdout, stderr } = await trigger(['--pipeline', 'broken', '--json']);
    assert.equal(code, 1);
    const [run] = emulator.state.runs;
    const outputs = JSON.parse(stdout) as Record<string, string>;
    assert.equal(outputs.runId, String(run!.id));
    assert.equal(outputs.result, 'failed');
    const [result] = JSON.parse(outputs.results!) as { id: number }[];
    assert.equal(result!.id, run!.id);
    assert.equal(outputs.resultsFile, undefined, 'the file is gone; results holds the whole');
    assert.equal(outputs.stolen, undefined, 'no text of others sets a variable');
    assert.match(stderr, /^Started broken/);
  });

  it('masks the token wherever a text brings it along', async () => {
    const { stdout } = await trigger(['--pipeline', 'broken']);
    assert.ok(stdout.includes('***'));
    assert.ok(!stdout.includes(emulator.token));
  });

  it('removes its temporary folder', async () => {
    assert.deepEqual((await trigger(['--pipeline', 'rebuild'])).left, []);
  });

  it('signs in with a personal access token, or with an access token', async () => {
    await trigger(['--pipeline', 'rebuild', '--dryRun']);
    assert.match(emulator.calls[0]!.headers.authorization!, /^Basic /);
    emulator.calls.length = 0;
    const environment = { SYSTEM_ACCESSTOKEN: emulator.token };
    const { code } = await trigger(['--pipeline', 'rebuild', '--dryRun'], { environment });
    assert.equal(code, 0);
    assert.equal(emulator.calls[0]!.headers.authorization, `Bearer ${emulator.token}`);
  });

  it('has no parent, also inside the script of a pipeline', async () => {
    const { url } = emulator;
    const ofTheJob = {
      SYSTEM_HOSTTYPE: 'build',
      SYSTEM_COLLECTIONURI: url,
      SYSTEM_TEAMPROJECT: 'P',
      BUILD_BUILDID: '7',
    };
    const { code } = await trigger(['--pipeline', 'rebuild'], { environment: { ...token(), ...ofTheJob } });
    assert.equal(code, 0);
    assert.deepEqual(emulator.state.runs[0]!.tags, []);
  });

  it('takes inputs from options, then from the environment, then from their defaults', async () => {
    const environment = {
      ...token(),
      CASCADE_PIPELINE: 'rebuild',
      CASCADE_TAGS: 'nightly',
      CASCADE_WAITFORCOMPLETION: 'false',
    };
    assert.equal((await trigger([], { environment })).code, 0);
    assert.equal((await trigger(['--tags', 'mine'], { environment })).code, 0);
    assert.deepEqual(
      emulator.state.runs.map(({ tags }) => tags),
      [['nightly'], ['mine']],
    );
  });

  it('cancels what it started after Ctrl+C, and ends with 130', async () => {
    const { code, stdout } = await trigger(['--pipeline', 'slow'], {
      onOutput: onStarted((child) => child.kill('SIGINT')),
    });
    assert.equal(code, 130);
    assert.match(stdout, /\nCanceling what was started; once more ends sooner\.\n/);
    assert.match(stdout, /slow \S+: cancellation accepted/);
    assert.match(stdout, /\nerror: The step was canceled\.\nFailed\.\n$/);
    const cancellations = emulator.calls.filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      cancellations.map(({ body }) => body),
      [{ status: 'cancelling' }],
    );
  });

  it('takes several signals at once, as npx passes one key press on, for one', async () => {
    emulator.faults.add({ kind: 'slow', ms: 500, match: { method: 'PATCH' } });
    const often = onStarted((child) => {
      for (const ms of [0, 30, 60]) setTimeout(() => child.kill('SIGINT'), ms);
    });
    const { code, stdout } = await trigger(['--pipeline', 'slow'], { onOutput: often });
    assert.equal(code, 130);
    assert.match(stdout, /cancellation accepted/);
  });

  it('ends at once when Ctrl+C is pressed a third time', async () => {
    emulator.faults.add({ kind: 'silence', match: { method: 'PATCH' }, times: 9 });
    const thrice = onStarted((child) => {
      for (const ms of [0, 400, 800]) setTimeout(() => child.kill('SIGINT'), ms);
    });
    const { code, left } = await trigger(['--pipeline', 'slow'], { onOutput: thrice });
    assert.equal(code, 130);
    assert.deepEqual(left, []);
  });

  it('goes on when nobody reads its log any more', async () => {
    const stopReading = onStarted((child) => child.stdout?.destroy());
    const { code } = await trigger(['--pipeline', 'rebuild'], { onOutput: stopReading });
    assert.equal(code, 0);
  });
});

/** Calls back once, when the log says that a run was started. */
function onStarted(action: (child: ChildProcess) => void): (text: string, child: ChildProcess) => void {
  let seen = false;
  return (text, child) => {
    if (seen || !text.includes('Started')) return;
    seen = true;
    action(child);
  };
}

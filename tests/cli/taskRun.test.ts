import assert from 'node:assert/strict';
import { PeopleLog, type Output } from '../../cli/peopleLog';
import { TaskRun } from '../../cli/taskRun';
import { Secrets } from '../../tasks/lib/secrets';

/** What a task's lines become in a pipe or, with `terminal`, on a terminal of that many columns. */
function taken(lines: string[], { debug = false, terminal = 0 } = {}): { shown: string; run: TaskRun } {
  let shown = '';
  const output: Output = {
    write: (text) => (shown += text),
    isTTY: terminal > 0,
    columns: terminal,
    hasColors: () => true,
  };
  const secrets = new Secrets(() => undefined);
  const log = new PeopleLog(output, secrets);
  const run = new TaskRun(log, secrets, debug);
  for (const line of lines) run.take(line);
  log.endProgress();
  return { shown, run };
}

describe('The lines of a task in a shell', () => {
  it('are masked from the moment that it names a secret, outputs included', () => {
    const { shown, run } = taken([
      '##vso[task.setsecret]hunter2',
      'the password is hunter2',
      '##vso[task.setvariable variable=login;isOutput=true;]user:hunter2',
      '##vso[task.setvariable variable=key;isOutput=true;issecret=true;]open-sesame',
      'the key is open-sesame',
    ]);
    assert.equal(shown, 'the password is ***\nthe key is ***\n');
    assert.deepEqual(run.outputVariables('/nowhere'), { login: 'user:***', key: '***' });
  });

  it('show issues as such, and a message that was one only once', () => {
    const { shown } = taken([
      '##vso[task.issue type=warning;]careful',
      '##vso[task.logissue type=error;]wrong',
      '##vso[task.complete result=Failed;]wrong',
    ]);
    assert.equal(shown, 'warning: careful\nerror: wrong\nFailed.\n');
  });

  it('hide commands that mean nothing here, and debugging unless it is wanted', () => {
    const lines = [
      '##vso[task.uploadsummary]/tmp/x.md',
      '##vso[task.addattachment type=a;name=b;]/x',
      '##vso[task.debug]why',
    ];
    assert.equal(taken(lines).shown, '');
    assert.equal(taken(lines, { debug: true }).shown, 'why\n');
  });

  it('show the titles of groups, without their ends', () => {
    assert.equal(taken(['##[group]title', 'inside', '##[endgroup]']).shown, 'title\ninside\n');
  });

  it('cannot move the cursor of a terminal', () => {
    assert.equal(taken(['a\u001b[2Jb']).shown, 'a [2Jb\n');
  });

  it('leave progress to a terminal, in one line that it can take back', () => {
    const lines = ['##vso[task.setprogress value=50;]1 of 2 runs ended', 'next'];
    assert.equal(taken(lines).shown, 'next\n');
    assert.equal(taken(lines, { terminal: 10 }).shown, '50% 1 of \r\u001b[2Knext\n50% 1 of \r\u001b[2K');
  });

  it('make the worst of several results the result, and an unknown one a failure', () => {
    const results = (...names: string[]) =>
      taken(names.map((name) => `##vso[task.complete result=${name};]`)).run.result;
    assert.equal(results(), 'Succeeded');
    assert.equal(results('Succeeded'), 'Succeeded');
    assert.equal(results('SucceededWithIssues', 'Succeeded'), 'SucceededWithIssues');
    assert.equal(results('Failed', 'SucceededWithIssues'), 'Failed');
    assert.equal(results('Cancelled'), 'Failed');
  });

  it('make the result a failure when the process crashed', () => {
    const { run } = taken(['##vso[task.complete result=Succeeded;]']);
    run.crashed(7);
    assert.equal(run.result, 'Failed');
  });
});

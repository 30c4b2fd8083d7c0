import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type JobOptions, type StepResult, runStep } from './agent';
import { fixtureTask, printing } from './fixtureTask';
import { releaseVariables } from './systemVariables';

interface Printed extends Partial<JobOptions> {
  definition?: Record<string, unknown>;
}

/** Runs a task that prints the lines. */
async function print(lines: string[], { definition = {}, ...options }: Printed = {}): Promise<StepResult> {
  return runStep({ taskFolder: fixtureTask(printing(...lines), definition), ...options });
}

/** The log without its heading and the last line. */
function body({ log }: StepResult): string[] {
  return log.slice(8, -1);
}

function messages({ issues }: StepResult): string[] {
  return issues.map(({ type, message }) => `${type}: ${message}`);
}

describe('the log and commands of a step', () => {
  it('prints what is no command, and not what is one', async () => {
    const result = await print(['a', '##[group]g', 'lost ##vso[task.setprogress value=7]half', '##[endgroup]']);
    assert.deepEqual(body(result), ['a', '##[group]g', '##[endgroup]']);
    assert.deepEqual(result.progress, [{ value: 7, text: 'half' }]);
    assert.equal(result.result, 'Succeeded');
    assert.equal(result.log[0], '##[section]Starting: Fixture');
    assert.equal(result.log[2], 'Task         : Fixture of a test');
    assert.equal(result.log[4], 'Version      : 1.2.3');
  });

  it('reads commands from stderr as well, and text there fails nothing', async () => {
    const code = `console.error('oops'); console.error('##vso[task.complete result=SucceededWithIssues]so so');`;
    const result = await runStep({ taskFolder: fixtureTask(code) });
    assert.deepEqual([result.result, result.message], ['SucceededWithIssues', 'so so']);
    assert.deepEqual(body(result), ['oops']);
  });

  it('warns of what looks like a command, prints it, and goes on', async () => {
    const result = await print(['##vso[nothing', '##vso[no.such.command]x']);
    assert.equal(result.result, 'Succeeded');
    assert.match(messages(result)[0] ?? '', /^warning: '##vso\[nothing' contains logging command keyword/);
    assert.ok(body(result).includes('##vso[no.such.command]x'));
  });

  it('warns of an unknown area and fails for an unknown event', async () => {
    const area = await print(['##vso[weather.rain]x']);
    assert.deepEqual([area.result, area.issues.length], ['Succeeded', 1]);
    assert.match(messages(area)[0] ?? '', /^warning: Cannot find command extension for ##vso\[weather\.command\]/);
    const event = await print(['##vso[task.rain]x', '##vso[task.complete result=Succeeded]']);
    assert.equal(event.result, 'Failed');
    assert.match(messages(event)[0] ?? '', /^error: Unable to process command '##vso\[task\.rain\]x' successfully/);
  });

  it('refuses release commands in a build and carries them out in a release', async () => {
    const line = '##vso[release.updatereleasename]R2';
    const build = await print([line]);
    assert.equal(build.result, 'Failed');
    assert.match(messages(build)[0] ?? '', /^error: release commands are not supported for build flow/);
    assert.ok(body(build).includes(line));
    const release = await print([line], { variables: releaseVariables() });
    assert.equal(release.result, 'Succeeded');
    assert.equal(release.job.variables.get('Release.ReleaseName'), 'R2');
  });

  it('says of a build tag in a release that it goes to a foreign build', async () => {
    const result = await print(['##vso[build.addbuildtag]x'], { variables: releaseVariables({ runId: 77 }) });
    assert.deepEqual(result.prematureProblems, ['build.addbuildtag in a release changes build 77.']);
  });

  it('notes tags and the build number, and fails late for those that the service refuses', async () => {
    const fine = await print(['##vso[build.addbuildtag] a ', '##vso[build.updatebuildnumber]1.2']);
    assert.deepEqual([fine.tags, fine.buildNumber, fine.result], [['a'], '1.2', 'Succeeded']);
    const refused = await print(['##vso[build.addbuildtag]a:b', '##vso[build.updatebuildnumber]1/2']);
    assert.deepEqual([refused.tags, refused.buildNumber, refused.result], [[], undefined, 'Failed']);
  });

  it("takes the agent's spelling of results only", async () => {
    const result = await print(['##vso[task.complete result=Cancelled]x']);
    assert.equal(result.result, 'Failed');
    assert.equal(messages(result)[1], "error: Command doesn't have valid result value.");
  });

  it('keeps the worst of several results, and the last text', async () => {
    const result = await print(['##vso[task.complete result=Failed]bad', '##vso[task.complete result=Succeeded]good']);
    assert.deepEqual([result.result, result.message], ['Failed', 'good']);
  });

  it('makes an issue of task.issue and task.logissue without failing', async () => {
    const result = await print([
      '##vso[task.issue type=ERROR]one%0Atwo',
      '##vso[task.logissue type=warning;sourcepath=a.ts;linenumber=3;code=X1]three',
      '##vso[task.logissue]four',
    ]);
    assert.deepEqual(messages(result), [
      'error: one\ntwo',
      'warning: a.ts(3,): warning X1: three',
      "warning: Can't create TaskIssue from logging event.",
    ]);
    assert.deepEqual(body(result).slice(0, 2), ['##[error]one', 'two']);
    assert.equal(result.result, 'Succeeded');
  });

  it('keeps ten issues of a type on the record and all in the log', async () => {
    const result = await print(Array.from({ length: 12 }, (_, i) => `##vso[task.logissue type=error]e${i}`));
    assert.equal(result.issues.length, 10);
    assert.equal(body(result).length, 12);
  });

  it('shows debug lines and what was processed with system.debug only', async () => {
    const lines = ['##vso[task.debug]d', '##vso[task.setprogress value=1]p'];
    assert.deepEqual(body(await print(lines)), []);
    const debug = await print(lines, { variables: { 'system.debug': 'true' } });
    assert.deepEqual(body(debug), ['##[debug]d', '##[debug]Processed: ##vso[task.setprogress value=1]p']);
  });

  it('tells outputs from job variables, which the next step sees', async () => {
    const first = await print(
      [
        '##vso[task.setvariable variable=out;isoutput=true]1',
        '##vso[task.setvariable variable=plain]2',
        '##vso[task.setvariable variable=DECLARED]3',
        '##vso[task.setvariable variable=mine;preservecase=true]4',
      ],
      { stepName: 'child', definition: { outputVariables: [{ name: 'declared' }] } },
    );
    assert.deepEqual(first.outputs, { out: '1', DECLARED: '3' });
    assert.deepEqual(first.variables, { plain: '2', mine: '4' });
    const code = `const e = process.env; console.log(e.CHILD_OUT, e.OUT, e.PLAIN, e.CHILD_DECLARED, e.mine, e.MINE, e.INPUT_X)`;
    const second = await runStep({
      taskFolder: fixtureTask(code),
      inputs: { x: '$(child.out)' },
      job: first.job,
    });
    assert.equal(body(second)[0], '1 undefined 2 3 4 undefined 1');
  });

  it('keeps secret variables secret', async () => {
    const result = await print(
      [
        '##vso[task.setvariable variable=s;issecret=true]hush-hush',
        'now hush-hush',
        '##vso[task.setvariable variable=t]x',
      ],
      { secretVariables: { t: 'top-secret' } },
    );
    assert.deepEqual(body(result), ['now ***']);
    assert.deepEqual([result.secretNames, result.secrets], [['s'], ['hush-hush']]);
    const { variables } = result.job;
    assert.deepEqual(
      variables
        .all()
        .flatMap(({ name, secret }) => (secret ? [name] : []))
        .sort(),
      ['s', 't'],
    );
  });

  it('refuses secrets of several lines unless the job allows them', async () => {
    const line = '##vso[task.setvariable variable=s;issecret=true]a%0Ab';
    const refused = await print([line]);
    assert.deepEqual([refused.result, refused.variables], ['Failed', {}]);
    assert.equal(messages(refused)[1], 'error: Secrets cannot contain multiple lines');
    const allowed = await print([line], { variables: { SYSTEM_UNSAFEALLOWMULTILINESECRET: 'true' } });
    assert.deepEqual([allowed.result, allowed.variables], ['Succeeded', { s: 'a\nb' }]);
  });

  it('warns when a system variable is overwritten, or fails where that is forbidden', async () => {
    const line = '##vso[task.setvariable variable=Build.SourceBranch]x';
    const warned = await print([line]);
    assert.match(messages(warned)[0] ?? '', /^warning: Overwriting readonly variable 'Build\.SourceBranch'/);
    assert.equal(warned.job.variables.get('build.sourcebranch'), 'x');
    const failed = await print([line], { variables: { 'agent.readOnlyVariables': 'true' } });
    assert.equal(failed.result, 'Failed');
    assert.equal(failed.job.variables.get('build.sourcebranch'), 'refs/heads/main');
  });

  it('holds a task to its own restrictions', async () => {
    const definition = {
      restrictions: { commands: { mode: 'restricted' }, settableVariables: { allowed: ['run*', 'a.?'] } },
    };
    const result = await print(
      [
        '##vso[task.setvariable variable=RUNID;isoutput=true]1',
        '##vso[task.setvariable variable=a.b]2',
        '##vso[task.setvariable variable=axb]3',
        '##vso[task.prependpath]/opt',
        '##vso[build.addbuildtag]t',
        '##vso[telemetry.publish area=a;feature=b]{}',
      ],
      { definition },
    );
    assert.equal(result.result, 'Succeeded');
    assert.deepEqual([result.outputs, result.variables, result.tags], [{ RUNID: '1' }, { 'a.b': '2' }, []]);
    assert.deepEqual(messages(result).slice(0, 2), [
      "warning: Setting variable 'axb' has been disabled by the task or build definition.",
      "warning: Setting variable 'PATH' has been disabled by the task or build definition.",
    ]);
    assert.match(messages(result)[2] ?? '', /^warning: ##vso\[build\.addbuildtag\] is not allowed in this step/);
  });

  it('copies attachments and summaries when they are announced', async () => {
    const code = `const fs = require('fs'); const dir = process.env.AGENT_TEMPDIRECTORY;
      fs.writeFileSync(dir + '/a.json', '{}'); fs.writeFileSync(dir + '/s.md', '# é');
      console.log('##vso[task.addattachment type=cascade;name=one]' + dir + '/a.json');
      console.log('##vso[task.uploadsummary]' + dir + '/s.md');
      console.log('##vso[task.uploadfile]' + dir + '/a.json');`;
    const result = await runStep({ taskFolder: fixtureTask(code) });
    assert.equal(result.result, 'Succeeded');
    assert.deepEqual(
      result.attachments.map(({ type, name, content }) => [type, name, content]),
      [
        ['cascade', 'one', '{}'],
        ['Distributedtask.Core.FileAttachment', 'a.json', '{}'],
      ],
    );
    assert.deepEqual(
      result.summaries.map(({ name, markdown }) => [name, markdown]),
      [['s.md', '# é']],
    );
    assert.equal(readFileSync(result.attachments[0]?.path ?? '', 'utf8'), '{}');
    result.job.remove();
  });

  for (const [what, line] of [
    ['that is missing', '##vso[task.addattachment type=a;name=b]/nowhere/x'],
    ['outside the temp directory', `##vso[task.uploadsummary]${__filename}`],
    ['without a type', '##vso[task.addattachment name=b]/nowhere/x'],
    ['with a slash in its name', '##vso[task.addattachment type=a;name=b/c]/nowhere/x'],
  ] as const) {
    it(`fails for an attachment ${what}`, async () => assert.equal((await print([line])).result, 'Failed'));
  }

  it('notes an attachment whose file is gone before the step has ended', async () => {
    const code = `const fs = require('fs'); const file = process.env.AGENT_TEMPDIRECTORY + '/s.md';
      fs.writeFileSync(file, 'x'); console.log('##vso[task.uploadsummary]' + file);
      setTimeout(() => fs.unlinkSync(file), 300);`;
    const result = await runStep({ taskFolder: fixtureTask(code) });
    assert.match(result.prematureProblems.join(), /s\.md' was removed before the agent is sure to have uploaded it/);
  });

  it('keeps the records that a task makes of its own', async () => {
    const id = '11111111-1111-1111-1111-111111111111';
    const result = await print([
      `##vso[task.logdetail id=${id};name=child;type=build]queued`,
      `##vso[task.logdetail id=${id};state=Completed;result=Succeeded]`,
    ]);
    assert.deepEqual(result.details, [
      { id, name: 'child', type: 'build', text: 'queued', state: 'Completed', result: 'Succeeded' },
    ]);
    assert.equal((await print([`##vso[task.logdetail id=${id}]no name`])).result, 'Failed');
  });

  it('prepends paths, the last first, for the next step', async () => {
    const first = await print(['##vso[task.prependpath]/opt/a', '##vso[task.prependpath]/opt/b']);
    const second = await runStep({ taskFolder: fixtureTask('console.log(process.env.PATH)'), job: first.job });
    assert.match(body(second)[0] ?? '', /^\/opt\/b:\/opt\/a:\//);
  });
});

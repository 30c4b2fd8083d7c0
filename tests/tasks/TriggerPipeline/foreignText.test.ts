import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, issuesOf, logOf, startOrganization } from './organization';

/** What somebody may put wherever the service lets people write, to make the agent do something. */
const COMMANDS = [
  '##vso[task.setvariable variable=stolen;isOutput=true]yes',
  '##vso[task.complete result=Succeeded;]done',
  'text before ##VSO[task.setvariable variable=stolen]yes',
  'one line\r\n##vso[task.setvariable variable=stolen]yes',
  'one line\r##vso[task.setvariable variable=stolen]yes',
  '##[error]a tag of the log',
];

describe('TriggerPipeline: text of others', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('is never a command: names of pipelines, stages and jobs, issues, and refusals of the service', async () => {
    const fabrikam = await startOrganization();
    for (const [index, evil] of COMMANDS.entries()) {
      fabrikam.add({
        id: 100 + index,
        name: evil,
        stages: [{ name: 'Build', displayName: evil }],
        script: { durationMs: 0, result: 'failed', issues: [{ type: 'error', message: evil }] },
      });
    }
    const steps = await Promise.all([
      ...COMMANDS.map((_, index) => fabrikam.run({ pipeline: String(100 + index), progress: 'jobs' })),
      ...COMMANDS.map((evil, index) =>
        fabrikam.run({ pipeline: '100', parameters: JSON.stringify({ [evil]: index }) }),
      ),
      ...COMMANDS.map((evil) => fabrikam.run({ pipeline: evil.replaceAll('\\', '/'), dryRun: 'true' })),
    ]);
    for (const step of steps) {
      // task-lib takes the commands out as well; the tags of the log are left to the task.
      assert.doesNotMatch(logOf(step), /^##\[\w+\]a tag of the log/m);
      assert.equal('stolen' in step.outputs, false);
      assert.equal('stolen' in step.variables, false);
      const own = step.commands.filter(({ area, event }) => `${area}.${event}` === 'task.complete');
      assert.equal(own.length, 1, 'the step is completed once, by the task');
    }
    assert.ok(steps.slice(0, COMMANDS.length * 2).every(({ result }) => result === 'Failed'));
    assert.match(logOf(steps[0]!), /##_vso\[task\.setvariable variable=stolen/, 'it can still be read');
  });

  it('is no markup in the summary', async () => {
    const fabrikam = await startOrganization();
    const evil = '<img src=x onerror=alert(1)> [click](http://evil.example) | **bold** `code` \n# heading';
    fabrikam.add({
      id: 100,
      name: evil,
      stages: [{ name: 'Build', displayName: evil }],
    });
    const step = await fabrikam.run({ pipeline: '100' });
    assert.equal(step.result, 'Succeeded');
    const markdown = step.summaries[0]?.markdown ?? '';
    assert.doesNotMatch(markdown, /<img|\]\(http:\/\/evil|\*\*bold|(^|[^\\])`code|^# /m);
    assert.match(markdown, /&lt;img/);
    const [, , row = ''] = markdown.split('\n');
    assert.equal(row.split(/(?<!\\)\|/).length, 7, 'the table keeps its columns');
  });

  it('ends without control characters, which could rewrite what a terminal shows', async () => {
    const fabrikam = await startOrganization();
    const message = 'red \u001b[31m alarm \u0007 \u0085 back\b end';
    fabrikam.add({ script: { durationMs: 0, result: 'failed', issues: [{ type: 'error', message }] } });
    const step = await fabrikam.run();
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(logOf(step), /[\u0000-\u0008\u000b-\u001f\u007f\u0085]/);
    assert.match(logOf(step), /red .*alarm/);
  });
});

describe('TriggerPipeline: secrets', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('prints no token, not even to the debug log', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const step = await fabrikam.run();
    assert.deepEqual(step.leaks, []);
    assert.deepEqual(step.debugLeaks, []);
  });

  it('prints no secret variable that it is given, and takes it out of what the service answers', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ variables: { key: { allowOverride: true } } });
    const variables = 'key: { value: "hunter2 & co", isSecret: true }';
    const good = await fabrikam.run({ variables });
    assert.equal(good.result, 'Succeeded', good.message);
    fabrikam.emulator.faults.add({
      kind: 'status',
      status: 400,
      body: { message: "The value 'hunter2 & co' is not allowed." },
      match: { method: 'POST', route: 'runs' },
    });
    const refused = await fabrikam.run({ variables });
    assert.match(issuesOf(refused, 'error').join('\n'), /The value '\*\*\*' is not allowed/);
    for (const step of [good, refused]) {
      const shown = step.raw.filter(
        ({ line }) => line.includes('hunter2') && !line.startsWith('##vso[task.setsecret]'),
      );
      assert.deepEqual(shown, []);
      assert.deepEqual(step.debugLeaks, []);
    }
  });

  it('keeps secret variables out of the file that a later attempt reads', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ variables: { key: { allowOverride: true } } });
    const step = await fabrikam.run({ variables: 'key: { value: hunter2-hunter2, isSecret: true }' });
    const texts = [...step.attachments.map(({ content }) => content), ...Object.values(step.outputs)];
    assert.doesNotMatch(texts.join('\n'), /hunter2/);
  });

  it('masks a secret variable of the job that is handed on', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ variables: { key: { allowOverride: true } } });
    const step = await fabrikam.run(
      { variables: 'key: { value: "$(password)", isSecret: true }' },
      { secretVariables: { password: 'correct-horse-battery' } },
    );
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(step.debugLeaks, []);
    const { variables } = fabrikam.starts()[0]?.body as { variables: Record<string, { value: string }> };
    assert.equal(variables.key?.value, 'correct-horse-battery');
  });
});

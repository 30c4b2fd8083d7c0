import assert from 'node:assert/strict';
import { type JobOptions, runPostJob, runStep } from './agent';
import { fixtureTask } from './fixtureTask';

const taskLib = JSON.stringify(require.resolve('azure-pipelines-task-lib/task'));
const connection = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const definition = {
  inputs: [
    { name: 'text', type: 'string', aliases: ['words'] },
    { name: 'flag', type: 'boolean', defaultValue: 'true' },
    { name: 'connection', type: 'connectedService:externaltfs' },
  ],
  postjobexecution: { Node20_1: { target: 'index.js' } },
};
const options: Omit<JobOptions, 'taskFolder'> = {
  inputs: { words: 'some $(mine)', connection },
  variables: { mine: 'words' },
  secretVariables: { 'my.secret': 'hush-hush' },
  systemConnection: { url: 'https://dev.azure.com/fabrikam/', token: 'job-token' },
  endpoints: [
    {
      id: connection,
      name: 'other',
      url: 'https://dev.azure.com/other',
      scheme: 'Token',
      parameters: { apitoken: 'pat-of-other' },
      data: { kind: 'services' },
    },
  ],
};

/** Runs code with task-lib as `tl`; what it writes to the file `said` comes back parsed. */
function withTaskLib(code: string): string {
  return fixtureTask(`const tl = require(${taskLib}); ${code}`, definition);
}

describe('azure-pipelines-task-lib under the simulated agent', () => {
  it('reads inputs, variables and connections', async () => {
    const taskFolder = withTaskLib(`
      const assert = require('assert/strict');
      tl.assertAgent('2.104.1');
      assert.equal(tl.getInput('text', true), 'some words');
      assert.equal(tl.getInput('nothing'), undefined);
      assert.equal(tl.getBoolInput('flag'), true);
      assert.equal(tl.getVariable('System.TeamProject'), 'Fabrikam');
      assert.equal(tl.getVariable('my.secret'), 'hush-hush');
      assert.ok(tl.getVariables().some(({ name, secret }) => name === 'my.secret' && secret));
      assert.equal(process.env.SECRET_MY_SECRET, undefined);
      const id = tl.getInput('connection', true);
      assert.equal(tl.getEndpointUrl(id, false), 'https://dev.azure.com/other');
      assert.equal(tl.getEndpointAuthorizationScheme(id, false), 'Token');
      assert.equal(tl.getEndpointAuthorizationParameter(id, 'apitoken', false), 'pat-of-other');
      assert.equal(tl.getEndpointDataParameter(id, 'kind', false), 'services');
      assert.deepEqual(tl.getEndpointAuthorization('SystemVssConnection', false), {
        parameters: { AccessToken: 'job-token' }, scheme: 'OAuth',
      });
      assert.equal(tl.getTaskVariable('id'), undefined);
      tl.setResult(tl.TaskResult.Succeeded, 'all there');`);
    const result = await runStep({ taskFolder, ...options });
    assert.deepEqual(result.issues, []);
    assert.deepEqual([result.result, result.message, result.exitCode], ['Succeeded', 'all there', 0]);
    assert.deepEqual(result.leaks, []);
    // task-lib writes what it is asked for as debug text: getVariable, getVariables, getEndpointAuthorizationParameter.
    assert.equal(result.debugLeaks.length, 3);
  });

  it('writes outputs, secrets, summaries, attachments, tags and progress', async () => {
    const taskFolder = withTaskLib(`
      const file = tl.getVariable('Agent.TempDirectory') + '/a; b].md';
      tl.writeFile(file, '# done');
      tl.setVariable('runId', '100%; 7]\\n8', false, true);
      tl.setVariable('token', 'fresh-token', true, true);
      tl.setSecret('other-token');
      tl.uploadSummary(file);
      tl.addAttachment('pipeline-cascade', 'stage;job', file);
      tl.addBuildTag('tag');
      tl.setProgress(50, 'half');
      tl.warning('careful');
      console.log('is fresh-token and other-token');
      tl.setResult(tl.TaskResult.SucceededWithIssues, 'with 100% care');`);
    const result = await runStep({ taskFolder, ...options, strictSecrets: false, stepName: 'step' });
    assert.deepEqual([result.result, result.message], ['SucceededWithIssues', 'with 100% care']);
    assert.deepEqual(result.outputs, { runId: '100%; 7]\n8', token: 'fresh-token' });
    assert.deepEqual([result.secretNames, result.secrets], [['token'], ['fresh-token', 'other-token']]);
    assert.deepEqual(result.summaries[0]?.markdown, '# done');
    assert.deepEqual(result.attachments[0]?.name, 'stage;job');
    assert.deepEqual([result.tags, result.progress], [['tag'], [{ value: 50, text: 'half' }]]);
    assert.deepEqual(
      result.issues.map(({ message }) => message),
      ['careful', 'with 100% care'],
    );
    assert.ok(result.log.includes('is *** and ***'));
    assert.equal(result.job.variables.get('step.runId'), '100%; 7]\n8');
  });

  it('fails by setResult with exit code 0, and by an exception that nobody caught', async () => {
    const failed = await runStep({ taskFolder: withTaskLib(`tl.setResult(tl.TaskResult.Failed, 'no');`) });
    assert.deepEqual([failed.result, failed.message, failed.exitCode], ['Failed', 'no', 0]);
    assert.deepEqual(failed.issues, [{ type: 'error', message: 'no' }]);
    const thrown = await runStep({ taskFolder: withTaskLib(`throw new Error('a bug');`) });
    assert.equal(thrown.result, 'Failed');
    assert.match(thrown.message ?? '', /a bug/);
  });

  it("turns task-lib's own 'Cancelled' into a failed command", async () => {
    const result = await runStep({ taskFolder: withTaskLib(`tl.setResult(tl.TaskResult.Cancelled, 'x');`) });
    assert.equal(result.result, 'Failed');
  });

  it('keeps task variables for the post-job part', async () => {
    const taskFolder = withTaskLib(`
      if (tl.getTaskVariable('id') === undefined) tl.setTaskVariable('id', '17');
      else console.log('post of ' + tl.getTaskVariable('id') + ' in a job that ' + tl.getVariable('Agent.JobStatus'));`);
    const post = await runPostJob(await runStep({ taskFolder }), { jobStatus: 'Canceled' });
    assert.ok(post.log.includes('post of 17 in a job that Canceled'));
  });

  it('neutralizes foreign text by its own functions, which this agent then prints', async () => {
    const taskFolder = withTaskLib(
      `tl.writeExternalOutput('x ##vso[task.complete result=Failed]\\n', { source: 'remote' });`,
    );
    const result = await runStep({ taskFolder });
    assert.equal(result.result, 'Succeeded');
    assert.ok(result.log.includes('x ##_vso[task.complete result=Failed]'), result.log.join('\n'));
  });
});

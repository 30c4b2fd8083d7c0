import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { runPostJob, runStep, startStep } from './agent';
import { fixtureTask } from './fixtureTask';

const code = `
  const env = process.env;
  if (env.AGENT_JOBSTATUS === 'Succeeded' && !env.VSTS_TASKVARIABLE_RUN_ID) {
    console.log('##vso[task.settaskvariable variable=run.id]17');
    console.log('##vso[task.settaskvariable variable=token;issecret=true]fresh-token');
    console.log('##vso[task.setvariable variable=seen]yes');
    require('fs').writeFileSync(env.AGENT_TEMPDIRECTORY + '/register', '17');
    if (env.INPUT_HANG) { setInterval(() => 0, 1000); console.log('ready'); }
  } else {
    const register = require('fs').readFileSync(env.AGENT_TEMPDIRECTORY + '/register', 'utf8');
    console.log(['post', env.AGENT_JOBSTATUS, env['agent.jobstatus'], env.VSTS_TASKVARIABLE_RUN_ID, env.SEEN, env.INPUT_TEXT, register].join(' '));
    console.log(env.VSTS_TASKVARIABLE_TOKEN);
  }`;
const definition = {
  inputs: [
    { name: 'text', type: 'string', defaultValue: 'default' },
    { name: 'hang', type: 'string' },
  ],
  postjobexecution: { Node20_1: { target: 'index.js' } },
};

describe('the post-job part of a task', () => {
  it('shares task variables, inputs, job variables and folders with the main part, and knows the status of the job', async () => {
    const main = await runStep({ taskFolder: fixtureTask(code, definition), inputs: { text: 'given' } });
    assert.deepEqual(main.taskVariables, { 'run.id': '17', token: 'fresh-token' });
    const post = await runPostJob(main);
    assert.equal(post.log[0], '##[section]Starting: Post-job: Fixture');
    assert.deepEqual(post.log.slice(8, 10), ['post Succeeded Succeeded 17 yes given 17', '***']);
    assert.equal(post.leaks.length, 1);
    const failed = await runPostJob(main, { jobStatus: 'Failed' });
    assert.equal(failed.log[8], 'post Failed Failed 17 yes given 17');
  });

  it('runs after a cancellation, and is told of it', async () => {
    const step = await startStep({ taskFolder: fixtureTask(code, definition), inputs: { hang: 'yes' } });
    await new Promise<void>((resolve) => step.onLine(({ line }) => line === 'ready' && resolve()));
    const post = await runPostJob(await step.cancel());
    assert.equal(post.log[8], 'post Canceled Canceled 17 yes default 17');
    assert.equal(post.result, 'Succeeded');
  });

  it('fails where the task has none', async () => {
    assert.equal((await runPostJob(await runStep({ taskFolder: fixtureTask('') }))).result, 'Failed');
  });

  it('finds nothing more of the job once that was removed', async () => {
    const { job } = await runStep({ taskFolder: fixtureTask('') });
    assert.equal(existsSync(job.tempDirectory), true);
    job.remove();
    assert.equal(existsSync(job.folder), false);
  });
});

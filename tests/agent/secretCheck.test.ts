import assert from 'node:assert/strict';
import { type JobOptions, runStep } from './agent';
import type { Endpoint } from './endpoints';
import { fixtureTask, printing } from './fixtureTask';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const endpoint: Endpoint = {
  id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  name: 'other',
  url: 'https://dev.azure.com/other',
  scheme: 'UsernamePassword',
  parameters: { username: 'builder', password: 'pass-of-other' },
};
const setup: Partial<JobOptions> = {
  systemConnection: { url: 'https://dev.azure.com/fabrikam/', token: 'job-token' },
  secretVariables: { key: 'value-of-key' },
  endpoints: [endpoint],
};

async function leaksOf(code: string, options: Partial<JobOptions> = {}) {
  return runStep({ taskFolder: fixtureTask(code), ...setup, ...options });
}

describe('the search for secrets in what a step gave away', () => {
  it('finds nothing in a clean step, and does not count user names', async () => {
    const { leaks, debugLeaks } = await leaksOf(printing('started as builder', '##vso[task.setsecret]job-token'));
    assert.deepEqual([leaks, debugLeaks], [[], []]);
  });

  it('names the secret, its spelling and the place, but not the value', async () => {
    const { leaks, log } = await leaksOf(
      printing('job-token', `Basic ${base64(':pass-of-other')}`, '##vso[task.logissue type=error]a%0Avalue-of-key'),
    );
    assert.deepEqual(leaks, [
      'the job token, as it is, in stdout: ***',
      `password of the connection 'other', in base64, in stdout: Basic ${base64(':pass-of-other')}`,
      "the secret variable 'key', as it is, in stdout (task.logissue): ##vso[task.logissue type=error]a%0A***",
    ]);
    assert.ok(!log.join().includes('job-token'));
  });

  it('finds them on stderr and escaped in commands', async () => {
    const { leaks } = await leaksOf(`console.error('job-token')`);
    assert.deepEqual(leaks, ['the job token, as it is, in stderr: ***']);
    const escaped = await leaksOf(printing('##vso[task.logissue type=warning]100%AZP25;x'), {
      secretVariables: { odd: '100%;x' },
    });
    assert.equal(escaped.leaks.length, 1);
  });

  it('counts a value that the step made a secret only afterwards, in the next steps too', async () => {
    const code = printing(
      'fresh-token',
      '##vso[task.setsecret]fresh-token',
      '##vso[task.setvariable variable=x]fresh-token',
    );
    const first = await leaksOf(code);
    assert.deepEqual(
      first.leaks.map((leak) => leak.split(':')[0]),
      ['a value that the step made a secret, as it is, in stdout (task.setvariable)'].concat(
        "a value that the step made a secret, as it is, in the variable 'x'",
      ),
    );
    const second = await leaksOf(printing('fresh-token'), { job: first.job });
    assert.deepEqual(second.leaks, ["a secret of the step 'Fixture1', as it is, in stdout: ***"]);
  });

  it('allows secrets where they are set as such', async () => {
    const { leaks } = await leaksOf(
      printing(
        '##vso[task.setvariable variable=x;issecret=true;isoutput=true]job-token',
        '##vso[task.settaskvariable variable=x;issecret=True]job-token',
        `##vso[task.setendpoint id=${endpoint.id};field=authParameter;key=idToken]job-token`,
      ),
    );
    assert.deepEqual(leaks, []);
  });

  it('looks into attachments, summaries and public outputs', async () => {
    const code = `const fs = require('fs'); const file = process.env.AGENT_TEMPDIRECTORY + '/f.md';
      fs.writeFileSync(file, 'x ' + encodeURIComponent('value-of-key') + ' job-token');
      console.log('##vso[task.addattachment type=t;name=n]' + file); console.log('##vso[task.uploadsummary]' + file);`;
    const { leaks } = await leaksOf(code);
    assert.deepEqual(leaks, [
      "the secret variable 'key', as it is, in the attachment 'n'",
      "the job token, as it is, in the attachment 'n'",
      "the secret variable 'key', as it is, in the summary 'f.md'",
      "the job token, as it is, in the summary 'f.md'",
    ]);
  });

  it('keeps apart what is plain in a debug line, where task-lib puts it and the agent masks it', async () => {
    const { leaks, debugLeaks } = await leaksOf(
      printing('##vso[task.debug]key=value-of-key', `##vso[task.debug]${base64('value-of-key')}`),
    );
    assert.equal(debugLeaks.length, 1);
    assert.deepEqual(leaks, [`the secret variable 'key', in base64, in stdout (task.debug): ##vso[task.debug]***`]);
  });

  it('can be switched off', async () => {
    assert.deepEqual((await leaksOf(printing('job-token'), { strictSecrets: false })).leaks, []);
  });
});

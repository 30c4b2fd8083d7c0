import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JobOptions, runStep } from './agent';
import type { Endpoint } from './endpoints';
import { fixtureTask, printing } from './fixtureTask';
import { releaseVariables } from './systemVariables';

const connection: Endpoint = {
  id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  name: 'Other organization',
  url: 'https://dev.azure.com/other',
  scheme: 'Token',
  parameters: { apitoken: 'pat-of-other' },
  data: { 'some.field': 'x' },
};
const inputs = [
  { name: 'text', type: 'string', aliases: ['words'], defaultValue: ' by default ' },
  { name: 'flag', type: 'boolean', defaultValue: true },
  { name: 'hidden', type: 'string', visibleRule: 'flag = false' },
  { name: 'file', type: 'filePath' },
  { name: 'connection', type: 'connectedService:externaltfs' },
];
/** Writes its environment and working directory into a file, so that nothing is printed. */
const dumping = fixtureTask(
  `const fs = require('fs');
   fs.writeFileSync(process.env.AGENT_TEMPDIRECTORY + '/dump', JSON.stringify({
     env: process.env, cwd: process.cwd(), stdin: fs.readFileSync(0, 'utf8'), argv: process.argv.slice(1), flags: process.execArgv,
   }));`,
  { inputs },
);

async function dump(options: Partial<JobOptions> = {}) {
  const result = await runStep({ taskFolder: dumping, ...options });
  assert.deepEqual(result.issues, []);
  const text = readFileSync(join(result.job.tempDirectory, 'dump'), 'utf8');
  const dumped = JSON.parse(text) as Record<'cwd' | 'stdin', string> &
    Record<'argv' | 'flags', string[]> & { env: Record<string, string | undefined> };
  return { ...dumped, result };
}

describe('the environment of a step', () => {
  it('sends every input, by name, trimmed, with defaults, hidden ones and booleans too', async () => {
    const { env } = await dump({ inputs: { WORDS: '  a  b ' } });
    assert.equal(env.INPUT_TEXT, 'a  b');
    assert.equal(env.INPUT_FLAG, 'true');
    assert.equal(env.INPUT_HIDDEN, '');
    assert.equal(env.INPUT_CONNECTION, '');
    assert.equal((await dump()).env.INPUT_TEXT, 'by default');
  });

  it('passes on inputs that the task does not have, and says so', async () => {
    const { env, result } = await dump({ inputs: { 'Un known.x': 'y', flag: undefined } });
    assert.equal(env.INPUT_UN_KNOWN_X, 'y');
    assert.deepEqual(result.prematureProblems, ["The task has no input 'Un known.x'."]);
  });

  it('expands macros in one pass, also nested in variables, and leaves unknown ones', async () => {
    const variables = { a: '1$(b)', b: '2', looks: '$(nothing)', cyclic: '<$(Cyclic)>' };
    const { env, result } = await dump({
      variables,
      inputs: { text: '$(A) $(looks) $(unknown) $($(b)) $(cyclic) $(HOME)' },
      env: { STEP: ' $(b) ' },
    });
    assert.equal(env.INPUT_TEXT, `12 $(nothing) $(unknown) $(2) <$(Cyclic)> ${env.HOME ?? ''}`);
    assert.equal(env.A, '12');
    assert.equal(env.STEP, '2');
    assert.match(result.prematureProblems.join(), /The input 'text' keeps \$\(nothing\)/);
  });

  it('roots file paths, and makes the sources folder of an empty one', async () => {
    const { env } = await dump({ inputs: { file: 'a/../b.txt' } });
    assert.equal(env.INPUT_FILE, join(env.BUILD_SOURCESDIRECTORY ?? '', 'b.txt'));
    const empty = await dump();
    assert.equal(empty.env.INPUT_FILE, empty.env.BUILD_SOURCESDIRECTORY);
  });

  it('gives secrets only as SECRET_*, with the names in two lists', async () => {
    const { env } = await dump({
      variables: { 'my.name': 'public', derived: 'x$(pass word)' },
      secretVariables: { 'pass word': 'hush-hush' },
    });
    assert.equal(env.MY_NAME, 'public');
    assert.equal(env.SECRET_PASS_WORD, 'hush-hush');
    assert.equal(env.PASS_WORD, undefined);
    assert.equal(env.SECRET_DERIVED, 'xhush-hush');
    assert.ok((JSON.parse(env.VSTS_PUBLIC_VARIABLES ?? '') as string[]).includes('my.name'));
    assert.deepEqual(JSON.parse(env.VSTS_SECRET_VARIABLES ?? ''), ['derived', 'pass word']);
  });

  it('gives the job token in the system connection, and as a variable only where it is mapped or allowed', async () => {
    const systemConnection = { url: 'https://dev.azure.com/fabrikam/', token: 'job-token' };
    const { env } = await dump({ systemConnection });
    assert.equal(env.ENDPOINT_URL_SYSTEMVSSCONNECTION, systemConnection.url);
    assert.equal(env.ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION, 'OAuth');
    assert.equal(env.ENDPOINT_AUTH_SYSTEMVSSCONNECTION, '{"parameters":{"AccessToken":"job-token"},"scheme":"OAuth"}');
    assert.equal(env.ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN, 'job-token');
    assert.equal(env.ENDPOINT_DATA_SYSTEMVSSCONNECTION, undefined);
    assert.equal(env.SYSTEM_ACCESSTOKEN, undefined);
    const mapped = await dump({ systemConnection, env: { SYSTEM_ACCESSTOKEN: '$(System.AccessToken)' } });
    assert.equal(mapped.env.SYSTEM_ACCESSTOKEN, 'job-token');
    const allowed = await dump({ systemConnection, variables: { 'System.EnableAccessToken': 'True' } });
    assert.equal(allowed.env.SYSTEM_ACCESSTOKEN, 'job-token');
  });

  it('gives only the connections that an input names, by id or by name', async () => {
    const without = await dump({ endpoints: [connection] });
    assert.deepEqual(
      Object.keys(without.env).filter((name) => name.startsWith('ENDPOINT_')),
      [],
    );
    for (const value of [connection.id, 'other ORGANIZATION']) {
      const { env } = await dump({ endpoints: [connection], inputs: { connection: value } });
      assert.equal(env.INPUT_CONNECTION, connection.id);
      assert.equal(env[`ENDPOINT_URL_${connection.id}`], connection.url);
      assert.equal(env[`ENDPOINT_AUTH_PARAMETER_${connection.id}_APITOKEN`], 'pat-of-other');
      assert.equal(env[`ENDPOINT_DATA_${connection.id}`], '{"some.field":"x"}');
      assert.equal(env[`ENDPOINT_DATA_${connection.id}_SOME_FIELD`], 'x');
    }
  });

  it('keeps what names no connection, and says so', async () => {
    const { env, result } = await dump({ endpoints: [connection], inputs: { connection: '$(conn)' } });
    assert.equal(env.INPUT_CONNECTION, '$(conn)');
    assert.match(result.prematureProblems.join(), /names no connection of the job: '\$\(conn\)'/);
  });

  it('lets variables win over env of the step, and inherits only what the agent is said to have', async () => {
    process.env.HTTPS_PROXY = 'http://127.0.0.1:1';
    const { env } = await dump({ env: { BUILD_BUILDID: '0', MINE: 'x' }, agentEnvironment: { NO_PROXY: '*' } });
    delete process.env.HTTPS_PROXY;
    assert.equal(env.BUILD_BUILDID, '4711');
    assert.equal(env.MINE, 'x');
    assert.equal(env.NO_PROXY, '*');
    assert.equal(env.HTTPS_PROXY, undefined);
    assert.equal(env.TF_BUILD, 'True');
    assert.notEqual(env.HOME, process.env.HOME);
  });

  it('starts node without flags in the working directory, with stdin at its end', async () => {
    const { env, cwd, stdin, argv, flags } = await dump();
    assert.equal(cwd, env.SYSTEM_DEFAULTWORKINGDIRECTORY);
    assert.equal(stdin, '');
    assert.deepEqual([argv, flags], [[join(dumping, 'index.js')], []]);
  });

  it('is that of the artifact, with the release host, in a classic release', async () => {
    const { env } = await dump({
      variables: releaseVariables({ collectionUri: 'https://dev.azure.com/fabrikam', releaseId: 5, runId: 77 }),
      systemConnection: { url: 'https://vsrm.dev.azure.com/fabrikam/', token: 'job-token' },
      inputs: { file: '' },
    });
    assert.equal(env.SYSTEM_HOSTTYPE, 'release');
    assert.equal(env.SYSTEM_COLLECTIONURI, 'https://dev.azure.com/fabrikam/');
    assert.equal(env.SYSTEM_TEAMFOUNDATIONCOLLECTIONURI, 'https://dev.azure.com/fabrikam/');
    assert.equal(env.SYSTEM_TEAMFOUNDATIONSERVERURI, 'https://vsrm.dev.azure.com/fabrikam/');
    assert.equal(env.RELEASE_RELEASEID, '5');
    assert.equal(env.BUILD_BUILDID, '77');
    assert.equal(env.RELEASE_ARTIFACTS__PARENT_BUILDID, '77');
    assert.equal(env.SYSTEM_DEFAULTWORKINGDIRECTORY, env.AGENT_RELEASEDIRECTORY);
    assert.equal(env.INPUT_FILE, env.SYSTEM_ARTIFACTSDIRECTORY);
    assert.equal(env.BUILD_SOURCESDIRECTORY, undefined);
    assert.equal(env.SYSTEM_STAGENAME, undefined);
  });

  it('takes the newest Node handler, and fails a task without one', async () => {
    const both = { Node20_1: { target: 'index.js' }, Node24: { target: 'index.js' }, PowerShell3: { target: 'x.ps1' } };
    assert.equal((await runStep({ taskFolder: fixtureTask('', { execution: both }) })).handler, 'Node24');
    const none = await runStep({ taskFolder: fixtureTask('', { execution: { PowerShell3: { target: 'x.ps1' } } }) });
    assert.equal(none.result, 'Failed');
    assert.match(none.issues[0]?.message ?? '', /not capable of running this task/);
  });

  it('skips a step that wants a connection in a run for a fork', async () => {
    const result = await runStep({
      taskFolder: fixtureTask(printing('ran'), { inputs }),
      endpoints: [connection],
      inputs: { connection: connection.id },
      variables: { 'system.restrictSecrets': 'True', 'system.pullRequest.isFork': 'True' },
    });
    assert.equal(result.result, 'Skipped');
    assert.deepEqual(result.raw, []);
  });
});

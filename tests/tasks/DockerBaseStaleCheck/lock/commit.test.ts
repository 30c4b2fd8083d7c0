import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parseLock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import type { BuildRun } from '../../../agent/systemVariables';
import { git, type GitServer } from '../../../git/server';
import { together } from '../../together';
import { closeCheckouts, LOCK, setUp, TOKEN } from './checkoutProject';

function logOf(server: GitServer, branch = 'main'): string[] {
  return server.git('log', '--format=%an|%ae|%cn|%s', `refs/heads/${branch}`).split('\n');
}

describe('Locks in git', function () {
  this.timeout(90_000);
  const it = together();
  after(closeCheckouts);

  it('are committed and pushed from a detached HEAD at depth 1, in one commit that starts no run', async () => {
    const { server, run, folder } = await setUp();
    const head = git(folder, 'rev-parse', 'HEAD');
    const step = await run();
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.deepEqual(logOf(server), [
      'Fabrikam Build Service (contoso)|build-service@127.0.0.1|Fabrikam Build Service (contoso)|Update image locks (run 20261121.7) [skip ci]',
      'Somebody|somebody@example.org|Somebody|First',
    ]);
    assert.equal(server.git('show', '--format=', '--name-only', 'main'), LOCK);
    assert.equal(parseLock(server.file(LOCK) ?? '').packages?.[0]?.version, '2.3.1');
    assert.equal(git(folder, 'rev-parse', 'HEAD'), head, 'the checkout stays as it was');
    assert.equal(git(folder, 'status', '--porcelain', '--untracked-files=all'), `?? ${LOCK}`);
    const again = await run();
    assert.equal(again.result, 'Succeeded');
    assert.equal(logOf(server).length, 2, 'nothing new is no commit');
  });

  it('leave the token nowhere: not among arguments, in the configuration, the log or the remote', async () => {
    const { server, run, folder, project } = await setUp();
    // A git before the real one writes down what it is called with.
    const bin = path.join(project.folder, 'bin');
    const seen = path.join(project.folder, 'seen.txt');
    fs.mkdirSync(bin);
    const real = (process.env.PATH ?? '')
      .split(':')
      .map((one) => path.join(one, 'git'))
      .find((file) => fs.existsSync(file));
    fs.writeFileSync(
      path.join(bin, 'git'),
      `#!/bin/sh\nprintf '%s\\n' "$*" >> '${seen}'\nexec '${real ?? ''}' "$@"\n`,
      { mode: 0o755 },
    );
    const step = await run({}, { env: { PATH: `${bin}:${process.env.PATH ?? ''}` }, build: { debug: true } });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(logOf(server).length, 2);
    const calls = fs.readFileSync(seen, 'utf8');
    assert.match(calls, /^push --porcelain/m);
    const places = [
      calls,
      fs.readFileSync(path.join(folder, '.git/config'), 'utf8'),
      ...step.raw.map(({ line }) => line),
      server.git('log', '-p', '--all'),
    ];
    const forms = [TOKEN, Buffer.from(`:${TOKEN}`).toString('base64')];
    // The agent itself is told the secret; that line is no log.
    const told = places
      .join('\n')
      .split('\n')
      .filter((line) => !line.startsWith('##vso[task.setsecret]'));
    for (const form of forms) assert.ok(!told.join('\n').includes(form), 'the token is nowhere');
    assert.deepEqual(step.leaks, []);
    assert.ok(
      server.requests.every(({ authorization }) => authorization === `Bearer ${TOKEN}`),
      'every request had it as a header',
    );
  });

  it('go on top of what others push meanwhile, and keep what they wrote into the same lock', async () => {
    const { server, run, indexes, project } = await setUp();
    assert.equal((await run()).result, 'Succeeded');
    const other = path.join(project.folder, 'other');
    await server.checkOut(other, { attached: true });
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1']);
    let times = 0;
    server.beforePush = async () => {
      if (times++ > 1) return;
      // Another pipeline is faster by a moment, twice.
      const lock = parseLock(fs.readFileSync(path.join(other, LOCK), 'utf8'));
      const mine = {
        manager: 'apk' as const,
        name: `by-other-${times}`,
        version: '1',
        wanted: '',
        source: 'observed' as const,
      };
      fs.writeFileSync(
        path.join(other, LOCK),
        `${JSON.stringify({ ...lock, packages: [...(lock.packages ?? []), mine] })}\n`,
      );
      git(other, 'commit', '--quiet', '--all', '--message', `Other ${times}`);
      git(other, 'push', '--quiet', server.repository, 'main');
      return Promise.resolve();
    };
    project.write(
      'sources/images/r/Dockerfile',
      `FROM ${project.registry.host}/team/python:3.12-bookworm\nRUN pip install "numpy>=2" numpy\n`,
    );
    const step = await run();
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(times, 3, 'two pushes were overtaken');
    assert.deepEqual(
      logOf(server).map((line) => line.split('|')[3]),
      [
        ...['Update image locks (run 20261121.7) [skip ci]', 'Other 2', 'Other 1'],
        ...['Update image locks (run 20261121.7) [skip ci]', 'First'],
      ],
    );
    assert.deepEqual(
      parseLock(server.file(LOCK) ?? '').packages?.map(({ name, wanted }) => name + wanted),
      ['by-other-1', 'by-other-2', 'numpy', 'numpy>=2'],
    );
  });

  it('take the message and author that are given, and a branch that looks like an option', async () => {
    const branch = 'feature/-x--upload-pack=touch';
    const { server, run } = await setUp({ branch });
    const step = await run({ commitMessage: '--amend <number>', commitAuthor: 'Lock Keeper <locks@fabrikam.example>' });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(logOf(server, branch)[0], 'Lock Keeper|locks@fabrikam.example|Lock Keeper|--amend 20261121.7');
    const wrong = await run({ commitAuthor: 'nobody' });
    assert.equal(wrong.result, 'Failed');
    assert.match(wrong.message ?? '', /commitAuthor: 'nobody' is no author: write 'Name <mail@example\.com>'/);
  });

  it('of paths that begin with a dash are no options of git', async () => {
    const { server, run, folder, project } = await setUp();
    fs.mkdirSync(path.join(folder, '--output=x'));
    fs.writeFileSync(
      path.join(folder, '--output=x', '-Dockerfile.Dockerfile'),
      `FROM ${project.registry.host}/team/python:3.12-bookworm\n`,
    );
    const step = await run({ packages: 'off', packageIndexes: '' });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.ok(server.file('--output=x/-Dockerfile.Dockerfile.lock.json'));
  });

  it('are refused with the reason, before anything is asked', async () => {
    const { run, project, server } = await setUp();
    const cases: [Partial<BuildRun>, RegExp][] = [
      [{ reason: 'PullRequest', branch: 'refs/pull/7/merge' }, /builds a pull request \(refs\/pull\/7\/merge\)/],
      [{ branch: 'refs/tags/v1' }, /started for the tag 'refs\/tags\/v1'/],
      [
        { repository: { id: 'x', name: 'x', uri: '$/Fabrikam', provider: 'TfsVersionControl' } },
        /Team Foundation Version Control, which is no git/,
      ],
    ];
    for (const [build, message] of cases) {
      const step = await run({}, { build });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
    }
    const elsewhere = await run(
      { searchFolder: fs.mkdtempSync(path.join(project.folder, 'plain-')) },
      { env: { GIT_CEILING_DIRECTORIES: project.folder } },
    );
    assert.equal(elsewhere.result, 'Failed');
    assert.match(elsewhere.message ?? '', /is no git checkout/);
    assert.equal(project.registry.calls.length, 0);
    assert.equal(logOf(server).length, 1);
  });

  it('go to another host with the credentials that its checkout keeps, else say what is missing', async () => {
    const kept = `Basic ${Buffer.from('x-access-token:kept').toString('base64')}`;
    const { run, server, folder } = await setUp({ authorization: kept });
    // Another name of this machine is another host than that of the organization.
    const url = server.url.replace('127.0.0.1', 'localhost');
    git(folder, 'remote', 'set-url', 'origin', url);
    const build = { repository: { id: 'images', name: 'fabrikam/images', uri: url, provider: 'GitHub' } };
    const without = await run({}, { build });
    assert.equal(without.result, 'Failed');
    assert.match(without.message ?? '', /keeps no credentials for http:\/\/localhost:\d+\/.*persistCredentials: true/);
    git(folder, 'config', `http.${url}.extraheader`, `AUTHORIZATION: ${kept}`);
    const step = await run({}, { build });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(logOf(server).length, 2);
    const pullRequest = await run({ updateLock: 'pullRequest' }, { build });
    assert.match(pullRequest.message ?? '', /pull requests are made in the run's own repository of Azure Repos/);
  });

  it('do not go past what the server refuses: the step fails, and says what to change', async () => {
    const { run, server } = await setUp();
    const hook = path.join(server.repository, 'hooks', 'pre-receive');
    fs.writeFileSync(
      hook,
      '#!/bin/sh\necho "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch." >&2\nexit 1\n',
      { mode: 0o755 },
    );
    const step = await run();
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /TF402455.*Set updateLock to pullRequest|TF402455.*set updateLock to pullRequest/s,
    );
    assert.equal(step.outputs.anyStale, 'false', 'the outputs are there all the same');
  });
});

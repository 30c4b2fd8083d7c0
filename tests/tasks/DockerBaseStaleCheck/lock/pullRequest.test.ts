import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parseLock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { git } from '../../../git/server';
import { together } from '../../together';
import { closeCheckouts, LOCK, setUp } from './checkoutProject';

describe('Locks by pull request', function () {
  this.timeout(90_000);
  const it = together();
  after(closeCheckouts);

  it('go to a branch of their own, with one pull request that is renewed until it is merged', async () => {
    const { server, run, indexes, project } = await setUp();
    const { state } = project.emulator;
    const first = await run({ updateLock: 'pullRequest' });
    assert.equal(first.result, 'Succeeded', first.log.join('\n'));
    assert.deepEqual(
      state.pullRequests.map(({ source, target, title, status }) => ({ source, target, title, status })),
      [
        {
          ...{ source: 'refs/heads/image-locks/main', target: 'refs/heads/main', status: 'active' },
          title: 'Update image locks (run 20261121.7)',
        },
      ],
    );
    assert.match(first.log.join('\n'), /Made the pull request http.*\/_git\/images\/pullrequest\/1 with 1 lock\./);
    assert.equal(server.file(LOCK), undefined, 'the branch itself is left alone');
    assert.equal(parseLock(server.file(LOCK, 'image-locks/main') ?? '').packages?.[0]?.version, '2.3.1');

    indexes.put({ kind: 'pypi' }, 'six', ['1.0']);
    project.write(
      'sources/images/r/Dockerfile',
      `FROM ${project.registry.host}/team/python:3.12-bookworm\nRUN pip install "numpy>=2" six\n`,
    );
    const second = await run({ updateLock: 'pullRequest' });
    assert.match(second.log.join('\n'), /Renewed the pull request/);
    assert.equal(state.pullRequests.length, 1);
    assert.equal(server.git('rev-list', '--count', 'main..image-locks/main'), '2', 'a commit more on the same branch');
    const names = parseLock(server.file(LOCK, 'image-locks/main') ?? '').packages?.map(({ name }) => name);
    assert.deepEqual(names, ['numpy', 'six']);

    // It is completed, and the branch stays: the next one begins at the target of then.
    state.pullRequests[0]!.status = 'completed';
    server.git('update-ref', 'refs/heads/main', 'refs/heads/image-locks/main');
    indexes.put({ kind: 'pypi' }, 'seven', ['1.0']);
    project.write(
      'sources/images/r/Dockerfile',
      `FROM ${project.registry.host}/team/python:3.12-bookworm\nRUN pip install "numpy>=2" six seven\n`,
    );
    const third = await run({ updateLock: 'pullRequest' });
    assert.equal(third.result, 'Succeeded', third.log.join('\n'));
    assert.deepEqual(
      state.pullRequests.map(({ status }) => status),
      ['completed', 'active'],
    );
    assert.equal(server.git('rev-list', '--count', 'main..image-locks/main'), '1');
  });

  it('are read back from the branch of the open pull request: no change is rebuilt for twice, and what was built is noted there', async () => {
    const { server, run, indexes, project } = await setUp();
    const { state } = project.emulator;
    state.addPipeline({
      name: 'rebuild',
      yaml: 'parameters: [{ name: run, type: string }]\nsteps: [{ script: docker build . }]\n',
      script: { durationMs: 0 },
    });
    let night = 0;
    // A parameter that is another one each night hides a run from the pipeline's history: the lock alone remembers it.
    const check = () =>
      run({
        ...{ updateLock: 'pullRequest', pipeline: 'rebuild', project: 'Fabrikam', waitForCompletion: 'true' },
        parameters: `run: night ${++night}`,
      });
    const onBranch = () => parseLock(server.file(LOCK, 'image-locks/main') ?? '');
    assert.equal((await check()).result, 'Succeeded');
    assert.equal(onBranch().packages?.[0]?.version, '2.3.1');
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1', '2.4.0']);
    const second = await check();
    assert.equal(second.verdicts['images/r/Dockerfile'], 'stale', second.log.join('\n'));
    assert.match(second.log.join('\n'), /numpy 2\.3\.1 -> 2\.4\.0 fits numpy>=2/);
    assert.equal(onBranch().triggered?.runId, state.runs[0]?.id);
    // The checkout is as the first one: nothing was merged.
    fs.rmSync(path.join(project.folder, 'sources', LOCK));
    const third = await check();
    assert.equal(third.verdicts['images/r/Dockerfile'], 'fresh', third.log.join('\n'));
    assert.equal(state.runs.length, 1, 'the change was rebuilt for once');
    assert.deepEqual(
      [onBranch().built?.runId, onBranch().triggered, onBranch().packages?.[0]?.version],
      [state.runs[0]?.id, undefined, '2.4.0'],
    );
    fs.rmSync(path.join(project.folder, 'sources', LOCK));
    const commits = server.git('rev-list', '--count', 'image-locks/main');
    const fourth = await check();
    assert.equal(fourth.result, 'Succeeded');
    assert.equal(server.git('rev-list', '--count', 'image-locks/main'), commits, 'nothing new is no commit');
    assert.equal(state.runs.length, 1);

    // Of a pull request that was given up nothing counts: the branch is what it left.
    state.pullRequests[0]!.status = 'abandoned';
    fs.rmSync(path.join(project.folder, 'sources', LOCK), { force: true });
    assert.equal((await check()).verdicts['images/r/Dockerfile'], 'fresh');
    assert.equal(onBranch().built, undefined, 'it begins anew');
  });

  it('of a branch that somebody broke are left alone, and said', async () => {
    const { server, run, project, folder } = await setUp();
    assert.equal((await run({ updateLock: 'pullRequest' })).result, 'Succeeded');
    const other = path.join(project.folder, 'other');
    await server.checkOut(other, { branch: 'image-locks/main', attached: true });
    fs.writeFileSync(path.join(other, LOCK), '<<<<<<< HEAD\n');
    git(other, 'commit', '--quiet', '--all', '--message', 'Half a merge');
    git(other, 'push', '--quiet', server.repository, 'image-locks/main');
    fs.rmSync(path.join(folder, LOCK));
    const step = await run({ updateLock: 'pullRequest' });
    assert.match(step.log.join('\n'), /lock\.json is left as it is on the branch, because that is no lock/);
    assert.equal(server.file(LOCK, 'image-locks/main'), '<<<<<<< HEAD\n', 'what is no lock is not replaced');
  });

  it('say what right is missing where the pull request is refused; the commit is kept', async () => {
    const { server, run, project } = await setUp();
    project.emulator.tokens[1]!.denied = ['contributePullRequests'];
    const step = await run({ updateLock: 'pullRequest' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /TF401027.*'Contribute to pull requests'/);
    assert.ok(server.file(LOCK, 'image-locks/main'));
  });

  it('are there once although the answer to the pull request was lost', async () => {
    const { run, project } = await setUp();
    const { emulator } = project;
    emulator.faults.add({ match: { method: 'POST', route: 'pullrequests' }, kind: 'dropAfter' });
    const step = await run({ updateLock: 'pullRequest' });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(emulator.state.pullRequests.length, 1);
  });
});

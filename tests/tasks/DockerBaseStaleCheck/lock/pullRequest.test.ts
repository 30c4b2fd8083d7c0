import assert from 'node:assert/strict';
import { parseLock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
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

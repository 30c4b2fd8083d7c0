import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Git } from '../../../../tasks/DockerBaseStaleCheck/lock/git';
import { startPackageIndexes, type IndexEmulator } from '../../../../emulator/packages/server';
import { together } from '../../together';
import { closeProjects, daysAgo, startProject } from '../project';

const open: IndexEmulator[] = [];

async function withImage() {
  const project = await startProject();
  project.registry.put('team/base', '1', [{ created: daysAgo(60), layers: ['base'] }]);
  return project;
}

describe('What goes wrong around locks and packages', function () {
  this.timeout(60_000);
  const it = together();
  after(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    await closeProjects();
  });

  it('a lock that cannot be written takes nothing with it: outputs and runs are told, the others are written', async () => {
    const project = await withImage();
    project.write('a/Dockerfile', 'FROM REGISTRY/team/base:1\n');
    project.write('b/Dockerfile', 'FROM REGISTRY/team/base:1\n');
    // A file lies where the folder of one lock would have to be.
    project.write('locks/a', '');
    const step = await project.check({ updateLock: 'write', lockFile: 'locks/${folder}/image.lock.json' });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /a\/Dockerfile: its lock cannot be written: .*locks.a/);
    assert.doesNotMatch(step.message ?? '', /defect/);
    assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'fresh' });
    assert.equal(step.outputs.anyStale, 'false');
    assert.ok(fs.existsSync(path.join(project.folder, 'locks/b/image.lock.json')));
    const left = fs.readdirSync(path.join(project.folder, 'locks/b'));
    assert.deepEqual(left, ['image.lock.json'], 'nothing half-written stays');
  });

  it('one lock for two Dockerfiles is refused, before anything is asked: each would take the other for its own', async () => {
    const project = await withImage();
    project.write('r/Dockerfile', 'FROM REGISTRY/team/base:1\n');
    project.write('r/dev.Dockerfile', 'FROM REGISTRY/team/base:1\n');
    const step = await project.check({ updateLock: 'write', lockFile: 'image.lock.json' });
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /^lockFile: 'r\/image\.lock\.json' would be the lock of r\/Dockerfile and of r\/dev\.Dockerfile\. Name it with \$\{dockerfile\} or \$\{name\}\.$/,
    );
    assert.equal(project.registry.calls.length, 0);
    assert.deepEqual(fs.readdirSync(path.join(project.folder, 'r')).toSorted(), ['Dockerfile', 'dev.Dockerfile']);
  });

  it('a damaged answer in the folder of the agent is asked for anew', async () => {
    const project = await withImage();
    const indexes = await startPackageIndexes();
    open.push(indexes);
    indexes.put({ kind: 'pypi' }, 'six', ['1.0']);
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install six\n');
    const inputs = { packages: 'pip', packageIndexes: `pip: ${indexes.urls.pip}` };
    const first = await project.check(inputs);
    const folder = path.join(
      first.job.variables.get('Agent.ToolsDirectory') ?? '',
      'pipeline-cascade',
      'package-indexes',
    );
    const bodies = fs.readdirSync(folder).filter((name) => name.endsWith('.body'));
    assert.equal(bodies.length, 1);
    for (const text of ['', 'half an answ']) {
      for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.body')))
        fs.writeFileSync(path.join(folder, name), text);
      const step = await project.check(inputs, { job: first.job });
      assert.equal(step.result, 'Succeeded', step.message);
      assert.equal(step.report.dockerfiles[0]?.packages[0]?.newest, '1.0');
    }
  });

  it('a folder of the agent that cannot be written costs requests, and no more', async () => {
    const project = await withImage();
    const indexes = await startPackageIndexes();
    open.push(indexes);
    indexes.put({ kind: 'pypi' }, 'six', ['1.0']);
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install six\n');
    project.write('tools', 'a file where the folder should be');
    const inputs = { packages: 'pip', packageIndexes: `pip: ${indexes.urls.pip}` };
    const variables = { ...project.variables, 'Agent.ToolsDirectory': path.join(project.folder, 'tools') };
    const step = await project.check(inputs, { variables });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.equal(step.report.dockerfiles[0]?.packages[0]?.newest, '1.0');
  });

  it('git that gets no answer ends with its time, and everything that it started', async () => {
    // Accepts, and says nothing.
    const sockets: { destroy: () => void }[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const environment = { PATH: process.env.PATH, HOME: os.tmpdir() };
    const git = new Git({ folder: os.tmpdir(), environment, config: [], longestMs: 1500 });
    const begin = Date.now();
    const { code } = await git.run(['ls-remote', `http://127.0.0.1:${port}/x`]);
    assert.notEqual(code, 0);
    assert.ok(Date.now() - begin < 20_000);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

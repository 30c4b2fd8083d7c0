import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startPackageIndexes } from '../../../../emulator/packages/server';
import { LOCK, setUp } from '../lock/checkoutProject';
import { startProject, type Project } from '../project';
import { OLD, succeed, withImages, word, type InputTests } from './inputTest';

/** An image with a Python package, whose index has a newer one than the lock. */
async function withPackage(test: (project: Project, index: string) => Promise<void>): Promise<void> {
  const project = await startProject();
  project.registry.put('base', 'old', [OLD]);
  project.write('Dockerfile', 'FROM REGISTRY/base:old\nRUN pip install six\nRUN npm i -g tool\n');
  const indexes = await startPackageIndexes();
  try {
    indexes.put({ kind: 'pypi' }, 'six', ['1.16.0']);
    await test(project, `pip: ${indexes.urls.pip}`);
  } finally {
    await indexes.close();
  }
}

/** What git has of the author and the message of the newest commit. */
async function committed(inputs: Record<string, string>): Promise<string> {
  const { run, server } = await setUp();
  const step = await run(inputs);
  assert.equal(step.result, 'Succeeded', step.message);
  assert.ok(server.file(LOCK));
  return server.git('log', '-1', '--format=%an <%ae>|%s', 'main');
}

/** Inputs that say what is compared with what was built, and where that is kept. */
export const WHAT_IS_KEPT: InputTests = {
  packages: {
    use: [
      'are compared of these managers alone',
      () =>
        withPackage(async (project, packageIndexes) => {
          const step = await succeed(project, { packages: 'pip', packageIndexes });
          assert.deepEqual(
            step.report.dockerfiles[0]?.packages.map(({ name }) => name),
            ['six'],
          );
          assert.deepEqual((await succeed(project)).report.dockerfiles[0]?.packages, []);
        }),
    ],
    misuse: { inputs: { packages: 'pip, gem' }, says: /^packages: 'gem' is none of off, all, pip/ },
  },
  packageIndexes: {
    use: [
      "take the place of the ecosystems' own",
      () =>
        withPackage(async (project, packageIndexes) => {
          const step = await succeed(project, { packages: 'pip', packageIndexes });
          assert.equal(step.report.dockerfiles[0]?.packages[0]?.newest, '1.16.0');
        }),
    ],
    misuse: {
      inputs: { packages: 'pip', packageIndexes: 'pip: ftp://x' },
      says: /^packageIndexes: the index of pip is no http address/,
    },
  },
  observedPackages: {
    use: [
      'is what the build really installed',
      () =>
        withPackage(async (project, packageIndexes) => {
          project.write('freeze.txt', 'six==1.15.0\n');
          const step = await succeed(project, { packages: 'pip', packageIndexes, observedPackages: 'freeze.txt' });
          assert.deepEqual(step.verdicts, { Dockerfile: 'stale' });
          assert.match(step.report.dockerfiles[0]?.reason ?? '', /six 1\.15\.0 -> 1\.16\.0 fits six/);
        }),
    ],
    misuse: {
      inputs: { observedPackages: 'freeze.txt' },
      says: /^observedPackages is given, but packages is off: say in packages what is to be compared/,
    },
  },
  lockFile: {
    use: [
      'is the path of the lock',
      async () => {
        const project = await withImages();
        await succeed(project, { updateLock: 'write', lockFile: 'locks/${name}.json' });
        assert.deepEqual(fs.readdirSync(path.join(project.folder, 'b', 'locks')), ['b_Dockerfile.json']);
      },
    ],
    misuse: { inputs: { lockFile: '../../${name}.json' }, says: /^lockFile: '.*' lies outside of the search folder/ },
  },
  updateLock: {
    use: [
      'write writes it, dryRun and none do not',
      async () => {
        const project = await withImages();
        const lock = path.join(project.folder, 'b/Dockerfile.lock.json');
        await succeed(project);
        await succeed(project, { updateLock: 'write', dryRun: 'true' });
        assert.ok(!fs.existsSync(lock));
        await succeed(project, { updateLock: 'write' });
        assert.ok(fs.existsSync(lock));
      },
    ],
    misuse: word('updateLock', 'none, write, commit, pullRequest'),
  },
  commitMessage: {
    use: [
      'is that of the commit, with the number of the run',
      async () => {
        assert.match(await committed({ commitMessage: 'Locks of <number>' }), /\|Locks of 20261121\.7$/);
      },
    ],
    misuse: {
      inputs: { commitMessage: '$(reason)', updateLock: 'write' },
      says: /^commitMessage: the variable 'reason' is not set in this job/,
    },
  },
  commitAuthor: {
    use: [
      'is that of the commit',
      async () => {
        assert.match(await committed({ commitAuthor: 'A B <a@b.example>' }), /^A B <a@b\.example>\|/);
      },
    ],
    misuse: {
      inputs: { commitAuthor: 'nobody', updateLock: 'commit' },
      says: /^commitAuthor: 'nobody' is no author: write 'Name <mail@example\.com>'/,
    },
  },
};

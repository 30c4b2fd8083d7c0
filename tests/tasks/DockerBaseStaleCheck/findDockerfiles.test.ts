import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findDockerfiles, systemFiles, type Files } from '../../../tasks/DockerBaseStaleCheck/findDockerfiles';

const FROM = 'FROM ubuntu:24.04\n';

describe('Finding Dockerfiles', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dockerfiles-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function write(paths: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(paths)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  }

  async function find(patterns: string[] = [], files: Files = systemFiles): Promise<string[]> {
    const { files: found } = await findDockerfiles(folder, patterns, files);
    return found.map(({ kind, path }) => (kind === 'dockerfile' ? path : `${kind} ${path}`));
  }

  it('finds what the default patterns say, in the order of paths', async () => {
    await write({
      'b/Dockerfile': FROM,
      'a/Containerfile': FROM,
      'a/web.Dockerfile': FROM,
      'a/dockerfile.prod': FROM,
      Dockerfile: FROM,
      'Dockerfile.lock.json': FROM,
      'Dockerfile.dockerignore': FROM,
      'Dockerfile.md': FROM,
      'Dockerfile.YAML': FROM,
      MyDockerfile: FROM,
      'node_modules/x/Dockerfile': FROM,
      'a/node_modules/x/Dockerfile': FROM,
      '.git/Dockerfile': FROM,
      '.devcontainer/Dockerfile': FROM,
    });
    assert.deepEqual(await find(), [
      '.devcontainer/Dockerfile',
      'Dockerfile',
      'a/Containerfile',
      'a/dockerfile.prod',
      'a/web.Dockerfile',
      'b/Dockerfile',
    ]);
  });

  it('lists a file without any FROM as no Dockerfile', async () => {
    await write({
      'Dockerfile.sh': '#!/bin/sh\necho FROM here\n',
      'Dockerfile.txt': 'RUN <<EOF\nFROM evil\nEOF\n',
      Dockerfile: 'from x\n',
    });
    assert.deepEqual(await find(), ['Dockerfile', 'notDockerfile Dockerfile.sh', 'notDockerfile Dockerfile.txt']);
  });

  it('gives the text of each Dockerfile', async () => {
    await write({ Dockerfile: FROM });
    const { files } = await findDockerfiles(folder, [], systemFiles);
    assert.deepEqual(files, [{ kind: 'dockerfile', path: 'Dockerfile', text: FROM }]);
  });

  describe('by patterns', () => {
    const cases: [title: string, patterns: string[], found: string[]][] = [
      ['an exact path', ['images/r/Dockerfile'], ['images/r/Dockerfile']],
      ['without regard to case', ['IMAGES/R/dockerFILE'], ['images/r/Dockerfile']],
      ['braces', ['images/{r,py}/Dockerfile'], ['images/py/Dockerfile', 'images/r/Dockerfile']],
      [
        'braces that hold slashes',
        ['images/{r/Dockerfile,py/Dockerfile}'],
        ['images/py/Dockerfile', 'images/r/Dockerfile'],
      ],
      ['one star within a folder name', ['images/p*/Dockerfile'], ['images/py/Dockerfile']],
      [
        'two stars across folders',
        ['images/**'],
        ['images/deep/er/Dockerfile.x', 'images/py/Dockerfile', 'images/r/Dockerfile'],
      ],
      ['an exclude', ['images/**', '!images/py/**'], ['images/deep/er/Dockerfile.x', 'images/r/Dockerfile']],
      [
        'an exclude that stands first',
        ['!images/py/**', 'images/**'],
        ['images/deep/er/Dockerfile.x', 'images/r/Dockerfile'],
      ],
      ['an exclude alone, beside the default', ['!images/**'], ['Dockerfile']],
      ['a leading dot and slash', ['./images/r/Dockerfile'], ['images/r/Dockerfile']],
      ['backslashes', ['images\\r\\Dockerfile'], ['images/r/Dockerfile']],
      ['blanks around and blank lines', ['  images/r/Dockerfile ', ''], ['images/r/Dockerfile']],
      [
        'a folder that the default leaves out, when it is asked for',
        ['node_modules/**'],
        ['node_modules/m/Dockerfile'],
      ],
      ['a hidden folder', ['**/*ockerfile', '!node_modules/**', '!images/**'], ['.hidden/Dockerfile', 'Dockerfile']],
    ];
    for (const [title, patterns, found] of cases) {
      it(`takes ${title}`, async () => {
        await write({
          Dockerfile: FROM,
          'images/r/Dockerfile': FROM,
          'images/py/Dockerfile': FROM,
          'images/deep/er/Dockerfile.x': FROM,
          'node_modules/m/Dockerfile': FROM,
          '.hidden/Dockerfile': FROM,
        });
        const expected = title === 'an exclude alone, beside the default' ? ['.hidden/Dockerfile', ...found] : found;
        assert.deepEqual(await find(patterns), expected);
      });
    }

    it('takes an absolute path inside the search folder', async () => {
      await write({ 'a/Dockerfile': FROM });
      assert.deepEqual(await find([`${folder}/a/*`]), ['a/Dockerfile']);
    });

    it('says which patterns matched nothing, and says nothing of the default', async () => {
      await write({ 'a/Dockerfile': FROM });
      const patterns = ['a/Dockerfile', 'b/Dockerfile', '**/Nope', '!c/**'];
      assert.deepEqual((await findDockerfiles(folder, patterns, systemFiles)).unmatched, ['b/Dockerfile', '**/Nope']);
      assert.deepEqual((await findDockerfiles(folder, [], systemFiles)).unmatched, []);
    });
  });

  describe('with links', () => {
    it('takes a linked file inside the folder under its own path', async () => {
      await write({ 'common/base': FROM, 'a/readme': '' });
      await symlink('../common/base', join(folder, 'a/Dockerfile'));
      assert.deepEqual(await find(), ['a/Dockerfile']);
    });

    it('does not follow links out of the folder', async () => {
      const outside = await mkdtemp(join(tmpdir(), 'outside-'));
      await writeFile(join(outside, 'Dockerfile'), FROM);
      await symlink(outside, join(folder, 'out'));
      await symlink(join(outside, 'Dockerfile'), join(folder, 'Dockerfile'));
      assert.deepEqual(await find(), []);
      await rm(outside, { recursive: true });
    });

    it('does not take a folder beside it, whose name begins alike, for its own', async () => {
      await mkdir(`${folder}-other`);
      await writeFile(join(`${folder}-other`, 'Dockerfile'), FROM);
      await symlink(`${folder}-other`, join(folder, 'out'));
      assert.deepEqual(await find(), []);
      await rm(`${folder}-other`, { recursive: true });
    });

    it('enters a folder once: under its own name, else under the first link', async () => {
      await write({ 'versions/3/Dockerfile': FROM });
      await symlink('versions/3', join(folder, 'current'));
      await symlink('versions/3', join(folder, 'also'));
      assert.deepEqual(await find(), ['versions/3/Dockerfile']);
      assert.deepEqual(await find(['current/**', 'also/**']), ['also/Dockerfile']);
    });

    it('ends in circles of links', async () => {
      await write({ 'a/b/Dockerfile': FROM });
      await symlink('..', join(folder, 'a/b/up'));
      await symlink('.', join(folder, 'self'));
      await symlink('loop', join(folder, 'loop'));
      assert.deepEqual(await find(), ['a/b/Dockerfile']);
    });

    it('names a Dockerfile that is a link to nothing', async () => {
      await symlink('nowhere', join(folder, 'Dockerfile'));
      assert.deepEqual(await find(), ['unreadable Dockerfile']);
    });
  });

  it('names an unreadable folder and an unreadable file, and goes on', async () => {
    await write({ 'a/Dockerfile': FROM, 'b/Dockerfile': FROM, Dockerfile: FROM });
    const files: Files = {
      ...systemFiles,
      readDirectory: (path) =>
        path.endsWith('/a') ? Promise.reject(new Error('EACCES')) : systemFiles.readDirectory(path),
      readText: (path, max) =>
        path.includes('/b/') ? Promise.reject(new Error('EIO')) : systemFiles.readText(path, max),
    };
    assert.deepEqual(await find([], files), ['Dockerfile', 'unreadable a', 'unreadable b/Dockerfile']);
  });

  it('does not read a file that is far too large for a Dockerfile', async () => {
    await write({ 'Dockerfile.tar': FROM + 'x'.repeat(1_100_000) });
    const { files } = await findDockerfiles(folder, [], systemFiles);
    assert.match(files[0]?.kind === 'unreadable' ? files[0].reason : '', /1100018 bytes/);
  });

  it('reads no folder that is excluded or that no pattern leads to', async () => {
    await write({ 'node_modules/x/y': '', '.git/objects/y': '', 'images/r/Dockerfile': FROM, 'src/y/z': '' });
    const read: string[] = [];
    const files: Files = {
      ...systemFiles,
      readDirectory: (path) => {
        read.push(path.slice(path.indexOf(folder) + folder.length));
        return systemFiles.readDirectory(path);
      },
    };
    await find([], files);
    assert.deepEqual(read.sort(), ['', '/images', '/images/r', '/src', '/src/y']);
    read.length = 0;
    await find(['images/*/Dockerfile'], files);
    assert.deepEqual(read.sort(), ['', '/images', '/images/r']);
  });

  it('asks for the kind of no file that is not a link', async () => {
    await write({ 'a/Dockerfile': FROM });
    const files: Files = { ...systemFiles, kindOf: () => Promise.reject(new Error('asked')) };
    assert.deepEqual(await find([], files), ['a/Dockerfile']);
  });

  it('rejects when the search folder is not there', async () => {
    await assert.rejects(findDockerfiles(join(folder, 'nope'), [], systemFiles), /ENOENT/);
  });

  it('leaves nothing to chance: two searches give the same', async () => {
    await write(
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`d${index % 7}/e${index}/Dockerfile`, FROM])),
    );
    assert.deepEqual(await find(), await find());
    assert.equal((await find()).length, 60);
  });
});

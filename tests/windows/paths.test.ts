import assert from 'node:assert/strict';
import * as here from '../../tasks/lib/unzip';
import type * as finding from '../../tasks/DockerBaseStaleCheck/findDockerfiles';
import type * as lockPaths from '../../tasks/DockerBaseStaleCheck/lock/lockPath';
import { onWindows } from './onWindows';

type LockPath = typeof lockPaths;
type Unzip = typeof here;

const ROOT = 'D:\\a\\1\\s';
const VALUES = { folder: 'images/r', dockerfile: 'images/r/Dockerfile', name: 'r' };

describe('Paths on Windows', function () {
  this.timeout(60_000);
  let locks: LockPath;
  before(async () => (locks = await onWindows<LockPath>('tasks/DockerBaseStaleCheck/lock/lockPath.ts')));

  const inside: [pattern: string, file: string][] = [
    ['${dockerfile}.lock.json', 'D:\\a\\1\\s\\images\\r\\Dockerfile.lock.json'],
    ['base.lock.json', 'D:\\a\\1\\s\\images\\r\\base.lock.json'],
    ['${folder}/locks/${name}.json', 'D:\\a\\1\\s\\images\\r\\locks\\r.json'],
    ['${folder}\\locks\\${name}.json', 'D:\\a\\1\\s\\images\\r\\locks\\r.json'],
    ['D:\\a\\1\\s\\locks\\r.json', 'D:\\a\\1\\s\\locks\\r.json'],
    ['d:/a/1/s/locks/r.json', 'd:\\a\\1\\s\\locks\\r.json'],
  ];
  for (const [pattern, file] of inside)
    it(`puts the lock '${pattern}' at ${file}`, () => assert.equal(locks.lockPath(ROOT, pattern, VALUES), file));

  const outside = [
    'C:\\locks\\r.json',
    '\\\\server\\share\\r.json',
    '../../../../r.json',
    '${folder}\\..\\..\\..\\r.json',
    '\\r.json',
  ];
  for (const pattern of outside)
    it(`refuses the lock '${pattern}', which lies outside of the search folder`, () =>
      assert.throws(() => locks.lockPath(ROOT, pattern, VALUES), /lies outside of the search folder/));
});

describe('Entries of archives on Windows', function () {
  this.timeout(60_000);
  let windows: Unzip;
  before(async () => (windows = await onWindows<Unzip>('tasks/lib/unzip.ts')));
  const entry = (fileName: string) => ({ fileName, externalFileAttributes: 0 });
  const archive = 'drop.zip';

  const taken = [
    'report.txt',
    'a/b c/d.e.txt',
    'console.log',
    'nullable/com',
    'com10.txt',
    'aux-1/',
    'Ünïcödé/日本語.txt',
  ];
  for (const name of taken)
    it(`are taken as they are: ${name}`, () => assert.equal(windows.placeOf(entry(name), { archive }), name));

  const leaving = [
    ...['C:/x', 'c:x', 'D:\\x', '\\\\server\\share\\x', '//server/share/x', '\\\\?\\C:\\x', '/x', '\\x'],
    ...['../x', 'a/../../x', 'a\\..\\..\\x', '..'],
  ];
  for (const name of leaving)
    it(`are refused there and here when they leave the folder: ${name}`, () => {
      for (const { placeOf } of [windows, here])
        assert.throws(() => placeOf(entry(name), { archive }), /drop\.zip holds the entry .* would leave its folder/);
    });

  const impossible = [
    ...['NUL', 'con', 'a/Aux.txt', 'prn .txt', 'COM1', 'a/lpt9.log/b', 'COM\u00b9'],
    ...[
      'a/b:stream',
      'x.txt::$DATA',
      'dot.',
      'a./b',
      'blank ',
      'a /b',
      'what?.txt',
      'a*',
      'a|b',
      'a<b',
      'q".txt',
      'bell\u0007',
    ],
  ];
  for (const name of impossible)
    it(`are refused there, and taken here, when Windows can have no such file: ${JSON.stringify(name)}`, () => {
      assert.throws(() => windows.placeOf(entry(name), { archive }), /Windows can have no file '/);
      assert.equal(here.placeOf(entry(name), { archive }), name);
    });
});

describe('Search folders on Windows', function () {
  this.timeout(60_000);
  let windows: typeof finding;
  before(async () => (windows = await onWindows<typeof finding>('tasks/DockerBaseStaleCheck/findDockerfiles.ts')));

  const tree = ['D:/a/1/s/Dockerfile', 'D:/a/1/s/images/r/Dockerfile', 'D:/a/1/s/images/py/base.Dockerfile'];
  const files: finding.Files = {
    readDirectory: (folder) => {
      const below = tree.flatMap((file) => (file.startsWith(`${folder}/`) ? [file.slice(folder.length + 1)] : []));
      const names = new Map(
        below.map((rest) => [rest.split('/')[0] ?? '', rest.includes('/') ? 'directory' : 'file'] as const),
      );
      return Promise.resolve([...names].map(([name, kind]) => ({ name, kind })));
    },
    kindOf: () => Promise.resolve('file'),
    readText: () => Promise.resolve('FROM scratch\n'),
    realPath: (file) => Promise.resolve(file),
  };

  const patterns: [pattern: string, found: string[]][] = [
    ['', ['Dockerfile', 'images/py/base.Dockerfile', 'images/r/Dockerfile']],
    ['images\\**\\Dockerfile', ['images/r/Dockerfile']],
    ['IMAGES\\R\\dockerfile', ['images/r/Dockerfile']],
    ['.\\Dockerfile', ['Dockerfile']],
    ['D:\\a\\1\\s\\images\\r\\Dockerfile', ['images/r/Dockerfile']],
    ['d:/A/1/S/images/**/*.Dockerfile', ['images/py/base.Dockerfile']],
    ['D:\\a\\1\\other\\Dockerfile', []],
    ['\\\\server\\share\\Dockerfile', []],
  ];
  for (const [pattern, found] of patterns)
    it(`finds by '${pattern}': ${found.join(', ') || 'nothing'}`, async () => {
      const result = await windows.findDockerfiles(ROOT.replaceAll('\\', '/'), pattern ? [pattern] : [], files);
      assert.deepEqual(
        result.files.map(({ path }) => path),
        found,
      );
    });
});

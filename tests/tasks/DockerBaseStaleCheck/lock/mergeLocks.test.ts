import assert from 'node:assert/strict';
import { commitOptions } from '../../../../tasks/DockerBaseStaleCheck/lock/publishLocks';
import { pushOutcome } from '../../../../tasks/DockerBaseStaleCheck/lock/commitLocks';
import { formatLock, parseLock, type Lock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { mergeLocks } from '../../../../tasks/DockerBaseStaleCheck/lock/mergeLocks';

const base = (reference: string, digest: string) => ({ reference, role: 'base', digest, platforms: {} });
const pip = (name: string, version: string) => ({
  manager: 'pip' as const,
  name,
  version,
  wanted: '',
  source: 'parsed' as const,
});
const text = (lock: Omit<Lock, 'version'>) => formatLock({ version: 1, ...lock });
const run = (runId: number) => ({ runId, digests: {} });
const merged = (from: Omit<Lock, 'version'> | undefined, theirs: Omit<Lock, 'version'>, ours: Omit<Lock, 'version'>) =>
  parseLock(mergeLocks(from && text(from), text(theirs), text(ours)));

describe('Two changes of one lock', () => {
  it('are both kept, where they are of other bases and packages', () => {
    const from = { bases: [base('a', '1'), base('gone', '1')], packages: [pip('x', '1'), pip('y', '1')] };
    const theirs = {
      bases: [base('a', '2'), base('gone', '1')],
      packages: [pip('x', '2'), pip('y', '1'), pip('new', '1')],
    };
    const ours = { bases: [base('a', '1')], packages: [pip('x', '1'), pip('y', '2')] };
    const { bases, packages } = merged(from, theirs, ours);
    assert.deepEqual(
      bases.map(({ reference, digest }) => reference + digest),
      ['a2'],
      'what we took away is gone',
    );
    assert.deepEqual(
      packages?.map(({ name, version }) => name + version),
      ['new1', 'x2', 'y2'],
    );
  });

  it('of the same thing are decided: the later run, the version that was found last', () => {
    const from = { bases: [], triggered: run(1), packages: [pip('x', '1')] };
    const theirs = { bases: [], triggered: run(9), packages: [pip('x', '2')] };
    const ours = { bases: [], triggered: run(8), packages: [pip('x', '3')] };
    const both = merged(from, theirs, ours);
    assert.deepEqual([both.triggered?.runId, both.packages?.[0]?.version], [9, '3']);
    const built = { runNumber: '7', commit: 'c', ...run(1) };
    const settled = merged(from, { bases: [], built, packages: from.packages }, from);
    assert.deepEqual(
      [settled.built?.runId, settled.triggered],
      [1, undefined],
      'a run that was built is not waited for',
    );
  });

  it('of a lock that nobody had before are put together, and what is no lock is not touched', () => {
    const both = merged(undefined, { bases: [base('a', '1')] }, { bases: [base('b', '1')] });
    assert.equal(both.bases.length, 2);
    assert.throws(() => mergeLocks(undefined, '<<<<<<< HEAD\n', text({ bases: [] })));
  });
});

describe('What git says of a push', () => {
  const said = (stdout: string, stderr: string) => pushOutcome({ code: 1, stdout: Buffer.from(stdout), stderr });
  const cases: [string, string, string][] = [
    ['!\ta:refs/heads/main\t[rejected] (fetch first)', 'error: failed to push some refs', 'overtaken'],
    ['!\ta:refs/heads/main\t[rejected] (stale info)', '', 'overtaken'],
    ['!\ta:refs/heads/main\t[remote rejected] (failed to update ref)', '', 'overtaken'],
    ['!\ta:refs/heads/main\t[remote rejected] (TF401028: The reference has already been updated)', '', 'overtaken'],
    ['!\ta:refs/heads/main\t[remote rejected] (TF402455: Pushes are not permitted)', '', 'refused'],
    ['', "fatal: unable to access 'https://x/': The requested URL returned error: 503", 'failed'],
    ['', "fatal: Authentication failed for 'https://x/'", 'refused'],
  ];
  for (const [stdout, stderr, kind] of cases) {
    it(`'${stdout || stderr}' is ${kind}`, () => assert.equal(said(stdout, stderr).kind, kind));
  }
});

describe('The commit of locks', () => {
  const parent = { name: '20261121.7', project: 'Images', organization: 'https://dev.azure.com/contoso/' };

  it('has the run in its message and the build service as author, unless others are given', () => {
    assert.deepEqual(commitOptions({ message: undefined, author: undefined }, parent), {
      message: 'Update image locks (run 20261121.7) [skip ci]',
      author: { name: 'Images Build Service (contoso)', email: 'build-service@dev.azure.com' },
    });
    assert.equal(
      commitOptions({ message: undefined, author: undefined }, undefined).message,
      'Update image locks [skip ci]',
    );
    const given = commitOptions({ message: 'Locks <number>', author: 'A B <a@b.example>' }, parent);
    assert.deepEqual(given, { message: 'Locks 20261121.7', author: { name: 'A B', email: 'a@b.example' } });
    for (const author of ['a@b.example', '<a@b.example>', 'A <a>', 'A <a@b>\nX: <c@d>'])
      assert.throws(() => commitOptions({ message: undefined, author }, parent), /is no author/);
  });
});

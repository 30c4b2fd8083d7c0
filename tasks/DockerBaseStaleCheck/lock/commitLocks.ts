import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { messageOf, UserError } from '../../lib/errors';
import type { World } from '../../lib/world';
import { pathInRepository, type Checkout } from './checkout';
import { GitError, lastLines, type GitAnswer } from './git';
import { mergeLocks } from './mergeLocks';
import type { WrittenLock } from './writeLocks';

export interface CommitOptions {
  message: string;
  author: { name: string; email: string };
}

/** Where a commit is put: the branch that is pushed to, and what it is built on there. */
export interface Landing {
  /** In full. */
  branch: string;
  /** The commit to build on. */
  onto: string;
  /** Replaces the branch, which has to stand there still; '' where there must be none. Undefined: the branch only moves on. */
  replaces?: string;
}

export interface Committed {
  commit: string;
  files: number;
}

type Clock = Pick<World, 'clock' | 'log'>;

/** So long others may be faster before it is given up. */
const LONGEST_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 2000;
const MOST_FAILURES = 3;

/**
 * Commits the locks on top of the remote branch and pushes, again on top of what others pushed meanwhile, until it is there. The
 * checkout itself stays as it is: index, working tree and HEAD are not touched, so nothing is ever half rebased. Undefined where there
 * is nothing to commit. Throws `UserError` with what the server said.
 * @param landing asked anew before every attempt.
 */
export async function commitLocks(
  checkout: Checkout,
  locks: readonly WrittenLock[],
  { landing, options, world }: { landing: () => Promise<Landing>; options: CommitOptions; world: Clock },
): Promise<Committed | undefined> {
  const changes = await changedLocks(checkout, locks, world);
  if (changes.length === 0) return undefined;
  const end = world.clock.now() + LONGEST_MS;
  let failures = 0;
  for (let attempt = 1; ; attempt++) {
    const to = await landing();
    const commit = await makeCommit(checkout, { changes, onto: to.onto, options, world });
    if (commit === undefined) return undefined;
    const outcome = pushOutcome(await push(checkout, commit.commit, to));
    if (outcome.kind === 'done') return commit;
    if (outcome.kind === 'refused')
      throw new UserError(`updateLock: the commit of the locks was refused: ${outcome.reason}`);
    if (outcome.kind === 'failed' && ++failures >= MOST_FAILURES) {
      throw new UserError(`updateLock: the locks could not be pushed: ${outcome.reason}`);
    }
    if (world.clock.now() >= end) {
      throw new UserError(
        `updateLock: the locks could not be pushed, because others pushed to ${to.branch} all the time, ${attempt} times in ${LONGEST_MS / 60_000} minutes.`,
      );
    }
    world.log.debug(`Push ${attempt} to ${to.branch}: ${outcome.reason}; again.`);
    // Not all at the same time again.
    const longest = Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10));
    await world.clock.sleep(Math.ceil(Math.random() * longest));
  }
}

/** The tips of remote branches, by full name. */
export async function remoteTips({ git, remote }: Checkout, branches: readonly string[]): Promise<Map<string, string>> {
  const { code, stdout, stderr } = await git.run(['ls-remote', '--refs', '--', remote, ...branches]);
  if (code !== 0)
    throw new UserError(`updateLock: the repository cannot be asked for its branches: ${whatItSaid(stderr)}`);
  const lines = stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.split('\t'));
  return new Map(lines.flatMap(([id = '', name = '']) => (branches.includes(name) ? [[name, id] as const] : [])));
}

/** The commit at the tip of a remote branch, fetched with as little history as there is of the rest where it is not here yet. */
export async function fetchTip({ git, remote, isShallow }: Checkout, branch: string, tip: string): Promise<string> {
  if ((await git.run(['cat-file', '-e', `${tip}^{tree}`])).code === 0) return tip;
  const own = `refs/pipeline-cascade/${randomUUID()}`;
  const depth = isShallow ? ['--depth=1'] : [];
  const options = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', ...depth];
  try {
    const { code, stderr } = await git.run(['fetch', ...options, '--', remote, `+${branch}:${own}`]);
    if (code !== 0) throw new UserError(`updateLock: ${branch} cannot be fetched: ${whatItSaid(stderr)}`);
    // It may have moved on since it was listed.
    return await git.text(['rev-parse', '--verify', own]);
  } finally {
    await git.run(['update-ref', '-d', own]);
  }
}

/** Files of a commit by path; what is not there is left out. */
export async function filesOf(
  { git }: Checkout,
  commit: string,
  paths: readonly string[],
): Promise<Map<string, string>> {
  const input = paths.map((file) => `${commit}:${file}\n`).join('');
  const { stdout, code, stderr } = await git.run(['cat-file', '--batch'], { input });
  if (code !== 0) throw new GitError(`git cat-file failed: ${lastLines(stderr)}`);
  const files = new Map<string, string>();
  let at = 0;
  for (const file of paths) {
    const end = stdout.indexOf(10, at);
    const header = stdout.toString('utf8', at, end);
    at = end + 1;
    const [, kind, size] = /^[0-9a-f]{40,64} (\w+) (\d+)$/.exec(header) ?? [];
    if (size === undefined) continue;
    if (kind === 'blob') files.set(file, stdout.toString('utf8', at, at + Number(size)));
    at += Number(size) + 1;
  }
  return files;
}

interface Change {
  path: string;
  text: string;
  /** As it is in the commit that is checked out. */
  before: string | undefined;
}

/** The locks that are not in the commit which is checked out; also those that an earlier step could not push. */
async function changedLocks(checkout: Checkout, locks: readonly WrittenLock[], { log }: Clock): Promise<Change[]> {
  const inside = locks.flatMap(({ file, text }) => {
    const place = pathInRepository(checkout.root, file);
    if (place !== undefined && !/[\n\r]/.test(place)) return [{ path: place, text: text.replaceAll('\r\n', '\n') }];
    log.warning(`The lock ${file} is not committed: it lies outside of the repository, or inside of another one.`);
    return [];
  });
  const before = await filesOf(
    checkout,
    checkout.head,
    inside.map((one) => one.path),
  );
  return inside.map((one) => ({ ...one, before: before.get(one.path) })).filter((one) => one.text !== one.before);
}

interface Wanted {
  changes: readonly Change[];
  onto: string;
  options: CommitOptions;
  world: Clock;
}

/** A commit with all locks on top of another; undefined where that has them already. */
async function makeCommit(
  checkout: Checkout,
  { changes, onto, options, world }: Wanted,
): Promise<Committed | undefined> {
  const there = await filesOf(
    checkout,
    onto,
    changes.map((one) => one.path),
  );
  const wanted = changes.flatMap((change): [string, string][] => {
    const text = mergedText(change, there.get(change.path), world);
    return text === undefined || text === there.get(change.path) ? [] : [[change.path, text]];
  });
  if (wanted.length === 0) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pipeline-cascade-locks-'));
  try {
    const tree = await makeTree(checkout, { wanted, onto, folder });
    const { name, email } = options.author;
    const environment = {
      ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email },
    };
    const commit = await checkout.git.text(['commit-tree', tree, '-p', onto, '-F', '-'], {
      input: `${options.message}\n`,
      environment,
    });
    return { commit, files: wanted.length };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function mergedText(change: Change, theirs: string | undefined, { log }: Clock): string | undefined {
  if (theirs === undefined) {
    // Somebody took the lock away, and most likely the Dockerfile with it.
    return change.before === undefined ? change.text : undefined;
  }
  try {
    return mergeLocks(change.before, theirs, change.text);
  } catch (error) {
    log.warning(`The lock ${change.path} is left as it is on the branch, because that is no lock: ${messageOf(error)}`);
    return undefined;
  }
}

/** The tree of a commit with other texts in some places, made in an index of its own. Paths go by standard input, never as arguments. */
async function makeTree(
  { git }: Checkout,
  { wanted, onto, folder }: { wanted: readonly [string, string][]; onto: string; folder: string },
): Promise<string> {
  const files = wanted.map(([, text], at) => {
    const file = path.join(folder, String(at));
    fs.writeFileSync(file, text);
    return file;
  });
  const environment = { GIT_INDEX_FILE: path.join(folder, 'index') };
  const ids = await git.text(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    input: `${files.join('\n')}\n`,
  });
  await git.text(['read-tree', onto], { environment });
  const entries = ids.split('\n').map((id, at) => `100644 ${id}\t${wanted[at]?.[0] ?? ''}\0`);
  await git.text(['update-index', '-z', '--add', '--index-info'], { input: entries.join(''), environment });
  return git.text(['write-tree'], { environment });
}

function push({ git, remote }: Checkout, commit: string, { branch, replaces }: Landing): Promise<GitAnswer> {
  const lease = replaces === undefined ? [] : [`--force-with-lease=${branch}:${replaces}`];
  return git.run(['push', '--porcelain', '--no-verify', ...lease, '--', remote, `${commit}:${branch}`]);
}

type PushOutcome = { kind: 'done' } | { kind: 'overtaken' | 'failed' | 'refused'; reason: string };

const OVERTAKEN =
  /fetch first|non-fast-forward|stale info|cannot lock ref|failed to (?:update|lock) ref|incorrect old value|already exists|TF401028/i;
const PASSING =
  /returned error: (?:408|429|5\d\d)|Could not resolve|timed out|Connection (?:reset|refused)|hung up|early EOF|RPC failed/i;

/** What became of a push, by what git prints for programs. Pure. https://git-scm.com/docs/git-push#_output */
export function pushOutcome({ code, stdout, stderr }: GitAnswer): PushOutcome {
  if (code === 0) return { kind: 'done' };
  const reason = stdout
    .toString('utf8')
    .split('\n')
    .find((line) => line.startsWith('!'))
    ?.split('\t')[2];
  if (reason !== undefined && OVERTAKEN.test(`${reason} ${stderr}`)) return { kind: 'overtaken', reason };
  if (reason === undefined && PASSING.test(stderr)) return { kind: 'failed', reason: whatItSaid(stderr) };
  return { kind: 'refused', reason: `${reason === undefined ? '' : `${reason}. `}${whatItSaid(stderr)}` };
}

const CURES: readonly (readonly [RegExp, string])[] = [
  [
    /TF402455|protected branch|GH006|GH013/i,
    'The branch takes changes by pull request only: set updateLock to pullRequest.',
  ],
  [
    /TF401027|TF401019|\b403\b|not permitted|denied/i,
    "Give the identity of the build service the right 'Contribute' in this repository.",
  ],
  [
    /Authentication failed|could not read (?:Username|Password)|\b401\b|terminal prompts disabled/i,
    'The credentials were not accepted.',
  ],
];

function whatItSaid(stderr: string): string {
  const cure = CURES.find(([pattern]) => pattern.test(stderr))?.[1];
  return `${lastLines(stderr)}${cure === undefined ? '' : ` ${cure}`}`;
}

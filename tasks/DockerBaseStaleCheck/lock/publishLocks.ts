import { AzureDevOps } from '../../lib/azureDevOps';
import { UserError } from '../../lib/errors';
import type { Parent } from '../../lib/parent';
import type { Transport } from '../../lib/transport';
import type { World } from '../../lib/world';
import { openCheckout, pathInRepository, type Checkout, type CheckoutHost } from './checkout';
import { commitLocks, fetchTip, filesOf, remoteTips, type CommitOptions, type Landing } from './commitLocks';
import { openPullRequest, renewPullRequest, type PullRequestPlace } from './pullRequest';
import type { WrittenLock } from './writeLocks';

/** Locks in git. */
export interface Publishing {
  /** Commits and pushes them. */
  publish: (locks: readonly WrittenLock[]) => Promise<void>;
  /**
   * What is not merged yet, by absolute path: locks as the branch of the open pull request has them, where that is otherwise than the
   * checkout. Throws `UserError` where the repository cannot be asked.
   */
  pending: (files: readonly string[]) => Promise<Map<string, string>>;
}

export interface PublishHost extends CheckoutHost {
  parent: Parent | undefined;
  transport: Transport;
}

interface PublishInputs {
  way: 'commit' | 'pullRequest';
  searchFolder: string;
  commit: { message: string | undefined; author: string | undefined };
}

const MESSAGE = 'Update image locks (run <number>) [skip ci]';

/**
 * Opens the checkout for locks, before anything else is done: what cannot be committed in the end is refused at once, by a `UserError`
 * with the reason.
 */
export async function openPublishing(inputs: PublishInputs, host: PublishHost, world: World): Promise<Publishing> {
  const options = commitOptions(inputs.commit, host.parent);
  const checkout = await openCheckout(inputs.searchFolder, host);
  if (inputs.way === 'commit') {
    return {
      publish: (locks) => commitToBranch(checkout, locks, { options, world }),
      pending: () => Promise.resolve(new Map()),
    };
  }
  const { own, transport } = host;
  if (!own || !checkout.azureRepository) {
    throw new UserError(
      `updateLock: pull requests are made in the run's own repository of Azure Repos; ${checkout.root} is none. Set updateLock to commit.`,
    );
  }
  const { id: repository, project } = checkout.azureRepository;
  const azureDevOps = new AzureDevOps(own, transport);
  const target = checkout.branch;
  const source = `refs/heads/image-locks/${target.slice('refs/heads/'.length)}`;
  const place = { azureDevOps, project, repository, source, target };
  return {
    publish: (locks) => commitToPullRequest(checkout, locks, { options, world, place }),
    pending: (files) => pendingLocks(checkout, files, place),
  };
}

/** The message with the run's number, and the author; where none is given, the build service. Throws `UserError` for an author that is none. */
export function commitOptions(
  { message, author }: { message: string | undefined; author: string | undefined },
  parent: Pick<Parent, 'name' | 'project' | 'organization'> | undefined,
): CommitOptions {
  const number = parent ? parent.name : '';
  const text = (message ?? (parent ? MESSAGE : MESSAGE.replace(' (run <number>)', ''))).replaceAll('<number>', number);
  if (author === undefined) {
    const { host, pathname } = new URL(parent?.organization ?? 'https://localhost/');
    const organization = pathname.split('/').filter(Boolean).at(-1) ?? host;
    const name = parent ? `${parent.project} Build Service (${organization})` : 'Pipeline Cascade';
    return {
      message: text,
      author: { name: name.replace(/[<>\r\n]/g, ' '), email: `build-service@${host.replace(/:\d+$/, '')}` },
    };
  }
  const [, name, email] = /^\s*([^<>\r\n]*[^<>\s])\s*<([^<>\s]+@[^<>\s]+)>\s*$/.exec(author) ?? [];
  if (name === undefined || email === undefined) {
    throw new UserError(`commitAuthor: '${author}' is no author: write 'Name <mail@example.com>'.`);
  }
  return { message: text, author: { name, email } };
}

interface Way {
  options: CommitOptions;
  world: World;
}

async function commitToBranch(checkout: Checkout, locks: readonly WrittenLock[], way: Way): Promise<void> {
  const { branch } = checkout;
  const landing = async (): Promise<Landing> => ({ branch, onto: await tipOf(checkout, branch) });
  const done = await commitLocks(checkout, locks, { ...way, landing });
  const { log } = way.world;
  if (done) log.info(`Committed ${count(done.files)} to ${branch} (${done.commit.slice(0, 10)}).`);
  else log.info(`The locks are on ${branch} as they are.`);
}

/**
 * An open pull request gets one more commit on its branch. A branch without one is what an earlier pull request left: it begins anew at
 * the target, unless another run does the same at this moment.
 */
async function commitToPullRequest(
  checkout: Checkout,
  locks: readonly WrittenLock[],
  { options, world, place }: Way & { place: PullRequestPlace },
): Promise<void> {
  const { source, target } = place;
  const landing = async (): Promise<Landing> => {
    const isOpen = (await openPullRequest(place)) !== undefined;
    const there = (await remoteTips(checkout, [source])).get(source);
    if (isOpen && there !== undefined) return { branch: source, onto: await fetchTip(checkout, source, there) };
    return { branch: source, onto: await tipOf(checkout, target), replaces: there ?? '' };
  };
  const done = await commitLocks(checkout, locks, { options, world, landing });
  if (!done) {
    world.log.info(`The locks are on ${target}, or in its open pull request, as they are.`);
    return;
  }
  const [title = ''] = options.message.replace(/\s*\[skip ci\]/gi, '').split('\n');
  const description = `What the images are built from, as the check of base images and packages found it: ${count(done.files)}.`;
  const { url, isNew } = await renewPullRequest(place, { title, description });
  world.log.info(`${isNew ? 'Made' : 'Renewed'} the pull request ${url} with ${count(done.files)}.`);
}

async function pendingLocks(
  checkout: Checkout,
  files: readonly string[],
  place: PullRequestPlace,
): Promise<Map<string, string>> {
  if ((await openPullRequest(place)) === undefined) return new Map();
  const tip = (await remoteTips(checkout, [place.source])).get(place.source);
  if (tip === undefined) return new Map();
  const inside = files.flatMap((file) => {
    const path = pathInRepository(checkout.root, file);
    return path === undefined || /[\n\r]/.test(path) ? [] : [{ file, path }];
  });
  const texts = await filesOf(
    checkout,
    await fetchTip(checkout, place.source, tip),
    inside.map(({ path }) => path),
  );
  return new Map(inside.flatMap(({ file, path }) => (texts.has(path) ? [[file, texts.get(path) ?? '']] : [])));
}

async function tipOf(checkout: Checkout, branch: string): Promise<string> {
  const tip = (await remoteTips(checkout, [branch])).get(branch);
  if (tip !== undefined) return fetchTip(checkout, branch, tip);
  throw new UserError(`updateLock: there is no branch '${branch}' in the repository any more.`);
}

function count(files: number): string {
  return `${files} lock${files === 1 ? '' : 's'}`;
}

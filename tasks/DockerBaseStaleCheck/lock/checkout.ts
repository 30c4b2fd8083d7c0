import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Agent, Network } from '../../lib/agent';
import type { Account } from '../../lib/azureDevOps';
import { UserError } from '../../lib/errors';
import { proxyFor, unescaped } from '../../lib/network';
import { isOwnHost } from '../../lib/ownHosts';
import type { Secrets } from '../../lib/secrets';
import { Git, lastLines } from './git';

/** A git checkout whose locks can be committed, and where they go. */
export interface Checkout {
  git: Git;
  /** Absolute path of the working tree, links resolved. */
  root: string;
  /** The commit that is checked out. */
  head: string;
  remote: string;
  /** In full: `refs/heads/main`. */
  branch: string;
  isShallow: boolean;
  /** The repository of the run itself, when it is of Azure Repos. */
  azureRepository: { id: string; project: string } | undefined;
}

export interface CheckoutHost {
  agent: Agent;
  /** The organization of the job; undefined in a shell without one. */
  own: Account | undefined;
  secrets: Secrets;
  /** Of this process. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** What holds for every call: no program of the repository is run with our token, nothing is tidied up beside the job. */
const QUIET: readonly (readonly [string, string])[] = [
  ['core.hooksPath', os.devNull],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A server that falls silent is given up by git itself.
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '60'],
  ['push.gpgSign', 'false'],
  ['push.followTags', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['fetch.recurseSubmodules', 'no'],
  // In a container job the checkout belongs to another user; it is the job's own all the same.
  ['safe.directory', '*'],
];

/**
 * Opens the checkout around a folder for a commit. Throws `UserError` with the reason where the contract refuses it: no git checkout,
 * TFVC, a pull-request build, a tag, no branch that is known, no credentials. Asks no server.
 */
export async function openCheckout(folder: string, host: CheckoutHost): Promise<Checkout> {
  const { agent } = host;
  refuseRun(agent);
  if (!fs.existsSync(folder)) throw new UserError(`searchFolder: '${folder}' is not there.`);
  const plain = new Git({ folder, environment: host.environment, config: QUIET });
  await refuseOldGit(plain);
  const top = await plain.run(['rev-parse', '--show-toplevel']);
  if (top.code !== 0) {
    throw refusal(`${folder} is no git checkout (${lastLines(top.stderr)}). Check the repository out in this job.`);
  }
  const root = fs.realpathSync(top.stdout.toString('utf8').trim());
  const git = plain.with([], root);
  const head = await git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (head.code !== 0) throw refusal(`${root} has no commit yet.`);
  const { remote, url } = await remoteOf(git, root);
  return {
    git: git.with(await access(git, url, host)),
    ...{ root, head: head.stdout.toString('utf8').trim(), remote },
    branch: await branchOf(git, { root, url, agent }),
    isShallow: (await git.text(['rev-parse', '--is-shallow-repository'])) === 'true',
    azureRepository: azureRepositoryOf(agent, { root, url }),
  };
}

function refusal(reason: string): UserError {
  return new UserError(`updateLock: the locks cannot be committed: ${reason}`);
}

function refuseRun(agent: Agent): void {
  const provider = agent.variable('Build.Repository.Provider') ?? '';
  if (/^Tfs(VersionControl|Vc)$/i.test(provider)) {
    throw refusal('the sources are of Team Foundation Version Control, which is no git. Set updateLock to write.');
  }
  const branch = agent.variable('Build.SourceBranch') ?? '';
  if (agent.variable('Build.Reason') === 'PullRequest' || branch.startsWith('refs/pull/')) {
    throw refusal(
      `this run builds a pull request (${branch}), whose merge is no branch, and whose author may be a stranger. Set updateLock to write or none for such runs.`,
    );
  }
}

async function refuseOldGit(git: Git): Promise<void> {
  const version = await git.text(['--version']);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 31)) return;
  throw refusal(`${version} is too old to be given a token safely; git 2.31 or later is needed on the agent.`);
}

/** `origin`, as every checkout makes it, else the only one. */
async function remoteOf(git: Git, root: string): Promise<{ remote: string; url: string }> {
  const remotes = (await git.text(['remote'])).split('\n').filter((name) => /^[A-Za-z0-9][\w.-]*$/.test(name));
  const remote = remotes.includes('origin') ? 'origin' : remotes.length === 1 ? remotes[0] : undefined;
  if (remote === undefined) throw refusal(`${root} has no remote named origin.`);
  return { remote, url: await git.text(['remote', 'get-url', '--push', remote]) };
}

/** The branch that is checked out; where that is a commit alone, as the agent leaves it, the branch of the run. */
async function branchOf(git: Git, place: { root: string; url: string; agent: Agent }): Promise<string> {
  const symbolic = await git.run(['symbolic-ref', '--quiet', 'HEAD']);
  const attached = symbolic.stdout.toString('utf8').trim();
  const branch = symbolic.code === 0 ? attached : (place.agent.variable('Build.SourceBranch') ?? '');
  if (symbolic.code !== 0 && !isOwnRepository(place.agent, place)) {
    throw refusal(
      `${place.root} is another repository than the run's own and has no branch checked out, so its branch is not known. Check a branch out there by git, or set updateLock to write.`,
    );
  }
  if (branch.startsWith('refs/tags/'))
    throw refusal(`the run was started for the tag '${branch}', which takes no commit.`);
  const isBranch = /^refs\/heads\/./.test(branch) && (await git.run(['check-ref-format', branch])).code === 0;
  if (isBranch) return branch;
  throw refusal(branch ? `'${branch}' is no branch.` : 'a commit is checked out, and no branch is known for it.');
}

function isOwnRepository(agent: Agent, { root, url }: { root: string; url: string }): boolean {
  const folder = agent.variable('Build.Repository.LocalPath');
  if (folder && fs.existsSync(folder) && fs.realpathSync(folder) === root) return true;
  const uri = agent.variable('Build.Repository.Uri');
  return uri !== undefined && withoutLogin(uri) === withoutLogin(url);
}

function azureRepositoryOf(agent: Agent, place: { root: string; url: string }): Checkout['azureRepository'] {
  const id = agent.variable('Build.Repository.ID');
  const project = agent.variable('System.TeamProject');
  const isAzure = agent.variable('Build.Repository.Provider') === 'TfsGit';
  return isAzure && id && project && isOwnRepository(agent, place) ? { id, project } : undefined;
}

/** Configuration by which the remote may be written to; it holds for these calls and is kept nowhere. */
async function access(git: Git, url: string, { agent, own, secrets }: CheckoutHost): Promise<[string, string][]> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  secrets.add(password && unescaped(password));
  const network = networkConfig(new URL(withoutLogin(url)), agent.network());
  if (own && isOwnHost(own.url, withoutLogin(url))) {
    const header = await own.credentials.authorization();
    // The empty value takes away what the checkout may have left for the same address: two headers would be refused.
    const name = `http.${url}.extraHeader`;
    return [
      ...network,
      [name, ''],
      [name, `Authorization: ${header}`],
      ['http.followRedirects', 'false'],
      ['credential.helper', ''],
    ];
  }
  const kept = await git.run(['config', '--get-urlmatch', 'http.extraHeader', withoutLogin(url)]);
  const helper = await git.run(['config', '--get-urlmatch', 'credential.helper', withoutLogin(url)]);
  const isKnown = [kept, helper].some(({ code, stdout }) => code === 0 && stdout.length > 1) || password !== '';
  if (isKnown) return network;
  throw refusal(
    `the checkout keeps no credentials for ${withoutLogin(url)}, and the job's token is not sent there. Check out with 'persistCredentials: true'.`,
  );
}

/** The agent's proxy and certificates, as git wants them. */
function networkConfig(url: URL, network: Network): [string, string][] {
  const proxy = proxyFor(url, network);
  const { cert = {}, ignoreSslError } = network;
  return [
    ...(proxy ? [['http.proxy', proxy.href] as [string, string]] : []),
    ...(cert.caFile ? [['http.sslCAInfo', cert.caFile] as [string, string]] : []),
    ...(cert.certFile ? [['http.sslCert', cert.certFile] as [string, string]] : []),
    ...(cert.keyFile ? [['http.sslKey', cert.keyFile] as [string, string]] : []),
    ...(ignoreSslError ? [['http.sslVerify', 'false'] as [string, string]] : []),
  ];
}

/** An address without user name and password, in one form. */
function withoutLogin(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href.replace(/\/+$/, '');
}

/**
 * Path in the repository of a file of its working tree, with `/`; undefined for one outside, inside of another repository, or in a folder
 * that is not there.
 */
export function pathInRepository(root: string, file: string): string | undefined {
  if (!fs.existsSync(path.dirname(file))) return undefined;
  const folder = fs.realpathSync(path.dirname(file));
  const inside = path.relative(root, folder);
  if (inside.startsWith('..') || path.isAbsolute(inside)) return undefined;
  for (let one = folder; one !== root; one = path.dirname(one)) {
    if (fs.existsSync(path.join(one, '.git'))) return undefined;
  }
  return path.join(inside, path.basename(file)).split(path.sep).join('/');
}

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A machine without these indexes, or with slow ones, holds the tests up so long and no longer. */
export const LONGEST_MS = 90_000;

/** What an index answered, got by the machine's own client of it. */
export interface Fetched {
  /** Bodies by address; of one address by what was accepted. */
  answers: { url: string; accept?: string; body: Buffer }[];
  folder: string;
}

function folderFor(client: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `cascade-${client}-`));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** apt with lists of its own: nothing of the machine's is changed. https://manpages.debian.org/apt-get#apt-get-update */
export interface Apt extends Fetched {
  /** Addresses of all archives by suite, as apt itself asks them. */
  archives: { suite: string; url: string; architecture: string }[];
  codename: string;
  distribution: 'debian' | 'ubuntu';
  /** By name the version that apt itself would install. */
  candidates: (names: readonly string[]) => Promise<Record<string, string>>;
}

/** Lets apt fetch the indexes of the machine's sources, in the form in which the archive has them. A text says why it cannot be. */
export async function fetchByApt(): Promise<Apt | string> {
  const system = fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '';
  const valueOf = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(system)?.[1] ?? '';
  const [distribution, codename] = [valueOf('ID'), valueOf('VERSION_CODENAME')];
  if (distribution !== 'debian' && distribution !== 'ubuntu') return 'this machine is neither Debian nor Ubuntu';
  const folder = folderFor('apt');
  for (const name of ['lists/partial', 'cache/archives/partial', 'packed'])
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  const options = [
    ...[`Dir::State::Lists=${folder}/lists`, `Dir::Cache=${folder}/cache`, 'Dir::State::status=/dev/null'],
    ...['Acquire::Languages=none', 'APT::Update::Post-Invoke::=', 'Acquire::Retries=1', 'Acquire::http::Timeout=20'],
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ].flatMap((option) => ['-o', option]);
  const apt = async (program: string, ...args: string[]) => {
    const env = { ...process.env, LC_ALL: 'C' };
    return (await run(program, [...options, ...args], { env, timeout: LONGEST_MS, maxBuffer: 2 ** 26 })).stdout;
  };
  try {
    await apt('apt-get', 'update', '--error-on=any');
    const format = '$(CREATED_BY)|$(REPO_URI)|$(URI)|$(RELEASE)|$(ARCHITECTURE)|$(METAKEY)';
    const lines = (await apt('apt-get', 'indextargets', '--format', format)).trim().split('\n');
    const targets = lines.map((line) => line.split('|')).filter(([by]) => by === 'Packages');
    const answers: Fetched['answers'] = [];
    const archives: Apt['archives'] = [];
    for (const [, archive = '', list = '', suite = '', architecture = '', key = ''] of targets) {
      archives.push({ suite, url: archive.replace(/\/$/, ''), architecture });
      const release = list.slice(0, list.length - key.length);
      const name = `${release.replace(/^\w+:\/\//, '').replaceAll('/', '_')}InRelease`;
      const text = fs.readFileSync(path.join(folder, 'lists', name));
      answers.push({ url: `${release}InRelease`, body: text });
      for (const form of ['.gz', '.xz']) {
        // What the archive names but does not have must not be served here either, so the archive itself is asked.
        if (!text.toString('utf8').includes(` ${key}${form}\n`)) continue;
        const file = path.join(folder, 'packed', String(answers.length));
        await apt('/usr/lib/apt/apt-helper', 'download-file', `${list}${form}`, file);
        answers.push({ url: `${list}${form}`, body: fs.readFileSync(file) });
        break;
      }
    }
    if (archives.length === 0) return "the machine's sources name no archive";
    const candidates = async (names: readonly string[]) => {
      const policy = await apt('apt-cache', 'policy', ...names);
      const found = policy.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (.*)$/gm);
      return Object.fromEntries([...found].map(([, name = '', version = '']) => [name, version]));
    };
    return { answers, folder, archives, codename, distribution, candidates };
  } catch (error) {
    return `apt could not fetch its indexes: ${reasonOf(error)}`;
  }
}

/** npm with a cache of its own. */
export interface Npm extends Fetched {
  /** What `npm view` says of a package, `name@range`. */
  view: (what: string, ...fields: string[]) => Promise<unknown>;
  registry: string;
}

interface CacheEntry {
  key: string;
  integrity: string;
  metadata?: { url?: string; reqHeaders?: Record<string, string> };
}

/** Lets npm fetch documents of packages, whole and abbreviated, from the registry it is set up with. A text says why it cannot be. */
export async function fetchByNpm(names: readonly string[]): Promise<Npm | string> {
  const folder = folderFor('npm');
  const npm = async (...args: string[]) => {
    const options = ['--cache', path.join(folder, 'cache'), '--fetch-retries=1', '--fetch-timeout=20000', '--no-audit'];
    const call = { cwd: folder, timeout: LONGEST_MS, maxBuffer: 2 ** 26 };
    return (await run('npm', [...args, ...options, '--no-fund', '--json'], call)).stdout;
  };
  try {
    const { stdout } = await run('npm', ['config', 'get', 'registry'], { cwd: folder, timeout: LONGEST_MS });
    const view = async (what: string, ...fields: string[]) => JSON.parse(await npm('view', what, ...fields)) as unknown;
    for (const name of names) await view(name, 'version');
    // This reads the abbreviated documents.
    await npm('pack', '--dry-run', '--ignore-scripts', ...names);
    return { answers: cachedAnswers(path.join(folder, 'cache', '_cacache')), folder, view, registry: stdout.trim() };
  } catch (error) {
    return `npm could not ask its registry: ${reasonOf(error)}`;
  }
}

/** npm's cache: an index of lines `hash\t{key, integrity, metadata}`, and the bodies by their hash. */
function cachedAnswers(cache: string): Fetched['answers'] {
  const files = fs.readdirSync(path.join(cache, 'index-v5'), { recursive: true, encoding: 'utf8' });
  const lines = files
    .map((name) => path.join(cache, 'index-v5', name))
    .filter((file) => fs.statSync(file).isFile())
    .flatMap((file) => fs.readFileSync(file, 'utf8').split('\n'));
  return lines.flatMap((line) => {
    const [, json] = line.split('\t');
    if (json === undefined) return [];
    const { integrity, metadata } = JSON.parse(json) as CacheEntry;
    const [, hash = ''] = /^sha512-(.+)$/.exec(integrity) ?? [];
    const hex = Buffer.from(hash, 'base64').toString('hex');
    const file = path.join(cache, 'content-v2', 'sha512', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
    if (metadata?.url === undefined || !fs.existsSync(file)) return [];
    return [{ url: metadata.url, accept: metadata.reqHeaders?.accept ?? '', body: fs.readFileSync(file) }];
  });
}

function reasonOf(error: unknown): string {
  const { message, stderr = '' } = error as Error & { stderr?: string };
  const [last = message] = stderr.trim().split('\n').filter(Boolean).slice(-1);
  // The machine's own addresses are nobody's business.
  return last.replace(/\b\w+:\/\/\S+/g, '…').slice(0, 200);
}

export interface Served {
  /** An address of an index as it is served here. */
  here: (url: string) => string;
  /** Addresses that were asked for, as the index has them, with the status. */
  asked: string[];
  close: () => Promise<void>;
}

/** Serves what was fetched from this machine, so that the product's own code asks for it; what was not fetched is not there. */
export async function serve({ answers }: Fetched): Promise<Served> {
  const asked: string[] = [];
  const server = createServer(({ url = '/', headers }, response) => {
    const wantsShort = headers.accept?.includes('vnd.npm.install-v1') ?? false;
    const found = answers
      .filter((one) => new URL(one.url).pathname.toLowerCase() === url.toLowerCase())
      .find(({ accept }) => accept === undefined || accept.includes('vnd.npm.install-v1') === wantsShort);
    asked.push(`${found ? 200 : 404} ${url}`);
    response.writeHead(found ? 200 : 404).end(found?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    here: (url) => origin + new URL(url).pathname,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

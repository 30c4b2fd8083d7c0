import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  readAptSources,
  suitesOf,
  type AptArchive,
} from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/aptSources';
import { IndexCache } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/IndexCache';
import { indexLocations } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/indexLocations';
import { IndexLogins } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/indexLogins';
import { npmRequest } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/npmRegistry';
import { PackageIndexes } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/PackageIndexes';
import type { Install } from '../../../../../tasks/DockerBaseStaleCheck/packages/install';
import { NewestVersions, type TargetImage } from '../../../../../tasks/DockerBaseStaleCheck/packages/NewestVersions';
import { Secrets } from '../../../../../tasks/lib/secrets';
import { Transport } from '../../../../../tasks/lib/transport';
import { systemClock } from '../../../../../tasks/lib/world';
import { fetchByApt, fetchByNpm, LONGEST_MS, serve, type Apt, type Npm, type Served } from './machineIndexes';

/** Old and young, plain and in a scope: packages that every registry and every release has. */
const NPM_PACKAGES = ['left-pad', 'semver', '@types/mocha'];
const DEBIAN_PACKAGES = ['curl', 'tzdata', 'openssl', 'git', 'libc6', 'ca-certificates', 'python3-minimal'];

/** The product's look-up of newest versions, asking the addresses that are given. */
function newestVersions(folder: string, where: { registry?: string; archives?: AptArchive[] }, npmDates = false) {
  const nothing = () => undefined;
  const log = { info: nothing, warning: nothing, error: nothing, debug: nothing, group: nothing };
  const world = { clock: systemClock, log, signal: new AbortController().signal };
  const logins = new IndexLogins(
    { connections: new Map(), own: undefined, npmToken: () => Promise.resolve(undefined) },
    new Secrets(nothing),
  );
  const locations = indexLocations(new Map(), nothing, {
    registryOf: () => Promise.resolve(where.registry ?? ''),
    aptArchives: where.archives ?? [],
  });
  const cache = new IndexCache(path.join(folder, 'kept'), () => Date.now());
  const indexes = new PackageIndexes(new Transport(world), { cache, loginFor: logins.find }, world);
  return new NewestVersions(indexes, { locations, logins }, { npmDates });
}

function install(manager: 'npm' | 'apt', name: string, wanted = ''): Install {
  return { manager, name, wanted, kind: wanted === '' ? 'floating' : 'ranged', line: 1, options: {} };
}

function imageOf(distribution?: 'debian' | 'ubuntu', release?: string, platform = 'linux/amd64'): TargetImage {
  const found = { ...(distribution && { distribution }), ...(release !== undefined && { release }) };
  return {
    release: () => Promise.resolve(found),
    platform,
    python: undefined,
    bioconductor: () => Promise.resolve('release'),
  };
}

/** Says as loudly as a test can that it was not run, which every summary counts. */
function notRun(context: Mocha.Context, what: string, reason: string): never {
  console.error(`NOT RUN: ${what}: ${reason}.`);
  return context.skip();
}

describe("npm's registry as this machine is set up with it", function () {
  this.timeout(4 * LONGEST_MS);
  let npm: Npm;
  let served: Served | undefined;

  before(async function () {
    const fetched = await fetchByNpm(NPM_PACKAGES);
    if (typeof fetched === 'string') notRun(this, "npm's own registry", fetched);
    npm = fetched;
    served = await serve(npm);
  });
  after(async () => served?.close());

  it('is found by its library where npm itself has it, and asked for the addresses that npm asks for', async () => {
    const { default: registryUrl } = await import('registry-url');
    assert.equal(registryUrl().replace(/\/*$/, '/'), npm.registry.replace(/\/*$/, '/'));
    for (const name of NPM_PACKAGES) {
      for (const dates of [false, true]) {
        const { url, headers } = npmRequest(npm.registry, name, { dates });
        const same = npm.answers.filter((answer) => answer.url.toLowerCase() === url.toLowerCase());
        assert.ok(same.length > 0, `npm asked for the same address of ${name}`);
        const isShort = (accept = '') => accept.includes('vnd.npm.install-v1');
        assert.ok(same.some(({ accept }) => isShort(accept) === isShort(headers.Accept)));
      }
    }
  });

  it('gives the versions, ranges and dates that npm view gives', async () => {
    const registry = served!.here(npm.registry);
    for (const npmDates of [false, true]) {
      const newest = newestVersions(path.join(npm.folder, String(npmDates)), { registry }, npmDates);
      for (const name of NPM_PACKAGES) {
        const found = await newest.newest(install('npm', name), imageOf());
        assert.equal(found.kind, 'version', JSON.stringify(found));
        assert.ok('version' in found);
        assert.equal(found.version, await npm.view(name, 'version'));
        const times = (await npm.view(name, 'time')) as Record<string, string>;
        // The short document need not have dates; where it has them they are the same.
        if (npmDates || found.released !== undefined) assert.equal(found.released, times[found.version]);
      }
      const ranged = await newest.newest(install('npm', 'semver', '^5.0.0'), imageOf());
      const all = (await npm.view('semver@^5.0.0', 'version')) as string[];
      assert.equal('version' in ranged && ranged.version, all.at(-1));
    }
    assert.deepEqual(
      served!.asked.filter((one) => one.startsWith('404')),
      [],
    );
  });
});

describe("The distribution's archive as this machine is set up with it", function () {
  this.timeout(4 * LONGEST_MS);
  let apt: Apt;
  let served: Served | undefined;
  let archives: AptArchive[];

  before(async function () {
    const fetched = await fetchByApt();
    if (typeof fetched === 'string') notRun(this, "the distribution's own archive", fetched);
    apt = fetched;
    served = await serve(apt);
    const folder = '/etc/apt/sources.list.d';
    const listed = fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [];
    const files = ['/etc/apt/sources.list', ...listed].filter((file) => /\.(list|sources)$/.test(file));
    archives = files
      .filter((file) => fs.existsSync(file))
      .flatMap((file) => readAptSources(fs.readFileSync(file, 'utf8')));
  });
  after(async () => served?.close());

  it('is found by the sources of the machine: the same suites at the same addresses as apt has them', () => {
    const { distribution, codename: release } = apt;
    const [{ architecture } = { architecture: 'amd64' }] = apt.archives;
    const suites = suitesOf({ distribution, release, architecture }, { given: undefined, archives });
    const byApt = apt.archives.map(({ url, suite }) => `${url} ${suite}`);
    assert.deepEqual(
      suites.map(({ url, suite }) => `${url.replace(/\/$/, '')} ${suite}`).filter((one) => !byApt.includes(one)),
      [],
    );
  });

  it('gives the versions that apt itself would install, those of its security suite included', async () => {
    const here = archives.map(({ url, suites }) => ({ url: served!.here(url), suites }));
    const newest = newestVersions(apt.folder, { archives: here });
    const { distribution, codename } = apt;
    const [{ architecture } = { architecture: 'amd64' }] = apt.archives;
    const image = imageOf(distribution, codename, `linux/${architecture}`);
    const found: Record<string, string> = {};
    for (const name of DEBIAN_PACKAGES) {
      const one = await newest.newest(install('apt', name), image);
      found[name] = 'version' in one ? one.version : one.reason;
    }
    assert.deepEqual(found, await apt.candidates(DEBIAN_PACKAGES));
    assert.ok(
      served!.asked.some((one) => one.startsWith('200') && one.includes('-security/') && one.includes('/Packages.')),
      `the list of the security suite was read: ${served!.asked.join(', ')}`,
    );
    assert.deepEqual(
      served!.asked.filter((one) => one.startsWith('404')),
      [],
    );
  });
});

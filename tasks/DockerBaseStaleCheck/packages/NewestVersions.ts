import { createHash } from 'node:crypto';
import { apkRequest, readApkIndex } from './indexes/alpineRepository';
import { suitesOf, type AptSuite } from './indexes/aptSources';
import { architectureOf } from './indexes/architectures';
import { condaRequest, readCondaPackage } from './indexes/condaChannel';
import { readPackageList } from './indexes/controlFile';
import { cranRequest } from './indexes/cranRepository';
import { packageListRequest, readRelease, releaseRequest, type Release } from './indexes/debianRepository';
import type { IndexLocations } from './indexes/indexLocations';
import type { IndexLogins } from './indexes/indexLogins';
import { below, newestFor, type IndexAnswer, type IndexRequest, type IndexVersion } from './indexes/indexVersion';
import { npmRequest, readNpmPackage } from './indexes/npmRegistry';
import { IndexRefusal, type PackageIndexes } from './indexes/PackageIndexes';
import { pypiRequest, readPypi } from './indexes/pypi';
import { unpacked } from './indexes/unpacked';
import { newestPython, type ImagePython, type ImageRelease } from './imageRelease';
import type { Install, InstallOptions } from './install';
import type { Manager } from './versions/schemes';

/** The image into which a package is installed, as far as it decides what its indexes offer. */
export interface TargetImage {
  /** Asked only where packages of a distribution are installed: it may cost a request. */
  release: () => Promise<ImageRelease>;
  platform: string | undefined;
  /** As far as its tag tells it. */
  python: ImagePython | undefined;
  /** Bioconductor's release; asked only where packages of it are installed. */
  bioconductor: () => Promise<string>;
}

/** What an install would take today, or why that is not known; `failed` where an index that should know was not able to say. */
export type Newest = (IndexVersion & { kind: 'version' }) | { kind: 'unknown' | 'failed'; reason: string };

/** Ubuntu's packages lie in four parts; the first is where most of what images install is found. */
const UBUNTU_COMPONENTS = ['main', 'universe', 'restricted', 'multiverse'];
const MOST_COMPONENTS = 6;

type Versions = ReadonlyMap<string, readonly IndexVersion[]>;

/** Looks up the newest versions of packages, each list and each page read once in a run. */
export class NewestVersions {
  private readonly read = new Map<string, Promise<unknown>>();

  constructor(
    private readonly indexes: PackageIndexes,
    private readonly where: { locations: IndexLocations; logins: IndexLogins },
    private readonly options: { npmDates: boolean },
  ) {}

  /** The newest version that an install of an image would take. Throws for nothing but a cancel or a defect. */
  async newest(install: Install, image: TargetImage): Promise<Newest> {
    const { notComparable, snapshot } = install.options;
    if (notComparable !== undefined) return { kind: 'unknown', reason: notComparable };
    if (snapshot !== undefined) {
      return { kind: 'unknown', reason: `its repository is the one of ${snapshot}, which never changes` };
    }
    try {
      if (install.name === '*') return await this.wholeDistribution(install, image);
      const answer = await this.offered(install, image);
      if ('reason' in answer) return answer;
      const newest = newestFor(install, answer);
      if (newest) return { kind: 'version', ...newest };
      return {
        kind: 'unknown',
        reason: answer.versions.length ? 'no version of it fits' : 'its index has no version of it',
      };
    } catch (error) {
      if (!(error instanceof IndexRefusal)) throw error;
      return { kind: 'failed', reason: error.message };
    }
  }

  private async offered(install: Install, image: TargetImage): Promise<Offered> {
    switch (install.manager) {
      case 'pip':
        return this.ofPython(install, image);
      case 'npm':
        return this.ofNpm(install);
      case 'cran':
        return this.ofR(install, image);
      case 'conda':
        return this.ofConda(install, image);
      case 'apt':
        return this.ofApt(install, image);
      case 'apk':
        return this.ofApk(install, image);
    }
  }

  private async ofPython({ name, options }: Install, image: TargetImage): Promise<Offered> {
    const python = image.python && newestPython(image.python);
    const { pip } = this.where.locations;
    const index = options.index ?? pip.index;
    const extra = [...(options.extraIndexes ?? []), ...(options.index === undefined ? pip.extraIndexes : [])];
    const answers = await this.all('pip', [index, ...extra], (url) =>
      this.page(pypiRequest(url, name), `${name} ${python ?? ''}`, (body) =>
        readPypi(body, { name, ...(python !== undefined && { python }) }),
      ),
    );
    return merged(answers) ?? notFound(name, index);
  }

  private async ofNpm({ name, options }: Install): Promise<Offered> {
    const registry = this.address('npm', options.index ?? (await this.where.locations.npm(name)));
    const whole = npmRequest(registry, name, { dates: true });
    // Asking whether the large document still holds is less than the small one anew.
    const isWhole = this.options.npmDates || this.indexes.isKept(whole);
    const request = isWhole ? whole : npmRequest(registry, name);
    return (await this.page(request, name, readNpmPackage)) ?? notFound(name, registry);
  }

  private async ofConda({ name, options }: Install, { platform }: TargetImage): Promise<Offered> {
    const { api, channels: preset } = this.where.locations.conda;
    const subdir = architectureOf('conda', platform);
    const channels = options.channels ?? (preset.length > 0 ? preset : ['defaults']);
    const named = channels.map(channelName);
    const unknown = channels.find((_, at) => named[at] === undefined);
    if (unknown !== undefined)
      return { kind: 'unknown', reason: `its channel ${this.where.logins.clean(unknown)} is none of ${api}` };
    // Of several channels that have a package the first one's counts.
    for (const channel of named.flatMap((one) => one ?? [])) {
      const request = condaRequest(this.address('conda', api), channel, name);
      const answer = await this.page(request, subdir, (body) => readCondaPackage(body, subdir));
      if (answer) return answer;
    }
    return notFound(name, `the channels ${channels.join(', ')}`);
  }

  private async ofR({ name, options }: Install, { bioconductor }: TargetImage): Promise<Offered> {
    const repos = [...(options.repos ?? this.where.locations.cran)];
    if (options.bioconductor) {
      const release = `${this.where.locations.bioconductor}/${options.bioconductorRelease ?? (await bioconductor())}`;
      repos.unshift(`${release}/bioc`, `${release}/data/annotation`, `${release}/data/experiment`);
    }
    const versions: IndexVersion[] = [];
    for (const repository of repos.map((url) => this.address('cran', url))) {
      const list = await this.list(cranRequest(repository), (body) => dated(readPackageList(body.toString('utf8'))));
      if (!list) throw new IndexRefusal(`${repository} has no list of packages`);
      versions.push(...(list.get(name) ?? []));
      // What Bioconductor has in one of its parts is in no other.
      if (options.bioconductor && versions.length > 0) break;
    }
    return versions.length > 0 ? { versions } : notFound(name, repos.join(', '));
  }

  private async ofApk({ name, options }: Install, image: TargetImage): Promise<Offered> {
    const repositories = await this.apkRepositories(options, image);
    if ('reason' in repositories) return repositories;
    const versions: IndexVersion[] = [];
    for (const request of repositories.requests) {
      const list = await this.list(request, readApkIndex);
      versions.push(...(list?.get(name) ?? []));
    }
    return versions.length > 0
      ? { versions }
      : { kind: 'unknown', reason: `no package of that name is in ${repositories.branch}` };
  }

  private async apkRepositories(
    { sources = [], suite, architecture }: InstallOptions,
    image: TargetImage,
  ): Promise<{ requests: IndexRequest[]; branch: string } | Unknown> {
    const { distribution, release } = await image.release();
    if (distribution !== 'alpine' || release === undefined) {
      return { kind: 'unknown', reason: 'which release of Alpine the image has is not known' };
    }
    const root = this.where.locations.apk;
    const own = suite === undefined ? ['main', 'community'].map((part) => below(root, `${release}/${part}`)) : [];
    const added = sources.filter((source) => source.suite === (suite ?? '')).map(({ url }) => url);
    const name = architecture ?? architectureOf('apk', image.platform);
    const urls = [...new Set([...own, ...added])].map((url) => this.address('apk', url));
    return { requests: urls.map((url) => apkRequest(url, name)), branch: `Alpine ${release}` };
  }

  private async ofApt({ name, options }: Install, image: TargetImage): Promise<Offered> {
    const suites = await this.aptSuites(options, image);
    if ('reason' in suites) return suites;
    const { own, added, architecture, components } = suites;
    const versions: IndexVersion[] = [];
    for (const component of components) {
      for (const list of await Promise.all(own.map((suite) => this.aptList(suite, component, architecture)))) {
        versions.push(...(list?.get(name) ?? []));
      }
      if (versions.length > 0) break;
    }
    for (const suite of added) {
      const release = await this.aptRelease(suite);
      for (const component of componentsOf(release, architecture)) {
        versions.push(...((await this.aptList(suite, component, architecture))?.get(name) ?? []));
      }
    }
    if (versions.length > 0) return { versions };
    return {
      kind: 'unknown',
      reason: `no package of that name is in ${own[0]?.suite ?? 'the release'}: it may be provided by others`,
    };
  }

  private async aptSuites(
    { sources = [], suite, architecture: foreign }: InstallOptions,
    image: TargetImage,
  ): Promise<{ own: AptSuite[]; added: AptSuite[]; architecture: string; components: string[] } | Unknown> {
    const { distribution, release } = await image.release();
    if ((distribution !== 'debian' && distribution !== 'ubuntu') || release === undefined) {
      return { kind: 'unknown', reason: 'which release of Debian or Ubuntu the image has is not known' };
    }
    const architecture = foreign ?? architectureOf('apt', image.platform);
    const { apt: given, aptArchives: archives } = this.where.locations;
    const address = ({ url, suite: name }: AptSuite) => ({ url: this.address('apt', url), suite: name });
    const all = suitesOf({ distribution, release, architecture }, { given, archives }).map(address);
    const [first] = all;
    const added = sources
      .filter((source) => isSource(source, suite))
      .map((source) => address({ ...source, suite: source.suite || release }));
    return {
      own:
        suite !== undefined && first && !all.some((one) => one.suite === suite)
          ? [...all, { url: first.url, suite }]
          : all,
      added,
      architecture,
      components: distribution === 'ubuntu' ? UBUNTU_COMPONENTS : ['main'],
    };
  }

  private aptRelease({ url, suite }: AptSuite): Promise<Release | undefined> {
    return this.list(releaseRequest(url, suite), (body) => readRelease(body.toString('utf8')));
  }

  /** The packages of a component; undefined where the suite has none. Nothing is asked beyond InRelease while that names the list that is kept. */
  private async aptList(suite: AptSuite, component: string, architecture: string): Promise<Versions | undefined> {
    const release = await this.aptRelease(suite);
    const what = { component, architecture };
    const request = release && packageListRequest(suite, release, what);
    if (!request) return undefined;
    const path = request.url.slice(request.url.indexOf(`/${component}/`) + 1);
    const sha256 = release.lists.get(path);
    try {
      const list = await this.list(request, aptPackages, sha256);
      if (list) return list;
      throw new IndexRefusal(`${request.url} is not there, although the repository's InRelease names it`);
    } catch (error) {
      // Between InRelease and the list the archive may have moved on: by its hash the list is still there.
      const byHash =
        error instanceof IndexRefusal ? packageListRequest({ ...suite, byHash: true }, release, what) : undefined;
      const list = byHash && (await this.list(byHash, aptPackages, sha256));
      if (list) return list;
      throw error;
    }
  }

  /** `apt-get upgrade` and the like install all that is new: one version that changes with anything in the release. */
  private async wholeDistribution({ manager, options }: Install, image: TargetImage): Promise<Newest> {
    const hashes: string[] = [];
    if (manager === 'apt') {
      const suites = await this.aptSuites(options, image);
      if ('reason' in suites) return suites;
      for (const suite of suites.own) {
        const { lists } = (await this.aptRelease(suite)) ?? { lists: new Map<string, string>() };
        const wanted = [...lists].filter(([path]) => path.includes(`/binary-${suites.architecture}/`));
        hashes.push(...wanted.map(([path, hash]) => `${suite.suite} ${path} ${hash}`));
      }
    } else if (manager === 'apk') {
      const repositories = await this.apkRepositories(options, image);
      if ('reason' in repositories) return repositories;
      for (const request of repositories.requests) {
        const body = await this.indexes.read(request);
        if (body) hashes.push(createHash('sha256').update(body).digest('hex'));
      }
    } else {
      return { kind: 'unknown', reason: 'all that is installed may change; name what was, by observedPackages' };
    }
    if (hashes.length === 0) return { kind: 'failed', reason: 'its release has no list of packages' };
    const version = createHash('sha256').update(hashes.sort().join('\n')).digest('hex').slice(0, 12);
    return { kind: 'version', version };
  }

  /** An address as it is asked: without login, and the mirror's where the ecosystem's own is replaced. Throws `IndexRefusal` for no http address. */
  private address(manager: Manager, written: string): string {
    const url = this.where.locations.instead(manager, this.where.logins.clean(written));
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
    throw new IndexRefusal(`its index '${url}' is no http address`);
  }

  /** Answers of several indexes of which each may have the package. */
  private async all(
    manager: Manager,
    urls: readonly string[],
    ask: (url: string) => Promise<IndexAnswer | undefined>,
  ): Promise<IndexAnswer[]> {
    const distinct = [...new Set(urls.map((url) => this.address(manager, url)))];
    const answers = await Promise.all(distinct.map(ask));
    return answers.filter((answer) => answer !== undefined);
  }

  /** One package's page. @param kind tells apart what the same page is read for. */
  private async page(
    request: IndexRequest,
    kind: string,
    parse: (body: string) => IndexAnswer,
  ): Promise<Extract<IndexAnswer, { versions: unknown }> | undefined> {
    const answer = await this.once(`${request.url}\n${kind}`, async () => {
      const body = await this.indexes.read(request);
      return body && parse(body.toString('utf8'));
    });
    if (answer && 'error' in answer) throw new IndexRefusal(answer.error.replace(/\.$/, ''));
    return answer;
  }

  private list<T>(
    request: IndexRequest,
    parse: (body: Buffer) => T | undefined | Promise<T | undefined>,
    sha256?: string,
  ): Promise<T | undefined> {
    return this.once(request.url, async () => {
      const body = await this.indexes.read(request, sha256 === undefined ? {} : { sha256 });
      const list = body && (await parse(body));
      if (body && list === undefined) throw new IndexRefusal(`${request.url} holds no list of packages`);
      return list;
    });
  }

  private once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = (this.read.get(key) as Promise<T> | undefined) ?? make();
    this.read.set(key, known);
    return known;
  }
}

type Unknown = Extract<Newest, { kind: 'unknown' | 'failed' }>;
type Offered = Extract<IndexAnswer, { versions: unknown }> | Unknown;

function notFound(name: string, where: string): Unknown {
  return { kind: 'failed', reason: `${name} is not in ${where}, or may not be seen there` };
}

function merged(answers: readonly IndexAnswer[]): Offered | undefined {
  const good = answers.filter((answer) => 'versions' in answer);
  return good.length > 0 ? { versions: good.flatMap(({ versions }) => versions) } : undefined;
}

/** A channel's name at the package API: `defaults` is a list of channels whose first has nearly all of it. Undefined for another server's. */
function channelName(channel: string): string | undefined {
  if (channel === 'defaults' || channel === 'default') return 'main';
  if (!/^[a-z]+:\/\//i.test(channel)) return channel.replace(/\/.*$/, '');
  const [, name] = /^https?:\/\/(?:[^/@]*@)?conda\.anaconda\.org\/(?:t\/[^/]+\/)?([\w.-]+)\/?/i.exec(channel) ?? [];
  return name;
}

function dated(list: ReadonlyMap<string, readonly string[]>): Versions {
  return new Map([...list].map(([name, versions]) => [name, versions.map((version) => ({ version }))]));
}

async function aptPackages(body: Buffer): Promise<Versions | undefined> {
  try {
    return dated(readPackageList((await unpacked(body)).toString('utf8')));
  } catch {
    return undefined;
  }
}

function componentsOf(release: Release | undefined, architecture: string): string[] {
  const found = [...(release?.lists.keys() ?? [])].flatMap(
    (path) => /^(.+)\/binary-([a-z0-9]+)\/Packages(?:\.[gx]z)?$/.exec(path)?.slice(1, 3).join(' ') ?? [],
  );
  const own = found.filter((one) => one.endsWith(` ${architecture}`)).map((one) => one.slice(0, one.indexOf(' ')));
  return [...new Set(own)].slice(0, MOST_COMPONENTS);
}

/** A source that was added counts unless another suite is asked for; where its suite is not known it is the image's own release, as at a PPA. */
function isSource({ url, suite }: { url: string; suite: string }, wanted: string | undefined): boolean {
  if (!/^https?:/.test(url)) return false;
  return wanted === undefined ? suite !== '' || url.includes('ppa.launchpadcontent.net') : suite === wanted;
}

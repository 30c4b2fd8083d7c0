import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  apkIndex,
  condaPackage,
  debianPackages,
  debianRelease,
  npmDocument,
  pypiPage,
  rPackages,
  sha256,
  type PackageVersion,
} from './documents';
import { xzStored } from './xz';

/** Where a package is put: a part of an index for those that have parts. */
export type IndexName =
  | { kind: 'pypi' | 'npm' | 'cran' }
  | { kind: 'bioconductor'; release?: string }
  /** `latest`, or a day. */
  | { kind: 'posit'; snapshot: string }
  | { kind: 'conda'; channel: string }
  /** For amd64 unless said. */
  | { kind: 'debian'; suite: string; component?: string; architecture?: string }
  /** For every architecture unless one is said, in Alpine's words. */
  | { kind: 'alpine'; branch: string; repository?: string; architecture?: string };

export interface IndexCall {
  path: string;
  status: number;
  /** It asked only whether an earlier answer still holds. */
  conditional: boolean;
  authorization: string | undefined;
}

export interface IndexEmulator {
  /** `127.0.0.1:<port>`. */
  host: string;
  /** The indexes' addresses, as `packageIndexes` takes them. */
  urls: { pip: string; npm: string; cran: string; conda: string; apt: string; apk: string };
  calls: IndexCall[];
  /** Answers instead of the indexes, while it gives one. */
  fault: ((call: IndexCall) => { status: number; headers?: Record<string, string> } | undefined) | undefined;
  /** Sets the versions of a package. */
  put(index: IndexName, name: string, versions: (string | PackageVersion)[]): void;
  close(): Promise<void>;
}

export interface IndexEmulatorOptions {
  /** Only who sends this `Authorization` header is answered. */
  authorization?: string;
  /** Answers carry no ETag, as those of plain file servers. */
  withoutTags?: boolean;
}

type Packages = Map<string, PackageVersion[]>;

const STARTED = new Date().toUTCString();

/** Starts package indexes on a free port of this machine. */
export async function startPackageIndexes(options: IndexEmulatorOptions = {}): Promise<IndexEmulator> {
  const indexes = new Map<string, Packages>();
  const changed = new Map<string, string>();
  const server = createServer((request, response) => {
    const { url = '/', headers } = request;
    const conditional = headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
    const call: IndexCall = { path: url, status: 0, conditional, authorization: headers.authorization };
    emulator.calls.push(call);
    const fault = emulator.fault?.(call);
    const isAllowed = options.authorization === undefined || headers.authorization === options.authorization;
    if (fault) response.writeHead((call.status = fault.status), fault.headers).end();
    else if (!isAllowed) response.writeHead((call.status = 401)).end();
    else answer(request, response, call);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const root = `http://${host}`;

  function answer(request: IncomingMessage, response: ServerResponse, call: IndexCall): void {
    const body = documentAt(indexes, decodeURIComponent(call.path), request.headers.accept ?? '');
    if (!body) {
      response.writeHead((call.status = 404)).end();
      return;
    }
    const tag = `"${sha256(body).slice(0, 32)}"`;
    // Each new body is a second younger: the header knows no smaller unit, and tests are faster.
    const at = changed.get(tag) ?? new Date(Date.parse(STARTED) + changed.size * 1000).toUTCString();
    changed.set(tag, at);
    const headers = options.withoutTags ? { 'last-modified': at } : { etag: tag };
    const since = Date.parse(request.headers['if-modified-since'] ?? '');
    const isKnown = options.withoutTags ? since >= Date.parse(at) : request.headers['if-none-match'] === tag;
    if (isKnown) {
      response.writeHead((call.status = 304), headers).end();
      return;
    }
    const isPacked = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
    const sent = isPacked ? gzipSync(body) : body;
    call.status = 200;
    response.writeHead(200, {
      ...headers,
      ...(isPacked && { 'content-encoding': 'gzip' }),
      'content-length': sent.length,
    });
    response.end(sent);
  }

  const emulator: IndexEmulator = {
    host,
    urls: {
      ...{ pip: `${root}/simple`, npm: `${root}/npm`, cran: `${root}/cran`, conda: `${root}/conda` },
      ...{ apt: `${root}/debian`, apk: `${root}/alpine` },
    },
    calls: [],
    fault: undefined,
    put(index, name, versions) {
      const key = keyOf(index);
      const packages: Packages = indexes.get(key) ?? new Map<string, PackageVersion[]>();
      packages.set(
        name,
        versions.map((one) => (typeof one === 'string' ? { version: one } : one)),
      );
      indexes.set(key, packages);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return emulator;
}

function keyOf(index: IndexName): string {
  switch (index.kind) {
    case 'pypi':
    case 'npm':
    case 'cran':
      return index.kind;
    case 'bioconductor':
      return `bioconductor ${index.release ?? 'release'}`;
    case 'posit':
      return `posit ${index.snapshot}`;
    case 'conda':
      return `conda ${index.channel}`;
    case 'debian':
      return `debian ${index.suite} ${index.component ?? 'main'} ${index.architecture ?? 'amd64'}`;
    case 'alpine':
      return ['alpine', index.branch, index.repository ?? 'main', index.architecture ?? ''].join(' ').trim();
  }
}

function documentAt(indexes: ReadonlyMap<string, Packages>, path: string, accept: string): Buffer | undefined {
  const text = textAt(indexes, path, accept);
  if (text !== undefined) return Buffer.from(text, 'utf8');
  const [, branch, repository, architecture = ''] =
    /^\/alpine\/([^/]+)\/([^/]+)\/([^/]+)\/APKINDEX\.tar\.gz$/.exec(path) ?? [];
  const ofBranch = `alpine ${branch ?? ''} ${repository ?? ''}`;
  const alpine = indexes.get(`${ofBranch} ${architecture}`) ?? indexes.get(ofBranch);
  if (alpine) return apkIndex(alpine, architecture);
  const [, suite = '', list = ''] = /^\/debian(?:-security)?\/dists\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const lists = debianLists(indexes, suite);
  const hash = /\/by-hash\/SHA256\/([0-9a-f]+)$/.exec(list)?.[1];
  if (list.endsWith('/Packages')) return undefined;
  return lists.get(list) ?? [...lists.values()].find((body) => sha256(body) === hash);
}

function textAt(indexes: ReadonlyMap<string, Packages>, path: string, accept: string): string | undefined {
  const [, kind, rest = ''] = /^\/(\w+)\/(.*)$/.exec(path) ?? [];
  switch (kind) {
    case 'simple': {
      const name = rest.replace(/\/$/, '');
      const versions = indexes.get('pypi')?.get(name);
      return versions && pypiPage(name, versions);
    }
    case 'npm': {
      const versions = indexes.get('npm')?.get(rest);
      return versions && npmDocument(rest, versions, !accept.includes('vnd.npm.install-v1+json'));
    }
    case 'conda': {
      const [, channel = '', name = ''] = /^package\/([^/]+)\/([^/]+)$/.exec(rest) ?? [];
      const versions = indexes.get(`conda ${channel}`)?.get(name);
      return versions && condaPackage(channel, name, versions);
    }
    case 'cran':
      return rest === 'src/contrib/PACKAGES' ? rPackages(indexes.get('cran') ?? new Map()) : undefined;
    case 'posit': {
      const packages = indexes.get(`posit ${/^([^/]+)\/src\/contrib\/PACKAGES$/.exec(rest)?.[1] ?? ''}`);
      return packages && rPackages(packages);
    }
    case 'packages': {
      const [, release = '', part = ''] = /^([^/]+)\/(.+)\/src\/contrib\/PACKAGES$/.exec(rest) ?? [];
      const packages = indexes.get(`bioconductor ${release}`);
      return packages && rPackages(part === 'bioc' ? packages : new Map());
    }
    case 'debian': {
      const suite = /^dists\/([^/]+)\/InRelease$/.exec(rest)?.[1] ?? '';
      return releaseOf(indexes, suite);
    }
    default: {
      const suite = /^\/debian-security\/dists\/([^/]+)\/InRelease$/.exec(path)?.[1] ?? '';
      return releaseOf(indexes, suite);
    }
  }
}

function releaseOf(indexes: ReadonlyMap<string, Packages>, suite: string): string | undefined {
  const lists = debianLists(indexes, suite);
  return lists.size > 0 ? debianRelease(suite, STARTED, lists) : undefined;
}

function debianLists(indexes: ReadonlyMap<string, Packages>, suite: string): Map<string, Buffer> {
  const lists = new Map<string, Buffer>();
  for (const [key, packages] of indexes) {
    const [kind, ofSuite, component = '', architecture = ''] = key.split(' ');
    if (kind !== 'debian' || ofSuite !== suite) continue;
    const text = debianPackages(packages, architecture);
    const folder = `${component}/binary-${architecture}`;
    // As Debian does: named are the plain lists too, but served are the packed ones alone; those of updates and security in one form.
    const isWhole = !/-(?:updates|security)$/.test(suite);
    lists.set(`${folder}/Packages`, Buffer.from(text));
    if (isWhole) lists.set(`${folder}/Packages.gz`, gzipSync(text));
    lists.set(`${folder}/Packages.xz`, xzStored(Buffer.from(text)));
  }
  return lists;
}

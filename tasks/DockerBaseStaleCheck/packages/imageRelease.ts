import type { ImageReference } from '../reference';
import type { ImageConfig } from '../registry/manifest';
import { alpineBranch } from './indexes/alpineRepository';

/** What a base image stands on, as far as its tag or its configuration tells; packages of a distribution belong to a release of it. */
export interface ImageRelease {
  distribution?: 'debian' | 'ubuntu' | 'alpine';
  /** `bookworm`, `noble`, `v3.20`, `edge`. */
  release?: string;
}

/** Releases whose tags name them by number. https://www.debian.org/releases/ https://wiki.ubuntu.com/Releases */
const DEBIAN: Readonly<Record<string, string>> = {
  '9': 'stretch',
  '10': 'buster',
  '11': 'bullseye',
  '12': 'bookworm',
  '13': 'trixie',
  '14': 'forky',
};
const UBUNTU: Readonly<Record<string, string>> = {
  '16.04': 'xenial',
  '18.04': 'bionic',
  '20.04': 'focal',
  '22.04': 'jammy',
  '24.04': 'noble',
  '24.10': 'oracular',
  '25.04': 'plucky',
  '25.10': 'questing',
  '26.04': 'resolute',
};
const DEBIAN_NAME = new RegExp(
  `(?:^|-)(${[...Object.values(DEBIAN), 'sid', 'oldstable', 'stable', 'testing', 'unstable'].join('|')})(?=$|-)`,
);
const UBUNTU_NAME = new RegExp(`(?:^|-)(${Object.values(UBUNTU).join('|')})(?=$|-)`);

/** The release that a tag names: `debian:12-slim`, `python:3.12-bookworm`, `cuda:12-ubuntu22.04`, `node:20-alpine3.19`. Pure. */
export function releaseOfTag({ path, tag = 'latest' }: Pick<ImageReference, 'path' | 'tag'>): ImageRelease {
  const branch = alpineBranch({ repository: path, tag });
  if (branch !== undefined) return { distribution: 'alpine', release: branch };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const debian =
    DEBIAN_NAME.exec(tag)?.[1] ?? (name === 'debian' ? numbered(DEBIAN, /^(\d+)/.exec(tag)?.[1]) : undefined);
  if (debian !== undefined) return { distribution: 'debian', release: debian };
  const number = (name === 'ubuntu' ? /^(\d\d\.\d\d)/ : /ubuntu-?(\d\d\.\d\d)/).exec(tag)?.[1];
  const ubuntu = UBUNTU_NAME.exec(tag)?.[1] ?? numbered(UBUNTU, number);
  return ubuntu === undefined ? {} : { distribution: 'ubuntu', release: ubuntu };
}

/**
 * The release that an image's history or labels name: Debian's builder writes `debian.sh … 'bookworm'`, Alpine's adds
 * `alpine-minirootfs-3.20.1-x86_64.tar.gz`, Ubuntu's sets the label of its version. Pure.
 */
export function releaseOfConfig({ history, config }: Pick<ImageConfig, 'history' | 'config'>): ImageRelease {
  for (const { created_by: by = '' } of history) {
    const debian = /debian\.sh\b[^#]*?'([a-z]+)'\s+'@?\d/.exec(by)?.[1];
    if (debian !== undefined) return { distribution: 'debian', release: debian };
    const alpine = /alpine-minirootfs-(\d+\.\d+)(?:\.\d+)?-/.exec(by)?.[1];
    if (alpine !== undefined) return { distribution: 'alpine', release: `v${alpine}` };
  }
  const labels = (config.Labels ?? {}) as Record<string, unknown>;
  const version = labels['org.opencontainers.image.version'];
  const isUbuntu = labels['org.opencontainers.image.ref.name'] === 'ubuntu' && typeof version === 'string';
  const release = isUbuntu ? numbered(UBUNTU, version.slice(0, 5)) : undefined;
  return release === undefined ? {} : { distribution: 'ubuntu', release };
}

/** An image's Python, as far as it is known. */
export interface ImagePython {
  /** `3.12` */
  minor: string | undefined;
  /** `3.12.4`; a tag without the last number means its newest one, which is not known. */
  full: string | undefined;
  implementation: 'CPython' | 'PyPy';
}

/** The Python of Python's and PyPy's own images, by their tag. Pure. */
export function pythonOfTag({ path, tag = '' }: Pick<ImageReference, 'path' | 'tag'>): ImagePython | undefined {
  const [, name] = /(?:^|\/)(python|pypy)$/.exec(path) ?? [];
  const [, minor, patch] = /^(\d+\.\d+)(\.\d+)?(?=$|-)/.exec(tag) ?? [];
  if (name === undefined || minor === undefined) return undefined;
  const full = name === 'python' && patch !== undefined ? minor + patch : undefined;
  return { minor, full, implementation: name === 'pypy' ? 'PyPy' : 'CPython' };
}

/** The Python that an image was made with, as Python's own images and what is built on them say in their environment. Pure. */
export function pythonOfConfig(config: Pick<ImageConfig, 'config'>): ImagePython | undefined {
  const [, full, minor] = /^((\d+\.\d+)\.\d+)/.exec(environmentOf(config).get('PYTHON_VERSION') ?? '') ?? [];
  return minor === undefined ? undefined : { minor, full, implementation: 'CPython' };
}

/** The version by which `requires-python` of a file is decided: of a Python without its last number the newest one. Pure. */
export function newestPython({ minor, full }: Pick<ImagePython, 'minor' | 'full'>): string | undefined {
  return full ?? (minor === undefined ? undefined : `${minor}.999`);
}

/** Bioconductor's last release for a release of R: two a year, the second of which stays. https://bioconductor.org/about/release-announcements/ */
function bioconductorOfR(version: string): string | undefined {
  const [, minor] = /^4\.(\d+)(?:\.|$)/.exec(version) ?? [];
  // The newest R may have had its first one only, which is then the current one.
  return minor !== undefined && Number(minor) <= LAST_SETTLED_R ? `3.${12 + 2 * Number(minor)}` : undefined;
}

const LAST_SETTLED_R = 5;
/** Images whose tag is the version of R. */
const R_IMAGE = /(?:^|\/)(?:r-base|r-ver)$|^(?:rocker|rstudio)\//;

/**
 * Bioconductor's release in an image by its tag: of Bioconductor's own images (`RELEASE_3_20`), else the one that belongs to the R of
 * R's images. Undefined where the tag tells neither. Pure.
 */
export function bioconductorOfTag({ path, tag = '' }: Pick<ImageReference, 'path' | 'tag'>): string | undefined {
  const [, major, minor] = /RELEASE_(\d+)_(\d+)/.exec(tag) ?? [];
  if (major !== undefined && minor !== undefined) return `${major}.${minor}`;
  return R_IMAGE.test(path) ? bioconductorOfR(tag) : undefined;
}

/** Bioconductor's release by what an image says in its environment: its own, else that of its R. Pure. */
export function bioconductorOfConfig(config: Pick<ImageConfig, 'config'>): string | undefined {
  const environment = environmentOf(config);
  const own = environment.get('BIOCONDUCTOR_VERSION') ?? environment.get('R_BIOC_VERSION') ?? '';
  return /^\d+\.\d+$/.test(own) ? own : bioconductorOfR(environment.get('R_VERSION') ?? '');
}

function environmentOf({ config: { Env: pairs } }: Pick<ImageConfig, 'config'>): Map<string, string> {
  const texts = (Array.isArray(pairs) ? (pairs as unknown[]) : []).filter((one) => typeof one === 'string');
  return new Map(texts.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function numbered(releases: Readonly<Record<string, string>>, number: string | undefined): string | undefined {
  return number !== undefined && Object.hasOwn(releases, number) ? releases[number] : undefined;
}

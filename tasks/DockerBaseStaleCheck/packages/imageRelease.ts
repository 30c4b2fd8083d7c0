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

/** The image's Python where it is an image of Python, as `3.12`. Pure. */
export function pythonOfTag({ path, tag = '' }: Pick<ImageReference, 'path' | 'tag'>): string | undefined {
  if (!/(?:^|\/)python$/.test(path)) return undefined;
  const [, minor, patch] = /^(\d+\.\d+)(\.\d+)?(?=$|-)/.exec(tag) ?? [];
  // A tag without the last number means its newest one.
  return minor === undefined ? undefined : `${minor}${patch ?? '.999'}`;
}

/** Bioconductor's release where the image is one of Bioconductor's (`RELEASE_3_20`), else its current one. Pure. */
export function bioconductorOfTag({ tag = '' }: Pick<ImageReference, 'tag'>): string {
  const [, major, minor] = /RELEASE_(\d+)_(\d+)/.exec(tag) ?? [];
  return major === undefined || minor === undefined ? 'release' : `${major}.${minor}`;
}

function numbered(releases: Readonly<Record<string, string>>, number: string | undefined): string | undefined {
  return number !== undefined && Object.hasOwn(releases, number) ? releases[number] : undefined;
}

import { gunzipSync } from 'node:zlib';
import { below, type IndexRequest } from './indexVersion';

const LARGEST = 256 * 1024 * 1024;
const BLOCK = 512;

/** The index of an Alpine repository (`…/v3.20/main`) for an architecture in Alpine's words (`x86_64`). */
export function apkRequest(repository: string, architecture: string): IndexRequest {
  return { url: below(repository, `${architecture}/APKINDEX.tar.gz`), headers: {} };
}

/**
 * Alpine's branch for a base image: of `…/alpine` by the tag itself (`3.19`, `3.19.1`, `edge`), of others by the part of
 * the tag that names it (`20-alpine3.19`). Undefined where the tag names none, as `latest`.
 */
export function alpineBranch({ repository, tag }: { repository: string; tag: string }): string | undefined {
  const isAlpine = /(?:^|\/)alpine$/.test(repository);
  if (isAlpine && tag === 'edge') return 'edge';
  const own = isAlpine ? /^(\d+\.\d+)(?:\.\d+)?$/.exec(tag) : null;
  const release = (own ?? /(?:^|-)alpine-?(\d+\.\d+)/.exec(tag))?.[1];
  return release === undefined ? undefined : `v${release}`;
}

/** Versions and build dates by name of an APKINDEX.tar.gz (gzip members one after the other); undefined where it is none. */
export function readApkIndex(bytes: Uint8Array): Map<string, { version: string; released?: string }[]> | undefined {
  const index = indexText(bytes);
  if (index === undefined) return undefined;
  const packages = new Map<string, { version: string; released?: string }[]>();
  for (const paragraph of index.split(/\n\n+/)) {
    const fields = new Map(paragraph.split('\n').map((line) => [line.slice(0, 2), line.slice(2)]));
    const name = fields.get('P:');
    const version = fields.get('V:');
    const seconds = Number(fields.get('t:') ?? Number.NaN);
    if (!name || !version) continue;
    const isDate = seconds > 0 && seconds < 1e11;
    const one = { version, ...(isDate && { released: new Date(seconds * 1000).toISOString() }) };
    packages.set(name, [...(packages.get(name) ?? []), one]);
  }
  return packages;
}

function indexText(bytes: Uint8Array): string | undefined {
  let tar: Buffer;
  try {
    tar = gunzipSync(bytes, { maxOutputLength: LARGEST });
  } catch {
    return undefined;
  }
  // The members before it hold signatures and end without the empty blocks of a whole archive.
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number(`0o${/^ *([0-7]+)/.exec(tar.toString('latin1', at + 124, at + 136))?.[1] ?? 'x'}`);
    if (name === '') at += BLOCK;
    else if (!(size >= 0)) return undefined;
    else if (name === 'APKINDEX') return tar.toString('utf8', at + BLOCK, at + BLOCK + size);
    else at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

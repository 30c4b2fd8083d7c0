import { normalizePlatform, parsePlatform } from '../dockerfile/platform';
import type { IndexEntry } from './manifest';

/** Entries of an index that a build would take, or why there is none. */
export type Chosen = { entries: IndexEntry[] } | { reason: string };

/**
 * The images of an index that count: of the wanted platforms; without any, linux/amd64 where the index has it, else its only platform.
 * Several versions of Windows are one platform: every one of them counts. Pure.
 * @param wanted as authors write them; empty for `auto`.
 */
export function choosePlatforms(entries: readonly IndexEntry[], wanted: readonly string[]): Chosen {
  const offered = [...new Set(entries.map(({ platform }) => platform))];
  if (!offered.length) return { reason: 'its index names no image' };
  if (!wanted.length) {
    const usual = entries.filter(({ platform }) => platform === 'linux/amd64');
    if (usual.length) return { entries: usual };
    const families = new Set(offered.map(withoutVersion));
    if (families.size === 1) return { entries: [...entries] };
    return {
      reason: `it is offered for ${offered.join(', ')}, and not for linux/amd64: name the platforms that count`,
    };
  }
  const chosen: IndexEntry[] = [];
  for (const platform of wanted) {
    const name = platformName(platform);
    const fitting = entries.filter((entry) => entry.platform === name || withoutVersion(entry.platform) === name);
    if (!fitting.length) return { reason: `it is not offered for ${name}, only for ${offered.join(', ')}` };
    chosen.push(...fitting.filter((entry) => !chosen.includes(entry)));
  }
  return { entries: chosen };
}

/** A platform in the form that indexes are read in: `linux/arm64/v8` is `linux/arm64`. */
export function platformName(written: string): string {
  try {
    const { os, architecture, variant, osVersion } = normalizePlatform(parsePlatform(written));
    const version = osVersion ? `(${osVersion.split('.').slice(0, 3).join('.')})` : '';
    return [`${os}${version}`, architecture, variant].filter(Boolean).join('/');
  } catch {
    return written;
  }
}

function withoutVersion(platform: string): string {
  return platform.replace(/\([^)]*\)/, '');
}

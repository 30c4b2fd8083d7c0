import { normaliseName } from './normaliseName';
import { readBom } from './observedBom';
import type { Manager } from './versions/schemes';

/** A package that is really installed in an image, by a list which the build left. */
export interface ObservedPackage {
  manager: Manager;
  name: string;
  version: string;
}

/** Formats of such lists; 'spdx' and 'cyclonedx' hold packages of several managers. */
export type ObservedFormat =
  'spdx' | 'cyclonedx' | 'conda list' | 'pip list' | 'pip freeze' | 'dpkg' | 'apk info' | 'installed.packages';

export type Observed = { format: ObservedFormat; packages: ObservedPackage[] } | { error: string };

/**
 * Reads the list of installed packages that a build left, in whatever format it is: SPDX or CycloneDX JSON,
 * `conda list --json`, `pip list --format=json`, `pip freeze`, `dpkg -l`, `dpkg-query -W`, `apk info -v`, or R's
 * `write.csv(installed.packages())`. Sorted, each package once with its last version. An error is one sentence.
 */
export function readObserved(text: string): Observed {
  const content = text.replace(/^\uFEFF/, '').trimStart();
  if (content === '') return { error: 'The list of observed packages is empty.' };
  const read = /^[[{]/.test(content) ? readJson(content) : readText(content);
  if ('error' in read) return read;
  const packages = read.packages.map(({ manager, name, version }) => ({
    manager,
    name: normaliseName(manager, name),
    version,
  }));
  const byName = new Map(packages.map((one) => [`${one.manager} ${one.name}`, one]));
  const sorted = [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return { format: read.format, packages: sorted };
}

function readJson(text: string): Observed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return {
      error: `The list of observed packages is no JSON: ${cause instanceof Error ? cause.message : 'unknown'}.`,
    };
  }
  if (!Array.isArray(value)) return readBom(value as object);
  const items = value.filter((item) => item !== null && typeof item === 'object') as Record<string, unknown>[];
  const isConda = items.some(({ channel, base_url: url, dist_name: dist }) => channel ?? url ?? dist);
  const packages = items.flatMap(({ name, version, channel }): ObservedPackage[] => {
    if (typeof name !== 'string' || typeof version !== 'string') return [];
    // conda lists what pip put into the environment under the channel 'pypi'.
    return [{ manager: isConda && channel !== 'pypi' ? 'conda' : 'pip', name, version }];
  });
  if (packages.length === 0 && value.length > 0) {
    return { error: 'The list of observed packages is JSON, but no list with name and version.' };
  }
  return { format: isConda ? 'conda list' : 'pip list', packages };
}

interface TextFormat {
  format: ObservedFormat;
  manager: Manager;
  /** Lines that say nothing of a package. */
  skip: RegExp;
  line: RegExp;
}

const TEXT_FORMATS: readonly TextFormat[] = [
  {
    format: 'dpkg',
    manager: 'apt',
    skip: /^(?:Desired=|\||\+\+\+-|[uirph][ncHUFWtTi]R?\s)/,
    line: /^[ih]i\s+([a-z0-9][a-z0-9+.:-]+)\s+([0-9][^\s]*)(?:\s|$)/,
  },
  {
    format: 'dpkg',
    manager: 'apt',
    skip: /^[a-z0-9][a-z0-9+.:-]+\t\s*$/,
    line: /^([a-z0-9][a-z0-9+.:-]+)\t([0-9]\S*)$/,
  },
  {
    format: 'pip freeze',
    manager: 'pip',
    skip: /^#|^-e |^-{2}[a-z]|^[\w.-]+ @ \S+$/,
    line: /^([A-Za-z0-9][\w.-]*)(?:={2,3}(\S+)| @ \S*\/[^/\s]+?-(\d[^-/\s]*?)(?:-[^/\s]*\.whl|\.tar\.gz|\.zip)(?:#\S*)?)$/,
  },
  {
    format: 'apk info',
    manager: 'apk',
    skip: /^WARNING|^fetch /,
    line: /^([A-Za-z0-9_][\w.+-]*?)-(\d[\w.]*(?:~[0-9a-f]+)?-r\d+)(?: .*)?$/,
  },
];

/** The first format that reads every line of the text. */
function readText(text: string): Observed {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [header = ''] = lines;
  if (/^"?(?:"?,)?"?Package"?[,;]/.test(header)) return readInstalledPackages(lines);
  let furthest = 0;
  for (const { format, manager, skip, line: form } of TEXT_FORMATS) {
    const packages: ObservedPackage[] = [];
    const bad = lines.findIndex((line) => {
      const found = form.exec(line);
      const version = found?.[2] ?? found?.[3];
      if (version !== undefined) packages.push({ manager, name: found?.[1] ?? '', version });
      return !found && !skip.test(line);
    });
    if (bad < 0 && packages.length > 0) return { format, packages };
    furthest = Math.max(furthest, bad);
  }
  const line = (lines[furthest] ?? '').slice(0, 80);
  return { error: `The list of observed packages has no format that is known; it is not understood at '${line}'.` };
}

/** R's installed.packages() as write.csv writes it, with or without row names. */
function readInstalledPackages(lines: readonly string[]): Observed {
  const [header = [], ...rows] = lines.map(csvFields);
  const nameAt = header.indexOf('Package');
  const versionAt = header.indexOf('Version');
  if (versionAt < 0) return { error: "The list of observed packages is R's, but has no column 'Version'." };
  const packages = rows.flatMap((row): ObservedPackage[] => {
    const [name, version] = [row[nameAt], row[versionAt]];
    return name && version && /^\d/.test(version) ? [{ manager: 'cran', name, version }] : [];
  });
  if (packages.length === 0) return { error: "The list of observed packages is R's, but holds no package." };
  return { format: 'installed.packages', packages };
}

function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|[,;])(?:"((?:[^"]|"")*)"|([^",;]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  );
}

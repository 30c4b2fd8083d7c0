import { emptyFinding, type Finding } from './install';

interface LockedPackage {
  Package?: unknown;
  Version?: unknown;
  Source?: unknown;
  RemoteUsername?: unknown;
  RemoteRepo?: unknown;
}

/** Packages of an renv.lock (https://rstudio.github.io/renv/articles/lockfile.html), each pinned. */
export function readRenvLock(text: string, path: string): Finding {
  const finding = emptyFinding();
  const packages = packagesOf(text);
  if (!packages) return { ...finding, unreadable: [`${path} is no renv lock file`] };
  for (const [name, { Version: version, Source: source, RemoteUsername: owner, RemoteRepo: repository }] of packages) {
    if (typeof version !== 'string') continue;
    const isRemote = typeof owner === 'string' && typeof repository === 'string';
    const location = isRemote
      ? { location: `${owner}/${repository}`, notComparable: 'it comes from a repository' }
      : {};
    const bioconductor = source === 'Bioconductor' ? { bioconductor: true as const } : {};
    finding.installs.push({
      manager: 'cran',
      name,
      wanted: version,
      kind: 'pinned',
      options: { file: path, ...bioconductor, ...location },
    });
  }
  return finding;
}

function packagesOf(text: string): [string, LockedPackage][] | undefined {
  try {
    const lock = JSON.parse(text) as { Packages?: Record<string, LockedPackage | null> } | null;
    const entries = Object.entries(lock?.Packages ?? {});
    return lock?.Packages ? entries.filter((entry): entry is [string, LockedPackage] => entry[1] !== null) : undefined;
  } catch {
    return undefined;
  }
}

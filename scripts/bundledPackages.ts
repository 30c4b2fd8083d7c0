import fs from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';

/** A package of which a file went into a bundle. */
export interface BundledPackage {
  name: string;
  version: string;
  /** SPDX id, as its package.json says; empty where it says none. */
  license: string;
  /** Its folder relative to the project, which is its key in package-lock.json as well. */
  folder: string;
}

/** Every package of which a file went into a bundle, in the order of their folders. */
export function bundledPackages(root: string, metafiles: Metafile[]): BundledPackage[] {
  const folders = new Set(
    metafiles.flatMap(({ inputs }) => Object.keys(inputs).map(packageFolder)).filter((folder) => folder !== undefined),
  );
  return [...folders].sort().map((folder) => {
    const manifest = fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8');
    const { name, version, license = '' } = JSON.parse(manifest) as { name: string; version: string; license?: string };
    return { name, version, license, folder };
  });
}

function packageFolder(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

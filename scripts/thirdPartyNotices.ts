import fs from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';

const PERMITTED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0']);

interface Package {
  name: string;
  version: string;
  license?: string;
}

/**
 * The notices of every package of which a file went into a bundle. Throws for one whose licence the project does not permit or whose
 * licence text is not there.
 */
export function thirdPartyNotices(root: string, metafiles: Metafile[]): string {
  const folders = new Set(
    metafiles.flatMap(({ inputs }) => Object.keys(inputs).map(packageFolder)).filter((folder) => folder !== undefined),
  );
  const notices = [...folders].sort().map((folder) => notice(path.join(root, folder)));
  return `Pipeline Cascade contains parts of the following packages.\n\n${[...new Set(notices)].join('\n\n')}\n`;
}

function packageFolder(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

function notice(folder: string): string {
  const {
    name,
    version,
    license = '',
  } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as Package;
  if (!PERMITTED.has(license))
    throw new Error(`${name} ${version} has the licence '${license}', which is not among the permitted ones.`);
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file
    ? fs.readFileSync(path.join(folder, file), 'utf8').trim()
    : `Licence: ${license} (the package carries no text of its own).`;
  const line = '-'.repeat(80);
  return `${line}\n${name} ${version} (${license})\n${line}\n\n${text}`;
}

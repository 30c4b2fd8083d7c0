import fs from 'node:fs';
import path from 'node:path';
import type { BundledPackage } from './bundledPackages';

const PERMITTED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0']);

/** The notices of packages that are part of the extension. Throws for one whose licence the project does not permit. */
export function thirdPartyNotices(root: string, packages: BundledPackage[]): string {
  const notices = packages.map((each) => notice(root, each));
  return `Pipeline Cascade contains parts of the following packages.\n\n${[...new Set(notices)].join('\n\n')}\n`;
}

function notice(root: string, { name, version, license, folder }: BundledPackage): string {
  if (!PERMITTED.has(license))
    throw new Error(`${name} ${version} has the licence '${license}', which is not among the permitted ones.`);
  const file = fs.readdirSync(path.join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file
    ? fs.readFileSync(path.join(root, folder, file), 'utf8').trim()
    : `Licence: ${license} (the package carries no text of its own).`;
  const line = '-'.repeat(80);
  return `${line}\n${name} ${version} (${license})\n${line}\n\n${text}`;
}

import fs from 'node:fs';
import { unzipSync, zipSync, type Zippable } from 'fflate';

/** The first moment that a zip can tell; its times have no zone, so the parts of a local time are what is written. */
const MTIME = new Date(1980, 0, 1);

/**
 * Packs a .vsix anew with its files in the order of their names, one time for all of them and no word of the machine, so that the same
 * sources give the same bytes everywhere: whoever builds a release can compare it with the published one.
 */
export function repack(file: string): void {
  const contents = Object.entries(unzipSync(fs.readFileSync(file))).filter(([name]) => !name.endsWith('/'));
  contents.sort(([a], [b]) => (a < b ? -1 : 1));
  const files: Zippable = Object.fromEntries(contents);
  fs.writeFileSync(file, zipSync(files, { level: 9, mtime: MTIME, os: 3, attrs: 0o100644 << 16 }));
}

import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { unzipSync } from 'fflate';

/** Unpacks a .vsix, which is a zip, into a new folder (or the given one) and gives that folder. Throws on a name that leads out of it. */
export async function unpackVsix(file: string, folder?: string): Promise<string> {
  const root = resolve(folder ?? (await mkdtemp(join(tmpdir(), 'vsix-'))));
  for (const [name, content] of Object.entries(unzipSync(await readFile(file)))) {
    const path = resolve(root, name);
    if (!path.startsWith(root + sep)) throw new Error(`The package holds a file outside itself: '${name}'.`);
    if (name.endsWith('/')) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return root;
}

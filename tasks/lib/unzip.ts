import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { messageOf, UserError } from './errors';

const SYMBOLIC_LINK = 0o120000;
const FILE_KIND = 0o170000;

/**
 * Unpacks an archive into a folder, one entry after the other. An entry that would leave the folder, and a link, are refused before
 * anything of it is written; the size of each is held against what the archive says.
 * @param strip first folder of all entries, which is left out.
 * @returns the files, relative to the folder, with `/`.
 */
export async function unzip(file: string, { folder, strip }: { folder: string; strip?: string }): Promise<string[]> {
  const zip = await open(file);
  const files: string[] = [];
  try {
    for await (const entry of entries(zip, file)) {
      const name = placeOf(entry, { file, strip });
      const target = path.join(folder, name);
      if (entry.fileName.endsWith('/')) {
        fs.mkdirSync(target, { recursive: true });
        continue;
      }
      fs.mkdirSync(path.dirname(target), { recursive: true });
      await pipeline(await content(zip, entry), fs.createWriteStream(target));
      files.push(name);
    }
  } finally {
    zip.close();
  }
  return files;
}

async function open(file: string): Promise<ZipFile> {
  // Loaded on demand: few steps bring artifacts back.
  const yauzl = await import('yauzl');
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) => {
      if (error) reject(broken(file, error));
      else resolve(zip);
    });
  });
}

async function* entries(zip: ZipFile, file: string): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.removeAllListeners();
      zip.once('entry', resolve);
      zip.once('end', () => resolve(undefined));
      zip.once('error', (error: Error) => reject(broken(file, error)));
      zip.readEntry();
    });
    if (!entry) return;
    yield entry;
  }
}

function content(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}

/** Where an entry goes, relative to the folder. */
function placeOf(
  { fileName, externalFileAttributes }: Entry,
  { file, strip }: { file: string; strip: string | undefined },
): string {
  const kind = (externalFileAttributes >>> 16) & FILE_KIND;
  const name = strip !== undefined && fileName.startsWith(`${strip}/`) ? fileName.slice(strip.length + 1) : fileName;
  const parts = name.split('/');
  if (kind === SYMBOLIC_LINK || parts.includes('..') || /^([A-Za-z]:|[\\/])|\\|\0/.test(name)) {
    throw new UserError(
      `The archive ${path.basename(file)} holds the entry '${fileName}', which would leave its folder; nothing more of it is unpacked.`,
    );
  }
  return name;
}

function broken(file: string, error: Error): UserError {
  return new UserError(`The archive ${path.basename(file)} cannot be unpacked: ${messageOf(error)}.`, { cause: error });
}

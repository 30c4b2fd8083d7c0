import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { messageOf, UserError } from './errors';

const SYMBOLIC_LINK = 0o120000;
const FILE_KIND = 0o170000;
/** Names that Windows takes for something else: devices, streams of another file, and what it cuts off (https://learn.microsoft.com/windows/win32/fileio/naming-a-file). */
const NO_FILE_ON_WINDOWS =
  /[<>:"|?*\p{Cc}]|[. ]$|^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])([ .]|$)/iu;

/**
 * Unpacks an archive into a folder, one entry after the other. An entry that would leave the folder, and a link, are refused before
 * anything of it is written; the size of each is held against what the archive says.
 * @param strip first folder of all entries, which is left out.
 * @param name what messages call the archive.
 * @returns the files, relative to the folder, with `/`.
 */
export async function unzip(
  file: string,
  { folder, strip, name: archive }: { folder: string; strip?: string; name: string },
): Promise<string[]> {
  const zip = await open(file, archive);
  const files: string[] = [];
  try {
    for await (const entry of entries(zip, archive)) {
      const name = placeOf(entry, { archive, strip });
      const target = path.join(folder, name);
      if (entry.fileName.endsWith('/')) {
        fs.mkdirSync(target, { recursive: true });
        continue;
      }
      fs.mkdirSync(path.dirname(target), { recursive: true });
      const bytes = await content(zip, entry).catch((error: unknown) => {
        throw broken(archive, error);
      });
      await pipeline(bytes, fs.createWriteStream(target)).catch((error: unknown) => {
        throw isOfDisk(error) ? error : broken(archive, error);
      });
      files.push(name);
    }
  } finally {
    zip.close();
  }
  return files;
}

async function open(file: string, archive: string): Promise<ZipFile> {
  // Loaded on demand: few steps bring artifacts back.
  const yauzl = await import('yauzl');
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) => {
      if (error) reject(broken(archive, error));
      else resolve(zip);
    });
  });
}

async function* entries(zip: ZipFile, archive: string): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.removeAllListeners();
      zip.once('entry', resolve);
      zip.once('end', () => resolve(undefined));
      zip.once('error', (error: Error) => reject(broken(archive, error)));
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

/** Where an entry goes, relative to the folder. Throws `UserError` for one that would leave it, and on Windows for one that it cannot have. */
export function placeOf(
  { fileName, externalFileAttributes }: Pick<Entry, 'fileName' | 'externalFileAttributes'>,
  { archive, strip }: { archive: string; strip?: string | undefined },
): string {
  const kind = (externalFileAttributes >>> 16) & FILE_KIND;
  const name = strip !== undefined && fileName.startsWith(`${strip}/`) ? fileName.slice(strip.length + 1) : fileName;
  const parts = name.split('/');
  if (kind === SYMBOLIC_LINK || parts.includes('..') || /^([A-Za-z]:|[\\/])|\\|\0/.test(name)) {
    throw escapes(archive, fileName);
  }
  const bad = path.sep === '\\' && parts.find((part) => NO_FILE_ON_WINDOWS.test(part));
  if (bad) {
    throw new UserError(
      `${archive} holds the entry '${fileName}', and Windows can have no file '${bad}'; nothing more of it is unpacked. Give it another name, or download it on another system.`,
    );
  }
  return name;
}

function escapes(archive: string, entry: string, cause?: unknown): UserError {
  return new UserError(
    `${archive} holds the entry '${entry}', which would leave its folder; nothing more of it is unpacked.`,
    { cause },
  );
}

/** What the reader complains of; names that lead elsewhere it refuses itself, before we see them. */
function broken(archive: string, error: unknown): UserError {
  const message = messageOf(error);
  const [, entry] =
    /^(?:invalid relative path|absolute path|invalid characters in fileName): (.*)$/.exec(message) ?? [];
  if (entry !== undefined) return escapes(archive, entry, error);
  return new UserError(`${archive} cannot be unpacked: ${message}.`, { cause: error });
}

/** True for what a full disk, a missing right or a file in the way makes of a write. */
export function isOfDisk(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return ['ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(
    code ?? '',
  );
}

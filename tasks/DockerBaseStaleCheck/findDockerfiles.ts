import { open, readdir, realpath, stat } from 'node:fs/promises';
import { hasFrom } from './dockerfile/readDockerfile';
import { readPatterns, type Patterns } from './dockerfilePatterns';

export type EntryKind = 'file' | 'directory' | 'link' | 'other';

/** The file system, as far as a task reads it. Paths are absolute, with `/`. */
export interface Files {
  /** The entries of a folder, in any order; links are not followed. */
  readDirectory(path: string): Promise<{ name: string; kind: EntryKind }[]>;
  /** What a path is when links are followed. */
  kindOf(path: string): Promise<EntryKind>;
  /** Text as UTF-8; rejects what is longer than `maxBytes`. */
  readText(path: string, maxBytes: number): Promise<string>;
  /** The path without links. */
  realPath(path: string): Promise<string>;
}

/** What the search says about one path, relative to the search folder, with `/`. */
export type FoundFile =
  | { kind: 'dockerfile'; path: string; text: string }
  /** It has no FROM: another file that is called like one. */
  | { kind: 'notDockerfile'; path: string }
  /** A file or folder that could not be read, and why. */
  | { kind: 'unreadable'; path: string; reason: string };

export interface FoundDockerfiles {
  /** In the order of their paths, character by character. */
  files: FoundFile[];
  /** Patterns, as written, that matched no file. */
  unmatched: string[];
}

/** No Dockerfile comes near; what is larger is an archive or a log that is called like one. */
const MAX_BYTES = 1_048_576;
/** Folders and files that are read at a time. */
const PARALLEL = 16;

interface Found {
  path: string;
  patterns: readonly number[];
}

/**
 * Finds files under `folder` by the patterns of the `dockerfiles` input. Links to files and folders count as long as they
 * stay inside; a folder is entered once, so circles of links end. Nothing is thrown but a folder that is not there.
 */
export async function findDockerfiles(
  folder: string,
  patterns: readonly string[],
  files: Files,
): Promise<FoundDockerfiles> {
  const root = await files.realPath(folder);
  const wanted = readPatterns(patterns, [folder, root]);
  const { found, unreadable } = await walk(root, wanted, files);
  const read = await inParallel(found, async ({ path }) => readOne(root, path, files));
  const matched = new Set(found.flatMap((one) => one.patterns));
  return {
    files: [...read, ...unreadable].sort((left, right) => compare(left.path, right.path)),
    unmatched: wanted.written.filter((_, index) => !matched.has(index)),
  };
}

async function readOne(root: string, path: string, files: Files): Promise<FoundFile> {
  try {
    const text = await files.readText(`${root}/${path}`, MAX_BYTES);
    return hasFrom(text) ? { kind: 'dockerfile', path, text } : { kind: 'notDockerfile', path };
  } catch (error) {
    return { kind: 'unreadable', path, reason: reasonOf(error) };
  }
}

interface Folder {
  /** Relative to the search folder, '' for itself. */
  path: string;
  /** Absolute, without links. */
  real: string;
}

interface Walk {
  root: string;
  wanted: Patterns;
  files: Files;
  found: Found[];
  unreadable: FoundFile[];
  /** Real paths of the folders that were entered. */
  entered: Set<string>;
  /** Links inside the search folder, looked at when all plain folders are done. */
  links: string[];
}

async function walk(root: string, wanted: Patterns, files: Files): Promise<Pick<Walk, 'found' | 'unreadable'>> {
  const state: Walk = { root, wanted, files, found: [], unreadable: [], entered: new Set(), links: [] };
  let folders: Folder[] = [{ path: '', real: root }];
  while (folders.length > 0) {
    folders = (await inParallel(folders, (folder) => readFolder(folder, state))).flat();
    if (folders.length > 0) continue;
    // One after the other, in order: of two links to one folder always the same one is entered.
    for (const link of state.links.splice(0).sort(compare)) folders.push(...(await followLink(link, state)));
  }
  return state;
}

/** Notes what a folder holds and gives the folders in it that are worth a look. */
async function readFolder({ path: folder, real }: Folder, state: Walk): Promise<Folder[]> {
  const { wanted, files, entered, links, unreadable } = state;
  if (entered.has(real)) return [];
  entered.add(real);
  const folders: Folder[] = [];
  try {
    for (const { name, kind } of await files.readDirectory(real)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (kind === 'file') noteFile(path, state);
      else if (kind === 'directory' && wanted.mayHold(path)) folders.push({ path, real: `${real}/${name}` });
      else if (kind === 'link' && (wanted.match(path) ?? wanted.mayHold(path))) links.push(path);
    }
  } catch (error) {
    unreadable.push({ kind: 'unreadable', path: folder || '.', reason: reasonOf(error) });
  }
  return folders;
}

function noteFile(path: string, { wanted, found }: Walk): void {
  const patterns = wanted.match(path);
  if (patterns) found.push({ path, patterns });
}

async function followLink(path: string, state: Walk): Promise<Folder[]> {
  const { root, files, wanted, unreadable } = state;
  try {
    const real = await files.realPath(`${root}/${path}`);
    if (real !== root && !real.startsWith(`${root}/`)) return [];
    const kind = await files.kindOf(real);
    if (kind === 'file') noteFile(path, state);
    return kind === 'directory' && wanted.mayHold(path) ? [{ path, real }] : [];
  } catch (error) {
    // A link to nothing matters only where a Dockerfile was looked for.
    if (wanted.match(path)) unreadable.push({ kind: 'unreadable', path, reason: reasonOf(error) });
    return [];
  }
}

/** The results in the order of the items. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const systemFiles: Files = {
  readDirectory: async (path) => {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOfEntry(entry) }));
  },
  kindOf: async (path) => kindOfEntry(await stat(path)),
  readText: async (path, maxBytes) => {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw new Error(`The file has ${size} bytes, more than the ${maxBytes} that are read.`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  },
  realPath: async (path) => (await realpath(path)).replaceAll('\\', '/').replace(/(?<=.)\/$/, ''),
};

interface HasKind {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOfEntry(entry: HasKind): EntryKind {
  if (entry.isSymbolicLink()) return 'link';
  if (entry.isDirectory()) return 'directory';
  return entry.isFile() ? 'file' : 'other';
}

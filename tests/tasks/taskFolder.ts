import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unpackVsix } from '../agent/vsix';

const root = path.join(__dirname, '..', '..');
let unpacked: Promise<string> | undefined;

/**
 * Folder of a task as it is shipped: from the package in dist where that is newer than the build, else from the build.
 * Throws where there is neither.
 */
export async function taskFolder(task: string): Promise<string> {
  const built = path.join(root, 'build', 'extension');
  const bundle = path.join(built, task, 'index.js');
  const [packed] = packages().sort((a, b) => modified(b) - modified(a));
  if (packed && modified(packed) > modified(bundle)) return path.join(await (unpacked ??= unpack(packed)), task);
  if (!fs.existsSync(bundle)) throw new Error(`There is no build of ${task}: run 'npm run build' first.`);
  return path.join(built, task);
}

function packages(): string[] {
  const dist = path.join(root, 'dist');
  if (!fs.existsSync(dist)) return [];
  return fs
    .readdirSync(dist)
    .filter((name) => /^pipeline-cascade-.*\.vsix$/.test(name))
    .map((name) => path.join(dist, name));
}

function modified(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function unpack(file: string): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-vsix-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return unpackVsix(file, folder);
}

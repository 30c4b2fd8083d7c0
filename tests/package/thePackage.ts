import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readPackage, type PackagedFile } from '../../scripts/packageContents';

export const root = path.join(__dirname, '..', '..');

/** The .vsix of the version that the manifest names; made now where there is none. */
export function packageFile(): string {
  const { id, version } = readJson<{ id: string; version: string }>('vss-extension.json');
  const file = path.join(root, 'dist', `${id}-${version}.vsix`);
  if (fs.existsSync(file)) return file;
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/package.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The extension could not be packaged: ${stderr}`);
  return file;
}

export function packagedFiles(): PackagedFile[] {
  return readPackage(packageFile());
}

export function textIn(files: PackagedFile[], name: string): string {
  return Buffer.from(contentIn(files, name)).toString('utf8');
}

export function contentIn(files: PackagedFile[], name: string): Uint8Array {
  const file = files.find((candidate) => candidate.name === name);
  if (!file) throw new Error(`The package has no ${name}; it holds ${files.map((other) => other.name).join(', ')}.`);
  return file.content;
}

export function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')) as T;
}

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const root = path.join(__dirname, '..', '..');
export const command = path.join(root, 'cli', 'pipeline-cascade.mjs');

export interface ShellOptions {
  /** Beside PATH and a home folder nothing is inherited. */
  environment?: Record<string, string>;
  folder?: string;
  /** Called with each piece of either stream as it comes. */
  onOutput?: (text: string, process: ChildProcess) => void;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Files that it left in its temporary folder. */
  left: string[];
}

/** Runs the command to its end, with pipes for output and without input, in an empty folder unless told otherwise. */
export async function shell(args: string[], options: ShellOptions = {}): Promise<Ended> {
  const node = process.env.CASCADE_TEST_NODE ?? process.execPath;
  return await ran(node, [command, ...args], options);
}

/** The same on a terminal: what it shows is in `stdout`. */
export async function onTerminal(args: string[], options: ShellOptions = {}): Promise<Ended> {
  const node = process.env.CASCADE_TEST_NODE ?? process.execPath;
  const line = [node, command, ...args].map((word) => `'${word}'`).join(' ');
  const environment = { TERM: 'xterm-256color', ...options.environment };
  return await ran('script', ['--quiet', '--return', '--command', line, '/dev/null'], { ...options, environment });
}

async function ran(program: string, args: string[], options: ShellOptions): Promise<Ended> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-shell-'));
  const temporary = path.join(home, 'tmp');
  const folder = path.join(home, 'folder');
  for (const one of [temporary, folder]) fs.mkdirSync(one);
  const child = spawn(program, args, {
    cwd: options.folder ?? folder,
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, stdout: '', stderr: '', left: [] };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      ended[stream] += text;
      options.onOutput?.(text, child);
    });
  }
  try {
    ended.code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { ...ended, left: fs.readdirSync(temporary) };
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

/** Builds the extension and the command where that was not done since their sources changed. */
export function build(): void {
  const built = path.join(root, 'build', 'cli', 'main.js');
  const sources = ['cli', 'tasks'].map((folder) => newest(path.join(root, folder)));
  if (fs.existsSync(built) && fs.statSync(built).mtimeMs > Math.max(...sources)) return;
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed: ${stderr}`);
}

function newest(folder: string): number {
  const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => fs.statSync(path.join(folder, file)).mtimeMs));
}

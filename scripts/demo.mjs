/** The demo on a fresh machine: installs what it needs, then plays scripts/demo.ts. Plain Node, because nothing else is there yet. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** npm writes this file last, so what is older than the lock was not installed from it, or not to its end. */
function isInstalled() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  return fs.existsSync(installed) && changedAt(installed) >= changedAt(path.join(root, 'package-lock.json'));
}

function changedAt(file) {
  return fs.statSync(file).mtimeMs;
}

/** Runs a command on our own terminal; gives its exit code, also when it was told to stop. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    // A terminal sends Ctrl+C to the child as well, which ends in good order; we wait for that.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 130));
  });
}

let code = 0;
if (!isInstalled()) {
  console.log('Installing the packages of package-lock.json (npm ci) …');
  code = await run('npm', ['ci', '--loglevel=error']);
}
// Agents on demand need no package, but a cluster: they are a demo of their own.
const [part, ...others] = process.argv.slice(2);
const script =
  part === 'agents' ? ['scripts/demo/agents.ts', ...others] : ['scripts/demo.ts', ...process.argv.slice(2)];
process.exitCode = code || (await run(process.execPath, ['--import', 'tsx', ...script]));

/** Builds the extension and packages it as dist/pipeline-cascade-<version>.vsix, the same bytes every time; fails on anything that tfx warns of. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { problemsIn, readPackage, taskFolders } from './packageContents';
import { repack } from './repack';

const root = path.join(__dirname, '..');
/** Where build and dist go: the project, or the folder that is given. */
const target = path.resolve(process.argv[2] ?? root);
const dist = path.join(target, 'dist');

/** Runs a script of ours or of a library, and gives all that it says. */
function run(name: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const said = `${stdout}${stderr}`;
  if (status !== 0) throw new Error(`${name} failed:\n${said}`);
  return said;
}

function packageExtension(): string {
  run('The build', ['--import', 'tsx', 'scripts/build.ts', target]);
  const { id, version } = JSON.parse(fs.readFileSync(path.join(root, 'vss-extension.json'), 'utf8')) as {
    id: string;
    version: string;
  };
  const file = path.join(dist, `${id}-${version}.vsix`);
  const unfinished = path.join(dist, `${process.pid}.tmp`);
  const said = run('tfx', [
    ...['node_modules/tfx-cli/_build/tfx-cli.js', 'extension', 'create', '--no-prompt', '--no-color'],
    ...[
      '--root',
      path.join(target, 'build', 'extension'),
      '--manifests',
      'vss-extension.json',
      '--output-path',
      unfinished,
    ],
  ]);
  if (/warn|in the future/i.test(said)) throw new Error(`tfx warns:\n${said}`);
  repack(unfinished);
  fs.renameSync(unfinished, file);
  const others = fs.readdirSync(dist).filter((name) => name.endsWith('.vsix') && name !== path.basename(file));
  for (const other of others) fs.rmSync(path.join(dist, other));
  return file;
}

function main(): void {
  const file = packageExtension();
  const files = readPackage(file);
  const problems = problemsIn(files, root);
  if (problems.length) throw new Error(`${path.relative(root, file)} is not fit to publish:\n${problems.join('\n')}`);
  const kilobytes = Math.ceil(fs.statSync(file).size / 1024);
  console.log(`Packaged ${taskFolders(files).join(', ')} in ${path.relative(root, file)} (${kilobytes} KB).`);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

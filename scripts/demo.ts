/**
 * The extension at work on this machine alone: builds and packages it, unpacks the .vsix, starts the emulator of Azure DevOps, and
 * runs the packaged tasks as an agent does. Ends with 0 only if every scene ended as it should. With the argument `tab` there is only the
 * scene of the tab, in slow motion, and its page stays until Ctrl+C.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { startEmulator } from '../emulator/server';
import { unpackVsix } from '../tests/agent/vsix';
import { asyncStage } from './demo/asyncStage';
import { cascadeTab } from './demo/cascadeTab';
import { failedRun } from './demo/failedRun';
import { fanOut } from './demo/fanOut';
import { release } from './demo/release';
import { Screen } from './demo/screen';
import { Player, type Scene } from './demo/scene';
import { staleImage } from './demo/staleImage';
import { stalePackage } from './demo/stalePackage';
import { startedRun } from './demo/startedRun';
import { startTabHost } from './tabHost/server';

const SCENES: Scene[] = [
  startedRun,
  failedRun,
  fanOut,
  asyncStage,
  release,
  staleImage,
  stalePackage,
  cascadeTab(1500),
];
const SLOW_MS = 20_000;

const root = path.join(__dirname, '..');
const screen = new Screen(process.stdout);

async function main(onlyTab: boolean, stop: AbortSignal): Promise<number> {
  screen.heading('Build and package');
  await npmRun('package', stop);
  const [name = ''] = fs.readdirSync(path.join(root, 'dist')).filter((file) => file.endsWith('.vsix'));
  const folder = await unpackVsix(path.join(root, 'dist', name));
  const emulator = await startEmulator();
  const tabHost = await startTabHost({ emulator, folder });
  const scenes = onlyTab ? [cascadeTab(SLOW_MS)] : SCENES;
  try {
    screen.line(`Azure DevOps is played by the emulator at ${emulator.url}.`);
    emulator.state.addProject('Fabrikam');
    const player = new Player({ emulator, tabHost, folder, screen, stop });
    const failed: string[] = [];
    for (const scene of scenes) {
      screen.heading(scene.title);
      if (!(await plays(scene, player))) failed.push(scene.title);
      if (stop.aborted) return 130;
    }
    if (onlyTab && !failed.length) {
      screen.line('The page stays until you press Ctrl+C.');
      await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
      return 0;
    }
    screen.heading('The end');
    screen.line(`The package is dist/${name}; it can be uploaded to the Marketplace or to a server as it is.`);
    if (failed.length) screen.bad(`Not as it should be: ${failed.join(', ')}.`);
    else screen.good(`All ${scenes.length} scenes ended as they should.`);
    screen.line('To look at the tab at leisure: npm run demo -- tab');
    return failed.length ? 1 : 0;
  } finally {
    await tabHost.close();
    await emulator.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function plays(scene: Scene, player: Player): Promise<boolean> {
  try {
    await scene.play(player);
    screen.good('This ended as it should.');
    return true;
  } catch (error) {
    screen.bad(error instanceof Error ? error.message : String(error));
    return false;
  }
}

function npmRun(script: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit', signal });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm run ${script} failed.`));
    });
  });
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
main(process.argv[2] === 'tab', stop.signal).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (!stop.signal.aborted) console.error(error);
    process.exitCode = stop.signal.aborted ? 130 : 1;
  },
);

/**
 * The extension at work on this machine alone: builds and packages it, unpacks the .vsix, starts the emulator of Azure DevOps, and
 * runs the packaged tasks as an agent does. Ends with 0 only if every scene ended as it should.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { startEmulator } from '../emulator/server';
import { unpackVsix } from '../tests/agent/vsix';
import { asyncStage } from './demo/asyncStage';
import { failedRun } from './demo/failedRun';
import { fanOut } from './demo/fanOut';
import { release } from './demo/release';
import { Screen } from './demo/screen';
import { Player, type Scene } from './demo/scene';
import { staleImage } from './demo/staleImage';
import { startedRun } from './demo/startedRun';

const SCENES: Scene[] = [startedRun, failedRun, fanOut, asyncStage, release, staleImage];

const root = path.join(__dirname, '..');
const screen = new Screen(process.stdout);

async function main(stop: AbortSignal): Promise<number> {
  screen.heading('Build and package');
  await npmRun('package', stop);
  const [name = ''] = fs.readdirSync(path.join(root, 'dist')).filter((file) => file.endsWith('.vsix'));
  const folder = await unpackVsix(path.join(root, 'dist', name));
  const emulator = await startEmulator();
  try {
    screen.line(`Azure DevOps is played by the emulator at ${emulator.url}.`);
    emulator.state.addProject('Fabrikam');
    const player = new Player({ emulator, folder, screen, stop });
    const failed: string[] = [];
    for (const scene of SCENES) {
      screen.heading(scene.title);
      if (!(await plays(scene, player))) failed.push(scene.title);
      if (stop.aborted) return 130;
    }
    screen.heading('The end');
    screen.line(`The package is dist/${name}; it can be uploaded to the Marketplace or to a server as it is.`);
    if (failed.length) screen.bad(`Not as it should be: ${failed.join(', ')}.`);
    else screen.good(`All ${SCENES.length} scenes ended as they should.`);
    return failed.length ? 1 : 0;
  } finally {
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
main(stop.signal).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (!stop.signal.aborted) console.error(error);
    process.exitCode = stop.signal.aborted ? 130 : 1;
  },
);

import { seed } from './seed';
import { startEmulator } from './server';

/** Starts the emulator for a person; ends on Ctrl+C. `PORT` and `TOKEN` may be given. */
async function main(): Promise<void> {
  const emulator = await startEmulator({
    port: Number(process.env.PORT ?? 0),
    token: process.env.TOKEN ?? 'emulator-token',
  });
  seed(emulator.state);
  const project = emulator.state.projects[0]?.name ?? '';
  console.log(`Azure DevOps in memory
  organization  ${emulator.url}
  releases      ${emulator.releaseUrl}
  token         ${emulator.token}   (Bearer, or password of Basic)
  project       ${project}

Pipelines`);
  for (const { id, name, folder, kind } of emulator.state.pipelines) {
    console.log(`  ${String(id).padStart(3)}  ${`${folder === '\\' ? '' : folder}\\${name}`.padEnd(34)} ${kind}`);
  }
  for (const { id, name, path } of emulator.state.releaseArea.definitions) {
    console.log(`  ${String(id).padStart(3)}  ${`${path}\\${name}`.padEnd(34)} release`);
  }
  const credentials = `-u :${emulator.token}`;
  console.log(`
Try
  curl ${credentials} ${emulator.url}${project}/_apis/build/definitions
  curl ${credentials} -H 'Content-Type: application/json' -d '{"templateParameters":{"image":"r-shiny"}}' \\
    '${emulator.url}${project}/_apis/pipelines/${emulator.state.pipelines[0]?.id ?? 0}/runs?api-version=7.1'

Ctrl+C ends it.`);
  const end = (): void => {
    console.log(`\nEnded after ${emulator.calls.length} requests.`);
    void emulator.close();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

void main();

import { spawn, type ChildProcess } from 'node:child_process';
import type { Emulator } from '../emulator/server';

/** The least that asks for a run at a fixed pace, as scripts in pipelines do: arguments are address, token and pause in milliseconds. */
const POLLER = `
const [url, token, pause] = process.argv.slice(1);
const headers = { authorization: 'Basic ' + Buffer.from(':' + token).toString('base64') };
async function look() {
  const build = await (await fetch(url, { headers })).json();
  if (build.status !== 'completed') setTimeout(look, Number(pause));
}
void look();
`;

/** The least that cancels a run when it is interrupted. */
const CANCELER = `
const [url, token] = process.argv.slice(1);
const headers = { authorization: 'Basic ' + Buffer.from(':' + token).toString('base64'), 'content-type': 'application/json' };
const alive = setInterval(() => {}, 1000);
process.on('SIGINT', () => {
  clearInterval(alive);
  void fetch(url, { method: 'PATCH', headers, body: JSON.stringify({ status: 'cancelling' }) });
});
void fetch(url, { headers });
`;

/** Polls a run until it is completed, every so many milliseconds. */
export function pollBarely(
  emulator: Emulator,
  { id, pauseMs, project }: { id: number; pauseMs: number; project?: string },
): ChildProcess {
  return start(POLLER, [addressOf(emulator, id, project), emulator.token, String(pauseMs)]);
}

/** Waits for SIGINT, and cancels a run then. */
export function cancelBarely(emulator: Emulator, id: number): ChildProcess {
  return start(CANCELER, [addressOf(emulator, id), emulator.token]);
}

function addressOf(emulator: Emulator, id: number, project = 'Fabrikam'): string {
  return `${emulator.url}${project}/_apis/build/builds/${id}?api-version=7.1`;
}

function start(script: string, args: string[]): ChildProcess {
  return spawn(process.execPath, ['--eval', script, '--', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

import { spawn } from 'node:child_process';
import os from 'node:os';
import readline from 'node:readline';

export interface Bundle {
  script: string;
  folder: string;
  environment: NodeJS.ProcessEnv;
  onLine: (line: string) => void;
  /** The person asked to stop for the first time. */
  onStop: () => void;
}

export interface BundleEnd {
  /** 0, also when the task failed; anything else is a crash. */
  code: number | null;
  /** The signal that we were sent; undefined when nobody asked us to stop. */
  stoppedBy: NodeJS.Signals | undefined;
}

/** What the task is sent the first, second and third time that we are asked to stop: the agent's order. */
const ESCALATION = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
/** npx passes on the Ctrl+C that a terminal has already sent to all of us: twice so soon is once. */
const SAME_KEY_MS = 300;

/** Runs a task's bundle as an agent does: output through pipes, no input, a process group of its own, stopped by SIGINT. */
export async function runBundle({ script, folder, environment, onLine, onStop }: Bundle): Promise<BundleEnd> {
  const child = spawn(process.execPath, [script], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stoppedBy: NodeJS.Signals | undefined;
  let stops = 0;
  let stoppedAt = -Infinity;
  const stop = (signal: NodeJS.Signals) => {
    if (Date.now() - stoppedAt < SAME_KEY_MS) return;
    stoppedAt = Date.now();
    if (stops === 0) onStop();
    stoppedBy ??= signal;
    child.kill(ESCALATION[Math.min(stops, 2)]);
    stops++;
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, stop);
  const streams = [child.stdout, child.stderr].map((input) => readline.createInterface({ input, crlfDelay: Infinity }));
  const read = streams.map((lines) => {
    lines.on('line', onLine);
    return new Promise((resolve) => lines.once('close', resolve));
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    await Promise.all(read);
    return { code, stoppedBy };
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

/** As a shell tells that a signal ended a command. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + os.constants.signals[signal];
}

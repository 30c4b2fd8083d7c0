import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { atProcessEnd } from './atProcessEnd';

/** How long the agent waits, in milliseconds; tests may shorten it. */
export interface WaitingTimes {
  /** After SIGINT; 7500. */
  sigintMs: number;
  /** After SIGTERM; 2500. */
  sigtermMs: number;
  /** For pipes that a child keeps open after the process has ended; 5000. */
  openPipesMs: number;
  /** After `task.complete done=true`; 5000. */
  doneMs: number;
  /** Before repetition n of a step with retryCountOnTaskFailure; n² seconds. */
  retryMs: (n: number) => number;
}

export type StreamName = 'stdout' | 'stderr';

export interface ProcessStart {
  node: string;
  target: string;
  workingDirectory: string;
  environment: Record<string, string>;
  times: WaitingTimes;
  onLine: (stream: StreamName, line: string) => void;
}

export interface ProcessEnd {
  /** As the agent sees it: 128 and the signal's number when a signal ended the process; null if it never ran or still runs. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface TaskProcess {
  pid: number | undefined;
  /** SIGINT, SIGTERM, SIGKILL, each when the one before has not ended the process in its time. */
  stop: () => void;
  kill: () => void;
  /** Ends the waiting, as for a step that has declared itself done, and leaves nothing behind. */
  abandon: () => void;
  ended: Promise<ProcessEnd>;
}

/** Starts node on a task's script as the agent does: pipes, stdin closed at once, signals to this one process only. */
export function startProcess(start: ProcessStart): TaskProcess {
  const { node, target, workingDirectory, environment, times } = start;
  // A group of its own makes it possible to leave no grandchild behind.
  const child = spawn(node, [target], { cwd: workingDirectory, env: environment, detached: true });
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  const flushes = [
    readLines(child.stdout, (line) => start.onLine('stdout', line)),
    readLines(child.stderr, (line) => start.onLine('stderr', line)),
  ];
  // A group of its own does not get the signals that end this process.
  child.once(
    'close',
    atProcessEnd(() => killGroup(child)),
  );
  const timers: NodeJS.Timeout[] = [];
  const later = (afterMs: number, action: () => void) => timers.push(setTimeout(action, afterMs));
  let finish: (end: ProcessEnd) => void = () => undefined;

  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    finish = (end) => {
      timers.forEach(clearTimeout);
      killGroup(child);
      child.stdout.destroy();
      child.stderr.destroy();
      flushes.forEach((flush) => flush());
      resolve(end);
    };
    child.once('error', reject);
    child.once('exit', (code, signal) => later(times.openPipesMs, () => finish(endOf(code, signal))));
    child.once('close', (code, signal) => finish(endOf(code, signal)));
  });

  return {
    pid: child.pid,
    ended,
    kill: () => child.kill('SIGKILL'),
    abandon: () => finish({ exitCode: null, signal: null }),
    stop: () => {
      child.kill('SIGINT');
      later(times.sigintMs, () => child.kill('SIGTERM'));
      later(times.sigintMs + times.sigtermMs, () => child.kill('SIGKILL'));
    },
  };
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  return { exitCode: signal === null ? code : 128 + constants.signals[signal], signal };
}

/** Calls back for each line as soon as its end is there; gives the way to have the last one. */
function readLines(stream: Readable, onLine: (line: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  const lines = lineReader(onLine);
  const flush = () => {
    lines.take(decoder.end());
    lines.flush();
  };
  stream.on('data', (chunk: Buffer) => lines.take(decoder.write(chunk)));
  stream.once('end', flush);
  return flush;
}

/** Cuts text that comes in pieces into lines, ended by `\n`, `\r\n` or `\r`; `flush` gives the last one, which nothing ended. */
export function lineReader(onLine: (line: string) => void): { take(text: string): void; flush(): void } {
  let pending = '';
  let afterReturn = false;
  return {
    take(text) {
      // The line that `\r` ended is out already; a `\n` that comes in the next piece belongs to it.
      pending += afterReturn && text.startsWith('\n') ? text.slice(1) : text;
      if (text !== '') afterReturn = text.endsWith('\r');
      const lines = pending.split(/\r\n|\r|\n/);
      pending = lines.pop() ?? '';
      lines.forEach(onLine);
    },
    flush() {
      if (pending !== '') onLine(pending);
      pending = '';
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

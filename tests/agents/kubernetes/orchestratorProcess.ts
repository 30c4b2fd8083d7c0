import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The orchestrator as a process of its own, as its image starts it. */
export interface OrchestratorProcess {
  pid: number;
  /** What it has logged so far, line by line. */
  lines(): { level: string; msg: string; [field: string]: unknown }[];
  /** All that it printed. */
  output(): string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Resolves with the exit code; null where a signal ended it. */
  ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Bundles the orchestrator by the very command of its image. */
export function bundleOrchestrator(file: string): void {
  const command = inRecipe(/^RUN npx (esbuild .*--outfile=)\S+$/m);
  const [program = '', ...args] = `${command}${file}`.split(' ');
  execFileSync(`node_modules/.bin/${program}`, [...args, '--log-level=warning'], { stdio: 'inherit' });
}

function inRecipe(line: RegExp): string {
  const [, found] = line.exec(readFileSync('agents/image/Dockerfile.orchestrator', 'utf8')) ?? [];
  assert.ok(found, `the recipe of the image has a line ${line.source}`);
  return found;
}

/** Starts a bundle with nothing but these variables and those of its image. */
export function startOrchestrator(bundle: string, env: Record<string, string>): OrchestratorProcess {
  const options = inRecipe(/^ENV NODE_OPTIONS="(.*)"$/m);
  const child = spawn(process.execPath, [bundle], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', NODE_OPTIONS: options, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const port = async (): Promise<string> => {
    for (let tries = 0; tries < 600; tries++) {
      const [, found] = /health and metrics are at port (\d+)/.exec(output) ?? [];
      if (found) return found;
      assert.equal(child.exitCode, null, `it ended with ${child.exitCode}: ${output}`);
      await sleep(50);
    }
    assert.fail(`it does not listen: ${output}`);
  };
  return {
    pid: child.pid ?? 0,
    lines: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { level: string; msg: string }),
    output: () => output,
    ask: async (path, init) => await fetch(`http://127.0.0.1:${await port()}${path}`, init),
    ended,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

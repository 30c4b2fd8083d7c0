import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { listen, theTask } from './startUp';
import { inMs, median, type Figure } from './figure';

const TIMES = 11;

/** Loaded before the task: writes down, at the first request, when each part of the start was over; milliseconds since the process began. */
const STOPWATCH = `
const { performance } = require('node:perf_hooks');
const Module = require('node:module');
const at = { node: performance.now() };
const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (!isMain) return load.apply(this, arguments);
  at.preload = performance.now();
  const exported = load.apply(this, arguments);
  at.loaded = performance.now();
  return exported;
};
const http = require('node:http');
const { ClientRequest } = http;
const end = ClientRequest.prototype.end;
ClientRequest.prototype.end = function () {
  if (at.request === undefined) {
    at.request = performance.now();
    require('node:fs').writeFileSync(process.env.CASCADE_STOPWATCH, JSON.stringify(at));
  }
  return end.apply(this, arguments);
};
`;

interface Times {
  node: number;
  preload: number;
  loaded: number;
  request: number;
}

/** Where the time goes from the start of the process to its first request. */
export async function startUpProfile(): Promise<Figure[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-profile-'));
  const server = await listen();
  try {
    const { script, env, cwd } = await theTask(folder, server.url);
    const preload = path.join(folder, 'stopwatch.cjs');
    const written = path.join(folder, 'times.json');
    fs.writeFileSync(preload, STOPWATCH);
    const runs: Times[] = [];
    for (let time = 0; time < TIMES; time++) {
      const child = spawn(process.execPath, ['--require', preload, script], {
        cwd,
        env: { ...env, CASCADE_STOPWATCH: written },
        stdio: 'ignore',
      });
      await new Promise((resolve) => child.once('close', resolve));
      runs.push(JSON.parse(fs.readFileSync(written, 'utf8')) as Times);
    }
    const part = (of: (times: Times) => number) => inMs(median(runs.map(of)));
    const whole = `of ${part(({ node, preload, request }) => node + request - preload)}`;
    return [
      { name: 'start-up: Node itself', value: part(({ node }) => node), baseline: whole, note: `median of ${TIMES}` },
      {
        name: 'start-up: reading, compiling and running the bundle',
        value: part(({ preload, loaded }) => loaded - preload),
        baseline: whole,
      },
      {
        name: 'start-up: inputs, secrets, connection',
        value: part(({ loaded, request }) => request - loaded),
        baseline: whole,
      },
    ];
  } finally {
    server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

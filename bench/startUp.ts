import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { runStep } from '../tests/agent/agent';
import { buildVariables } from '../tests/agent/systemVariables';
import { taskFolder } from '../tests/tasks/taskFolder';
import { inMs, median, type Figure } from './figure';

const NODE = process.env.CASCADE_TEST_NODE ?? process.execPath;
const PAIRS = 21;
/** The task may take so many times as long as the bare script to its first request. */
const AT_MOST = 2.4;

interface Program {
  script: string;
  env: Record<string, string>;
  cwd: string;
}

/** From the start of the process to its first request at the server: the task, and a script that does nothing but one request. */
export async function startUp(): Promise<Figure[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-bench-'));
  const server = await listen();
  try {
    const bare = bareScript(folder, server.port);
    const task = await theTask(folder, server.url);
    const times = { bare: [] as number[], task: [] as number[] };
    for (const program of [bare, task]) await server.firstRequestOf(program);
    for (let pair = 0; pair < PAIRS; pair++) {
      times.bare.push(await server.firstRequestOf(bare));
      times.task.push(await server.firstRequestOf(task));
    }
    const [base, own] = [median(times.bare), median(times.task)];
    const factor = (own / base).toFixed(2);
    return [
      {
        name: 'start to first request',
        value: inMs(own),
        baseline: `${inMs(base)} bare node script`,
        limit: `${AT_MOST} times`,
        note: `${factor} times; median of ${PAIRS} pairs; node ${execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim()}`,
      },
    ];
  } finally {
    server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

function bareScript(folder: string, port: number): Program {
  const script = path.join(folder, 'bare.js');
  fs.writeFileSync(
    script,
    `require('node:http').get({ host: '127.0.0.1', port: ${port}, path: '/' }, (answer) => answer.resume());\n`,
  );
  return { script, env: { PATH: process.env.PATH ?? '' }, cwd: folder };
}

/** The bundle with the environment that the agent gives it: a stand-in that the agent runs in its place writes it down. */
export async function theTask(folder: string, url: string): Promise<Program> {
  const task = await taskFolder('TriggerPipeline');
  const standIn = path.join(folder, 'task');
  const written = path.join(folder, 'environment.json');
  fs.mkdirSync(standIn);
  fs.copyFileSync(path.join(task, 'task.json'), path.join(standIn, 'task.json'));
  fs.writeFileSync(
    path.join(standIn, 'index.js'),
    `require('node:fs').writeFileSync(${JSON.stringify(written)}, JSON.stringify([process.env, process.cwd()]));\n`,
  );
  await runStep({
    taskFolder: standIn,
    inputs: { pipeline: '11' },
    variables: buildVariables({ collectionUri: `${url}/contoso/` }),
    systemConnection: { url: `${url}/contoso/`, token: 'a-token-for-the-bench' },
  });
  const [env, cwd] = JSON.parse(fs.readFileSync(written, 'utf8')) as [Record<string, string>, string];
  return { script: path.join(task, 'index.js'), env, cwd };
}

/** A server that answers 404 and times when the first request of a process arrives. */
export async function listen() {
  let arrived: (() => void) | undefined;
  const server = http.createServer((_, response) => {
    arrived?.();
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const firstRequestOf = async ({ script, env, cwd }: Program): Promise<number> => {
    const request = new Promise<number>((resolve) => {
      arrived = () => resolve(performance.now());
    });
    const begin = performance.now();
    const child = spawn(NODE, [script], { env, cwd, stdio: 'pipe' });
    child.stdin.end();
    child.stdout.resume();
    child.stderr.resume();
    const ended = new Promise((resolve) => child.once('close', resolve));
    const never = ended.then(() => Promise.reject(new Error(`${script} ended without a request.`)));
    const at = await Promise.race([request, never]);
    child.kill('SIGKILL');
    await ended;
    return at - begin;
  };
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port, url: `http://127.0.0.1:${port}`, firstRequestOf, close };
}

import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { lineReader, type ProcessEnd, type ProcessStart, type TaskProcess } from '../agent/taskProcess';
import type { VirtualTime } from './virtualTime';

/** By this a server knows which request of the process it answers. */
export const REQUEST_ID = 'x-request-of-process';

/** Changes the text of a bundle before it runs: how a defect is planted. */
export type Alter = (bundle: string) => string;

type Program = (...given: unknown[]) => void;

const PARAMETERS = [
  ...['exports', 'require', 'module', '__filename', '__dirname'],
  ...['process', 'global', 'console', 'Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
];
const programs = new Map<string, Program>();

/** A step's process that this process plays, with what a test may do to it beside what the agent does. */
export interface BundleProcess extends TaskProcess {
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGBREAK' | 'SIGKILL'): void;
  /** Nothing is left that could happen and the program has not said that it is done: Node would end it, or it would hang. */
  stuck(): void;
}

/**
 * Runs the bundle of a task inside this process as if it were one of its own: environment, output, signals and exit are the agent's, time is
 * virtual, requests go over real sockets. So thousands of runs of what is shipped take minutes, and a kill is as sudden as a real one: no
 * timer and no answer reaches the program any more.
 */
export function startBundle(start: ProcessStart, time: VirtualTime, alter?: Alter): BundleProcess {
  const { target, environment, times, onLine } = start;
  const life = new Life(time);
  const out = lineReader((line) => onLine('stdout', line));
  const errors = lineReader((line) => onLine('stderr', line));
  let resolve: (end: ProcessEnd) => void = () => undefined;
  const ended = new Promise<ProcessEnd>((settle) => (resolve = settle));
  const end = (how: ProcessEnd) => {
    if (life.isOver) return;
    life.end();
    out.flush();
    errors.flush();
    resolve(how);
  };
  const postJob = path.basename(target) === 'postJob.js' && { PIPELINE_CASCADE_POST_JOB: 'true' };
  const { program, signals } = programProcess({
    environment: { ...environment, ...postJob },
    directory: start.workingDirectory,
    write: (text, stream) => {
      if (!life.isOver) (stream === 'stdout' ? out : errors).take(text);
    },
    exit: (code) => end({ exitCode: code, signal: null }),
  });
  const signal: BundleProcess['signal'] = (name) => {
    if (life.isOver) return;
    const numbers = { SIGINT: 2, SIGTERM: 15, SIGBREAK: 21, SIGKILL: 9 };
    if (name !== 'SIGKILL' && signals.listenerCount(name) > 0) signals.emit(name, name);
    else end({ exitCode: 128 + numbers[name], signal: name });
  };
  const task: BundleProcess = {
    pid: undefined,
    ended,
    signal,
    kill: () => signal('SIGKILL'),
    abandon: () => end({ exitCode: null, signal: null }),
    stuck: () => end({ exitCode: 13, signal: null }),
    stop: () => {
      signal('SIGINT');
      time.setTimeout(() => signal('SIGTERM'), times.sigintMs);
      time.setTimeout(() => signal('SIGKILL'), times.sigintMs + times.sigtermMs);
    },
  };
  // As with a real process, nothing of it happens before the caller has it in hand.
  life.timer(() => run(path.join(path.dirname(target), 'index.js'), { program, life, time, alter }), 1);
  return task;
}

function run(
  file: string,
  { program, life, time, alter }: { program: object; life: Life; time: VirtualTime; alter: Alter | undefined },
): void {
  const real = createRequire(file);
  const watched = (module: typeof http | typeof https) => {
    const request = (options: http.RequestOptions, answered?: (response: IncomingMessage) => void) =>
      life.request(module, options, answered);
    return { ...module, request, get: request };
  };
  const wires: Record<string, unknown> = { http: watched(http), https: watched(https) };
  const module = { exports: {} };
  const load = (name: string): unknown => wires[name.replace(/^node:/, '')] ?? real(name);
  const timeout = (action: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) =>
    life.timer(() => action(...given), ms);
  const interval = (action: () => void, ms?: number) => {
    const again = (): unknown => life.timer(() => (action(), again()), ms);
    return again();
  };
  const forget = (timer: unknown) => life.forget(timer);
  const nobody = new Proxy({}, { get: () => () => undefined });
  const global: unknown = Object.create(globalThis);
  programOf(file, alter)(
    ...[module.exports, load, module, file, path.dirname(file)],
    ...[program, global, nobody, virtualDate(time), timeout, forget, interval, forget],
  );
}

/** Compiled once: V8 keeps what it has compiled of it for the next run. */
function programOf(file: string, alter?: Alter): Program {
  const key = alter ? undefined : file;
  const known = key && programs.get(key);
  if (known) return known;
  const text = fs.readFileSync(file, 'utf8');
  const altered = alter ? alter(text) : text;
  if (alter && altered === text)
    throw new Error(`The defect cannot be planted: ${file} does not hold what it changes.`);
  const program = vm.compileFunction(altered, PARAMETERS, { filename: file }) as Program;
  if (key) programs.set(key, program);
  return program;
}

interface Outside {
  environment: Record<string, string>;
  directory: string;
  write: (text: string, stream: 'stdout' | 'stderr') => void;
  exit: (code: number) => void;
}

/** What the program takes for its `process`. */
function programProcess({ environment, directory, write, exit }: Outside): { program: object; signals: EventEmitter } {
  const signals = new EventEmitter();
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string | Buffer, encoding?: unknown, done?: unknown) {
      write(text.toString(), name);
      const called = typeof encoding === 'function' ? encoding : done;
      if (typeof called === 'function') setImmediate(called as () => void);
      return true;
    },
    on: () => undefined,
    once: () => undefined,
    isTTY: false,
  });
  const own = {
    env: { ...environment },
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    argv: [process.execPath, 'index.js'],
    cwd: () => directory,
    exit: (code = 0) => exit(code),
    exitCode: undefined,
    on: (name: string, action: (...given: unknown[]) => void) => signals.on(name, action),
    once: (name: string, action: (...given: unknown[]) => void) => signals.once(name, action),
    off: (name: string, action: (...given: unknown[]) => void) => signals.off(name, action),
    removeListener: (name: string, action: (...given: unknown[]) => void) => signals.off(name, action),
    listenerCount: (name: string) => signals.listenerCount(name),
  };
  const program = new Proxy(process, {
    get: (real, name) => Reflect.get(name in own ? own : real, name) as unknown,
    set: (_, name, value) => Reflect.set(own, name, value),
    has: (real, name) => name in own || name in real,
  });
  return { program, signals };
}

/** What has to end with a process: its timers and its requests. */
class Life {
  isOver = false;
  private readonly timers = new Set<unknown>();
  private readonly requests = new Map<ClientRequest, IncomingMessage | undefined>();
  private count = 0;
  private readonly number = ++processes;

  constructor(private readonly time: VirtualTime) {}

  timer(action: () => void, ms?: number): unknown {
    if (this.isOver) return undefined;
    const timer = this.time.setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  forget(timer: unknown): void {
    this.timers.delete(timer);
    this.time.clearTimeout(timer);
  }

  /** `http.request` or `https.request` of the process. */
  request(
    module: typeof http | typeof https,
    options: http.RequestOptions,
    answered?: (response: IncomingMessage) => void,
  ): ClientRequest {
    const id = `${this.number}.${++this.count}`;
    const request = module.request(
      { ...options, headers: { ...(options.headers as object), [REQUEST_ID]: id } },
      answered,
    );
    this.requests.set(request, undefined);
    this.time.requestOpened(id);
    request.on('response', (response) => this.requests.set(request, response));
    request.on('close', () => {
      this.requests.delete(request);
      this.time.requestClosed(id);
    });
    return request;
  }

  end(): void {
    this.isOver = true;
    for (const timer of this.timers) this.time.clearTimeout(timer);
    for (const [request, response] of this.requests) {
      // What is on its way still reaches the server; nothing that comes back reaches the program.
      request.removeAllListeners('response');
      request.removeAllListeners('error');
      request.on('error', () => undefined);
      response?.removeAllListeners('data');
      response?.removeAllListeners('end');
      response?.removeAllListeners('error');
      response?.on('error', () => undefined);
      request.destroy();
    }
  }
}

let processes = 0;

/** `Date` in virtual time. */
function virtualDate(time: VirtualTime): DateConstructor {
  return new Proxy(Date, {
    construct: (real, given: ConstructorParameters<DateConstructor>) =>
      (given.length as number) === 0 ? new real(time.now) : new real(...given),
    apply: () => new Date(time.now).toString(),
    get: (real, name) => (name === 'now' ? () => Math.round(time.now) : (Reflect.get(real, name) as unknown)),
  });
}

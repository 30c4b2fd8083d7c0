import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  closeProjects,
  daysAgo,
  startProject,
  type Checked,
  type Project,
} from '../tests/tasks/DockerBaseStaleCheck/project';
import { inMs, type Figure } from './figure';

const DOCKERFILES = 1000;
const BASES = 200;
const ANSWER_MS = 50;
/** Requests of the bare loop at a time. */
const AT_A_TIME = 10;
const USER = { name: 'reader', password: 'the-password-of-the-reader' };
/** A process's own record of itself, without what the agent around it costs. */
interface ProcessRecord {
  /** From its start to its end. */
  ms: number;
  /** Peak of its resident memory. */
  bytes: number;
}

/** Leaves the record. What Linux says of the process's peak is, unlike the other, without that of its parent. */
const PRELOAD = `
const fs = require('node:fs');
process.on('exit', () => {
  const ms = performance.now();
  let bytes = process.resourceUsage().maxRSS * 1024;
  try {
    bytes = Number(/^VmHWM:\\s+(\\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {}
  fs.writeFileSync(process.env.RECORD_FILE, JSON.stringify({ ms, bytes }));
});
`;

/** What a nightly check of many Dockerfiles costs while their locks hold: requests, time, and memory. */
export async function staleCheck(): Promise<Figure[]> {
  // Locks are made without delay: the registry reads its pace at each request.
  const pace = { users: { [USER.name]: USER.password }, auth: 'token' as const, delayMs: 0 };
  const project = await startProject(pace);
  try {
    fill(project);
    const recorded = recording(project);
    allFresh(await project.check({ updateLock: 'write' }));
    project.registry.calls.splice(0);
    pace.delayMs = ANSWER_MS;
    allFresh(await project.check({}, { env: { DOCKER_CONFIG: project.folder, ...recorded.env } }));
    const step = recorded.read();
    const calls = project.registry.calls.splice(0);
    const count = (fits: (call: { method: string; path: string }) => boolean) => String(calls.filter(fits).length);
    const bareMs = await bareLoop(project.registry.host, calls);
    // Half of it leaves room for timers that end early; without the delay it would be a small part.
    if (bareMs < ((BASES / AT_A_TIME) * ANSWER_MS) / 2) throw new Error('The registry answers without its delay.');
    execFileSync(process.execPath, ['-e', ''], { env: { ...process.env, ...recorded.env } });
    const bare = recorded.read();
    const name = `stale check of ${DOCKERFILES} locked Dockerfiles on ${BASES} bases`;
    const distinct = `${BASES} distinct images`;
    return [
      {
        name: `${name}: HEAD requests`,
        value: count(({ method }) => method === 'HEAD'),
        baseline: distinct,
        limit: '200',
      },
      { name: `${name}: GETs of manifests and blobs`, value: count(isContent), baseline: '0', limit: '0' },
      {
        name: `${name}: requests for tokens`,
        value: count(({ path }) => path.startsWith('/token')),
        baseline: distinct,
        limit: '200',
        note: `${calls.length} requests in all`,
      },
      {
        name: `${name}, ${ANSWER_MS} ms an answer: from start to end of the process`,
        value: inMs(step.ms),
        baseline: `${inMs(bareMs)} for a bare loop of ${BASES} HEADs, ${AT_A_TIME} at a time`,
        limit: '3000 ms',
      },
      {
        name: `${name}: peak memory of the step`,
        value: inMb(step.bytes),
        baseline: `${inMb(bare.bytes)} for Node that does nothing`,
        limit: '150 MB',
      },
    ];
  } finally {
    await closeProjects();
  }
}

function fill(project: Project): void {
  for (let base = 0; base < BASES; base++) {
    project.registry.put(`base${base}`, '1', [{ created: daysAgo(60), layers: [`base ${base}`] }]);
  }
  for (let one = 0; one < DOCKERFILES; one++) {
    project.write(`${one}/Dockerfile`, `FROM REGISTRY/base${one % BASES}:1\nRUN make install\n`);
  }
  const auth = Buffer.from(`${USER.name}:${USER.password}`).toString('base64');
  project.write('config.json', JSON.stringify({ auths: { REGISTRY: { auth } } }));
}

function allFresh({ verdicts, log }: Checked): void {
  const fresh = Object.values(verdicts).filter((one) => one === 'fresh').length;
  if (fresh !== DOCKERFILES) throw new Error(`${fresh} are fresh, not ${DOCKERFILES}:\n${log.slice(-20).join('\n')}`);
}

function isContent({ method, path }: { method: string; path: string }): boolean {
  return method === 'GET' && /\/(manifests|blobs)\//.test(path);
}

function recording({ folder }: Project): { env: Record<string, string>; read: () => ProcessRecord } {
  const [script, file] = [join(folder, 'record.cjs'), join(folder, 'record.json')];
  writeFileSync(script, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--require ${script}`, RECORD_FILE: file },
    read: () => JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord,
  };
}

/** The same HEADs with tokens that are there already. */
async function bareLoop(
  host: string,
  calls: readonly { method: string; path: string; authorization: string | undefined }[],
): Promise<number> {
  const heads = calls.filter(({ method, authorization }) => method === 'HEAD' && authorization);
  const queue = heads.values();
  const begin = performance.now();
  const worker = async () => {
    for (const { path, authorization = '' } of queue) {
      const accept = 'application/vnd.oci.image.index.v1+json';
      const { ok } = await fetch(`http://${host}${path}`, { method: 'HEAD', headers: { authorization, accept } });
      if (!ok) throw new Error(`The bare loop was refused ${path}.`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return performance.now() - begin;
}

function inMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

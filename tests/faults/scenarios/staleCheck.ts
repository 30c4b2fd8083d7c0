import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RegistryEmulator } from '../../../emulator/registry/server';
import type { StepResult } from '../../agent/agent';
import type { Plan, Scenario } from '../scenario';
import { PROJECT, type World } from '../world';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const USER = { name: 'reader', password: 'p-w0rd-of-the-reader' };

interface Repository {
  folder: string;
  registry: RegistryEmulator;
}

/** A folder with Dockerfiles, and the registry that has what they build on: `base:new` of yesterday and `base:old` of long ago. */
async function repository(world: World, dockerfiles: Record<string, string>, withLogin = false): Promise<Repository> {
  const registry = await world.registry(withLogin ? { users: { [USER.name]: USER.password } } : {});
  const created = (days: number) => new Date(world.time.now - days * DAY_MS).toISOString();
  registry.put('base', 'new', [{ created: created(1), layers: ['base 2'] }]);
  registry.put('base', 'old', [{ created: created(60), layers: ['base'] }]);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-faults-'));
  world.closing(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(dockerfiles)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text.replaceAll('REGISTRY', registry.host));
  }
  if (withLogin) {
    const auth = Buffer.from(`${USER.name}:${USER.password}`).toString('base64');
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  }
  return { folder, registry };
}

function step({ folder }: Repository, inputs: Record<string, string>): Plan['step'] {
  return { inputs: { searchFolder: folder, project: PROJECT, ...inputs }, env: { DOCKER_CONFIG: folder } };
}

/** What a check says of a file although something failed: the right verdict, or that it does not know. */
function wrongVerdicts({ outputs }: StepResult, right: Record<string, string[]>): string[] {
  const { report } = outputs;
  if (!report || !fs.existsSync(report)) return ['there is no report'];
  const { dockerfiles } = JSON.parse(fs.readFileSync(report, 'utf8')) as {
    dockerfiles: { path: string; verdict: string }[];
  };
  return Object.entries(right).flatMap(([file, verdicts]) => {
    const verdict = dockerfiles.find((one) => one.path === file)?.verdict;
    return verdict && verdicts.includes(verdict) ? [] : [`${file} is called ${verdict ?? 'nothing'}`];
  });
}

const NOT_KNOWN = ['unknown', 'baseMissing'];

export const staleCheck: Scenario[] = [
  {
    name: 'ask a registry that wants a login',
    task: 'DockerBaseStaleCheck',
    async prepare(world) {
      const files = { 'a/Dockerfile': 'FROM REGISTRY/base:new\n', 'b/Dockerfile': 'FROM REGISTRY/base:old\n' };
      const where = await repository(world, files, true);
      return {
        step: step(where, {}),
        starts: 0,
        secrets: () => [USER.password],
        broken: (result) =>
          wrongVerdicts(result, { 'a/Dockerfile': ['stale', ...NOT_KNOWN], 'b/Dockerfile': ['fresh', ...NOT_KNOWN] }),
      };
    },
  },
  {
    name: 'rebuild what is stale and write its lock',
    task: 'DockerBaseStaleCheck',
    async prepare(world) {
      const where = await repository(world, { 'a/Dockerfile': 'FROM REGISTRY/base:new\n' });
      world.emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 5 * SECOND_MS } });
      return {
        step: step(where, { pipeline: 'rebuild', waitForCompletion: 'true', updateLock: 'write' }),
        starts: 0,
        broken: (result) => [
          ...wrongVerdicts(result, { 'a/Dockerfile': ['stale', 'pending', 'fresh', ...NOT_KNOWN] }),
          ...wrongLock(where.folder, world),
        ],
      };
    },
  },
  {
    name: 'start a rebuild for each of two images',
    task: 'DockerBaseStaleCheck',
    async prepare(world) {
      const files = { 'a/Dockerfile': 'FROM REGISTRY/base:new\n', 'b/Dockerfile': 'FROM REGISTRY/base:new AS b\n' };
      const where = await repository(world, files);
      const yaml = 'parameters: [{ name: image, type: string }]\nsteps: [{ script: docker build . }]\n';
      world.emulator.state.addPipeline({ name: 'rebuild', yaml, script: { durationMs: 5 * SECOND_MS } });
      return {
        step: step(where, { pipeline: 'rebuild', parameters: 'image: ${folder}' }),
        starts: 0,
        waits: false,
        broken: (result) => withoutRun(result, world, ['a', 'b']),
      };
    },
  },
];

/** What is called stale and is not started would be forgotten until the next change. */
function withoutRun(result: StepResult, { emulator }: World, folders: string[]): string[] {
  const started = emulator.state.runs.map(({ templateParameters }) => templateParameters.image);
  const isStale = (folder: string) => !wrongVerdicts(result, { [`${folder}/Dockerfile`]: ['stale'] }).length;
  return folders.filter((one) => isStale(one) && !started.includes(one)).map((one) => `${one} is stale and has no run`);
}

/** A lock may say that a rebuild was triggered only of a run that there is. */
function wrongLock(folder: string, { emulator }: World): string[] {
  const file = path.join(folder, 'a', 'Dockerfile.lock.json');
  if (!fs.existsSync(file)) return [];
  const { triggered } = JSON.parse(fs.readFileSync(file, 'utf8')) as { triggered?: { runId: number } };
  if (!triggered || emulator.state.runs.some(({ id }) => id === triggered.runId)) return [];
  return [`the lock names run ${triggered.runId}, which there is not`];
}

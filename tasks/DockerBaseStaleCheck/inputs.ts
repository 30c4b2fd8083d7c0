import { Minimatch } from 'minimatch';
import { UserError } from '../lib/errors';
import { choice, flag, text, wholeNumber, type Read } from '../lib/inputs';
import type { IfRunning } from '../lib/runs/conditions';
import { readVariables, secretsOf } from '../lib/variables';
import { readWaiting, type WaitingInputs } from '../lib/waitingInputs';
import { parsePlatform } from './dockerfile/platform';
import { Refusal } from './dockerfile/refusal';
import { readPackageInputs, type PackageInputs } from './packages/packageInputs';
import { readNames, readYaml, readYamlMap, textOfValue, textsOf, type YamlMap } from '../lib/yamlInput';

const STALE_WHEN = ['auto', 'age', 'digest', 'layers'] as const;
const DAY_MS = 86_400_000;

export interface Inputs {
  searchFolder: string;
  dockerfiles: string[];
  /** Build arguments for a Dockerfile by its path. */
  buildArgs: (path: string) => Map<string, string>;
  buildContexts: Map<string, string>;
  targetStage: (path: string) => string | undefined;
  /** Empty for `auto`. */
  platforms: string[];
  scope: 'final' | 'reachable';
  staleWhen: (typeof STALE_WHEN)[number];
  maxAgeMs: number;
  cooldownMs: number;
  /** The image of a Dockerfile, with placeholders. */
  image: (path: string) => string | undefined;
  registryConnections: string[];
  registryMirrors: Map<string, string>;
  insecureRegistries: Set<string>;
  /** With placeholders. */
  lockFile: string;
  updateLock: 'none' | 'write' | 'commit' | 'pullRequest';
  /** Message and author of a commit of locks, as they are written. */
  commit: { message: string | undefined; author: string | undefined };
  packages: PackageInputs;
  /** Path of the list that a Dockerfile's build left, with placeholders. */
  observedPackages: (path: string) => string | undefined;
  onUnknown: 'fail' | 'warn' | 'stale';
  onStale: 'succeed' | 'warn' | 'fail';
  /** What is given to a run, with placeholders; values of variables may be secret. */
  rebuild: RebuildInputs;
  /** False without `pipeline`: then nothing is started. */
  starts: boolean;
  group: boolean;
  maxFailures: number;
  dryRun: boolean;
  waiting: WaitingInputs;
}

export interface RebuildInputs {
  pipeline: string;
  project: string;
  branch: string | undefined;
  parameters: YamlMap;
  variables: YamlMap;
  stages: string[];
  tags: string[];
  maxParallel: number;
  ifRunning: IfRunning;
}

/** The inputs as the code uses them. Throws `UserError` for the first one that is wrong; nothing was asked by then. */
export async function readInputs(read: Read): Promise<Inputs> {
  const staleWhen = choice(read, 'staleWhen', STALE_WHEN, 'auto');
  if (staleWhen === 'layers' && !text(read, 'image')) {
    throw new UserError('staleWhen: layers compares with the image that is built: give its name in image.');
  }
  const updateLock = choice(read, 'updateLock', ['none', 'write', 'commit', 'pullRequest'] as const, 'none');
  const pipeline = text(read, 'pipeline');
  const project = text(read, 'project');
  if (pipeline && !project) throw new UserError('project: give the name or id of the project of the pipeline.');
  return {
    searchFolder: text(read, 'searchFolder') ?? '.',
    dockerfiles: (text(read, 'dockerfiles') ?? '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean),
    buildArgs: await readBuildArgs(read),
    buildContexts: new Map(Object.entries(textsOf(await readYamlMap(read, 'buildContexts')))),
    targetStage: await readByPath(read, 'targetStage'),
    platforms: await readPlatforms(read),
    scope: choice(read, 'scope', ['final', 'reachable'] as const, 'final'),
    staleWhen,
    maxAgeMs: wholeNumber(read, 'maxAgeDays', { min: 0, max: 36_500, fallback: 7 }) * DAY_MS,
    cooldownMs: wholeNumber(read, 'cooldownHours', { min: 0, max: 876_000, fallback: 0 }) * 3_600_000,
    image: await readByPath(read, 'image'),
    registryConnections: await readNames(read, 'registryConnections'),
    registryMirrors: await readMirrors(read),
    insecureRegistries: new Set((await readNames(read, 'insecureRegistries')).map((host) => bareHost(host))),
    lockFile: text(read, 'lockFile') ?? '${dockerfile}.lock.json',
    updateLock,
    commit: { message: text(read, 'commitMessage'), author: text(read, 'commitAuthor') },
    packages: await readPackageInputs(read),
    observedPackages: await readByPath(read, 'observedPackages'),
    onUnknown: choice(read, 'onUnknown', ['fail', 'warn', 'stale'] as const, 'warn'),
    onStale: choice(read, 'onStale', ['succeed', 'warn', 'fail'] as const, 'succeed'),
    starts: pipeline !== undefined,
    rebuild: {
      pipeline: pipeline ?? '',
      project: project ?? '',
      branch: text(read, 'branch'),
      parameters: await readYamlMap(read, 'parameters'),
      variables: await readYamlMap(read, 'variables'),
      stages: await readNames(read, 'stages'),
      tags: await readNames(read, 'tags'),
      maxParallel: wholeNumber(read, 'maxParallel', { min: 0, max: 10_000, fallback: 0 }),
      ifRunning: choice(read, 'ifRunning', ['start', 'skip', 'join', 'cancel', 'queue'] as const, 'start'),
    },
    group: flag(read, 'group', false),
    maxFailures: wholeNumber(read, 'maxFailures', { min: 1, max: 100, fallback: 3 }),
    dryRun: flag(read, 'dryRun', false),
    waiting: await readWaiting(read, false),
  };
}

/** Values that the author marked as secret: to be registered before anything is printed. */
export function secretValues({ rebuild }: Inputs): string[] {
  return secretsOf(readVariables(rebuild.variables, 'variables'));
}

/** Arguments for all files, and maps under patterns for some: of several that fit the later one wins. */
async function readBuildArgs(read: Read): Promise<Inputs['buildArgs']> {
  const map = await readYamlMap(read, 'buildArgs');
  const common = new Map<string, string>();
  const patterns: { fits: (path: string) => boolean; values: Record<string, string> }[] = [];
  for (const [key, value] of map) {
    if (value.kind === 'map') patterns.push({ fits: matcher(key), values: textsOf(value.entries) });
    else common.set(key, textOfValue(value) ?? '');
  }
  return (path) => {
    const all = new Map(common);
    for (const { fits, values } of patterns) {
      if (fits(path)) for (const [name, value] of Object.entries(values)) all.set(name, value);
    }
    return all;
  };
}

/** One text for all files, or a map of patterns: of several that fit the later one wins. */
async function readByPath(read: Read, name: string): Promise<(path: string) => string | undefined> {
  const written = text(read, name);
  if (written === undefined) return () => undefined;
  const value = await readYaml(written, name);
  if (value.kind === 'list')
    throw new UserError(`${name}: one text is wanted, or a map 'pattern: text'; this is a list.`);
  if (value.kind === 'scalar') return () => value.text || undefined;
  const patterns = Object.entries(textsOf(value.entries)).map(([pattern, one]) => ({ fits: matcher(pattern), one }));
  return (path) => patterns.findLast(({ fits }) => fits(path))?.one;
}

/** A pattern fits a Dockerfile's path or its folder. */
function matcher(pattern: string): (path: string) => boolean {
  const compiled = new Minimatch(pattern.replace(/^\.?\//, ''), {
    dot: true,
    nocase: true,
    nocomment: true,
    nonegate: true,
  });
  return (path) => compiled.match(path) || compiled.match(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
}

async function readPlatforms(read: Read): Promise<string[]> {
  const names = (await readNames(read, 'platforms')).filter((name) => name.toLowerCase() !== 'auto');
  for (const name of names) {
    try {
      parsePlatform(name);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new UserError(`platforms: '${name}' is no platform: write one such as linux/arm64.`, { cause: error });
    }
  }
  return names;
}

async function readMirrors(read: Read): Promise<Map<string, string>> {
  const map = textsOf(await readYamlMap(read, 'registryMirrors'));
  return new Map(Object.entries(map).map(([host, mirror]) => [bareHost(host), bareHost(mirror)]));
}

function bareHost(written: string): string {
  return written
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
}

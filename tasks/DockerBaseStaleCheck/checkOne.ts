import fs from 'node:fs';
import nodePath from 'node:path';
import type { CheckedDockerfile, CheckedReference } from './checked';
import type { Inputs } from './inputs';
import { digestsOf } from './judge/baseImages';
import { judgeReference, wayFor, type JudgeOptions } from './judge/judgeReference';
import { lockedDigests, parseLock, settle, type Lock, type LockedBase, type TriggeredRun } from './lock/lockFile';
import { lockPath } from './lock/lockPath';
import { mergeLocks } from './lock/mergeLocks';
import { fill, type Values } from './placeholders';
import { familiarReference, formatReference, parseReference, type ImageReference } from './reference';
import { readReferences, type NeededImage, type ReadFile } from './readReferences';
import type { Registries } from './registry/Registries';
import { deciding, type Judgement } from './verdicts';
import { messageOf, UserError } from '../lib/errors';

export interface Place {
  /** Absolute. */
  root: string;
  path: string;
  /** The path as a name. */
  name: string;
}

export interface CheckHost {
  registries: Registries;
  options: JudgeOptions;
  /** Locks that are pushed and not merged yet, by absolute path. */
  pendingLocks: ReadonlyMap<string, string>;
  /** What became of the run that a lock waits for; undefined where nobody can be asked. */
  triggeredRun: (runId: number) => Promise<TriggeredRun | undefined>;
}

/** Reads a Dockerfile and its lock and judges the images that it needs. */
export async function checkOne(
  place: Place,
  text: string,
  inputs: Inputs,
  { registries, options, pendingLocks, triggeredRun }: CheckHost,
): Promise<CheckedDockerfile> {
  const { path } = place;
  const { values, built, folder } = valuesOf(place, inputs);
  const { image } = built;
  const read = readReferences(path, text, inputs);
  const needed = read.kind === 'dockerfile' ? read.needed : [];
  const file = lockPath(place.root, inputs.lockFile, values);
  const { lock, lockText, ...lockProblem } = readLock(file, pendingLocks.get(file));
  const problem = lockProblem.problem ?? built.problem;
  const run = lock?.triggered && (await triggeredRun(lock.triggered.runId));
  const settled = lock && settle(lock, run);

  const judge = (one: NeededImage) => judgeNeeded(one, { inputs, image, lock: settled?.lock, registries, options });
  const judgements = problem === undefined ? await Promise.all(needed.map(judge)) : [];
  const decided = decide(read, judgements, problem);
  const base = needed.find(({ row }) => row.role === 'base') ?? needed[0];
  return {
    ...decided,
    ...place,
    folder,
    target: read.kind === 'dockerfile' ? read.target : '',
    ...(read.kind === 'invalid' && { error: read.error }),
    references: checkedReferences(read, needed, judgements),
    builds: read.kind === 'dockerfile' ? read.builds : [],
    image,
    bases: needed.flatMap((one) => (one.image ? [formatReference(one.image)] : [])),
    values: {
      ...values,
      ...(base?.image && { base: familiarReference(base.image), baseTag: base.image.tag ?? '' }),
      baseDigest: (base && judgements[needed.indexOf(base)]?.digest) ?? '',
    },
    lock: {
      file,
      text: lockText,
      isBroken: lockProblem.problem !== undefined,
      content: settled?.lock,
      now: () => digestsNow(needed, registries),
      running: settled?.running ?? false,
      failures: settled?.failures ?? 0,
    },
    after: [],
  };
}

/** Absolute paths of the Dockerfiles' locks. Throws `UserError` for a path that no lock may have, and for one that is that of two. */
export function locksOf(places: readonly Place[], inputs: Inputs): string[] {
  const owners = new Map<string, Place>();
  return places.map((place) => {
    const file = lockPath(place.root, inputs.lockFile, valuesOf(place, inputs).values);
    const other = owners.get(file);
    owners.set(file, place);
    if (!other) return file;
    const shown = nodePath.relative(place.root, file).split(nodePath.sep).join('/');
    throw new UserError(
      `lockFile: '${shown}' would be the lock of ${other.path} and of ${place.path}. Name it with \${dockerfile} or \${name}.`,
    );
  });
}

/** What is known of a Dockerfile before it is read. */
function valuesOf({ path, name }: Place, inputs: Inputs) {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
  const values: Values = { folder, dockerfile: path, name };
  const built = builtImage(inputs.image(path), values);
  if (built.image) values.image = familiarReference(built.image);
  return { values, built, folder };
}

/** The image that is built; a problem where the pattern gives none for this folder, such as the root. */
function builtImage(pattern: string | undefined, values: Values): { image?: ImageReference; problem?: string } {
  if (pattern === undefined) return {};
  const written = fill(pattern, values, 'image');
  const parsed = parseReference(written);
  if (!('error' in parsed)) return { image: parsed };
  return { problem: `image: '${written}' is no image: ${parsed.error}` };
}

/** The lock on disk, with what an open pull request will change in it. */
function readLock(file: string, pending: string | undefined): { lock?: Lock; lockText?: string; problem?: string } {
  if (!fs.existsSync(file)) return pending === undefined ? {} : asLock(pending);
  try {
    const onDisk = fs.readFileSync(file, 'utf8');
    const lock = parseLock(onDisk);
    const other = pending === undefined ? undefined : asLock(pending).lockText;
    const lockText = other === undefined ? onDisk : mergeLocks(undefined, onDisk, other);
    return { lockText, lock: lockText === onDisk ? lock : parseLock(lockText) };
  } catch (error) {
    return { problem: `its lock file ${file} cannot be read: ${messageOf(error)}` };
  }
}

/** What is no lock on the branch counts as if it were not there: it is said when the locks are committed. */
function asLock(text: string): { lock?: Lock; lockText?: string } {
  try {
    return { lock: parseLock(text), lockText: text };
  } catch {
    return {};
  }
}

interface Known {
  inputs: Inputs;
  image: ImageReference | undefined;
  lock: Lock | undefined;
  registries: Registries;
  options: JudgeOptions;
}

async function judgeNeeded({ row, image, platforms }: NeededImage, known: Known): Promise<Judgement> {
  if (!image) return unresolved(row);
  const locked = lockedDigests(known.lock, formatReference(image));
  // Only the image that the target stands on leaves its layers in what is built.
  const built = row.role === 'base' ? known.image : undefined;
  const way = wayFor(known.inputs.staleWhen, { locked: locked !== undefined, image: built !== undefined });
  const question = { reference: image, platforms, locked, image: built, way };
  return judgeReference(known.registries, question, known.options);
}

function unresolved({ written, error, emptyArguments, line }: NeededImage['row']): Judgement {
  const names = emptyArguments.join(', ');
  const hint = names ? `; ${names} has no value: give it in buildArgs` : '';
  return {
    verdict: 'unresolved',
    reason: `line ${line}: '${written}' cannot be resolved: ${error ?? 'no image'}${hint}`,
  };
}

function decide(read: ReadFile, judgements: Judgement[], problem: string | undefined): Judgement {
  if (read.kind === 'invalid') return { verdict: 'invalid', reason: read.error };
  if (problem !== undefined) return { verdict: 'unknown', reason: problem };
  return deciding(judgements);
}

function checkedReferences(read: ReadFile, needed: NeededImage[], judgements: Judgement[]): CheckedReference[] {
  return read.references.map((row) => {
    const index = needed.findIndex((one) => one.row === row);
    const judgement = judgements[index] ?? (row.image === undefined ? unresolved(row) : undefined);
    return { ...row, ...(judgement && { judgement }) };
  });
}

/** Digests of the images as they are now; pinned ones need no lock. */
async function digestsNow(needed: NeededImage[], registries: Registries): Promise<LockedBase[]> {
  const bases = new Map<string, LockedBase>();
  for (const { row, image, platforms } of needed) {
    if (!image || image.digest) continue;
    const reference = formatReference(image);
    const known = bases.get(reference);
    if (known) continue;
    bases.set(reference, { reference, role: row.role, ...(await digestsOf(registries, image, platforms)) });
  }
  return [...bases.values()];
}

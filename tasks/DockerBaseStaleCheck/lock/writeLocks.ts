import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Canceled, messageOf } from '../../lib/errors';
import type { Log } from '../../lib/log';
import type { Child } from '../../lib/runs/child';
import type { CheckedDockerfile } from '../checked';
import { nextPackages } from '../packages/imagePackages';
import { runOf } from '../rebuilds';
import { RegistryRefusal } from '../registry/refusal';
import { formatLock, withBases, type Lock } from './lockFile';
import type { LockedPackage } from './lockedPackages';

/** Verdicts of which a lock could not say what was built. */
const WITHOUT_LOCK = ['invalid', 'noBase', 'pinned', 'unresolved', 'unknown', 'baseMissing'];

/** A lock as it now lies on disk. */
export interface WrittenLock {
  /** Absolute path. */
  file: string;
  text: string;
}

export interface WrittenLocks {
  /** All that there are, new or not. */
  locks: WrittenLock[];
  /** Why some could not be written, a sentence each. */
  unwritten: string[];
}

/**
 * Writes each lock that has something new to say: digests and packages of now where there were none, and the run that was started. A
 * file is replaced whole or not at all.
 */
export async function writeLocks(
  dockerfiles: readonly CheckedDockerfile[],
  children: readonly Child[],
  { managers, log }: { managers: readonly string[]; log: Log },
): Promise<WrittenLocks> {
  const locks: WrittenLock[] = [];
  const unwritten: string[] = [];
  for (const one of dockerfiles) {
    const { file, text: before } = one.lock;
    // What cannot be read is not committed either: it may be a merge that was left half-way.
    if (one.lock.isBroken) continue;
    try {
      const lock = WITHOUT_LOCK.includes(one.verdict) ? undefined : await nextLock(one, children, managers);
      const text = lock ? formatLock(lock) : before;
      if (text === undefined) continue;
      const problem = text === before ? undefined : writeWhole(file, text);
      if (problem === undefined) locks.push({ file, text });
      else unwritten.push(`${one.path}: its lock cannot be written: ${problem}.`);
      if (problem === undefined && text !== before) log.info(`${one.path}: wrote ${file}.`);
    } catch (error) {
      // A step that is cancelled asks no more registries; the rest of its end has to come all the same.
      if (!(error instanceof RegistryRefusal || error instanceof Canceled)) throw error;
      log.warning(`${one.path}: its lock is not written: ${error.message}.`);
      if (before !== undefined) locks.push({ file, text: before });
    }
  }
  return { locks, unwritten };
}

/** Gives why it cannot be written: what else was found out is told all the same. */
function writeWhole(file: string, text: string): string | undefined {
  const fresh = `${file}.${randomUUID()}.new`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(fresh, text);
    fs.renameSync(fresh, file);
    return undefined;
  } catch (error) {
    removeIfThere(fresh);
    return messageOf(error);
  }
}

function removeIfThere(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Where a folder should be lies a file: then it was never written.
  }
}

async function nextLock(
  one: CheckedDockerfile,
  children: readonly Child[],
  managers: readonly string[],
): Promise<Lock | undefined> {
  const { content, failures, now } = one.lock;
  const child = children.find(({ item, id }) => id && (item === one.path || item === ''));
  const isStarted = one.verdict === 'stale' && child !== undefined && runOf(one, children) !== undefined;
  const packages = (known: readonly LockedPackage[] | undefined) => {
    const next = one.packages && known && nextPackages(content?.packages, known, managers);
    return next && (next.length > 0 || content?.packages) ? { packages: next } : {};
  };
  if (isStarted) {
    const bases = await now();
    const digests = Object.fromEntries(
      bases.map(({ reference, digest, platforms }) => [reference, { digest, platforms }]),
    );
    const changes = one.packages?.changes ?? [];
    const triggered = {
      ...{ runId: child.id, digests, ...(changes.length > 0 && { packages: changes }) },
      ...(failures > 0 && { failures }),
    };
    const kept = { ...withBases(content, bases), ...packages(one.packages?.present) };
    return { ...kept, bases: content?.bases ?? [], triggered };
  }
  // A first lock of a stale image would say that what is stale was built; its run says what comes.
  if (one.verdict !== 'fresh') return content && { ...content, ...packages(one.packages?.present) };
  const lock = content && holdsAll(content, one) ? content : withBases(content, await now());
  return { ...lock, ...packages(one.packages?.baseline) };
}

/** Whether a lock names the images and platforms of now and no other images: then nothing has to be asked for it. */
function holdsAll(lock: Lock, { bases, references }: CheckedDockerfile): boolean {
  if (references.some(({ judgement }) => judgement?.isNewToLock)) return false;
  const locked = lock.bases.map(({ reference }) => reference);
  const wanted = bases.filter((reference) => !reference.includes('@'));
  return wanted.every((one) => locked.includes(one)) && locked.every((one) => wanted.includes(one));
}

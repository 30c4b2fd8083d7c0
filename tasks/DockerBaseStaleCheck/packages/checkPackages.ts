import fs from 'node:fs';
import { messageOf } from '../../lib/errors';
import type { Log } from '../../lib/log';
import type { CheckedDockerfile } from '../checked';
import type { Dockerfile } from '../dockerfile/readDockerfile';
import type { Stage } from '../dockerfile/stages';
import { configOf, platformImages } from '../judge/baseImages';
import { packageKey, type LockedPackage } from '../lock/lockedPackages';
import { parseReference, type ImageReference } from '../reference';
import type { Registries } from '../registry/Registries';
import { RegistryRefusal } from '../registry/refusal';
import { contextReader } from './contextFiles';
import { dockerfileRuns } from './dockerfileRuns';
import { bioconductorOfTag, pythonOfTag, releaseOfConfig, releaseOfTag, type ImageRelease } from './imageRelease';
import { judgementOf, withPackages, type ImagePackages } from './imagePackages';
import type { Install } from './install';
import { judgePackage, type CheckedPackage, type KnownPackage, type PackageOptions } from './judgePackage';
import { NewestVersions, type TargetImage } from './NewestVersions';
import type { PackageSources } from './openPackages';
import { readObserved, type ObservedPackage } from './observed';
import { readInstalls, type Unreadable } from './readInstalls';
import type { Manager } from './versions/schemes';

export interface PackageCheck {
  /** Absolute path of the search folder. */
  root: string;
  managers: readonly Manager[];
  /** Path of the list that a Dockerfile's build left, if one is named. */
  observedFile: (one: CheckedDockerfile) => string | undefined;
  /** For each wanted platform as authors write it; the first one's packages are looked at. */
  platform: string | undefined;
  options: PackageOptions;
}

export interface PackageHost {
  sources: PackageSources;
  registries: Registries;
  log: Log;
}

/** Looks at the packages of all Dockerfiles and lays what they say over the verdicts of their bases. */
export async function checkPackages(
  dockerfiles: readonly CheckedDockerfile[],
  check: PackageCheck,
  host: PackageHost,
): Promise<void> {
  const all = dockerfiles.flatMap((one) =>
    one.dockerfile ? [readPackages(one, one.dockerfile, check, host.log)] : [],
  );
  // Where nothing is locked the dates decide, which npm tells in its large documents only.
  const npmDates = all.some(({ installs, known }) =>
    installs.some((install) => install.manager === 'npm' && install.kind !== 'pinned' && !known(install).locked),
  );
  const { indexes, ...where } = host.sources;
  const newest = new NewestVersions(indexes, where, { npmDates: npmDates || check.options.cooldownMs > 0 });
  await Promise.all(
    all.map(async (read) => {
      const { one } = read;
      const rows = await judgeAll(read, newest, { check, host });
      const { unreadable, problem, listed } = read;
      one.packages = { rows, unreadable, problem, ...lockedOf(rows, listed) };
      Object.assign(one, withPackages({ verdict: one.verdict, reason: one.reason }, judgementOf(one.packages)));
    }),
  );
  for (const { path, packages } of dockerfiles) {
    if (packages?.unreadable.length) host.log.info(`${path}: ${unreadableText(packages.unreadable)}.`);
  }
}

/** What a Dockerfile installs, and what is known of it without asking anybody. */
interface ReadPackages {
  one: CheckedDockerfile;
  dockerfile: Dockerfile;
  installs: Install[];
  unreadable: Unreadable[];
  stageOfLine: ReadonlyMap<number, number>;
  /** What the build's own list names. */
  listed: ObservedPackage[];
  problem: string | undefined;
  known: (install: Install) => KnownPackage;
}

function readPackages(one: CheckedDockerfile, dockerfile: Dockerfile, check: PackageCheck, log: Log): ReadPackages {
  const { managers, root } = check;
  const { runs, inlineFiles } = dockerfileRuns(dockerfile);
  const readContext = contextReader(root, one.folder);
  const { installs, unreadable } = readInstalls(runs, (file) => inlineFiles.get(file) ?? readContext(file));
  const { packages = [], problem } = observedPackages(check.observedFile(one), log);
  const listed = packages.filter(({ manager }) => managers.includes(manager));
  const wanted = installs.filter(({ manager }) => managers.includes(manager));
  return {
    ...{ one, dockerfile, unreadable, listed, problem },
    installs: expanded(wanted, { listed, isOpen: unreadable.length > 0 }),
    stageOfLine: new Map(runs.map(({ stage, line }) => [line, stage])),
    known: knownPackages(one, listed),
  };
}

function judgeAll(
  { installs, dockerfile, stageOfLine, known }: ReadPackages,
  newest: NewestVersions,
  scope: Scope,
): Promise<CheckedPackage[]> {
  const images = new Map<number, TargetImage>();
  const imageAt = (line: number): TargetImage => {
    const index = stageOfLine.get(line) ?? dockerfile.target;
    const image = images.get(index) ?? targetImage(dockerfile.stages[index], dockerfile.stages, scope);
    images.set(index, image);
    return image;
  };
  return Promise.all(
    installs.map(async (install) => {
      const isPinned = install.kind === 'pinned' && install.options.location === undefined;
      const found = isPinned ? undefined : await newest.newest(install, imageAt(install.line));
      return judgePackage(install, found, known(install), scope.check.options);
    }),
  );
}

interface Scope {
  check: PackageCheck;
  host: PackageHost;
}

/**
 * With a list of what is really installed, `upgrade` stands for each package of it; and where the Dockerfile has parts that only the
 * build knows, what they install is known from the list too: not that of the distribution, which is mostly the base image's.
 */
function expanded(
  installs: readonly Install[],
  { listed, isOpen }: { listed: readonly ObservedPackage[]; isOpen: boolean },
): Install[] {
  const named = new Set(installs.map(({ manager, name }) => `${manager} ${name}`));
  const open = ({ manager, name }: ObservedPackage) => !named.has(`${manager} ${name}`);
  const install = (one: ObservedPackage, line: number, options: Install['options'] = {}): Install => ({
    ...{ manager: one.manager, name: one.name, wanted: '', kind: 'floating', line, options },
  });
  const upgraded = installs.flatMap((upgrade) => {
    const ofManager = listed.filter(({ manager }) => manager === upgrade.manager);
    if (upgrade.name !== '*' || ofManager.length === 0) return [upgrade];
    return ofManager.filter(open).map((one) => install(one, upgrade.line, upgrade.options));
  });
  const done = new Set(upgraded.map(({ manager, name }) => `${manager} ${name}`));
  const hidden = isOpen
    ? listed.filter((one) => one.manager !== 'apt' && one.manager !== 'apk' && !done.has(`${one.manager} ${one.name}`))
    : [];
  return [...upgraded, ...hidden.map((one) => install(one, 0))];
}

function observedPackages(file: string | undefined, log: Log): { packages?: ObservedPackage[]; problem?: string } {
  if (file === undefined) return {};
  if (!fs.existsSync(file)) {
    log.info(`observedPackages: there is no ${file} yet, so the Dockerfile alone says what is installed.`);
    return {};
  }
  try {
    const observed = readObserved(fs.readFileSync(file, 'utf8'));
    if (!('error' in observed)) return { packages: observed.packages };
    return { problem: `observedPackages: ${file}: ${observed.error.replace(/\.$/, '')}` };
  } catch (error) {
    return { problem: `observedPackages: ${file} cannot be read: ${messageOf(error)}` };
  }
}

/** What a package was built with: by the list that the build left, else by the lock. */
function knownPackages({ lock: { content } }: CheckedDockerfile, listed: readonly ObservedPackage[]) {
  const observed = new Map(listed.map((one) => [`${one.manager} ${one.name}`, one.version]));
  const locked = new Map((content?.packages ?? []).map((one) => [packageKey(one), one]));
  const built = new Map((content?.built?.packages ?? []).map((one) => [packageKey(one), one.version]));
  return (install: Install) => {
    const version = observed.get(`${install.manager} ${install.name}`);
    const seen = version === undefined ? undefined : { version, source: 'observed' as const };
    return { locked: seen ?? locked.get(packageKey(install)), tried: built.get(packageKey(install)) };
  };
}

function lockedOf(
  rows: readonly CheckedPackage[],
  listed: readonly ObservedPackage[],
): Pick<ImagePackages, 'present' | 'baseline' | 'changes'> {
  const entry = ({ manager, name, wanted, source }: CheckedPackage, version: string | undefined): LockedPackage[] =>
    version === undefined ? [] : [{ manager, name, version, wanted, source }];
  const judged = new Set(rows.map(({ manager, name }) => `${manager} ${name}`));
  const others = listed
    .filter(({ manager, name }) => !judged.has(`${manager} ${name}`))
    .map((one): LockedPackage => ({ ...one, wanted: '', source: 'observed' }));
  return {
    present: [...rows.flatMap((row) => entry(row, row.locked)), ...others],
    baseline: [...rows.flatMap((row) => entry(row, row.locked ?? row.newest)), ...others],
    changes: rows.flatMap((row) => (row.newest === row.locked ? [] : entry({ ...row, source: 'parsed' }, row.newest))),
  };
}

/** The image of elsewhere that a stage stands on, as it decides what indexes offer. */
function targetImage(stage: Stage | undefined, stages: readonly Stage[], { check, host }: Scope): TargetImage {
  let root = stage;
  while (root?.base.kind === 'stage') root = stages[root.base.stage];
  const parsed = root?.base.kind === 'image' ? parseReference(root.base.image) : undefined;
  const image = parsed && !('error' in parsed) ? parsed : undefined;
  const platform = root?.platform ?? check.platform;
  let release: Promise<ImageRelease> | undefined;
  return {
    platform,
    python: image && pythonOfTag(image),
    bioconductor: bioconductorOfTag(image ?? {}),
    release: () => (release ??= image ? releaseOf(image, platform, host.registries) : Promise.resolve({})),
  };
}

async function releaseOf(
  image: ImageReference,
  platform: string | undefined,
  registries: Registries,
): Promise<ImageRelease> {
  const named = releaseOfTag(image);
  if (named.release !== undefined) return named;
  try {
    const [first] = await platformImages(registries, image, platform === undefined ? [] : [platform]);
    return first ? releaseOfConfig(await configOf(registries, image, first.digest)) : {};
  } catch (error) {
    if (error instanceof RegistryRefusal) return {};
    throw error;
  }
}

function unreadableText(unreadable: ImagePackages['unreadable']): string {
  const [first] = unreadable;
  const rest = unreadable.length > 1 ? `, and ${unreadable.length - 1} more` : '';
  return `what it installs is not all to be read without building it (line ${first?.line ?? 0}: ${first?.reason ?? ''}${rest}); observedPackages tells the rest`;
}

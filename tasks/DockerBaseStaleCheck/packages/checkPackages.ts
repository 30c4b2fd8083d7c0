import fs from 'node:fs';
import { messageOf } from '../../lib/errors';
import type { Log } from '../../lib/log';
import type { CheckedDockerfile } from '../checked';
import { packageKey, type LockedPackage } from '../lock/lockedPackages';
import type { Registries } from '../registry/Registries';
import { joinPlatforms } from './byPlatform';
import { contextReader } from './contextFiles';
import { dockerfileRuns } from './dockerfileRuns';
import { judgementOf, withPackages, type ImagePackages } from './imagePackages';
import type { ImagePython } from './imageRelease';
import type { Install } from './install';
import { judgePackage, type CheckedPackage, type KnownPackage, type PackageOptions } from './judgePackage';
import { NewestVersions, type TargetImage } from './NewestVersions';
import type { PackageSources } from './openPackages';
import { readObserved, type ObservedPackage } from './observed';
import { readInstalls, type RunInstruction, type Unreadable } from './readInstalls';
import { TargetImages } from './TargetImages';
import type { Manager } from './versions/schemes';

export interface PackageCheck {
  /** Absolute path of the search folder. */
  root: string;
  managers: readonly Manager[];
  /** Path of the list that a Dockerfile's build left, if one is named. */
  observedFile: (one: CheckedDockerfile) => string | undefined;
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
  const readable = dockerfiles.filter(({ builds }) => builds.length > 0);
  const all = await Promise.all(readable.map((one) => readPackages(one, check, host)));
  // Where nothing is locked the dates decide, which npm tells in its large documents only.
  const npmDates = all.some(({ builds, known }) =>
    builds.some(({ platform, installs }) =>
      installs.some((one) => one.manager === 'npm' && one.kind !== 'pinned' && !known(one, platform).locked),
    ),
  );
  const { indexes, ...where } = host.sources;
  const newest = new NewestVersions(indexes, where, { npmDates: npmDates || check.options.cooldownMs > 0 });
  await Promise.all(
    all.map(async (read) => {
      const { one, unreadable, problem, listed } = read;
      const rows = await judgeAll(read, newest, check.options);
      one.packages = { rows, unreadable, problem, ...lockedOf(rows, listed) };
      Object.assign(one, withPackages({ verdict: one.verdict, reason: one.reason }, judgementOf(one.packages)));
    }),
  );
  for (const { path, packages } of dockerfiles) {
    if (packages?.unreadable.length) host.log.info(`${path}: ${unreadableText(packages.unreadable)}.`);
  }
}

/** What a Dockerfile installs, and what is known of it without asking an index. */
interface ReadPackages {
  one: CheckedDockerfile;
  /** For each wanted platform. */
  builds: ReadBuild[];
  unreadable: Unreadable[];
  /** What the build's own list names. */
  listed: ObservedPackage[];
  problem: string | undefined;
  known: (install: Install, platform: string | undefined) => KnownPackage;
}

interface ReadBuild {
  /** As authors write it; undefined where none is asked for. */
  platform: string | undefined;
  installs: Install[];
  imageAt: (line: number) => TargetImage;
}

async function readPackages(
  one: CheckedDockerfile,
  { managers, root, observedFile }: PackageCheck,
  { registries, log }: PackageHost,
): Promise<ReadPackages> {
  const { packages = [], problem } = observedPackages(observedFile(one), log);
  const listed = packages.filter(({ manager }) => managers.includes(manager));
  const readContext = contextReader(root, one.folder);
  const unreadable = new Map<string, Unreadable>();
  const builds = await Promise.all(
    one.builds.map(async ({ platform, dockerfile }): Promise<ReadBuild> => {
      const images = new TargetImages(dockerfile, platform, registries);
      const { runs, inlineFiles } = dockerfileRuns(dockerfile);
      const readFile = (file: string) => inlineFiles.get(file) ?? readContext(file);
      const read = await readForTarget(runs, readFile, images);
      for (const each of read.unreadable) unreadable.set(`${each.line} ${each.reason}`, each);
      const wanted = read.installs.filter(({ manager }) => managers.includes(manager));
      const stageOfLine = new Map(runs.map(({ stage, line }) => [line, stage]));
      return {
        platform,
        installs: expanded(wanted, { listed, isOpen: read.unreadable.length > 0 }),
        imageAt: (line) => images.of(stageOfLine.get(line) ?? dockerfile.target),
      };
    }),
  );
  return { one, builds, unreadable: [...unreadable.values()], listed, problem, known: knownPackages(one, listed) };
}

/** Reads for the stages' own Pythons; their images are asked for them only where a marker is there that their tags do not decide. */
async function readForTarget(
  runs: readonly RunInstruction[],
  readFile: (file: string) => string | undefined,
  images: TargetImages,
): Promise<ReturnType<typeof readInstalls>> {
  const read = (python: (stage: number) => ImagePython | undefined) =>
    readInstalls(
      runs.map((run) => ({ ...run, target: { platform: images.of(run.stage).platform, python: python(run.stage) } })),
      readFile,
    );
  const byTag = read((stage) => images.of(stage).python);
  const open = [...byTag.openMarkers];
  if (open.length === 0) return byTag;
  const pythons = new Map(await Promise.all(open.map(async (stage) => [stage, await images.python(stage)] as const)));
  return read((stage) => pythons.get(stage) ?? images.of(stage).python);
}

async function judgeAll(
  { builds, known }: ReadPackages,
  newest: NewestVersions,
  options: PackageOptions,
): Promise<CheckedPackage[]> {
  const all = await Promise.all(
    builds.map(async ({ platform, installs, imageAt }) => ({
      platform: platform ?? '',
      rows: await Promise.all(
        installs.map(async (install) => {
          const isPinned = install.kind === 'pinned' && install.options.location === undefined;
          const found = isPinned ? undefined : await newest.newest(install, imageAt(install.line));
          return judgePackage(install, found, known(install, platform), options);
        }),
      ),
    })),
  );
  return joinPlatforms(all);
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
  // What differs between platforms is locked for each; an entry without one holds for all.
  return (install: Install, platform: string | undefined) => {
    const version = observed.get(`${install.manager} ${install.name}`);
    const seen = version === undefined ? undefined : { version, source: 'observed' as const };
    const keys = [packageKey({ ...install, platform }), packageKey(install)];
    const of = <T>(map: ReadonlyMap<string, T>) => keys.map((key) => map.get(key)).find((found) => found !== undefined);
    return { locked: seen ?? of(locked), tried: of(built) };
  };
}

function lockedOf(
  rows: readonly CheckedPackage[],
  listed: readonly ObservedPackage[],
): Pick<ImagePackages, 'present' | 'baseline' | 'changes'> {
  const entry = (row: CheckedPackage, version: string | undefined): LockedPackage[] => {
    const { manager, name, wanted, source, platform } = row;
    return version === undefined
      ? []
      : [{ manager, name, version, wanted, source, ...(platform !== undefined && { platform }) }];
  };
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

function unreadableText(unreadable: ImagePackages['unreadable']): string {
  const [first] = unreadable;
  const rest = unreadable.length > 1 ? `, and ${unreadable.length - 1} more` : '';
  return `what it installs is not all to be read without building it (line ${first?.line ?? 0}: ${first?.reason ?? ''}${rest}); observedPackages tells the rest`;
}

import type { MarkerValue } from './markers';
import type { Manager } from './versions/schemes';

export interface Install {
  manager: Manager;
  /** As the ecosystem compares names, see normaliseName; `*` stands for all packages of the distribution (`apt-get upgrade`). */
  name: string;
  /** What the ecosystem's `fits` reads: '' when floating, the version alone when pinned, else the range as written. */
  wanted: string;
  kind: 'pinned' | 'ranged' | 'floating';
  /** Line of the RUN in the Dockerfile, from 1. */
  line: number;
  options: InstallOptions;
}

export interface InstallOptions {
  /** Index that takes the place of the ecosystem's own: URL of a Python index, of an npm registry. */
  index?: string;
  /** Python indexes and link pages asked besides. */
  extraIndexes?: string[];
  /** conda channels in order, as written. */
  channels?: string[];
  /** R repositories in order, as written. */
  repos?: string[];
  /** Date of an R repository that never changes. */
  snapshot?: string;
  /** R packages of Bioconductor's release. */
  bioconductor?: true;
  /** That release, where the install names it. */
  bioconductorRelease?: string;
  /** Sources that the stage added to apt or apk before; the package may come from any of them or from the base's own. */
  sources?: PackageSource[];
  /** apt's `package/suite` or `-t suite`, apk's `package@tag`. */
  suite?: string;
  architecture?: string;
  /** conda's build string or pattern. */
  build?: string;
  /** npm's dist-tag. */
  tag?: string;
  extras?: string[];
  marker?: string;
  /** Pre-releases are taken too. */
  prereleases?: true;
  /** Where the install is written, when not in the Dockerfile: `requirements.txt:3`. */
  file?: string;
  /** Where it comes from when that is no index: a URL, a repository, a path. */
  location?: string;
  /** Why no index can say what is newest. */
  notComparable?: string;
  /** Whether it is installed depends on a condition in the shell. */
  conditional?: true;
}

export interface PackageSource {
  url: string;
  /** '' where it is the base's own release, or not known before the build. */
  suite: string;
}

/** An install before it is known on which line it stands. */
export type PlainInstall = Omit<Install, 'line'>;

/** What one command does: installs, what it removes again, and what cannot be read without running it. */
export interface Finding {
  installs: PlainInstall[];
  removed: { manager: Manager; name: string }[];
  unreadable: string[];
  /** A marker asks for what is not known of the image's Python. */
  openMarkers?: true;
}

/** What earlier commands of a stage set for later ones. */
export interface StageSettings {
  pipIndex?: string;
  registry?: string;
  bioconductor?: string;
  channels: string[];
  repos?: string[];
  sources: PackageSource[];
  /** Names that `apk add --virtual` gave to packages. */
  virtuals: Map<string, string[]>;
}

/** What a command can see. */
export interface Surroundings {
  /** Value of a variable, undefined where it is unset or not known. */
  variable: (name: string) => string | undefined;
  /** Text of a file of the build context by its path in the image; undefined where the context has none. */
  readFile: (path: string) => string | undefined;
  /** Whether a Python requirement's marker holds, of the Python that the command's name tells, else of the image's. */
  marker: (text: string) => MarkerValue;
  settings: StageSettings;
}

/** A finding of nothing, to be filled. */
export function emptyFinding(): Finding {
  return { installs: [], removed: [], unreadable: [] };
}

/** Adds what another finding holds to a finding. */
export function addFinding(to: Finding, from: Finding): void {
  for (const install of from.installs) to.installs.push(install);
  for (const removed of from.removed) to.removed.push(removed);
  for (const reason of from.unreadable) to.unreadable.push(reason);
  if (from.openMarkers) to.openMarkers = true;
}

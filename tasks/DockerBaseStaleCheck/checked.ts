import type { Dockerfile } from './dockerfile/readDockerfile';
import type { DockerfileReference } from './dockerfile/references';
import type { LockedBase, Lock } from './lock/lockFile';
import type { Values } from './placeholders';
import type { ImagePackages } from './packages/imagePackages';
import type { ImageReference } from './reference';
import type { Judgement } from './verdicts';

/** A reference with what was found out about it; images that are not needed are not judged. */
export interface CheckedReference extends DockerfileReference {
  judgement?: Judgement;
}

/** A Dockerfile with everything that was found out about it. */
export interface CheckedDockerfile extends Judgement {
  /** Relative to the search folder, with `/`. */
  path: string;
  folder: string;
  /** The path as a name: key of the matrix. */
  name: string;
  target: string;
  /** Why BuildKit would refuse it. */
  error?: string;
  references: CheckedReference[];
  /** As it was read for each wanted platform, or for none in particular; empty for a file that BuildKit refuses. */
  builds: { platform: string | undefined; dockerfile: Dockerfile }[];
  /** What it installs on top, where that is asked for. */
  packages?: ImagePackages;
  /** The image that is built from it. */
  image: ImageReference | undefined;
  /** Images that are judged, in full, by which Dockerfiles are put in order. */
  bases: string[];
  values: Values;
  lock: {
    /** Absolute path. */
    file: string;
    /** As it is on disk. */
    text: string | undefined;
    /** There is one that cannot be read: it is never overwritten. */
    isBroken: boolean;
    /** What it says, after a look at the run that it waits for. */
    content: Lock | undefined;
    /** The digests of now, for the lock that is written. */
    now: () => Promise<LockedBase[]>;
    running: boolean;
    failures: number;
  };
  /** Dockerfiles whose images this one is built on, and that are rebuilt first. */
  after: CheckedDockerfile[];
}

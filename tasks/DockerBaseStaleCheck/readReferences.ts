import { readDockerfile, type Dockerfile } from './dockerfile/readDockerfile';
import type { DockerfileReference } from './dockerfile/references';
import type { Inputs } from './inputs';
import { parseReference, type ImageReference } from './reference';

/** A reference that is judged, or of which it is known already that it cannot be. */
export interface NeededImage {
  row: DockerfileReference;
  image: ImageReference | undefined;
  /** The platforms it is wanted for; empty for `auto`. */
  platforms: string[];
}

/** What a Dockerfile names, as its target and platforms are read. */
export type ReadFile =
  | {
      kind: 'dockerfile';
      /** Name of the stage that is built, or its number. */
      target: string;
      references: DockerfileReference[];
      needed: NeededImage[];
      /** As it is read for each platform; undefined for the one of the builder. */
      builds: { platform: string | undefined; dockerfile: Dockerfile }[];
    }
  | { kind: 'invalid'; error: string; references: DockerfileReference[] };

/** Reads a Dockerfile for each wanted platform: `FROM tool-$TARGETARCH` names another image for each. */
export function readReferences(path: string, text: string, inputs: Inputs): ReadFile {
  const platforms = inputs.platforms.length ? inputs.platforms : [undefined];
  const references = new Map<string, DockerfileReference>();
  const needed = new Map<string, NeededImage>();
  const target = inputs.targetStage(path);
  let stage = '';
  const builds: { platform: string | undefined; dockerfile: Dockerfile }[] = [];
  for (const platform of platforms) {
    const read = readDockerfile(text, {
      buildArguments: inputs.buildArgs(path),
      namedContexts: inputs.buildContexts,
      ...(target !== undefined && { target }),
      ...(platform !== undefined && { platform }),
    });
    if (read.kind === 'invalid') {
      const error = read.line === undefined ? read.reason : `line ${read.line}: ${read.reason}`;
      return { kind: 'invalid', error, references: [] };
    }
    stage = read.stages[read.target]?.name ?? String(read.target);
    builds.push({ platform, dockerfile: read });
    for (const row of read.references) {
      const key = JSON.stringify([row.role, row.line, row.written, row.image]);
      references.set(key, references.get(key) ?? row);
      if (!isNeeded(row, inputs.scope)) continue;
      const wanted = row.platform ?? platform;
      const one = needed.get(key) ?? { row, image: imageOf(row), platforms: [] };
      if (wanted !== undefined && !one.platforms.includes(wanted)) one.platforms.push(wanted);
      needed.set(key, one);
    }
    const [problem] = read.problems;
    if (problem) {
      const error = `line ${problem.line}: ${problem.reason}`;
      return { kind: 'invalid', error, references: [...references.values()] };
    }
  }
  return {
    ...{ kind: 'dockerfile', target: stage, builds },
    references: [...references.values()],
    needed: [...needed.values()],
  };
}

/** The frontend is a tool of the build, no part of the image. */
function isNeeded({ role, reachable }: DockerfileReference, scope: Inputs['scope']): boolean {
  return scope === 'final' ? role === 'base' : reachable && role !== 'frontend';
}

function imageOf({ image, error }: DockerfileReference): ImageReference | undefined {
  const parsed = image === undefined || error !== undefined ? undefined : parseReference(image);
  return parsed && !('error' in parsed) ? parsed : undefined;
}

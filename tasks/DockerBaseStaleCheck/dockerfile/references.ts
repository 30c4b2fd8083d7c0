import type { ImageSource, Stage } from './stages';

/** An image of elsewhere that a Dockerfile names. */
export interface DockerfileReference {
  /** `base` is what the target finally stands on, `stage` any other FROM. */
  role: 'base' | 'stage' | 'copy' | 'mount' | 'frontend';
  line: number;
  /** Index of the stage that names it; the frontend has none. */
  stage?: number;
  written: string;
  /** The written name with arguments expanded. */
  resolved?: string;
  /** In full: host, path, tag or digest. Absent where it cannot be resolved. */
  image?: string;
  /** What `FROM --platform` asks for. */
  platform?: string;
  /** The target needs it. */
  reachable: boolean;
  /** Why it cannot be resolved, or what else BuildKit refuses about it, in BuildKit's words. */
  error?: string;
  /** Arguments in the written name that have no value, or an empty one. */
  emptyArguments: string[];
}

/** The images that the stages name, in the order of lines; stages, scratch and other named contexts are none. */
export function referencesOf(stages: readonly Stage[], base: Stage): DockerfileReference[] {
  const references = stages.flatMap((stage) => [
    ...fromReference(stage, stage === base),
    ...stage.inputs.flatMap(({ role, line, written, source }) =>
      reference(source, { role, line, stage: stage.index, written, reachable: stage.reachable, emptyArguments: [] }),
    ),
  ]);
  return references.sort((left, right) => left.line - right.line);
}

function fromReference(stage: Stage, isBase: boolean): DockerfileReference[] {
  const { line, index, written, resolved, platform, platformError, reachable, emptyArguments } = stage;
  return reference(stage.base, {
    role: isBase ? 'base' : 'stage',
    line,
    stage: index,
    written,
    ...(resolved !== undefined && { resolved }),
    ...(platform !== undefined && { platform }),
    reachable,
    ...(platformError !== undefined && { error: platformError }),
    emptyArguments,
  });
}

function reference(source: ImageSource, row: DockerfileReference): DockerfileReference[] {
  switch (source.kind) {
    case 'image':
      return [{ ...row, image: source.image }];
    case 'unresolved':
      return [{ ...row, error: source.reason }];
    case 'stage':
    case 'scratch':
    case 'context':
      return [];
    default:
      return source satisfies never;
  }
}

import { posix } from 'node:path';
import type { Dockerfile } from '../dockerfile/readDockerfile';
import type { Stage } from '../dockerfile/stages';
import type { CopiedFiles } from './copiedFiles';
import type { RunInstruction } from './readInstalls';

/** The RUNs of a Dockerfile that its target needs, and the texts that it carries itself by the paths that `copies` give them. */
export interface DockerfileRuns {
  runs: RunInstruction[];
  inlineFiles: ReadonlyMap<string, string>;
}

/**
 * The RUNs of the stages that the target needs, each with what of the build context it sees: copies of its own stage and of those which
 * that stands on, and its mounts. Pure.
 */
export function dockerfileRuns(dockerfile: Dockerfile): DockerfileRuns {
  const { stages, runInstructions } = dockerfile;
  const inlineFiles = new Map<string, string>();
  const copies = placedCopies(dockerfile, inlineFiles);
  const withRuns = new Set(runInstructions.map(({ stage }) => stage));
  const runs = runInstructions.flatMap(({ contextMounts = [], ...run }): RunInstruction[] => {
    const stage = stages[run.stage];
    if (!stage?.reachable) return [];
    const below = stagesBelow(stage, stages);
    const standsOn = below.find((index) => withRuns.has(index));
    const seen = copies.filter((copy) =>
      copy.stage === run.stage ? copy.line <= run.line : below.includes(copy.stage),
    );
    // The nearest stage's copies come last: they lie over the others.
    seen.sort((a, b) => depth(b.stage, below) - depth(a.stage, below));
    const mounts = contextMounts.map(({ source, target }) => ({
      sources: [source],
      dest: target,
      workdir: run.workdir,
    }));
    return [{ ...run, ...(standsOn !== undefined && { standsOn }), copies: [...seen, ...mounts] }];
  });
  return { runs, inlineFiles };
}

/** Indexes of the stages that a stage stands on, the nearest first. */
function stagesBelow(stage: Stage, stages: readonly Stage[]): number[] {
  const below: number[] = [];
  for (let one: Stage | undefined = stage; one?.base.kind === 'stage'; one = stages[one.base.stage]) {
    below.push(one.base.stage);
  }
  return below;
}

/** 0 for the stage itself, which is not in the list. */
function depth(stage: number, below: readonly number[]): number {
  return below.indexOf(stage) + 1;
}

type PlacedCopy = CopiedFiles & { stage: number; line: number };

/** What is copied from the build context; a text inside of the Dockerfile is given a path that no context has. */
function placedCopies({ copyInstructions }: Dockerfile, inlineFiles: Map<string, string>): PlacedCopy[] {
  return copyInstructions.flatMap(({ stage, line, from, sources, inlineFiles: inline, destination, workdir }) => {
    if (from !== '') return [];
    const inlinePaths = inline.map(({ name, text }) => {
      const path = posix.join('\0inline', String(line), name);
      inlineFiles.set(path, text);
      return path;
    });
    return [{ stage, line, sources: [...sources, ...inlinePaths], dest: destination, workdir }];
  });
}

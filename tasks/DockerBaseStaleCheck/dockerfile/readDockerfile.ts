import { formatReference, parseReference } from '../reference';
import { detectSyntax } from './directives';
import { builtInArguments, globalArguments } from './globalArguments';
import { readCommand } from './instructions';
import { parseDockerfile, type WrittenInstruction } from './parser';
import { normalizePlatform, parsePlatform, type Platform } from './platform';
import { badStageNames, markReachable, refuseCircles, type Problem } from './reachability';
import { referencesOf, type DockerfileReference } from './references';
import { atLine, quote, Refusal } from './refusal';
import { readStageContents, type StageContents } from './stageContents';
import { resolveStages, type ImageSource, type PlacedCommand, type Stage, type WrittenStage } from './stages';
import { suggest } from './suggest';

export interface ReadOptions {
  buildArguments?: ReadonlyMap<string, string>;
  /** Name, in any case, of the stage that is built; the last one without it. */
  target?: string;
  /** The platform that is built for; linux/amd64 without it. */
  platform?: string;
  /** The platform that is built on; linux/amd64 without it. */
  buildPlatform?: string;
  /** Named contexts (`--build-context`): name → `docker-image://…`, folder or address. */
  namedContexts?: ReadonlyMap<string, string>;
}

export interface Dockerfile extends StageContents {
  kind: 'dockerfile';
  /** The escape character in force. */
  escape: string;
  stages: Stage[];
  /** Index of the stage that is built. */
  target: number;
  /** What the target finally stands on, and the platform that its FROM asks for. */
  base: Exclude<ImageSource, { kind: 'stage' }>;
  platform?: string;
  /** Every image of elsewhere that the file names, in the order of lines. */
  references: DockerfileReference[];
  /** What BuildKit would stop at when it builds the target, beyond references that cannot be resolved. */
  problems: Problem[];
}

/** BuildKit would refuse the file. */
export interface InvalidDockerfile {
  kind: 'invalid';
  line?: number;
  /** BuildKit's own reason. */
  reason: string;
  /** The same as BuildKit prints it, with 'dockerfile parse error on line N: ' where it does so. */
  message: string;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Reads a Dockerfile as BuildKit does (commit 73ed682). Pure, and an end for any text: nothing is thrown. */
export function readDockerfile(text: string, options: ReadOptions = {}): Dockerfile | InvalidDockerfile {
  try {
    return readOrRefuse(text, options);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { line, reason, message } = error;
    return { kind: 'invalid', ...(line !== undefined && { line }), reason, message };
  }
}

/** Whether the text has a FROM at all: without one it is no Dockerfile, whatever its name says. */
export function hasFrom(text: string): boolean {
  try {
    return parseDockerfile(text).instructions.some(isFrom);
  } catch {
    return /^[\t ]*FROM(?:[\t \r]|$)/im.test(text);
  }
}

function isFrom({ keyword }: WrittenInstruction): boolean {
  return keyword.toLowerCase() === 'from';
}

function readOrRefuse(text: string, options: ReadOptions): Dockerfile {
  const { escape, instructions } = parseDockerfile(text);
  const { globals: declared, stages: written } = splitStages(instructions);
  const buildArguments = options.buildArguments ?? NONE;
  const platforms = { target: platformOf(options.platform), build: platformOf(options.buildPlatform) };
  const builtIn = builtInArguments(platforms, options.target ?? written.at(-1)?.from.name ?? '');
  const globals = globalArguments(declared, builtIn, buildArguments, escape);
  const scope = { escape, globals, namedContexts: options.namedContexts ?? NONE };
  const { stages, inputsOf } = resolveStages(written, scope);
  const target = findTarget(stages, options.target);
  refuseCircles(stages);
  const stops = [...badStageNames(stages), ...markReachable(target, stages, inputsOf)];
  const contents = readStageContents(stages, { escape, globals, buildArguments });
  const standsOn = findBase(target, stages);
  return {
    kind: 'dockerfile',
    escape,
    stages,
    target: target.index,
    base: standsOn.base as Dockerfile['base'],
    ...(standsOn.platform !== undefined && { platform: standsOn.platform }),
    references: [...frontend(text, buildArguments), ...referencesOf(stages, standsOn)],
    ...contents,
    problems: [...stops, ...contents.problems].sort((left, right) => left.line - right.line),
  };
}

const LINUX_AMD64 = parsePlatform('linux/amd64');

function platformOf(written: string | undefined): Platform {
  return written === undefined ? LINUX_AMD64 : normalizePlatform(parsePlatform(written));
}

function splitStages(instructions: readonly WrittenInstruction[]): {
  globals: PlacedCommand[];
  stages: WrittenStage[];
} {
  const globals: PlacedCommand[] = [];
  const stages: WrittenStage[] = [];
  for (const instruction of instructions) {
    const { line } = instruction;
    const command = atLine(line, true, () => readCommand(instruction));
    const stage = stages.at(-1);
    if (command.kind === 'from') stages.push({ from: command, line, commands: [] });
    else if (stage) stage.commands.push({ command, line });
    else if (command.kind === 'arg') globals.push({ command, line });
    else throw new Refusal('no build stage in current context', line);
  }
  if (stages.length === 0) throw new Refusal('dockerfile contains no stages to build');
  return { globals, stages };
}

function findTarget(stages: readonly Stage[], name: string | undefined): Stage {
  const wanted = name?.toLowerCase();
  const target = wanted ? stages.findLast((stage) => stage.name === wanted) : stages.at(-1);
  if (target) return target;
  const names = stages.map((stage) => stage.name ?? `stage-${stage.index}`);
  throw new Refusal(suggest(`target stage ${quote(name ?? '')} could not be found`, name ?? '', names));
}

/** The stage whose FROM the target finally stands on. A FROM can only name an earlier stage, so this ends. */
function findBase(target: Stage, stages: readonly Stage[]): Stage {
  let stage = target;
  while (stage.base.kind === 'stage') {
    const next = stages[stage.base.stage];
    if (!next) break;
    stage = next;
  }
  return stage;
}

/** `# syntax=`, or the build argument that overrides it. */
function frontend(text: string, buildArguments: ReadonlyMap<string, string>): DockerfileReference[] {
  const argument = buildArguments.get('BUILDKIT_SYNTAX')?.trim().split(' ', 1)[0];
  const syntax = argument ? { written: argument, line: 1 } : detectSyntax(text);
  if (!syntax) return [];
  const reference = parseReference(syntax.written);
  const outcome = 'error' in reference ? reference : { image: formatReference(reference) };
  return [{ role: 'frontend', ...syntax, ...outcome, reachable: true, emptyArguments: [] }];
}

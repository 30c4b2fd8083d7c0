import { familiarReference, formatReference, parseReference } from '../reference';
import type { Command, FromInstruction } from './instructions';
import { formatPlatform, parsePlatform } from './platform';
import { Refusal } from './refusal';
import { expandWord, type Environment } from './shellLex';
import { suggest } from './suggest';

export interface PlacedCommand {
  command: Command;
  line: number;
}

export interface WrittenStage {
  from: FromInstruction;
  line: number;
  commands: PlacedCommand[];
}

/** What a FROM, a COPY --from or a mount stands on. */
export type ImageSource =
  | { kind: 'image'; image: string }
  | { kind: 'stage'; stage: number }
  | { kind: 'scratch' }
  /** A named context that is no image: a folder, a repository. */
  | { kind: 'context'; context: string }
  | { kind: 'unresolved'; reason: string };

export interface StageInput {
  role: 'copy' | 'mount';
  line: number;
  written: string;
  /** Where a mount is put, as written. */
  target?: string;
  source: ImageSource;
}

export interface Stage {
  index: number;
  name?: string;
  line: number;
  /** The image as written, and with arguments expanded. */
  written: string;
  resolved?: string;
  /** Arguments in `written` that have no value, or an empty one. */
  emptyArguments: string[];
  /** What `FROM --platform` asks for. */
  platform?: string;
  /** Why BuildKit refuses what `--platform` says. */
  platformError?: string;
  base: ImageSource;
  /** COPY --from and RUN --mount from, in order; triggers of the base stage first. */
  inputs: StageInput[];
  /** Its ONBUILD triggers, as written. */
  onbuild: string[];
  /** What is done in this stage, triggers of the base stage first. */
  commands: PlacedCommand[];
  reachable: boolean;
}

export interface ResolveOptions {
  escape: string;
  /** What FROM lines see. */
  globals: Environment;
  /** `--build-context`: name → `docker-image://…`, folder or address. */
  namedContexts: ReadonlyMap<string, string>;
}

export interface ResolvedStages {
  stages: Stage[];
  /** What commands that come later, ONBUILD triggers, take from other stages and images. */
  inputsOf: (commands: readonly PlacedCommand[]) => StageInput[];
}

/** The stages with what they stand on. Nothing is thrown: what BuildKit refuses of one FROM is `unresolved`. */
export function resolveStages(written: readonly WrittenStage[], options: ResolveOptions): ResolvedStages {
  const contexts = contextFinder(options.namedContexts);
  const byName = new Map<string, number>();
  const stages = written.map((stage, index) => {
    const resolved = resolveFrom(stage, index, { ...options, contexts, byName });
    // A later stage of the same name takes the name over.
    if (stage.from.name !== undefined) byName.set(stage.from.name, index);
    return resolved;
  });
  // A COPY --from or a mount of no stage makes BuildKit count one more stage: a later index may mean it.
  const counted: ImageSource[] = stages.map(({ index }) => ({ kind: 'stage', stage: index }));
  const inputsOf = (commands: readonly PlacedCommand[]) =>
    readInputs(commands, { ...options, contexts, byName, counted });
  for (const stage of stages) stage.inputs = inputsOf(stage.commands);
  return { stages, inputsOf };
}

interface FromScope extends ResolveOptions {
  contexts: ContextFinder;
  byName: ReadonlyMap<string, number>;
}

function resolveFrom({ from, line, commands }: WrittenStage, index: number, scope: FromScope): Stage {
  const { escape, globals } = scope;
  const stage: Stage = {
    index,
    ...(from.name !== undefined && { name: from.name }),
    line,
    written: from.written,
    emptyArguments: [],
    base: { kind: 'scratch' },
    inputs: [],
    onbuild: commands.flatMap(({ command }) => (command.kind === 'onbuild' ? [command.trigger] : [])),
    commands,
    reachable: false,
  };
  try {
    const { text, asked } = expandWord(from.written, globals, { escape });
    stage.emptyArguments = [...asked].flatMap(([name, value]) => (value ? [] : [name]));
    if (text === '') throw new Refusal(`base name (${from.written}) should not be blank`);
    stage.resolved = text;
    stage.base = findSource(text, scope.byName.get(text), scope.contexts);
  } catch (error) {
    stage.base = unresolved(error);
  }
  try {
    const platform = from.platform === undefined ? undefined : resolvePlatform(from.platform, scope);
    if (platform !== undefined) stage.platform = platform;
  } catch (error) {
    stage.platformError = reasonOf(error);
  }
  const replaced = from.name === undefined ? undefined : scope.contexts(from.name);
  if (replaced) {
    // A named context with a stage's name takes the place of the whole stage.
    stage.base = replaced;
    stage.commands = [];
  }
  return stage;
}

function resolvePlatform(written: string, { globals, escape }: ResolveOptions): string {
  const { text, asked } = expandWord(written, globals, { escape });
  if (text === '') {
    const unset = [...asked].find(([, value]) => value === undefined)?.[0] ?? '';
    const message = `empty platform value from expression ${written}`;
    throw new Refusal(suggest(message, unset, [...globals.keys()]));
  }
  try {
    return formatPlatform(parsePlatform(text));
  } catch (error) {
    throw new Refusal(`failed to parse platform ${written}: ${reasonOf(error)}`);
  }
}

interface InputScope extends FromScope {
  counted: ImageSource[];
}

/** What the commands take from other stages and images. (dockerfile2llb toCommand, detectRunMount) */
function readInputs(commands: readonly PlacedCommand[], scope: InputScope): StageInput[] {
  return commands.flatMap(({ command, line }): StageInput[] => {
    if (command.kind === 'copy' && command.from !== '') {
      return [{ role: 'copy', line, written: command.from, source: resolveCopyFrom(command.from, scope) }];
    }
    if (command.kind !== 'run') return [];
    // A mount without `from` looks for a stage called scratch.
    const inputs = command.mounts.map(({ from, target }): StageInput => {
      return { role: 'mount', line, written: from, target, source: resolveByName(from || 'scratch', scope) };
    });
    return inputs.filter(({ written, source }) => written !== '' || source.kind === 'stage');
  });
}

function resolveCopyFrom(from: string, scope: InputScope): ImageSource {
  try {
    if (expandWord(from, new Map(), { escape: scope.escape }).text !== from) {
      throw new Refusal(
        'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      );
    }
  } catch (error) {
    return unresolved(error);
  }
  const index = /^[-+]?\d+$/.test(from) ? Number(from) : NaN;
  if (!Number.isSafeInteger(index)) return resolveByName(from, scope);
  return scope.counted[index] ?? { kind: 'unresolved', reason: `invalid stage index ${index}` };
}

function resolveByName(name: string, { byName, contexts, counted }: InputScope): ImageSource {
  const stage = byName.get(name.toLowerCase());
  const source = findSource(name, stage, contexts);
  if (stage === undefined) counted.push(source);
  return source;
}

function findSource(name: string, stage: number | undefined, contexts: ContextFinder): ImageSource {
  if (stage !== undefined) return { kind: 'stage', stage };
  if (name === 'scratch') return { kind: 'scratch' };
  const reference = parseReference(name);
  if ('error' in reference) return { kind: 'unresolved', reason: reference.error };
  return contexts(name) ?? { kind: 'image', image: formatReference(reference) };
}

type ContextFinder = (name: string) => ImageSource | undefined;

/** Named contexts are found by the familiar name without `:latest`. (dockerui NamedContext) */
function contextFinder(namedContexts: ReadonlyMap<string, string>): ContextFinder {
  if (namedContexts.size === 0) return () => undefined;
  const contexts = new Map([...namedContexts].map(([name, value]) => [contextKey(name) ?? name, value]));
  return (name) => {
    if (/^(?:scratch|context)$/i.test(name)) return undefined;
    const value = contexts.get(contextKey(name) ?? name);
    if (value === undefined) return undefined;
    const image = /^docker-image:(?:\/\/)?(.*)$/s.exec(value)?.[1];
    if (image === undefined) return { kind: 'context', context: value };
    if (image === 'scratch') return { kind: 'scratch' };
    const reference = parseReference(image);
    if ('error' in reference) return { kind: 'unresolved', reason: reference.error };
    return { kind: 'image', image: formatReference(reference) };
  };
}

function contextKey(name: string): string | undefined {
  const reference = parseReference(name);
  return 'error' in reference ? undefined : familiarReference(reference).replace(/:latest$/, '');
}

function unresolved(error: unknown): ImageSource {
  return { kind: 'unresolved', reason: reasonOf(error) };
}

/** The reason of a Refusal; anything else is a bug and goes on. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.reason;
  throw error;
}

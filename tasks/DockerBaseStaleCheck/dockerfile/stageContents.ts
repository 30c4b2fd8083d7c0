import type { Heredoc } from './heredocs';
import type { CopyCommand, InlineFile, RunCommand } from './instructions';
import type { Problem } from './reachability';
import { Refusal } from './refusal';
import { expandWord, MissingValue, type Environment } from './shellLex';
import type { PlacedCommand, Stage } from './stages';

export interface RunInstruction {
  stage: number;
  line: number;
  form: 'shell' | 'exec';
  /** Shell form: the joined logical line without the flags; heredoc bodies apart. Exec form: the words, with blanks. */
  text: string;
  /** Exec form only. */
  words?: string[];
  heredocs: Heredoc[];
  /** The values of ARG and ENV at this point, as far as the file tells them; the base image may add its own. */
  env: Environment;
  /** The SHELL in force, where the file sets one. */
  shell?: string[];
  /** The folder in which it runs, as far as the file tells it. */
  workdir: string;
  /** What of the build context is mounted into it. */
  contextMounts?: { source: string; target: string }[];
}

export interface CopyInstruction {
  stage: number;
  line: number;
  kind: 'copy' | 'add';
  /** '' for the build context, else as written. */
  from: string;
  /** Paths, patterns and addresses, expanded. */
  sources: string[];
  inlineFiles: InlineFile[];
  destination: string;
  workdir: string;
}

export interface Label {
  stage: number;
  line: number;
  name: string;
  value: string;
}

export interface StageContents {
  runInstructions: RunInstruction[];
  copyInstructions: CopyInstruction[];
  labels: Label[];
  problems: Problem[];
}

interface State {
  /** Changed in place until a RUN, or a stage that goes on from here, holds on to it: a file may hold very many ENVs. */
  env: Map<string, string>;
  envIsHeld: boolean;
  shell: string[] | undefined;
  workdir: string;
}

export interface ContentsOptions {
  escape: string;
  globals: Environment;
  buildArguments: Environment;
}

/**
 * What is done in each stage, with the values that ARG and ENV have there. A stage goes on with the values of the stage it
 * stands on; a base image's own are not known. (dockerfile2llb dispatch)
 */
export function readStageContents(stages: readonly Stage[], options: ContentsOptions): StageContents {
  const contents: StageContents = { runInstructions: [], copyInstructions: [], labels: [], problems: [] };
  const scope = { ...options, contents };
  const ends: State[] = [];
  for (const stage of stages) {
    const base = stage.base.kind === 'stage' ? ends[stage.base.stage] : undefined;
    const state: State = { env: new Map(), shell: undefined, workdir: '/', ...base, envIsHeld: base !== undefined };
    for (const placed of stage.commands) {
      try {
        readOne(placed, stage, state, scope);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // A value that is missing here may come from the base image.
        if (stage.reachable && !(error instanceof MissingValue)) {
          contents.problems.push({ line: placed.line, reason: error.reason });
        }
      }
    }
    ends[stage.index] = state;
  }
  return contents;
}

interface Scope extends ContentsOptions {
  contents: StageContents;
}

/** Adds what the command does to the contents, and changes the state to that behind it. */
function readOne({ command, line }: PlacedCommand, stage: Stage, state: State, scope: Scope): void {
  const { contents, escape } = scope;
  const place = { stage: stage.index, line };
  const expand = (word: string) => expandWord(word, state.env, { escape }).text;
  switch (command.kind) {
    case 'env': {
      // All values of one ENV see the values before it.
      const pairs = command.pairs.map(({ name, value }) => [expand(name), expand(value)] as const);
      for (const [name, value] of pairs) changeable(state).set(name, value);
      return;
    }
    case 'arg':
      // Unlike that, each ARG of a line sees those before it.
      for (const { name, value } of command.args) {
        const given = scope.buildArguments.get(name);
        const result = given ?? (value === undefined ? scope.globals.get(name) : expand(value));
        if (result !== undefined) changeable(state).set(name, result);
      }
      return;
    case 'shell':
      state.shell = command.words;
      return;
    case 'workdir':
      state.workdir = joinPath(state.workdir, expand(command.path));
      return;
    case 'label':
      for (const { name, value } of command.pairs) {
        contents.labels.push({ ...place, name: expand(name), value: expand(value) });
      }
      return;
    case 'run':
      contents.runInstructions.push({ ...place, ...runOf(command, state, expand) });
      state.envIsHeld = true;
      return;
    case 'copy':
    case 'add':
      contents.copyInstructions.push({ ...place, ...copyOf(command, state, expand) });
      return;
    case 'from':
    case 'onbuild':
    case 'other':
      return;
    default:
      command satisfies never;
  }
}

function changeable(state: State): Map<string, string> {
  if (state.envIsHeld) {
    state.env = new Map(state.env);
    state.envIsHeld = false;
  }
  return state.env;
}

function runOf(
  run: RunCommand,
  { env, shell, workdir }: State,
  expand: (word: string) => string,
): Omit<RunInstruction, 'stage' | 'line'> {
  const { form, text, words, heredocs, mounts } = run;
  const contextMounts = mounts
    .filter(({ type, from }) => type === 'bind' && from === '')
    .map(({ source, target }) => ({ source: expand(source) || '.', target: expand(target) }));
  return {
    ...{ form, text, ...(form === 'exec' && { words }), heredocs, env, ...(shell && { shell }), workdir },
    ...(contextMounts.length > 0 && { contextMounts }),
  };
}

function copyOf(copy: CopyCommand, { workdir }: State, expand: (word: string) => string) {
  const { kind, from, sources, inlineFiles, destination } = copy;
  return { kind, from, sources: sources.map(expand), inlineFiles, destination: expand(destination), workdir };
}

function joinPath(folder: string, path: string): string {
  const isAbsolute = path.startsWith('/') || /^[a-zA-Z]:/.test(path);
  return isAbsolute ? path : `${folder.replace(/\/$/, '')}/${path}`;
}

import type { Pair } from './arguments';
import { checkDevice, readFlags, readMount, type FlagKind, type Mount } from './flags';
import { checkHealthcheck } from './healthcheck';
import { heredocWordOrNone, withoutLeadingTabs, type Heredoc } from './heredocs';
import type { WrittenInstruction } from './parser';
import { quote, Refusal } from './refusal';
import { suggest } from './suggest';
import { trim } from './whitespace';

/** A file that stands in a COPY or ADD itself, as a heredoc. */
export interface InlineFile {
  name: string;
  text: string;
}

export interface FromInstruction {
  kind: 'from';
  written: string;
  /** Lower case. */
  name?: string;
  platform?: string;
}

export interface RunCommand {
  kind: 'run';
  form: 'shell' | 'exec';
  /** The command line of the shell form, without flags; heredoc bodies apart. */
  text: string;
  words: string[];
  heredocs: Heredoc[];
  mounts: Mount[];
}

export interface CopyCommand {
  kind: 'copy' | 'add';
  /** '' for the build context. */
  from: string;
  sources: string[];
  inlineFiles: InlineFile[];
  destination: string;
}

export type Command =
  | FromInstruction
  | RunCommand
  | CopyCommand
  | { kind: 'arg'; args: { name: string; value?: string }[] }
  | { kind: 'env' | 'label'; pairs: Pair[] }
  | { kind: 'workdir'; path: string }
  | { kind: 'shell'; words: string[] }
  | { kind: 'onbuild'; trigger: string }
  | { kind: 'other' };

const COPY_FLAGS: Record<string, FlagKind> = {
  chown: 'text',
  from: 'text',
  chmod: 'text',
  link: 'boolean',
  exclude: 'texts',
  parents: 'boolean',
};
const ADD_FLAGS: Record<string, FlagKind> = {
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  'keep-git-dir': 'boolean',
  checksum: 'text',
  unpack: 'boolean',
  exclude: 'texts',
};
const RUN_FLAGS: Record<string, FlagKind> = { device: 'texts', mount: 'texts', network: 'text', security: 'text' };

const READERS: Record<string, (instruction: WrittenInstruction) => Command> = {
  add: (instruction) => readCopy(instruction, 'add'),
  arg: readArg,
  cmd: checkFlagsOnly,
  copy: (instruction) => readCopy(instruction, 'copy'),
  entrypoint: checkFlagsOnly,
  env: (instruction) => readNameValues(instruction, 'env'),
  expose: checkExpose,
  from: readFrom,
  healthcheck: ({ args, flags }) => {
    checkHealthcheck(args, flags);
    return { kind: 'other' };
  },
  label: (instruction) => readNameValues(instruction, 'label'),
  maintainer: (instruction) => checkOneArgument(instruction, 'MAINTAINER'),
  onbuild: readOnbuild,
  run: readRun,
  shell: readShell,
  stopsignal: ({ args }) => {
    requireOne(args, 'STOPSIGNAL');
    return { kind: 'other' };
  },
  user: (instruction) => checkOneArgument(instruction, 'USER'),
  volume: checkVolume,
  workdir: (instruction) => {
    checkOneArgument(instruction, 'WORKDIR');
    return { kind: 'workdir', path: instruction.args[0] ?? '' };
  },
};

/** What an instruction says, with BuildKit's checks of its flags and arguments (instructions/parse.go). Throws a Refusal. */
export function readCommand(instruction: WrittenInstruction): Command {
  const { keyword } = instruction;
  const name = keyword.toLowerCase();
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (!read) throw new Refusal(suggest(`unknown instruction: ${keyword}`, keyword, Object.keys(READERS), true));
  return read(instruction);
}

function readFrom({ args, flags }: WrittenInstruction): Command {
  const [written = '', as, name] = args;
  const named = args.length === 3 && as?.toLowerCase() === 'as' && name !== undefined;
  if (named && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw new Refusal(
      `invalid name for build stage: ${quote(name)}, name can't start with a number or contain symbols`,
    );
  }
  if (!named && args.length !== 1) throw new Refusal('FROM requires either one or three arguments');
  const platform = readFlags(flags, { platform: 'text' }).get('platform')?.[0];
  return { kind: 'from', written, ...(named && { name: name.toLowerCase() }), ...(platform && { platform }) };
}

/** ARG takes no flags, and BuildKit does not look at those that are there. */
function readArg({ args }: WrittenInstruction): Command {
  requireSome(args, 'ARG');
  return {
    kind: 'arg',
    args: args.map((arg) => {
      const equals = arg.indexOf('=');
      if (equals === 0) throw new Refusal('ARG names can not be blank');
      return equals < 0 ? { name: arg } : { name: arg.slice(0, equals), value: arg.slice(equals + 1) };
    }),
  };
}

function readNameValues({ pairs, flags }: WrittenInstruction, kind: 'env' | 'label'): Command {
  const keyword = kind.toUpperCase();
  readFlags(flags, {});
  requireSome(pairs, keyword);
  if (pairs.some(({ name }) => name === '')) throw new Refusal(`${keyword} names can not be blank`);
  return { kind, pairs };
}

function readCopy({ args, flags, heredocs }: WrittenInstruction, kind: 'copy' | 'add'): Command {
  const keyword = kind.toUpperCase();
  if (args.length < 2) {
    throw new Refusal(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  const from = readFlags(flags, kind === 'copy' ? COPY_FLAGS : ADD_FLAGS).get('from')?.[0] ?? '';
  const destination = args.at(-1) ?? '';
  if (heredocWordOrNone(destination)) throw new Refusal(`${keyword} cannot accept a heredoc as a destination`);
  const sources: string[] = [];
  const inlineFiles: InlineFile[] = [];
  for (const source of args.slice(0, -1)) {
    const word = heredocWordOrNone(source);
    if (!word) {
      sources.push(source);
      continue;
    }
    const text = heredocs.findLast(({ name }) => name === word.name)?.text ?? '';
    inlineFiles.push({ name: word.name, text: word.stripTabs ? withoutLeadingTabs(text) : text });
  }
  return { kind, from, sources, inlineFiles, destination };
}

function readRun({ args, flags, json, heredocs }: WrittenInstruction): Command {
  const values = readFlags(flags, RUN_FLAGS);
  for (const device of values.get('device') ?? []) checkDevice(device);
  const mounts = (values.get('mount') ?? []).map(readMount);
  const network = values.get('network')?.[0] ?? 'default';
  if (!['default', 'none', 'host'].includes(network)) throw new Refusal(`invalid network mode ${quote(network)}`);
  const security = values.get('security')?.[0] ?? 'sandbox';
  if (!['insecure', 'sandbox'].includes(security)) throw new Refusal(`security ${quote(security)} is not valid`);
  return {
    kind: 'run',
    form: json ? 'exec' : 'shell',
    text: args.join(' '),
    words: json ? args : [],
    heredocs,
    mounts,
  };
}

function readOnbuild({ args, flags, original, heredocs }: WrittenInstruction): Command {
  requireSome(args, 'ONBUILD');
  readFlags(flags, {});
  const keyword = trim(args[0] ?? '').toUpperCase();
  if (keyword === 'ONBUILD') throw new Refusal("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword === 'MAINTAINER' || keyword === 'FROM') {
    throw new Refusal(`${keyword} isn't allowed as an ONBUILD trigger`);
  }
  const expression = original.replace(/^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i, '');
  const bodies = heredocs.map(({ name, text }) => `\n${text}${name}`);
  return { kind: 'onbuild', trigger: expression + bodies.join('') };
}

function readShell({ args, flags, json }: WrittenInstruction): Command {
  readFlags(flags, {});
  requireSome(args, 'SHELL');
  if (!json) throw new Refusal('SHELL requires the arguments to be in JSON form');
  return { kind: 'shell', words: args };
}

function checkVolume({ args, flags }: WrittenInstruction): Command {
  requireSome(args, 'VOLUME');
  readFlags(flags, {});
  if (args.some((volume) => trim(volume) === '')) {
    throw new Refusal('VOLUME specified can not be an empty string');
  }
  return { kind: 'other' };
}

function checkExpose({ args, flags }: WrittenInstruction): Command {
  requireSome(args, 'EXPOSE');
  readFlags(flags, {});
  return { kind: 'other' };
}

function checkFlagsOnly({ flags }: WrittenInstruction): Command {
  readFlags(flags, {});
  return { kind: 'other' };
}

function checkOneArgument({ args, flags }: WrittenInstruction, keyword: string): Command {
  requireOne(args, keyword);
  readFlags(flags, {});
  return { kind: 'other' };
}

function requireOne(args: readonly string[], keyword: string): void {
  if (args.length !== 1) throw new Refusal(`${keyword} requires exactly one argument`);
}

function requireSome(args: readonly unknown[], keyword: string): void {
  if (args.length === 0) throw new Refusal(`${keyword} requires at least one argument`);
}

import { posix } from 'node:path';
import { addSources, readSources } from './apt';
import { addFinding, emptyFinding, type Finding, type StageSettings } from './install';
import { evaluateMarker, markerEnvironment, type MarkerTarget } from './markers';
import { pythonOf, readCommand, type Command } from './readCommand';
import { parseShell, type Heredoc, type ShellCommand, type ShellGroup, type ShellNode } from './shell';
import { expandText, expandWord, shorten, type Field, type Variables } from './shellWords';
import { unwrap } from './wrappers';

/** The value of a shell variable, or why it is not known. */
export type Variable = string | { unknown: string };

/** Where a script runs. */
export interface ScriptState {
  variables: Map<string, Variable>;
  /** The working folder, '' where paths are taken as they are written, undefined where it is not known. */
  folder: string | undefined;
  readFile: (path: string) => string | undefined;
  settings: StageSettings;
  target: MarkerTarget;
}

const DEEPEST = 8;
const SHELL = /^(?:ba|da|a|z|k)?sh$/;
/** Files that set up a session and install nothing. */
const SESSION_FILE = /^\/etc\/|activate$|(?:profile|bashrc|\.env|env|\.conf|conda\.sh|nvm\.sh|os-release)$/;
const BIN_FOLDER = /(?:^|\/)s?bin\/[^/]+$/;

/** What a shell script, or one command in words, installs, removes and hides. Changes `state` as the script would. */
export function readScript(
  script: { text: string; heredocs?: readonly Heredoc[] } | { words: readonly string[] },
  state: ScriptState,
  depth = 0,
): Finding {
  const walk: Walk = { finding: emptyFinding(), state, conditional: false, depth };
  if ('words' in script) {
    readFields(walk, { fields: script.words.map((text) => ({ text })), input: '', pipedFrom: '' });
    return walk.finding;
  }
  const { nodes, complete } = parseShell(script.text, script.heredocs);
  if (!complete) walk.finding.unreadable.push(`the shell text '${shorten(script.text)}' does not end properly`);
  walkNodes(walk, nodes);
  return walk.finding;
}

interface Walk {
  finding: Finding;
  state: ScriptState;
  conditional: boolean;
  depth: number;
}

function walkNodes(walk: Walk, nodes: readonly ShellNode[]): void {
  for (const node of nodes) {
    if (node.kind === 'group') walkGroup(walk, node);
    else walkCommand({ ...walk, conditional: walk.conditional || node.conditional }, node);
  }
}

function walkGroup(walk: Walk, group: ShellGroup): void {
  const { state } = walk;
  const isCertain = !group.conditional && group.loopVariable === undefined;
  if (isCertain && !group.subshell) {
    walkNodes(walk, group.nodes);
    return;
  }
  const inner: ScriptState = { ...state, variables: new Map(state.variables) };
  if (group.loopVariable) {
    inner.variables.set(group.loopVariable, { unknown: `it depends on the loop variable '${group.loopVariable}'` });
  }
  walkNodes({ ...walk, state: inner, conditional: walk.conditional || group.conditional }, group.nodes);
  if (group.subshell) return;
  for (const [name, value] of inner.variables) {
    if (state.variables.get(name) !== value)
      state.variables.set(name, { unknown: `$${name} is set in a condition or a loop` });
  }
}

function walkCommand(walk: Walk, command: ShellCommand): void {
  const { state } = walk;
  const variables = lookUp(state.variables);
  const assigned = command.assignments.map(({ name, value }) => ({
    name,
    value: valueOf(expandText(value, variables)),
  }));
  if (command.words.length === 0) {
    for (const { name, value } of assigned) assign(walk, name, value);
    for (const { text } of command.input) addInner(walk, { text });
    return;
  }
  const own = new Map([...state.variables, ...assigned.map(({ name, value }) => [name, value] as const)]);
  const fields = command.words.flatMap((word) => expandWord(word, variables));
  const input = command.input.map(({ text }) => text).join('');
  readSourceLines(walk, command, [...fields.map(({ text }) => text), input].join(' '));
  const pipedFrom = shorten(command.pipedFrom?.source ?? '');
  readFields({ ...walk, state: { ...state, variables: own } }, { fields, input, pipedFrom });
  // What the shell's own commands change stays, what stood before a command does not.
  runBuiltin(walk, fields);
}

function readFields(
  walk: Walk,
  { fields, input, pipedFrom }: { fields: Field[]; input: string; pipedFrom: string },
): void {
  const { state, finding } = walk;
  const { name, path, args, variables, takesMore } = unwrap(fields);
  const all = takesMore ? [...args, { text: '…', unknown: 'xargs reads it from its input' }] : args;
  const own = new Map(state.variables);
  for (const [key, value] of variables) own.set(key, valueOf(value));
  const inner: Walk = { ...walk, state: { ...state, variables: own } };
  const command: Command = { name, path, args: all, input, pipedFrom };
  if (SHELL.test(name) || name === 'su' || name === 'eval' || name === '.' || name === 'source') {
    readInnerShell(inner, command);
    return;
  }
  const found = readCommand(command, {
    variable: (key) => textOf(own.get(key)),
    readFile: (file) => readFile(state, file),
    settings: state.settings,
    marker: (text) => {
      const { platform, python } = state.target;
      return evaluateMarker(text, markerEnvironment(platform, pythonOf(name, all, python)));
    },
  });
  if (found) add(walk, found);
  else if (isScript(path)) finding.unreadable.push(`'${shorten(path)}' is a script, which is not read`);
}

/** `bash -c '…'`, `bash <<EOF`, `curl … | bash`, `bash install.sh`, `su user -c '…'`, `eval '…'`, `. file`. */
function readInnerShell(walk: Walk, { name, args, input, pipedFrom }: Command): void {
  const { unreadable } = walk.finding;
  const at = name === 'eval' ? -1 : args.findIndex(({ text }) => /^-[A-Za-z]*c$/.test(text) || text === '--command');
  const code: Field | undefined = name === 'eval' ? joined(args) : at >= 0 ? args[at + 1] : undefined;
  if (code?.unknown !== undefined) unreadable.push(`${name} runs '${shorten(code.text)}': ${code.unknown}`);
  else if (code) addInner(walk, { text: code.text });
  else if (input !== '') addInner(walk, { text: input });
  else {
    const isSession = name === '.' || name === 'source';
    const file = args.find(({ text }) => !/^[-+]/.test(text));
    const readsInput = file === undefined || args.some(({ text }) => text === '-s' || text === '-');
    if (pipedFrom !== '' && readsInput && name !== 'su') unreadable.push(`${name} runs what '${pipedFrom}' gives`);
    else if (file && name !== 'su' && !(isSession && SESSION_FILE.test(file.text))) {
      unreadable.push(`${name} runs the script '${shorten(file.text)}'`);
    }
  }
}

function joined(fields: readonly Field[]): Field {
  const unknown = fields.find((field) => field.unknown !== undefined)?.unknown;
  return { text: fields.map(({ text }) => text).join(' '), ...(unknown !== undefined && { unknown }) };
}

function addInner(walk: Walk, script: { text: string }): void {
  const interpreter = /^#!\s*(\S+(?:\s+\S+)?)/.exec(script.text)?.[1] ?? 'sh';
  if (!/(?:^|[/\s])(?:ba|da|a|z|k)?sh\b/.test(interpreter)) {
    walk.finding.unreadable.push(`a script for ${interpreter} is not read`);
  } else if (walk.depth >= DEEPEST) walk.finding.unreadable.push('the shell text nests too deep');
  else add(walk, readScript(script, walk.state, walk.depth + 1));
}

function add({ finding, conditional }: Walk, found: Finding): void {
  if (!conditional) {
    addFinding(finding, found);
    return;
  }
  const installs = found.installs.map((one) => ({ ...one, options: { ...one.options, conditional: true as const } }));
  addFinding(finding, { ...found, installs, removed: [] });
}

/** `cd`, `export`, `read`, `unset`: what they change for the commands that follow. */
function runBuiltin(walk: Walk, fields: readonly Field[]): void {
  const { state } = walk;
  const [command, ...args] = fields;
  const operands = args.filter(({ text }) => !text.startsWith('-'));
  switch (command?.text) {
    case 'cd': {
      const to = operands[0];
      if (to?.unknown !== undefined || state.folder === undefined) state.folder = undefined;
      else state.folder = posix.join(to?.text.startsWith('/') ? '' : state.folder, to?.text ?? '');
      break;
    }
    case 'export':
    case 'readonly':
    case 'local':
    case 'declare':
    case 'typeset':
      for (const { text, unknown } of operands) {
        const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
        if (name !== undefined) assign(walk, name, unknown === undefined ? value : { unknown });
      }
      break;
    case 'read':
      for (const { text } of operands) assign(walk, text, { unknown: `$${text} is read while the build runs` });
      break;
    case 'unset':
      for (const { text } of operands) assign(walk, text, { unknown: `$${text} is unset` });
      break;
    default:
  }
}

function assign({ state, conditional }: Walk, name: string, value: Variable): void {
  state.variables.set(name, conditional ? { unknown: `$${name} is set in a condition or a loop` } : value);
}

/** `echo "deb URL suite" > sources.list.d/x.list`, and lines for /etc/apk/repositories. */
function readSourceLines({ state, finding }: Walk, { words, output, pipedFrom }: ShellCommand, written: string): void {
  const name = words[0]?.[0]?.kind === 'text' ? words[0][0].text : '';
  if (!/^(?:echo|printf|cat|tee)$/.test(name) || pipedFrom) return;
  finding.unreadable.push(...addSources(readSources(written), state.settings));
  const files = output.map((word) => expandText(word, lookUp(state.variables)).text);
  if (!files.includes('/etc/apk/repositories')) return;
  for (const [, tag = '', url = ''] of written.matchAll(/(?:@([\w-]+)\s+)?(https?:\/\/[^\s\\"']+)/g)) {
    if (state.settings.sources.length < 100) state.settings.sources.push({ url, suite: tag });
  }
}

function readFile({ folder, readFile: read }: ScriptState, path: string): string | undefined {
  if (path.startsWith('/')) return read(posix.normalize(path));
  return folder === undefined ? undefined : read(posix.join(folder, path));
}

/** A path that is no command of a bin folder: something which was copied or loaded. */
function isScript(path: string): boolean {
  if (/\.(?:ba|da|z|k)?sh$|\.ps1$/.test(path)) return true;
  return (
    /^\.{1,2}\//.test(path) && !BIN_FOLDER.test(path) && !/\/(?:configure|config|autogen\.sh|bootstrap)$/.test(path)
  );
}

function lookUp(variables: ReadonlyMap<string, Variable>): Variables {
  return (name) => variables.get(name);
}

function valueOf({ text, unknown }: Field): Variable {
  return unknown === undefined ? text : { unknown };
}

function textOf(variable: Variable | undefined): string | undefined {
  return typeof variable === 'string' ? variable : undefined;
}

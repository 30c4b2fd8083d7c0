import { parse } from 'yaml';
import { hasOption, optionNames, optionValues, readCommandLine, type CommandLine } from './commandLine';
import { readCondaSpec } from './condaSpec';
import { addFinding, emptyFinding, type Finding, type InstallOptions, type Surroundings } from './install';
import { normaliseName } from './normaliseName';
import { readPipList } from './pip';
import { shorten, type Field } from './shellWords';

const VALUED = optionNames(`
  -n --name -p --prefix -c --channel -f --file --repodata-fn --subdir --platform --solver --experimental-solver --revision
  --clone -r --root-prefix --rc-file --category --download-threads --extract-threads --log-level --channel-priority
  --safety-checks --console --add --append --prepend --cacert-path`);
const MOST_CHANNELS = 50;
/** An environment file is some kB; the YAML reader takes quadratic time on what is broken all over. */
const LONGEST = 100_000;

/** Installs of `conda`, `mamba` and `micromamba`: packages, `--file` lists, environment files with their pip part. */
export function readConda(tool: string, args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const [first, second, ...rest] = line.operands;
  const isEnvironment = first?.text === 'env';
  const command = isEnvironment ? second?.text : first?.text;
  const operands = isEnvironment || second === undefined ? rest : [second, ...rest];
  switch (command) {
    case 'install':
    case 'create':
    case 'update':
    case 'upgrade':
      return readPackages({ ...line, operands }, { tool, isEnvironment, around });
    case 'remove':
    case 'uninstall':
      return {
        ...emptyFinding(),
        removed: operands.map(({ text }) => ({ manager: 'conda', name: normaliseName('conda', text) })),
      };
    case 'config':
      configure(line, operands, around);
      return emptyFinding();
    default:
      return emptyFinding();
  }
}

function readPackages(
  line: CommandLine,
  { tool, isEnvironment, around }: { tool: string; isEnvironment: boolean; around: Surroundings },
): Finding {
  const finding = emptyFinding();
  const options = optionsOf(line, tool, around);
  if (hasOption(line, '--all'))
    finding.installs.push({ manager: 'conda', name: '*', wanted: '', kind: 'floating', options });
  if (hasOption(line, '--revision', '--clone')) return finding;
  for (const { text, unknown } of isEnvironment ? [] : line.operands) {
    if (unknown === undefined) add(finding, text, options);
    else finding.unreadable.push(`${tool} installs '${shorten(text)}': ${unknown}`);
  }
  const files = optionValues(line, '-f', '--file').filter(({ text }) => text !== '');
  const isDefaultFile = isEnvironment && files.length === 0 && line.operands.length === 0;
  for (const { text: path, unknown } of isDefaultFile ? [{ text: 'environment.yml' }] : files) {
    const text = unknown === undefined ? around.readFile(path) : undefined;
    const why = unknown ?? 'it is not in the build context';
    if (text === undefined) finding.unreadable.push(`${tool} reads '${shorten(path)}': ${why}`);
    else if (/\.ya?ml$/.test(path)) addFinding(finding, readEnvironment(text, path, { options, around }));
    else readList(finding, text, { path, options });
  }
  return finding;
}

function optionsOf(line: CommandLine, tool: string, { settings }: Surroundings): InstallOptions {
  const given = optionValues(line, '-c', '--channel').flatMap(({ text }) => text.split(','));
  const configured = hasOption(line, '--override-channels') ? [] : settings.channels;
  // mamba comes with Miniforge or Micromamba, which know conda-forge alone; conda's own default depends on how it came.
  const preset = tool === 'conda' || configured.length > 0 || given.length > 0 ? [] : ['conda-forge'];
  const channels = [...given, ...configured, ...preset];
  return channels.length > 0 ? { channels } : {};
}

function add(finding: Finding, text: string, options: InstallOptions): void {
  const install = readCondaSpec(text, options);
  if (typeof install === 'string') finding.unreadable.push(options.file ? `${options.file}: ${install}` : install);
  else finding.installs.push(install);
}

/** A list of packages or, after `@EXPLICIT`, of archives. */
function readList(finding: Finding, text: string, { path, options }: { path: string; options: InstallOptions }): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const spec = line.trim();
    if (spec !== '' && !/^[#@]/.test(spec)) add(finding, spec, { ...options, file: `${path}:${index + 1}` });
  }
}

interface Environment {
  channels?: unknown;
  dependencies?: unknown;
}

/** An environment file (`channels`, `dependencies` with a list under `pip`). */
function readEnvironment(
  text: string,
  path: string,
  { options, around }: { options: InstallOptions; around: Surroundings },
): Finding {
  const finding = emptyFinding();
  const environment = readYaml(text);
  const dependencies = environment?.dependencies ?? [];
  if (!environment || !Array.isArray(dependencies)) {
    return { ...finding, unreadable: [`${path} is no conda environment file`] };
  }
  const written = Array.isArray(environment.channels)
    ? environment.channels.filter((one) => typeof one === 'string')
    : [];
  const channels = [...(options.channels ?? []), ...written]
    .filter((one) => one !== 'nodefaults')
    .slice(0, MOST_CHANNELS);
  const all: InstallOptions = { ...options, file: path, ...(channels.length > 0 && { channels }) };
  for (const dependency of dependencies as unknown[]) {
    if (typeof dependency === 'string') add(finding, dependency, all);
    else if (
      dependency !== null &&
      typeof dependency === 'object' &&
      'pip' in dependency &&
      Array.isArray(dependency.pip)
    ) {
      const lines = dependency.pip.filter((line) => typeof line === 'string');
      addFinding(finding, readPipList(lines, path, around));
    }
  }
  return finding;
}

function readYaml(text: string): Environment | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    const value: unknown = parse(text, { logLevel: 'error', prettyErrors: false });
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `conda config --add channels conda-forge` (or `--prepend`) puts a channel first, `--append` last. */
function configure(line: CommandLine, operands: readonly Field[], { settings }: Surroundings): void {
  const isAbout = (name: string) => optionValues(line, name).some(({ text }) => text === 'channels');
  const values = operands.filter(({ unknown }) => unknown === undefined).map(({ text }) => text);
  const room = values.slice(0, Math.max(0, MOST_CHANNELS - settings.channels.length));
  if (isAbout('--append')) settings.channels.push(...room);
  else if (isAbout('--add') || isAbout('--prepend')) settings.channels.unshift(...room);
}

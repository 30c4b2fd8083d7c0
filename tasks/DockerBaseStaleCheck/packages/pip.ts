import { hasOption, optionNames, optionValues, readCommandLine, type CommandLine } from './commandLine';
import { emptyFinding, type Finding, type InstallOptions, type PlainInstall, type Surroundings } from './install';
import { normaliseName } from './normaliseName';
import { readRequirement, readSpecifiers } from './requirement';
import { readRequirementsFile } from './requirementsFile';
import { shorten, type Field } from './shellWords';

const VALUED = optionNames(`
  -r --requirement --requirements -c --constraint --constraints -e --editable -i --index-url --pypi-url --default-index
  --index --extra-index-url -f --find-links -t --target --platform --python-version --python-platform --implementation
  --abi --root --prefix --src --upgrade-strategy --no-binary --only-binary --progress-bar --cache-dir --log --proxy
  --retries --timeout --exists-action --trusted-host --allow-insecure-host --cert --client-cert -C --config-setting
  --config-settings --global-option --install-option --report --python -p --use-feature --use-deprecated
  --root-user-action --keyring-provider --override --overrides --build-constraint -b --resolution --prerelease
  --exclude-newer --link-mode --index-strategy --torch-backend --with --suffix --pip-args --extra --group -P
  --upgrade-package --no-build-package --no-binary-package --only-binary-package --directory --project`);
const MOST_FILES = 100;

/** Installs of `pip …`, `python -m pip …`: requirements, `-r` and `-c` files with what they name, URLs, paths. */
export function readPip(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const [command, ...operands] = line.operands;
  if (command?.text === 'install') return readRequirements({ ...line, operands }, around);
  if (command?.text === 'uninstall') return removal(operands);
  if (command?.text === 'config' && operands[0]?.text === 'set' && /(?:^|\.)index-url$/.test(operands[1]?.text ?? '')) {
    around.settings.pipIndex = operands[2]?.text ?? '';
  }
  return emptyFinding();
}

/** `uv pip install`, `uv add`, `uv tool install`, `uv pip sync`. */
export function readUv(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const words = line.operands.slice(0, 2).map(({ text }) => text);
  const operands = line.operands.slice(words[0] === 'add' ? 1 : 2);
  switch (words[0] === 'add' || words[0] === 'sync' ? words[0] : words.join(' ')) {
    case 'add':
    case 'pip install':
      return readRequirements({ ...line, operands }, around);
    case 'tool install':
      return readRequirements({ ...line, operands: operands.map(asRequirement) }, around);
    case 'pip sync': {
      const options = new Map([...line.options, ['-r', operands]]);
      return readRequirements({ options, operands: [] }, around);
    }
    case 'pip uninstall':
    case 'tool uninstall':
      return removal(operands);
    case 'sync':
      return { ...emptyFinding(), unreadable: ["'uv sync' installs what the project's own files list"] };
    default:
      return emptyFinding();
  }
}

/** `pipx install a==1`, `pipx inject environment a b`. */
export function readPipx(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const [command, ...operands] = line.operands;
  if (command?.text === 'install') return readRequirements({ ...line, operands }, around);
  if (command?.text === 'inject') return readRequirements({ ...line, operands: operands.slice(1) }, around);
  return emptyFinding();
}

/** `python get-pip.py pip==25 setuptools`: what is named, and pip itself. */
export function readGetPip(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const named = line.operands.some(({ text }) => /^pip(?![\w-])/i.test(text));
  return readRequirements({ ...line, operands: named ? line.operands : [{ text: 'pip' }, ...line.operands] }, around);
}

/** Requirements of a list that stands in another file, as the pip part of a conda environment. */
export function readPipList(lines: readonly string[], file: string, around: Surroundings): Finding {
  const reading = start({ operands: [], options: new Map() }, around);
  readFileText(reading, { path: file, text: lines.join('\n'), isConstraints: false });
  const { installs, ...others } = finish(reading);
  // The lines are the list's, not the file's.
  return { ...others, installs: installs.map((one) => ({ ...one, options: { ...one.options, file } })) };
}

interface Reading {
  around: Surroundings;
  finding: Finding;
  options: InstallOptions;
  /** Specifiers that `-c` files put on a name. */
  constraints: Map<string, string[]>;
  seen: Set<string>;
}

function readRequirements(line: CommandLine, around: Surroundings): Finding {
  const reading = start(line, around);
  for (const { text, unknown } of [...line.operands, ...optionValues(line, '-e', '--editable')]) {
    if (unknown === undefined) add(reading, text, {});
    else reading.finding.unreadable.push(`pip installs '${shorten(text)}': ${unknown}`);
  }
  for (const isConstraints of [false, true]) {
    const names = isConstraints ? ['-c', '--constraint', '--constraints'] : ['-r', '--requirement', '--requirements'];
    for (const { text, unknown } of optionValues(line, ...names)) {
      if (unknown === undefined) readFile(reading, { path: text, isConstraints });
      else reading.finding.unreadable.push(`pip reads '${shorten(text)}': ${unknown}`);
    }
  }
  return finish(reading);
}

function start(line: CommandLine, around: Surroundings): Reading {
  const { variable, settings } = around;
  const index =
    optionValues(line, '-i', '--index-url', '--pypi-url', '--default-index').at(-1) ??
    fieldOf(variable('PIP_INDEX_URL') ?? variable('UV_DEFAULT_INDEX') ?? variable('UV_INDEX_URL') ?? settings.pipIndex);
  const extra = [
    ...optionValues(line, '--extra-index-url', '--index', '-f', '--find-links').map(({ text }) => text),
    ...(variable('PIP_EXTRA_INDEX_URL')?.split(/\s+/) ?? []),
  ].filter((url) => url !== '');
  const options: InstallOptions = {
    ...(index && index.unknown === undefined && { index: index.text }),
    ...(index?.unknown !== undefined && { notComparable: `its index '${shorten(index.text)}' is not known` }),
    ...(extra.length > 0 && { extraIndexes: extra }),
    ...((hasOption(line, '--pre') || optionValues(line, '--prerelease')[0]?.text === 'allow') && { prereleases: true }),
    ...(hasOption(line, '--no-index') && { notComparable: 'it comes from local files' }),
  };
  return { around, finding: emptyFinding(), options, constraints: new Map(), seen: new Set() };
}

function fieldOf(text: string | undefined): Field | undefined {
  return text === undefined || text === '' ? undefined : { text };
}

/** `uv tool install ruff@0.4` is `ruff==0.4`. */
function asRequirement({ text, ...field }: Field): Field {
  const [, name, version] = /^([\w.-]+(?:\[[^\]]*\])?)@(\d\S*|latest)$/.exec(text) ?? [];
  return { ...field, text: name === undefined ? text : version === 'latest' ? name : `${name}==${version ?? ''}` };
}

function add(reading: Reading, text: string, more: InstallOptions): void {
  const install = readWanted(reading, text, more);
  if (install) reading.finding.installs.push(install);
}

/** A requirement whose marker holds. What cannot be read, and what hangs on a marker that only the build knows, is said. */
function readWanted({ finding, around }: Reading, text: string, more: InstallOptions): PlainInstall | undefined {
  const said = (reason: string) => finding.unreadable.push(more.file ? `${more.file}: ${reason}` : reason);
  const install = readRequirement(text, more);
  if (typeof install === 'string') said(install);
  else {
    const { name, options } = install;
    switch (options.marker === undefined ? 'true' : around.marker(options.marker)) {
      case 'true':
        return install;
      case 'false':
        return undefined;
      case 'unknown':
        finding.openMarkers = true;
        said(
          `whether pip takes ${name} hangs on its marker '${shorten(options.marker ?? '')}', which only the build knows`,
        );
        return undefined;
      case 'invalid':
        said(`the marker '${shorten(options.marker ?? '')}' of ${name} is none`);
        return undefined;
    }
  }
  return undefined;
}

function readFile(reading: Reading, { path, isConstraints }: { path: string; isConstraints: boolean }): void {
  const key = `${isConstraints ? '-c' : '-r'} ${path}`;
  if (reading.seen.has(key) || reading.seen.size >= MOST_FILES) return;
  reading.seen.add(key);
  const text = /^[a-z]+:\/\//i.test(path) ? undefined : reading.around.readFile(path);
  if (text === undefined) reading.finding.unreadable.push(`pip reads '${path}', which is not in the build context`);
  else readFileText(reading, { path, text, isConstraints });
}

function readFileText(
  reading: Reading,
  { path, text, isConstraints }: { path: string; text: string; isConstraints: boolean },
): void {
  const file = readRequirementsFile(text, reading.around.variable);
  if (file.index !== undefined) reading.options.index = file.index;
  if (file.extraIndexes.length > 0) {
    reading.options.extraIndexes = [...(reading.options.extraIndexes ?? []), ...file.extraIndexes];
  }
  if (file.prereleases) reading.options.prereleases = true;
  if (file.noIndex) reading.options.notComparable = 'it comes from local files';
  for (const { text: written, line } of file.unknown) {
    reading.finding.unreadable.push(`${path}:${line}: '${shorten(written)}' names a variable whose value is not known`);
  }
  for (const { text: written, line } of file.requirements) {
    if (isConstraints) constrain(reading, written, `${path}:${line}`);
    else add(reading, written, { file: `${path}:${line}` });
  }
  for (const named of file.files) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const isElsewhere = named.path.startsWith('/') || /^[a-z]+:\/\//i.test(named.path);
    readFile(reading, {
      path: isElsewhere ? named.path : `${folder}${named.path}`,
      isConstraints: named.isConstraints,
    });
  }
}

function constrain(reading: Reading, written: string, file: string): void {
  const { constraints } = reading;
  const install = readWanted(reading, written, { file });
  if (!install || install.kind === 'floating') return;
  const specifier = install.kind === 'pinned' ? `==${install.wanted}` : install.wanted;
  constraints.set(install.name, [...(constraints.get(install.name) ?? []), specifier]);
}

/** Options of a file hold for the whole command, so they are given to the installs last. */
function finish({ finding, constraints, options }: Reading): Finding {
  const installs = finding.installs.map((install) => constrained(install, constraints));
  return { ...finding, installs: installs.map((one) => ({ ...one, options: { ...options, ...one.options } })) };
}

function constrained(install: PlainInstall, constraints: ReadonlyMap<string, string[]>): PlainInstall {
  const more = constraints.get(install.name);
  if (!more || install.kind === 'pinned' || install.options.location !== undefined) return install;
  return { ...install, ...readSpecifiers([install.wanted, ...more].filter((part) => part !== '').join(',')) };
}

function removal(operands: readonly Field[]): Finding {
  const known = operands.filter(({ unknown }) => unknown === undefined);
  return {
    ...emptyFinding(),
    removed: known.map(({ text }) => ({ manager: 'pip', name: normaliseName('pip', text) })),
  };
}

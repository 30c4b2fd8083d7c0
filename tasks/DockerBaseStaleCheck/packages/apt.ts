import { hasOption, optionNames, optionValues, readCommandLine, type CommandLine } from './commandLine';
import {
  emptyFinding,
  type Finding,
  type InstallOptions,
  type PackageSource,
  type PlainInstall,
  type Surroundings,
} from './install';
import { normaliseName } from './normaliseName';
import { shorten, type Field } from './shellWords';

const VALUED = optionNames(
  '-o --option -t --target-release --default-release -c --config-file -a --host-architecture --planner --solver',
);
const REPOSITORY_VALUED = optionNames(
  '-c --component -p --pocket -S --sourceslist -U --uri -P --ppa -C --cloud -k --keyserver',
);
const MOST_SOURCES = 100;
/** Its suites are the releases of Ubuntu: always the base's own. */
const PPA_HOST = 'https://ppa.launchpadcontent.net/';

/** Installs and removals of `apt-get`, `apt` and `aptitude`; an upgrade is one floating install of `*`. */
export function readApt(tool: string, args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const [command, ...operands] = line.operands;
  switch (command?.text) {
    case 'install':
    case 'reinstall':
    case 'satisfy':
      return readPackages({ ...line, operands }, tool, around);
    case 'upgrade':
    case 'dist-upgrade':
    case 'full-upgrade':
    case 'safe-upgrade': {
      const finding = readPackages({ ...line, operands }, tool, around);
      const all = { manager: 'apt' as const, name: '*', wanted: '', kind: 'floating' as const };
      return { ...finding, installs: [{ ...all, options: optionsOf(line, around) }, ...finding.installs] };
    }
    case 'remove':
    case 'purge':
    case 'autoremove':
    case 'autopurge':
      return { ...emptyFinding(), removed: operands.map(({ text }) => ({ manager: 'apt', name: nameOf(text) })) };
    case 'build-dep':
      return { ...emptyFinding(), unreadable: [`what '${tool} build-dep' installs stands in the source package`] };
    default:
      return emptyFinding();
  }
}

/** `dpkg -i x.deb` and `dpkg -r x`. */
export function readDpkg(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, new Set());
  if (hasOption(line, '-i', '--install')) return readPackages(line, 'dpkg', around);
  const isRemoval = hasOption(line, '-r', '-P', '--remove', '--purge');
  const removed = isRemoval ? line.operands.map(({ text }) => ({ manager: 'apt' as const, name: nameOf(text) })) : [];
  return { ...emptyFinding(), removed };
}

/** `add-apt-repository ppa:a/b`, `"deb URL suite component"`, and `-r`, which takes one away. */
export function readAddRepository(args: readonly Field[], { settings }: Surroundings): Finding {
  const line = readCommandLine(args, REPOSITORY_VALUED);
  const finding = emptyFinding();
  const given = optionValues(line, '-U', '--uri', '-P', '--ppa', '-S', '--sourceslist');
  for (const { text } of [...line.operands, ...given]) {
    const [source] = readSources(ppaLine(text));
    if (!source) continue;
    if (hasOption(line, '-r', '--remove')) settings.sources = settings.sources.filter(({ url }) => url !== source.url);
    else finding.unreadable.push(...addSources([source], settings));
  }
  return finding;
}

/** Adds sources of a stage; the texts say of which the suite is not known. */
export function addSources(sources: readonly PackageSource[], settings: Surroundings['settings']): string[] {
  const room = sources.slice(0, Math.max(0, MOST_SOURCES - settings.sources.length));
  settings.sources.push(...room);
  const unknown = room.filter(({ url, suite }) => suite === '' && !url.startsWith(PPA_HOST));
  return unknown.map(({ url }) => `the suite of ${url} is only known in the build`);
}

/** Sources in lines of a sources.list: `deb [options] URL suite component…`. */
export function readSources(text: string): PackageSource[] {
  return [...text.matchAll(/(?:^|[\s"'])deb\s+(?:\[[^\]]*\]\s*)?([a-z+]+:\/\/\S+)\s+([^\n"']*)/g)].map(
    ([, url = '', rest = '']) => ({ url, suite: /^[\w./-]+(?=\s|$)/.exec(rest)?.[0] ?? '' }),
  );
}

function ppaLine(text: string): string {
  const [, owner, name = 'ppa'] = /^(?:ppa:)?~?([\w.+-]+)\/([\w.+-]+)$/.exec(text) ?? [];
  if (owner !== undefined) return `deb ${PPA_HOST}${owner}/${name}/ubuntu $suite main`;
  return /^deb\s/.test(text) ? text : `deb ${text} $suite`;
}

function readPackages(line: CommandLine, tool: string, around: Surroundings): Finding {
  const finding = emptyFinding();
  const options = optionsOf(line, around);
  for (const { text, unknown } of line.operands) {
    if (unknown !== undefined) finding.unreadable.push(`${tool} installs '${shorten(text)}': ${unknown}`);
    else if (text.endsWith('.deb')) finding.installs.push(fromFile(text, options));
    else if (text.endsWith('-')) finding.removed.push({ manager: 'apt', name: nameOf(text.slice(0, -1)) });
    else if (!/^[A-Za-z0-9][A-Za-z0-9.+:_-]*(?:[=/]\S+)?$/.test(text)) {
      finding.unreadable.push(`${tool} installs '${shorten(text)}', which stands for other packages`);
    } else finding.installs.push(readPackage(text, options));
  }
  return finding;
}

function optionsOf(line: CommandLine, { settings }: Surroundings): InstallOptions {
  const suite = optionValues(line, '-t', '--target-release', '--default-release').at(-1);
  return {
    ...(suite && { suite: suite.text }),
    ...(settings.sources.length > 0 && { sources: [...settings.sources] }),
  };
}

/** `name`, `name:architecture`, `name=version`, `name=1.2*`, `name/suite`, `name+`. */
function readPackage(text: string, options: InstallOptions): PlainInstall {
  const [, written = '', sign, value = ''] = /^([^=/]*)(?:([=/])(.*))?$/.exec(text) ?? [];
  const architecture = /:([a-z0-9-]+)$/.exec(written)?.[1];
  const all = { ...options, ...(architecture && { architecture }), ...(sign === '/' && { suite: value }) };
  const wanted = sign === '=' ? value : '';
  const kind = wanted === '' || wanted === '*' ? 'floating' : /[*?]/.test(wanted) ? 'ranged' : 'pinned';
  return { manager: 'apt', name: nameOf(written), wanted: kind === 'floating' ? '' : wanted, kind, options: all };
}

/** `name+` means install, but the + of `g++` or `libstdc++` is the name's. */
function nameOf(text: string): string {
  const name = normaliseName('apt', text.split('=', 1)[0] ?? '');
  return name.endsWith('+') && !name.endsWith('++') ? name.slice(0, -1) : name;
}

function fromFile(location: string, options: InstallOptions): PlainInstall {
  const file = location.slice(location.lastIndexOf('/') + 1).replace(/\.deb$/, '');
  const [name = file, wanted = ''] = file.split('_');
  return {
    manager: 'apt',
    name,
    wanted: decodeEpoch(wanted),
    kind: 'pinned',
    options: { ...options, location, notComparable: 'it is one file' },
  };
}

function decodeEpoch(version: string): string {
  return version.replace(/%3a/gi, ':');
}

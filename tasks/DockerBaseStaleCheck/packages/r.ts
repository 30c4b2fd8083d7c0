import { hasOption, optionNames, optionValues, readCommandLine } from './commandLine';
import {
  addFinding,
  emptyFinding,
  type Finding,
  type InstallOptions,
  type PlainInstall,
  type Surroundings,
} from './install';
import { readRCalls, type RCall, type RValue } from './rCode';
import { readRenvLock } from './renvLock';
import { shorten, type Field } from './shellWords';

const LITTLER_VALUED = optionNames(
  '-l --libloc -d --deps -n --ncpus -r --repos -m --method -t --type -u --update --repo --instopts',
);
const R_VALUED = optionNames('-e -f -g --gui -d --debugger --encoding --default-packages');

/** Installs of `R -e …`, `Rscript -e …` and of code on standard input. */
export function readR(
  tool: string,
  args: readonly Field[],
  { around, input }: { around: Surroundings; input: string },
): Finding {
  if (args[0]?.text === 'CMD') return readCmd(args.slice(1));
  const line = readCommandLine(args, R_VALUED);
  const finding = emptyFinding();
  const code = optionValues(line, '-e');
  for (const { text, unknown } of code) {
    if (unknown !== undefined) finding.unreadable.push(`${tool} runs '${shorten(text)}': ${unknown}`);
  }
  const known = [...code.filter(({ unknown }) => unknown === undefined).map(({ text }) => text), input].join('\n');
  addFinding(finding, readRInstalls(known, around));
  const scripts = [
    ...optionValues(line, '-f', '--file'),
    ...(tool === 'R' || code.length > 0 ? [] : line.operands.slice(0, 1)),
  ];
  finding.unreadable.push(...scripts.map(({ text }) => `${tool} runs the script '${shorten(text)}'`));
  return finding;
}

/** rocker's littler scripts: `install2.r`, `install.r`, `installGithub.r`, `installBioc.r`. */
export function readLittler(tool: string, args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, LITTLER_VALUED);
  const finding = emptyFinding();
  const repos = optionValues(line, '-r', '--repos').map(({ text }) => text);
  const given = repos.filter((repo) => /^[a-z]+:\/\//.test(repo));
  const options = optionsOf(given.length > 0 ? given : around.settings.repos);
  for (const { text, unknown } of line.operands) {
    if (unknown !== undefined) finding.unreadable.push(`${tool} installs '${shorten(text)}': ${unknown}`);
    else if (tool === 'installGithub.r') finding.installs.push(fromRepository(text, options));
    else
      finding.installs.push(
        readPackage(text, { ...options, ...(tool === 'installBioc.r' && bioconductorOptions(around)) }),
      );
  }
  return finding;
}

/** Installs in R code, see readRCalls for how much of R is understood. */
export function readRInstalls(code: string, around: Surroundings): Finding {
  const finding = emptyFinding();
  const session = { repos: around.settings.repos };
  for (const call of readRCalls(code)) readCall(call, { finding, session, around });
  return finding;
}

interface Reading {
  finding: Finding;
  /** `options(repos = …)` of this R session. */
  session: { repos: string[] | undefined };
  around: Surroundings;
}

function readCall(call: RCall, reading: Reading): void {
  const { finding, session, around } = reading;
  switch (call.name) {
    case 'options': {
      const repos = textsOf(argument(call, 'repos', -1));
      if (repos) session.repos = repos;
      break;
    }
    case 'install.packages':
      addPackages(call, 'pkgs', { ...reading, options: optionsOf(reposOf(call, 2) ?? session.repos) });
      break;
    case 'install_cran':
      addPackages(call, 'pkgs', { ...reading, options: optionsOf(reposOf(call, -1) ?? session.repos) });
      break;
    case 'install_bioc':
    case 'biocLite':
      addPackages(call, 'repo', { ...reading, options: bioconductorOptions(around) });
      break;
    case 'install': {
      const isBioconductor = call.package === 'BiocManager' || call.package === '';
      const [release] = isBioconductor ? (textsOf(argument(call, 'version', -1)) ?? []) : [];
      // It stays the library's release for what comes after.
      if (release !== undefined && /^\d+\.\d+$/.test(release)) around.settings.bioconductor = release;
      if (!isBioconductor && call.package !== 'renv')
        finding.unreadable.push(`R's ${call.package}::install takes what is local`);
      else if (call.args.length > 0) {
        const options = { ...optionsOf(session.repos), ...(isBioconductor && bioconductorOptions(around)) };
        if (!isOnlyRelease(call)) addPackages(call, 'pkgs', { ...reading, options });
      }
      break;
    }
    case 'pkg_install':
    case 'pak':
      addPackages(call, 'pkg', { ...reading, options: optionsOf(session.repos) });
      break;
    case 'install_version':
      addVersion(call, { ...reading, options: optionsOf(reposOf(call, -1) ?? session.repos) });
      break;
    case 'install_github':
    case 'install_gitlab':
    case 'install_bitbucket':
    case 'install_git':
    case 'install_url': {
      const from = textsOf(
        argument(call, call.name === 'install_git' || call.name === 'install_url' ? 'url' : 'repo', 0),
      );
      const reference = textsOf(argument(call, 'ref', -1))?.[0];
      if (!from) finding.unreadable.push(`R calls ${call.name} with what only the build knows`);
      else finding.installs.push(...from.map((one) => fromRepository(reference ? `${one}@${reference}` : one, {})));
      break;
    }
    case 'restore': {
      const path = textsOf(argument(call, 'lockfile', -1))?.[0] ?? 'renv.lock';
      const text = around.readFile(path);
      if (text === undefined) finding.unreadable.push(`R restores '${path}', which is not in the build context`);
      else addFinding(finding, readRenvLock(text, path));
      break;
    }
    case 'install_local':
    case 'install_deps':
      finding.unreadable.push(`what R's ${call.name} installs stands in a package's DESCRIPTION`);
      break;
    case 'source':
      finding.unreadable.push(`R runs the script '${shorten(textsOf(argument(call, 'file', 0))?.[0] ?? '?')}'`);
      break;
    default:
  }
}

/** `BiocManager::install(version = '3.18')` says the release, and installs nothing new. */
function isOnlyRelease(call: RCall): boolean {
  return call.args.length > 0 && call.args.every(({ name }) => /^(?:version|ask|update|force|checkBuilt)$/.test(name));
}

function bioconductorOptions({ settings, variable }: Surroundings): InstallOptions {
  const release = settings.bioconductor ?? variable('R_BIOC_VERSION');
  return { bioconductor: true, ...(release !== undefined && release !== '' && { bioconductorRelease: release }) };
}

/** An argument by name, as R finds it: the name may be cut short (`repo` is `repos`); else by place. */
function argument(call: RCall, name: string, place: number): RValue | undefined {
  const named = call.args.find((arg) => arg.name.length > 2 && name.startsWith(arg.name));
  return (named ?? call.args.filter((arg) => arg.name === '')[place])?.value;
}

function textsOf(value: RValue | undefined): string[] | undefined {
  return value?.kind === 'texts' ? value.items.map(({ text }) => text) : undefined;
}

function reposOf(call: RCall, place: number): string[] | undefined {
  return textsOf(argument(call, 'repos', place));
}

function optionsOf(repos: readonly string[] | undefined): InstallOptions {
  const urls = (repos ?? []).filter((url) => /^[a-z]+:\/\//.test(url));
  const dates = urls.map((url) => /\/(\d{4}-\d{2}-\d{2})(?:[/+]|$)/.exec(url)?.[1]);
  const [snapshot] = dates;
  return {
    ...(urls.length > 0 && { repos: urls }),
    ...(snapshot !== undefined && dates.every((date) => date !== undefined) && { snapshot }),
  };
}

function addPackages(call: RCall, name: string, { finding, options }: Reading & { options: InstallOptions }): void {
  const packages = textsOf(argument(call, name, 0));
  if (packages) finding.installs.push(...packages.map((text) => readPackage(text, options)));
  else finding.unreadable.push(`R calls ${call.name} with what only the build knows`);
}

function addVersion(call: RCall, { finding, options }: Reading & { options: InstallOptions }): void {
  const names = textsOf(argument(call, 'package', 0));
  const [version = ''] = textsOf(argument(call, 'version', 1)) ?? [];
  if (!names) finding.unreadable.push(`R calls ${call.name} with what only the build knows`);
  for (const name of names ?? []) finding.installs.push({ manager: 'cran', name, ...readWanted(version), options });
}

function readWanted(text: string): Pick<PlainInstall, 'wanted' | 'kind'> {
  const exact = /^(?:==\s*)?(\d\S*)$/.exec(text.trim())?.[1];
  if (exact !== undefined) return { wanted: exact, kind: 'pinned' };
  return { wanted: text.trim(), kind: text.trim() === '' ? 'floating' : 'ranged' };
}

/** `name`, `name@1.0`, `bioc::name`, `github::owner/repository@ref`, a URL or a file `name_1.0.tar.gz`. */
function readPackage(text: string, options: InstallOptions): PlainInstall {
  const [, source = '', rest = text] = /^(\w+)::(.*)$/.exec(text) ?? [];
  const archive = /([^/]+?)_([^/_]+)\.(?:tar\.gz|tgz|zip)$/.exec(text);
  if (archive) {
    const [, name = '', wanted = ''] = archive;
    return {
      manager: 'cran',
      name,
      wanted,
      kind: 'pinned',
      options: { location: text, notComparable: 'it is one file' },
    };
  }
  if (/[/\\]/.test(rest)) return fromRepository(rest, {});
  const [name = '', version = ''] = rest.split('@', 2);
  const { bioconductor, bioconductorRelease: release, ...others } = options;
  const isBioconductor = source === 'bioc' || (bioconductor && source === '');
  return {
    manager: 'cran',
    name,
    ...readWanted(version === 'current' || version === 'last' ? '' : version),
    options: {
      ...others,
      ...(isBioconductor && { bioconductor: true, ...(release !== undefined && { bioconductorRelease: release }) }),
    },
  };
}

function fromRepository(location: string, options: InstallOptions): PlainInstall {
  const [, path = location, reference = ''] = /^(.*?)[@#]([^@#/]+)$/.exec(location) ?? [];
  const name = path.replace(/\.git$/, '').replace(/^.*\//, '');
  return {
    manager: 'cran',
    name: name || location,
    wanted: reference,
    kind: reference === '' ? 'floating' : 'pinned',
    options: { ...options, location, notComparable: 'it comes from a repository' },
  };
}

function readCmd(args: readonly Field[]): Finding {
  const line = readCommandLine(args, optionNames('-l --library'));
  const [command, ...files] = line.operands;
  if (command?.text !== 'INSTALL' || hasOption(line, '--help')) return emptyFinding();
  return {
    ...emptyFinding(),
    installs: files.map(({ text }) => {
      const install = readPackage(text, {});
      return { ...install, options: { location: text, notComparable: 'it is local' } };
    }),
  };
}

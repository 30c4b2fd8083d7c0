import parse from 'semver/functions/parse';
import { optionNames, optionValues, readCommandLine } from './commandLine';
import { emptyFinding, type Finding, type InstallOptions, type PlainInstall, type Surroundings } from './install';
import { normaliseName } from './normaliseName';
import { shorten, type Field } from './shellWords';
import { isRange } from './versions/npm';

const VALUED = optionNames(`
  --registry --prefix -C --dir --location --cache --userconfig --tag --omit --include --install-strategy --loglevel
  --fetch-retries --fetch-retry-mintimeout --fetch-retry-maxtimeout --fetch-timeout --before -w --workspace --cwd
  --cache-folder --modules-folder --network-timeout --mutex --store-dir --global-dir --network-concurrency`);
const INSTALLS = /^(?:install|i|in|add|isntall|global add)$/;
const REMOVALS = /^(?:uninstall|un|rm|r|remove|global remove)$/;

/** Installs by name of `npm install`, `yarn global add`, `pnpm add`; those of a package.json are the project's own. */
export function readNpm(tool: string, args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const words = line.operands.map(({ text }) => text);
  const taken = words[0] === 'global' ? 2 : 1;
  const command = words.slice(0, taken).join(' ');
  if (command === 'config' && words[1] === 'set') configure(words.slice(2), around);
  if (command === 'set') configure(words.slice(1), around);
  const finding = emptyFinding();
  const registry =
    optionValues(line, '--registry').at(-1) ??
    fieldOf(
      around.variable('NPM_CONFIG_REGISTRY') ?? around.variable('npm_config_registry') ?? around.settings.registry,
    );
  const options: InstallOptions = {
    ...(registry && registry.unknown === undefined && { index: registry.text }),
    ...(registry?.unknown !== undefined && { notComparable: `its registry '${shorten(registry.text)}' is not known` }),
  };
  for (const { text, unknown } of line.operands.slice(taken)) {
    if (unknown !== undefined && INSTALLS.test(command)) {
      finding.unreadable.push(`${tool} installs '${shorten(text)}': ${unknown}`);
    } else if (INSTALLS.test(command)) finding.installs.push(readNpmSpec(text, options));
    else if (REMOVALS.test(command)) finding.removed.push({ manager: 'npm', name: normaliseName('npm', text) });
  }
  return finding;
}

/** `name`, `@scope/name@range`, `name@tag`, `alias@npm:name@1`, a path, a URL, a repository (npm-package-arg). */
export function readNpmSpec(text: string, options: InstallOptions): PlainInstall {
  const at = text.indexOf('@', 1);
  const name = at < 0 ? text : text.slice(0, at);
  const wanted = at < 0 ? '' : text.slice(at + 1).trim();
  if (wanted.startsWith('npm:')) return readNpmSpec(wanted.slice(4), options);
  const isName = /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) && !/^\.|\.tgz$/.test(name);
  if (!isName || /[:/]/.test(wanted)) {
    const location = isName ? wanted : text;
    const why = /^(?:https?|file):|^[./~]/.test(location) ? 'it is a URL or a path' : 'it comes from a repository';
    return {
      manager: 'npm',
      name,
      wanted: '',
      kind: 'floating',
      options: { ...options, location, notComparable: why },
    };
  }
  const install = { manager: 'npm' as const, name: normaliseName('npm', name), options };
  const version = parse(wanted)?.version;
  if (version !== undefined) return { ...install, wanted: version, kind: 'pinned' };
  if (wanted === '' || wanted === '*' || wanted === 'latest') return { ...install, wanted: '', kind: 'floating' };
  if (isRange(wanted)) return { ...install, wanted, kind: 'ranged' };
  return { ...install, wanted: '', kind: 'floating', options: { ...options, tag: wanted } };
}

function configure(words: readonly string[], { settings }: Surroundings): void {
  const [key, value] = words[0]?.includes('=') ? words[0].split('=', 2) : words;
  if (key === 'registry' && value) settings.registry = value;
}

function fieldOf(text: string | undefined): Field | undefined {
  return text === undefined || text === '' ? undefined : { text };
}

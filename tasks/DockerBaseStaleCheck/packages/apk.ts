import { hasOption, optionNames, optionValues, readCommandLine, type CommandLine } from './commandLine';
import { emptyFinding, type Finding, type InstallOptions, type PlainInstall, type Surroundings } from './install';
import { shorten, type Field } from './shellWords';
import { isRange } from './versions/alpine';

const VALUED = optionNames(`
  -t --virtual -X --repository -p --root --arch --keys-dir --repositories-file --cache-dir --cache-max-age --wait
  --progress-fd --timeout`);

/** Installs and removals of `apk`; `upgrade` is one floating install of `*`. */
export function readApk(args: readonly Field[], around: Surroundings): Finding {
  const line = readCommandLine(args, VALUED);
  const [command, ...operands] = line.operands;
  switch (command?.text) {
    case 'add':
      return readAdd({ ...line, operands }, around);
    case 'upgrade': {
      const all: PlainInstall = {
        manager: 'apk',
        name: '*',
        wanted: '',
        kind: 'floating',
        options: optionsOf(line, around),
      };
      return { ...emptyFinding(), installs: [all] };
    }
    case 'del': {
      const names = operands.flatMap(({ text }) => around.settings.virtuals.get(text) ?? [text]);
      return { ...emptyFinding(), removed: names.map((name) => ({ manager: 'apk', name })) };
    }
    default:
      return emptyFinding();
  }
}

function readAdd(line: CommandLine, around: Surroundings): Finding {
  const finding = emptyFinding();
  const options = optionsOf(line, around);
  for (const { text, unknown } of line.operands) {
    if (unknown !== undefined) finding.unreadable.push(`apk adds '${shorten(text)}': ${unknown}`);
    else if (text.startsWith('!')) finding.removed.push({ manager: 'apk', name: text.slice(1) });
    else {
      const install = readPackage(text, options);
      if (install) finding.installs.push(install);
      else finding.unreadable.push(`apk adds '${shorten(text)}', which is no package`);
    }
  }
  const virtual = optionValues(line, '-t', '--virtual').at(-1)?.text;
  if (virtual !== undefined) {
    const members = around.settings.virtuals.get(virtual) ?? [];
    for (const { name } of finding.installs) members.push(name);
    around.settings.virtuals.set(virtual, members);
  }
  return finding;
}

function optionsOf(line: CommandLine, { settings }: Surroundings): InstallOptions {
  const given = hasOption(line, '-X', '--repository') ? optionValues(line, '-X', '--repository') : [];
  const sources = [...settings.sources, ...given.map(({ text }) => ({ url: text, suite: '' }))];
  return sources.length > 0 ? { sources } : {};
}

/** `name`, `name=1`, `name~1`, `name~=1`, `name>1`, each perhaps with `@tag`. */
function readPackage(text: string, options: InstallOptions): PlainInstall | undefined {
  if (text.endsWith('.apk')) {
    const [, name = text, wanted = ''] = /([^/]+?)-(\d[^/]*)\.apk$/.exec(text) ?? [];
    const local = { ...options, location: text, notComparable: 'it is one file' };
    return { manager: 'apk', name, wanted, kind: 'pinned', options: local };
  }
  const found = /^([A-Za-z0-9_][\w.+:-]*?)(?:@([\w-]+))?(?:([<>=~]+)([^\s@]+))?(?:@([\w-]+))?$/.exec(text);
  if (!found) return undefined;
  const [, name = '', early, operator = '', version = '', late] = found;
  const suite = early ?? late;
  const install = { manager: 'apk' as const, name, options: { ...options, ...(suite && { suite }) } };
  if (operator === '') return { ...install, wanted: '', kind: 'floating' };
  if (!isRange(operator + version)) return undefined;
  const isPin = operator === '=' || operator === '==';
  return { ...install, wanted: isPin ? version : operator + version, kind: isPin ? 'pinned' : 'ranged' };
}

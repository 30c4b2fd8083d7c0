import { readApk } from './apk';
import { readAddRepository, readApt, readDpkg } from './apt';
import { readConda } from './conda';
import type { ImagePython } from './imageRelease';
import { emptyFinding, type Finding, type Surroundings } from './install';
import { readNpm } from './npm';
import { readGetPip, readPip, readPipx, readUv } from './pip';
import { readLittler, readR } from './r';
import type { Field } from './shellWords';

/** Managers that a Dockerfile may use and that nothing here compares, by the words that install. */
const OTHER_MANAGERS: Readonly<Record<string, RegExp>> = {
  yum: /^(?:install|localinstall|groupinstall|update|upgrade)$/,
  dnf: /^(?:install|update|upgrade)$/,
  microdnf: /^(?:install|update|upgrade)$/,
  tdnf: /^(?:install|update|upgrade)$/,
  zypper: /^(?:install|in|update|up)$/,
  pacman: /^-S\w*$/,
  rpm: /^-[iU]\w*$/,
  gem: /^install$/,
  go: /^install$/,
  cargo: /^install$/,
  cpan: /./,
  cpanm: /./,
  brew: /^install$/,
  choco: /^install$/,
  poetry: /^(?:install|add)$/,
  pipenv: /^(?:install|sync)$/,
};

export interface Command {
  /** The command without its folder. */
  name: string;
  path: string;
  args: readonly Field[];
  /** What a here-document gives it to read. */
  input: string;
  /** The command whose output it reads, as written; '' if there is none. */
  pipedFrom: string;
}

/** What one command installs; undefined where it is none that installs by itself. */
export function readCommand(command: Command, around: Surroundings): Finding | undefined {
  const { args, input } = command;
  const name = command.name.replace(/\.exe$/, '');
  // pip3.12, pip${v}: what follows the name is the Python it belongs to.
  if (/^pip(?:[\d.]*|-\d[\d.]*|\$.*)$/.test(name)) return readPip(args, around);
  if (/^(?:python|pypy)(?:[\d.]*|\$.*)$/.test(name)) return readPython(command, around);
  switch (name) {
    case 'uv':
      return readUv(args, around);
    case 'pipx':
      return readPipx(args, around);
    case 'conda':
    case 'mamba':
    case 'micromamba':
      return readConda(name, args, around);
    case 'npm':
    case 'yarn':
    case 'pnpm':
      return readNpm(name, args, around);
    case 'apt-get':
    case 'apt':
    case 'aptitude':
      return readApt(name, args, around);
    case 'dpkg':
      return readDpkg(args, around);
    case 'add-apt-repository':
    case 'apt-add-repository':
      return readAddRepository(args, around);
    case 'apk':
      return readApk(args, around);
    case 'R':
    case 'Rscript':
    case 'r':
    case 'littler':
      return readR(name, args, { around, input });
    case 'install2.r':
    case 'install.r':
    case 'installGithub.r':
    case 'installBioc.r':
      return readLittler(name, args, around);
    default:
      return readOther(name, args);
  }
}

/**
 * The Python that a command installs for, where its name or an option says so: `pip3.11`, `python3.9 -m pip`, `uv pip install --python
 * 3.12`; else the image's own.
 */
export function pythonOf(
  name: string,
  args: readonly Field[],
  image: ImagePython | undefined,
): ImagePython | undefined {
  const [, tool, named] = /^(pip|python|pypy|uv)-?(\d+\.\d+)?/.exec(name.replace(/\.exe$/, '')) ?? [];
  const words = args.map(({ text }) => text);
  const option = words.findIndex((word) => /^(?:--python(?:-version)?|-p)$/.test(word));
  const version = /^\d+\.\d+$/.exec(words[option + 1] ?? '')?.[0] ?? named;
  const implementation = tool === 'pypy' ? 'PyPy' : 'CPython';
  if (tool === undefined || (version === undefined && tool !== 'pypy')) return image;
  const isOwn = image?.implementation === implementation && (version ?? image.minor) === image.minor;
  return isOwn ? image : { minor: version, full: undefined, implementation };
}

/** `python -m pip …`, `python get-pip.py …`, `curl … get-pip.py | python - …`. */
function readPython({ name, args, pipedFrom }: Command, around: Surroundings): Finding | undefined {
  const at = args.findIndex(({ text }) => !/^-[A-Za-ln-zA-Z]+$/.test(text));
  const [first, second, ...rest] = at < 0 ? [] : args.slice(at);
  if (first?.text === '-m') {
    if (second && /^(?:pip|uv|pipx)$/.test(second.text)) {
      return readCommand({ name: second.text, path: second.text, args: rest, input: '', pipedFrom: '' }, around);
    }
    return emptyFinding();
  }
  const operands = second ? [second, ...rest] : [];
  if (first && /(?:^|\/)get-pip\.py$/.test(first.text)) return readGetPip(operands, around);
  const readsPipe = pipedFrom !== '' && (first === undefined || first.text === '-');
  if (readsPipe && pipedFrom.includes('get-pip.py')) return readGetPip(operands, around);
  if (readsPipe && /^(?:curl|wget)\b/.test(pipedFrom)) return unreadable(`${name} runs what '${pipedFrom}' gives`);
  return emptyFinding();
}

function readOther(name: string, args: readonly Field[]): Finding | undefined {
  if (/^(?:pwsh|powershell)$/.test(name)) return unreadable('PowerShell is not read');
  const installs = Object.hasOwn(OTHER_MANAGERS, name) ? OTHER_MANAGERS[name] : undefined;
  const words = args.map(({ text }) => text);
  const command = words.find((text) => (name === 'pacman' || name === 'rpm' ? true : !text.startsWith('-')));
  if (!installs || command === undefined) return undefined;
  return installs.test(command)
    ? unreadable(`'${name} ${command}' is none of the package managers that are read`)
    : emptyFinding();
}

function unreadable(reason: string): Finding {
  return { ...emptyFinding(), unreadable: [reason] };
}

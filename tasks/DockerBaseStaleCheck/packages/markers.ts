import type { ImagePython } from './imageRelease';
import { fits, isRange } from './versions/pep440';

/** What is known of the Python and the system that a marker asks for; what is undefined is not known before the build. */
export type MarkerEnvironment = Readonly<Record<string, string | undefined>>;

/** Whether a marker holds; `unknown` where that hangs on what only the build knows. */
export type MarkerValue = 'true' | 'false' | 'unknown' | 'invalid';

const LONGEST = 2000;
const DEEPEST = 50;
const NAMES =
  'os_name sys_platform platform_machine platform_python_implementation platform_release platform_system platform_version python_version python_full_version implementation_name implementation_version extra extras dependency_groups';
/** Spellings that setuptools took before there was a standard. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};
const KNOWN = new Set(NAMES.split(' '));
const TOKEN =
  /\s*(?:(\(|\))|(===|~=|==|!=|<=|>=|<|>)|(not\s+in|in|and|or)(?![\w.])|([A-Za-z_][\w.]*)|'([^']*)'|"([^"]*)")/y;

/**
 * Evaluates an environment marker. What is not known makes the whole unknown only where the whole hangs on it. Pure.
 * https://packaging.python.org/specifications/dependency-specifiers/#environment-markers
 */
export function evaluateMarker(marker: string, environment: MarkerEnvironment): MarkerValue {
  const tokens = tokenize(marker);
  if (!tokens) return 'invalid';
  const reading: Reading = { tokens, at: 0, depth: 0, environment };
  const value = readOr(reading);
  return reading.at < tokens.length ? 'invalid' : value;
}

interface Token {
  kind: 'sign' | 'operator' | 'word' | 'name' | 'text';
  text: string;
}

interface Reading {
  tokens: Token[];
  at: number;
  depth: number;
  environment: MarkerEnvironment;
}

function tokenize(marker: string): Token[] | undefined {
  if (marker.length > LONGEST) return undefined;
  const tokens: Token[] = [];
  const text = marker.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (!found) return undefined;
    const [, sign, operator, word, name, single, double] = found;
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else if (word === 'in' || word?.startsWith('not')) {
      tokens.push({ kind: 'operator', text: word === 'in' ? 'in' : 'not in' });
    } else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (name !== undefined) tokens.push({ kind: 'name', text: OLD_NAMES[name] ?? name });
    else tokens.push({ kind: 'text', text: single ?? double ?? '' });
  }
  return tokens;
}

function takes({ tokens, at }: Reading, text: string): boolean {
  const token = tokens[at];
  return token !== undefined && token.kind !== 'text' && token.text === text;
}

function readOr(reading: Reading): MarkerValue {
  let value = readAnd(reading);
  while (takes(reading, 'or')) {
    reading.at++;
    value = joined(value, readAnd(reading), 'true');
  }
  return value;
}

function readAnd(reading: Reading): MarkerValue {
  let value = readOne(reading);
  while (takes(reading, 'and')) {
    reading.at++;
    value = joined(value, readOne(reading), 'false');
  }
  return value;
}

/** Of two, the one that decides wins over what is unknown; what cannot be read wins over all. */
function joined(left: MarkerValue, right: MarkerValue, deciding: 'true' | 'false'): MarkerValue {
  for (const value of ['invalid', deciding, 'unknown'] as const) if (left === value || right === value) return value;
  return left;
}

function readOne(reading: Reading): MarkerValue {
  if (takes(reading, '(')) {
    if (++reading.depth > DEEPEST) return 'invalid';
    reading.at++;
    const value = readOr(reading);
    if (!takes(reading, ')')) return 'invalid';
    reading.at++;
    reading.depth--;
    return value;
  }
  const [left, operator, right] = reading.tokens.slice(reading.at, reading.at + 3);
  reading.at += 3;
  if (!left || operator?.kind !== 'operator' || !right) return 'invalid';
  const isPair = [left, right].every(({ kind, text }) => kind === 'text' || (kind === 'name' && KNOWN.has(text)));
  if (!isPair) return 'invalid';
  const [one, other] = [left, right].map((token) => valueOf(token, reading.environment));
  if (one === undefined || other === undefined) return 'unknown';
  return comparison(one, operator.text, other);
}

function valueOf({ kind, text }: Token, environment: MarkerEnvironment): string | undefined {
  if (kind === 'text') return text;
  // An extra is asked for by another package, never by a requirement that stands alone.
  return text === 'extra' ? '' : environment[text];
}

/** Versions are compared as such where both sides are some, all else as texts. */
function comparison(left: string, operator: string, right: string): MarkerValue {
  if (operator === 'in') return String(right.includes(left)) as MarkerValue;
  if (operator === 'not in') return String(!right.includes(left)) as MarkerValue;
  if (isRange(operator + right) && isRange(`==${left}`)) return String(fits(left, operator + right)) as MarkerValue;
  switch (operator) {
    case '==':
    case '===':
      return String(left === right) as MarkerValue;
    case '!=':
      return String(left !== right) as MarkerValue;
    case '<=':
      return String(left <= right) as MarkerValue;
    case '>=':
      return String(left >= right) as MarkerValue;
    case '<':
      return String(left < right) as MarkerValue;
    case '>':
      return String(left > right) as MarkerValue;
    default:
      return 'invalid';
  }
}

const MACHINES: Readonly<Record<string, string>> = {
  ...{ amd64: 'x86_64', arm64: 'aarch64', arm: 'armv7l', '386': 'i686', ppc64le: 'ppc64le', s390x: 's390x' },
  ...{ riscv64: 'riscv64', 'arm/v6': 'armv6l', 'arm/v5': 'armv5l' },
};
const WINDOWS_MACHINES: Readonly<Record<string, string>> = { amd64: 'AMD64', arm64: 'ARM64' };

/** The image for which a marker is asked. */
export interface MarkerTarget {
  /** linux/amd64 where none is said. */
  platform: string | undefined;
  python: ImagePython | undefined;
}

/** What markers ask for, as far as the platform and the Python tell it. Pure. */
export function markerEnvironment(platform = 'linux/amd64', python?: ImagePython): MarkerEnvironment {
  const [system = '', architecture = '', variant = ''] = platform.replace(/\([^)]*\)/, '').split('/');
  const isWindows = system === 'windows';
  const machines = isWindows ? WINDOWS_MACHINES : MACHINES;
  const { minor, full, implementation } = python ?? {};
  const isCPython = implementation === 'CPython';
  return {
    ...(isWindows && { os_name: 'nt', sys_platform: 'win32', platform_system: 'Windows' }),
    ...(system === 'linux' && { os_name: 'posix', sys_platform: 'linux', platform_system: 'Linux' }),
    platform_machine: machines[`${architecture}/${variant}`] ?? machines[architecture],
    ...{ python_version: minor, python_full_version: full, platform_python_implementation: implementation },
    // PyPy counts its own versions.
    ...{ implementation_name: implementation?.toLowerCase(), implementation_version: isCPython ? full : undefined },
  };
}

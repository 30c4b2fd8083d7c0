import { quote, Refusal } from './refusal';

export interface Platform {
  os: string;
  osVersion: string;
  osFeatures: string[];
  architecture: string;
  variant: string;
}

const OSES =
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos';
const ARCHITECTURES =
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm';
const KNOWN_OSES = new Set(OSES.split(' '));
const KNOWN_ARCHITECTURES = new Set(ARCHITECTURES.split(' '));

/**
 * A platform such as `linux/arm64`, `windows(10.0.20348)/amd64`, `arm64`; the missing half of a single word is that of
 * linux/amd64, where images are built. Throws a Refusal. (containerd/platforms Parse)
 */
export function parsePlatform(written: string): Platform {
  const invalid = (reason: string) => new Refusal(`${reason}: invalid argument`);
  if (written.includes('*')) throw invalid(`${quote(written)}: wildcards not yet supported`);
  const [first = '', ...others] = written.split('/');
  const os = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/.exec(first);
  if (!os) {
    throw invalid(
      `${quote(first)} is an invalid OS component of ${quote(written)}: OSAndVersion specifier component must match ${quote(OS_PATTERN)}`,
    );
  }
  for (const part of others.slice(0, 3)) {
    if (!/^[A-Za-z0-9_.-]+$/.test(part)) {
      throw invalid(
        `${quote(part)} is an invalid component of ${quote(written)}: platform specifier component must match ${quote('^[A-Za-z0-9_.-]+$')}`,
      );
    }
  }
  const system = {
    os: systemName(os[1] ?? ''),
    osVersion: decode(os[2] ?? ''),
    osFeatures: (os[3] ?? '').split('+').filter(Boolean).map(decode),
  };
  const [architecture, variant, ...more] = others;
  if (more.length > 0) throw invalid(`${quote(written)}: cannot parse platform specifier`);
  if (architecture === undefined) {
    if (KNOWN_OSES.has(system.os)) return { ...system, architecture: 'amd64', variant: '' };
    const machine = machineName(first, '');
    if (!KNOWN_ARCHITECTURES.has(machine.architecture)) {
      throw invalid(`${quote(written)}: unknown operating system or architecture`);
    }
    return { ...system, os: 'linux', ...withoutDefaultVariant(machine) };
  }
  if (variant === undefined) return { ...system, ...withoutDefaultVariant(machineName(architecture, '')) };
  const machine = machineName(architecture, variant);
  return { ...system, ...machine, variant: machine.variant || (machine.architecture === 'arm64' ? 'v8' : '') };
}

const OS_PATTERN = '^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.%-]*)((?:\\+[A-Za-z0-9_.%-]+)*)\\))?$';

/** The platform as text, with the version of Windows where there is one. */
export function formatPlatform({ os, osVersion, osFeatures, architecture, variant }: Platform): string {
  const options = [encode(osVersion), ...[...new Set(osFeatures)].sort().map(encode)].join('+');
  return [options ? `${os}(${options})` : os, architecture, variant].filter(Boolean).join('/');
}

/** The platform in the form that a build target has: `linux/arm64/v8` is `linux/arm64`, `linux/arm` is `linux/arm/v7`. */
export function normalizePlatform(platform: Platform): Platform {
  return { ...platform, os: systemName(platform.os), ...machineName(platform.architecture, platform.variant) };
}

function systemName(written: string): string {
  const name = written.toLowerCase();
  return name === 'macos' ? 'darwin' : name;
}

function withoutDefaultVariant(machine: { architecture: string; variant: string }) {
  return machine.architecture === 'arm' && machine.variant === 'v7' ? { ...machine, variant: '' } : machine;
}

function machineName(writtenArchitecture: string, writtenVariant: string): { architecture: string; variant: string } {
  const architecture = writtenArchitecture.toLowerCase();
  const variant = writtenVariant.toLowerCase();
  switch (architecture) {
    case 'i386':
      return { architecture: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { architecture: 'amd64', variant: variant === 'v1' ? '' : variant };
    case 'aarch64':
    case 'arm64':
      if (['8', 'v8', 'v8.0'].includes(variant)) return { architecture: 'arm64', variant: '' };
      return { architecture: 'arm64', variant: ['9', '9.0', 'v9.0'].includes(variant) ? 'v9' : variant };
    case 'armhf':
      return { architecture: 'arm', variant: 'v7' };
    case 'armel':
      return { architecture: 'arm', variant: 'v6' };
    case 'arm':
      if (variant === '' || variant === '7') return { architecture, variant: 'v7' };
      return { architecture, variant: ['5', '6', '8'].includes(variant) ? `v${variant}` : variant };
    default:
      return { architecture, variant };
  }
}

const ENCODED = ['%', '+', '(', ')', '/'];

function encode(option: string): string {
  return ENCODED.reduce((text, character) => text.replaceAll(character, encodeHex(character)), option);
}

function encodeHex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function decode(option: string): string {
  try {
    return decodeURIComponent(option);
  } catch {
    return option;
  }
}

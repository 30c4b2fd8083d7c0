import type { Manager } from '../versions/schemes';

/** What the managers call a platform, `linux/amd64` where none is said. https://wiki.debian.org/SupportedArchitectures */
const NAMES: Readonly<Record<string, { apt: string; apk: string; conda: string }>> = {
  amd64: { apt: 'amd64', apk: 'x86_64', conda: 'linux-64' },
  arm64: { apt: 'arm64', apk: 'aarch64', conda: 'linux-aarch64' },
  arm: { apt: 'armhf', apk: 'armv7', conda: 'linux-armv7l' },
  '386': { apt: 'i386', apk: 'x86', conda: 'linux-32' },
  ppc64le: { apt: 'ppc64el', apk: 'ppc64le', conda: 'linux-ppc64le' },
  s390x: { apt: 's390x', apk: 's390x', conda: 'linux-s390x' },
  riscv64: { apt: 'riscv64', apk: 'riscv64', conda: 'linux-riscv64' },
};

/** A platform as apt, apk and conda name it. Pure. */
export function architectureOf(manager: Extract<Manager, 'apt' | 'apk' | 'conda'>, platform = 'linux/amd64'): string {
  const [, architecture = platform] = platform.split('/');
  return NAMES[architecture]?.[manager] ?? architecture;
}

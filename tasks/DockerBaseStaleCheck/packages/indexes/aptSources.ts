import { readStanzas } from './controlFile';

/** An archive that a machine is set up with. */
export interface AptArchive {
  url: string;
  suites: string[];
}

/** Archives in a `sources.list` (one line each) or a `.sources` file (deb822), sources.list(5); of kinds that are not http none. Pure. */
export function readAptSources(text: string): AptArchive[] {
  const lines = [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s*)?(https?:\/\/\S+)\s+(\S+)/gm)].map(
    ([, url = '', suite = '']) => ({ url, suites: [suite] }),
  );
  // A comment in a stanza is no end of it.
  const stanzas = readStanzas(text.replace(/^#.*(?:\r?\n|$)/gm, ''), ['Types', 'URIs', 'Suites', 'Enabled']);
  const listed = stanzas.flatMap((stanza) => {
    const isOn = !/^(no|false)$/i.test(stanza.get('Enabled') ?? '') && /\bdeb\b/.test(stanza.get('Types') ?? '');
    const urls = (stanza.get('URIs') ?? '').split(/\s+/).filter((url) => /^https?:\/\//.test(url));
    return isOn ? urls.map((url) => ({ url, suites: (stanza.get('Suites') ?? '').split(/\s+/).filter(Boolean) })) : [];
  });
  return [...lines, ...listed];
}

/** Debian's oldest host, which serves every release that is cared for. */
const DEBIAN_HOST = 'http://ftp.debian.org';
const UBUNTU_URL = 'http://archive.ubuntu.com/ubuntu';
/** Architectures that Ubuntu keeps apart. */
const UBUNTU_PORTS = 'http://ports.ubuntu.com/ubuntu-ports';

/** A suite of packages at an address. */
export interface AptSuite {
  url: string;
  suite: string;
}

/**
 * The suites that an image of a release installs from: release, updates and security. Their host is the one given, else that of the
 * agent's own sources for the same distribution, else the distribution's. Pure.
 */
export function suitesOf(
  { distribution, release, architecture }: { distribution: 'debian' | 'ubuntu'; release: string; architecture: string },
  { given, archives }: { given: string | undefined; archives: readonly AptArchive[] },
): AptSuite[] {
  const own = archives.find(({ url }) => isArchiveOf(url, distribution))?.url;
  if (distribution === 'ubuntu') {
    const isMain = architecture === 'amd64' || architecture === 'i386';
    const url = given ?? (isMain ? own : undefined) ?? (isMain ? UBUNTU_URL : UBUNTU_PORTS);
    return [release, `${release}-updates`, `${release}-security`].map((suite) => ({ url, suite }));
  }
  const url = given ?? own ?? `${DEBIAN_HOST}/debian`;
  if (/^(sid|unstable)$/.test(release)) return [{ url, suite: release }];
  const ofAgent =
    given === undefined ? archives.find((one) => isArchiveOf(one.url, 'debian-security'))?.url : undefined;
  const security = ofAgent ?? url.replace(/\/debian\/?$/, '/debian-security');
  // Before bullseye the suite of security had another form.
  const suite = /^(stretch|buster)$/.test(release) ? `${release}/updates` : `${release}-security`;
  return [
    { url, suite: release },
    { url, suite: `${release}-updates` },
    { url: security, suite },
  ];
}

function isArchiveOf(url: string, name: string): boolean {
  return new URL(url).pathname.replace(/\/+$/, '').endsWith(`/${name}`);
}

import type { InstallOptions, PlainInstall } from './install';
import { normaliseName } from './normaliseName';
import { shorten } from './shellWords';
import { isRange } from './versions/conda';

const LONGEST = 2000;

/**
 * One package as conda takes it: `name`, `name=1.2`, `name=1.2=build`, `name>=1,<2`, `name 1.2`, `channel::name`,
 * `name[version=">=1", build=…]`, or the URL of an archive. A text is why it cannot be read.
 */
export function readCondaSpec(text: string, options: InstallOptions): PlainInstall | string {
  const refused = `'${shorten(text)}' is no package specification of conda`;
  if (text.length > LONGEST) return refused;
  if (/\.(?:tar\.bz2|conda)(?:#\w+)?$/.test(text)) return fromArchive(text, options) ?? refused;
  const found = /^(?:(\S+?)::)?([A-Za-z0-9_][\w.-]*)\s*([^[\]]*)(?:\[([^\]]*)\])?$/.exec(
    text.replace(/\s+#.*$/, '').trim(),
  );
  if (!found) return refused;
  const [, channel, name = '', outside = '', inside = ''] = found;
  const brackets = readBrackets(inside);
  const constraint = readConstraint(outside.trim() || brackets.version || '', brackets.build);
  if (!constraint) return refused;
  const from = channel ?? brackets.channel;
  const { build, ...what } = constraint;
  return {
    manager: 'conda',
    name: normaliseName('conda', name),
    ...what,
    options: { ...options, ...(from && { channels: [from] }), ...(build && { build }) },
  };
}

type Constraint = Pick<PlainInstall, 'wanted' | 'kind'> & { build: string | undefined };

/**
 * `==1.2`, `1.2` after a blank, and a version with a whole build pin; so does `=1.2.3`, which conda reads as 1.2.3.*,
 * but which people write to pin. `=1.2` leaves the last number open.
 */
function readConstraint(text: string, buildInside: string | undefined): Constraint | undefined {
  const [, equals, version, after] = /^(={0,2})\s*([^=<>!~|,()\s]+)(?:(?:=|\s+)(\S+))?$/.exec(text) ?? [];
  const build = after ?? buildInside;
  if (version === undefined || equals === undefined) {
    if (!isRange(text)) return undefined;
    if (text === '' && build) return { wanted: `*=${build}`, kind: 'ranged', build };
    return { wanted: text, kind: text === '' ? 'floating' : 'ranged', build };
  }
  if (!isRange(version)) return undefined;
  const isWhole = !version.includes('*');
  const isFuzzy = equals === '=' && after === undefined && !/^\d+(?:[._-]\w+){2,}$/.test(version);
  if (isWhole && !isFuzzy && !build?.includes('*')) return { wanted: version, kind: 'pinned', build };
  if (version === '*' && build === undefined) return { wanted: '', kind: 'floating', build };
  const range = isWhole && isFuzzy ? `=${version}` : version;
  return { wanted: build === undefined ? range : `${range}=${build}`, kind: 'ranged', build };
}

function readBrackets(text: string): { version?: string; build?: string; channel?: string } {
  const pairs = [...text.matchAll(/(\w+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^,\s'"]+))/g)];
  const values = new Map(pairs.map(([, key = '', single, double, bare]) => [key, single ?? double ?? bare ?? '']));
  const [version, build, channel] = ['version', 'build', 'channel'].map((key) => values.get(key));
  return { ...(version && { version }), ...(build && { build }), ...(channel && { channel }) };
}

function fromArchive(location: string, options: InstallOptions): PlainInstall | undefined {
  const file = /([^/\\]+)\.(?:tar\.bz2|conda)/.exec(location)?.[1] ?? '';
  const [, name, wanted, build] = /^(.+)-([^-]+)-([^-]+)$/.exec(file) ?? [];
  if (name === undefined || wanted === undefined || build === undefined) return undefined;
  return {
    manager: 'conda',
    name: normaliseName('conda', name),
    wanted,
    kind: 'pinned',
    options: { ...options, build, location, notComparable: 'it is one archive' },
  };
}

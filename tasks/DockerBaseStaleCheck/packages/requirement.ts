import type { InstallOptions, PlainInstall } from './install';
import { normaliseName } from './normaliseName';
import { shorten } from './shellWords';
import { isRange } from './versions/pep440';

/**
 * One requirement as pip takes it on its command line or in a file: PEP 508 (`name[extra]>=1; marker`, `name @ URL`), or
 * a URL, a repository (`git+…@ref#egg=name`), a path, which no index knows. A text is why it cannot be read.
 */
export function readRequirement(text: string, options: InstallOptions): PlainInstall | string {
  if (text.length > LONGEST) return `'${shorten(text)}' is no requirement`;
  const { requirement, marker } = splitMarker(withoutHashes(text));
  const direct = /^[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*(\S+)$/.exec(requirement)?.[1];
  const location = direct ?? requirement.replace(/\[[\w,\s.-]*\]$/, '');
  const all: InstallOptions = { ...options, ...(marker !== '' && { marker }) };
  if (isLocation(location)) {
    return fromLocation(location, direct === undefined ? undefined : /^[\w.-]+/.exec(requirement)?.[0], all);
  }
  const found = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$/s.exec(requirement);
  if (!found) return `'${shorten(text)}' is no requirement`;
  const [, name = '', extras, rest = ''] = found;
  const specifiers = rest.replace(/^\((.*)\)$/s, '$1').trim();
  if (!isRange(specifiers) || (specifiers !== '' && !/^[=~!<>]/.test(specifiers)))
    return `'${shorten(text)}' is no requirement`;
  if (extras) all.extras = extras.split(',').map((extra) => extra.trim());
  return { manager: 'pip', name: normaliseName('pip', name), ...readSpecifiers(specifiers), options: all };
}

/** Whether specifiers leave something open: `==` without `.*` and `===` pin. */
export function readSpecifiers(specifiers: string): Pick<PlainInstall, 'wanted' | 'kind'> {
  const exact = specifiers
    .split(',')
    .map((specifier) => /^\s*={2,3}\s*([^*]+?)\s*$/.exec(specifier)?.[1])
    .find((version) => version !== undefined);
  if (exact !== undefined) return { wanted: exact, kind: 'pinned' };
  return specifiers === '' ? { wanted: '', kind: 'floating' } : { wanted: specifiers, kind: 'ranged' };
}

const LONGEST = 2000;
const ARCHIVE = /\.(?:whl|tar\.gz|tgz|tar\.bz2|tar\.xz|zip)$/i;

function withoutHashes(text: string): string {
  return text.replace(/\s--(?:hash|config-settings?|global-option)[= ]\S+/g, '').trim();
}

/** In a URL only a `;` after a blank begins the marker. */
function splitMarker(text: string): { requirement: string; marker: string } {
  const at = isLocation(text.split(';', 1)[0] ?? '') ? text.search(/\s;/) : text.indexOf(';');
  if (at < 0) return { requirement: text.trim(), marker: '' };
  return { requirement: text.slice(0, at).trim(), marker: text.slice(at).replace(/^\s*;/, '').trim() };
}

function isLocation(text: string): boolean {
  return /^(?:[a-z]+\+)?[a-z]+:\/\/|^file:|^\.|^~?\/|[\\/]/i.test(text) || ARCHIVE.test(text);
}

function fromLocation(location: string, name: string | undefined, options: InstallOptions): PlainInstall {
  const [path = '', fragment = ''] = location.split('#', 2);
  const egg = /(?:^|&)egg=([\w.-]+)/.exec(fragment)?.[1];
  const isRepository = /^(?:git|hg|svn|bzr)\+/.test(path);
  const reference = isRepository ? (/@([^@]+)$/.exec(path.replace(/^[a-z+]+:(?:\/\/[^/]*)?/, ''))?.[1] ?? '') : '';
  const file = (/[^/\\]*$/.exec(path.replace(/[?].*$/, '').replace(/[\\/]+$/, ''))?.[0] ?? '').replace(ARCHIVE, '');
  const archive = ARCHIVE.test(path) ? /^(.+?)-(\d[^-]*)(?:-.*)?$/.exec(file) : null;
  const fileName = isRepository ? file.replace(/@.*$/, '').replace(/\.git$/, '') : file;
  const known = name ?? egg ?? archive?.[1] ?? (/\w/.test(fileName) ? fileName : undefined);
  const version = archive?.[2] ?? reference;
  return {
    manager: 'pip',
    name: known === undefined ? location : normaliseName('pip', known),
    wanted: version,
    kind: version === '' ? 'floating' : 'pinned',
    options: {
      ...options,
      location,
      notComparable: isRepository
        ? 'it comes from a repository'
        : /^https?:/.test(path)
          ? 'it comes from a URL'
          : 'it is local',
    },
  };
}

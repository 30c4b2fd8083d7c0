import { readStanzas } from './controlFile';
import { below, type IndexRequest } from './indexVersion';

/** A repository's suite as it is signed: small, and all that is needed when nothing changed. */
export function releaseRequest(url: string, suite: string): IndexRequest {
  return { url: below(url, `dists/${suite}/InRelease`), headers: {} };
}

export interface Release {
  suite: string;
  codename: string;
  date: string;
  /** SHA-256 by path below the suite, of the lists of packages alone. */
  lists: ReadonlyMap<string, string>;
}

/** What an InRelease says; undefined where the text is none. */
export function readRelease(text: string): Release | undefined {
  // The signature's armour stands in paragraphs of its own.
  const stanzas = readStanzas(text, ['Suite', 'Codename', 'Date', 'SHA256']);
  const release = stanzas.find((stanza) => stanza.has('SHA256'));
  if (!release) return undefined;
  const lines = (release.get('SHA256') ?? '').split('\n').map((line) => line.split(/\s+/));
  const lists = lines.filter(
    ([hash, , path]) => /^[0-9a-f]{64}$/.test(hash ?? '') && /\/Packages(?:\.\w+)?$/.test(path ?? ''),
  );
  return {
    suite: release.get('Suite') ?? '',
    codename: release.get('Codename') ?? '',
    date: release.get('Date') ?? '',
    lists: new Map(lists.map(([hash = '', , path = '']) => [path, hash])),
  };
}

/** Which of the forms that a release names is asked for. The plain one comes last: most archives name it only, and serve it nowhere. */
const FORMS = ['.gz', '.xz', ''];

/**
 * The list of packages of a component, see unpacked. By its hash where the release tells it, so that it belongs to that release.
 * Undefined where the suite has no such list. Read it with readPackageList.
 */
export function packageListRequest(
  { url, suite, byHash = false }: { url: string; suite: string; byHash?: boolean },
  { lists }: Pick<Release, 'lists'>,
  { component, architecture }: { component: string; architecture: string },
): IndexRequest | undefined {
  const folder = `${component}/binary-${architecture}`;
  const path = FORMS.map((form) => `${folder}/Packages${form}`).find((one) => lists.has(one));
  if (path === undefined) return undefined;
  const hash = lists.get(path) ?? '';
  return { url: below(url, `dists/${suite}/${byHash ? `${folder}/by-hash/SHA256/${hash}` : path}`), headers: {} };
}

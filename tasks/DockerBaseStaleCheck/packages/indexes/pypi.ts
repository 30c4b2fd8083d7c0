import { normaliseName } from '../normaliseName';
import { fits, isRange } from '../versions/pep440';
import { below, jsonObject, type IndexAnswer, type IndexRequest, type IndexVersion } from './indexVersion';

/** The project page of a simple index (PEP 691: JSON wanted, HTML taken). */
export function pypiRequest(index: string, name: string): IndexRequest {
  return {
    url: below(index, `${encodeURIComponent(normaliseName('pip', name))}/`),
    headers: {
      Accept: 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1',
    },
  };
}

interface IndexFile {
  filename: string;
  yanked: boolean;
  requiresPython: string;
  uploaded: string | undefined;
}

/**
 * Versions of a project page, each with the date of its first file: without yanked files (PEP 592) and, where the
 * image's Python is known, without those for another one.
 */
export function readPypi(body: string, { name, python }: { name: string; python?: string }): IndexAnswer {
  const files = /^\s*\{/.test(body) ? filesOfJson(body) : filesOfHtml(body);
  if (!files) return { error: `The index answered for '${name}' with what is no project page.` };
  const versions = new Map<string, IndexVersion>();
  for (const { filename, yanked, requiresPython, uploaded } of files) {
    const version = versionOf(filename, name);
    const isMisfit = python !== undefined && isRange(requiresPython) && !fits(python, requiresPython);
    if (version === undefined || yanked || isMisfit) continue;
    const known = versions.get(version)?.released;
    const released = known === undefined || (uploaded !== undefined && uploaded < known) ? uploaded : known;
    versions.set(version, { version, ...(released !== undefined && { released }) });
  }
  return { versions: [...versions.values()] };
}

function filesOfJson(body: string): IndexFile[] | undefined {
  const files = jsonObject(body)?.files;
  if (!Array.isArray(files)) return undefined;
  return (files as unknown[]).flatMap((file) => {
    const { filename, yanked, ...others } = (file ?? {}) as Record<string, unknown>;
    if (typeof filename !== 'string') return [];
    const requires = others['requires-python'];
    const uploaded = others['upload-time'];
    return {
      filename,
      yanked: yanked !== undefined && yanked !== false,
      requiresPython: typeof requires === 'string' ? requires : '',
      uploaded: typeof uploaded === 'string' ? uploaded : undefined,
    };
  });
}

function filesOfHtml(body: string): IndexFile[] | undefined {
  if (!/<(?:!doctype|html|a)\b/i.test(body)) return undefined;
  return [...body.matchAll(/<a\b([^>]*)>([^<]*)<\/a/gi)].map(([, attributes = '', text = '']) => ({
    filename: text.trim(),
    yanked: /\bdata-yanked\b/i.test(attributes),
    requiresPython: unescape(/\bdata-requires-python\s*=\s*"([^"]*)"/i.exec(attributes)?.[1] ?? ''),
    uploaded: undefined,
  }));
}

function unescape(text: string): string {
  return text.replace(/&gt;/g, '>').replace(/&lt;/g, '<').replace(/&amp;/g, '&');
}

/** The version in a file name; the name before it may be spelled otherwise, and hold dashes in old archives. */
function versionOf(filename: string, name: string): string | undefined {
  const stem = filename.replace(/\.(?:whl|tar\.gz|tgz|tar\.bz2|zip|egg)$/i, '');
  if (stem === filename) return undefined;
  const isBuilt = /\.(?:whl|egg)$/i.test(filename);
  const project = normaliseName('pip', name);
  for (let dash = stem.indexOf('-'); dash >= 0; dash = stem.indexOf('-', dash + 1)) {
    if (normaliseName('pip', stem.slice(0, dash)) !== project) continue;
    const rest = stem.slice(dash + 1);
    return isBuilt ? rest.split('-', 1)[0] : rest;
  }
  return undefined;
}

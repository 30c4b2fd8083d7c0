import { UserError } from '../lib/errors';
import { decodedSegment } from '../lib/organizationUrl';

/** A run as the author names it: by id in the step's project, or by a link that says the project itself. */
export interface RunReference {
  project: string;
  id: number;
}

/**
 * The runs of `runIds`: ids or links, separated by comma, blank, line, or as a JSON list. Throws `UserError` for what is neither, and
 * for a link to another organization than the connection's.
 */
export function runReferences(text: string, project: string, organization: string): RunReference[] {
  const words = text
    .replace(/^\[|\]$/g, ' ')
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^["']|["']$/g, ''))
    .filter(Boolean);
  const references = words.map((word) => reference(word, project, organization));
  return references.filter(({ id }, index) => references.findIndex((other) => other.id === id) === index);
}

function reference(word: string, project: string, organization: string): RunReference {
  if (/^\d{1,9}$/.test(word)) return { project, id: Number(word) };
  const url = URL.canParse(word) ? new URL(word) : undefined;
  const id = url?.searchParams.get('buildId') ?? '';
  if (!url || !/^\d{1,9}$/.test(id)) {
    throw new UserError(`runIds: '${word}' is neither the id of a run nor a link to one (…/_build/results?buildId=…).`);
  }
  const base = new URL(organization);
  if (url.origin !== base.origin || !url.pathname.toLowerCase().startsWith(base.pathname.toLowerCase())) {
    throw new UserError(
      `runIds: '${word}' is a run of another organization than ${organization}, which the connection is for.`,
    );
  }
  const [segment = ''] = url.pathname.slice(base.pathname.length).split('/');
  return { project: segment.startsWith('_') || !segment ? project : decodedSegment(segment), id: Number(id) };
}

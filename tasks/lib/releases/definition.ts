import type { AzureDevOps } from '../azureDevOps';
import { ApiError, UserError } from '../errors';
import { nearest } from '../nearest';
import { DEFINITIONS, type Definition } from './wire';

const NAMES_TO_COMPARE = 1000;

/**
 * The release definition of an id, a name or a path (`\folder\name`, `/folder/name`), without regard to case. Throws `UserError` with
 * the paths of several, or the nearest names of none.
 * https://learn.microsoft.com/rest/api/azure/devops/release/definitions/get-release-definition
 * @param releases the organization on the host of its releases.
 */
export async function findDefinition(
  releases: AzureDevOps,
  project: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<Definition> {
  const byId = /^\d{1,9}$/.test(wanted) ? await readDefinition(releases, project, Number(wanted), signal) : undefined;
  if (byId) return byId;
  const segments = wanted.split(/[\\/]/).filter(Boolean);
  const isPath = /^[\\/]/.test(wanted);
  const name = isPath ? (segments.at(-1) ?? '') : wanted;
  const folder = isPath ? `\\${segments.slice(0, -1).join('\\')}` : undefined;
  if (!name) throw new UserError(`definition: '${wanted}' names a folder, not a release definition.`);
  const found = (await list(releases, project, { searchText: name, isExactNameMatch: true }, signal)).filter(
    (one) => same(one.name, name) && (folder === undefined || same(one.path ?? '\\', folder)),
  );
  const [only, ...others] = found;
  if (only && others.length) {
    throw new UserError(
      `definition: '${wanted}' names ${found.length} release definitions of project '${project}': ${found.map(pathOf).join(', ')}. Give the one you mean with its path or id.`,
    );
  }
  const whole = only && (await readDefinition(releases, project, only.id, signal));
  if (whole) return whole;
  const all = await list(releases, project, { $top: NAMES_TO_COMPARE }, signal);
  const near = nearest(wanted, all.map(pathOf));
  throw new UserError(
    `definition: project '${project}' has no release definition '${wanted}' that ${releases.account.credentialName} may see.${near.length ? ` The nearest: ${near.join(', ')}.` : ''}`,
  );
}

/** The web page of a definition. */
export function definitionUrl(azureDevOps: AzureDevOps, project: string, { id, _links }: Definition): string {
  return (
    _links?.web?.href ?? `${azureDevOps.account.url}${encodeURIComponent(project)}/_release?definitionId=${id}&view=all`
  );
}

async function readDefinition(
  releases: AzureDevOps,
  project: string,
  id: number,
  signal?: AbortSignal,
): Promise<Definition | undefined> {
  try {
    const { value } = await releases.call<Definition>('GET', DEFINITIONS, {
      route: { project, definitionId: id },
      signal,
    });
    return value;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
    throw error;
  }
}

async function list(
  releases: AzureDevOps,
  project: string,
  query: Record<string, string | number | boolean>,
  signal?: AbortSignal,
): Promise<Definition[]> {
  const { value } = await releases.call<{ value?: Definition[] }>('GET', DEFINITIONS, {
    route: { project },
    query,
    signal,
  });
  return value.value ?? [];
}

function pathOf({ path = '\\', name }: Definition): string {
  return `${path.endsWith('\\') ? path : `${path}\\`}${name}`;
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

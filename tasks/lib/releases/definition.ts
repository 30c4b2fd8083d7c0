import type { AzureDevOps } from '../azureDevOps';
import { findByName } from '../findByName';
import { DEFINITIONS, type Definition } from './wire';

const NAMES_TO_COMPARE = 1000;

/**
 * The release definition of an id, a name or a path; see `findByName`.
 * https://learn.microsoft.com/rest/api/azure/devops/release/definitions/get-release-definition
 * @param releases the organization on the host of its releases.
 */
export async function findDefinition(
  releases: AzureDevOps,
  project: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<Definition> {
  const list = async (query: Record<string, string | number | boolean>) => {
    const call = { route: { project }, query, signal };
    return (await releases.call<{ value?: Definition[] }>('GET', DEFINITIONS, call)).value.value ?? [];
  };
  const read = async (id: number) =>
    (await releases.call<Definition>('GET', DEFINITIONS, { route: { project, definitionId: id }, signal })).value;
  return await findByName(
    wanted,
    {
      read,
      named: (name) => list({ searchText: name, isExactNameMatch: true }),
      all: () => list({ $top: NAMES_TO_COMPARE }),
    },
    { input: 'definition', thing: 'release definition', project, account: releases.account },
  );
}

/** The web page of a definition. */
export function definitionUrl(azureDevOps: AzureDevOps, project: string, { id, _links }: Definition): string {
  return (
    _links?.web?.href ?? `${azureDevOps.account.url}${encodeURIComponent(project)}/_release?definitionId=${id}&view=all`
  );
}

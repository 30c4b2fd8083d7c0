import type { AzureDevOps } from '../azureDevOps';
import { ApiError, messageOf, UserError } from '../errors';
import type { World } from '../world';

/** https://learn.microsoft.com/azure/devops/organizations/security/namespace-reference : ReleaseManagement */
const NAMESPACE = 'c788c23e-1b46-4162-8f5e-d7585343b5de';
const RIGHTS = {
  create: { bit: 64, name: 'Create releases' },
  deploy: { bit: 2048, name: 'Manage deployments' },
} as const;

export interface NeededRights {
  project: string;
  definition: { id: number; name: string; path?: string | undefined; url: string };
  create: boolean;
  /** Stages that this identity is to deploy, by their ids in the definition. */
  deploys: { id: number; name: string }[];
}

/**
 * Asks whether this identity may do what it would have to, without doing it. Throws `UserError` for a right that is missing; where rights cannot be
 * read, one line says so.
 * https://learn.microsoft.com/rest/api/azure/devops/security/permissions/has-permissions
 */
export async function checkRights(
  azureDevOps: AzureDevOps,
  { project, definition, create, deploys }: NeededRights,
  { log, signal }: World,
): Promise<void> {
  const has = async (bit: number, token: string) => {
    const query = { tokens: token, alwaysAllowAdministrators: true };
    const { value } = await azureDevOps.rest<{ value?: unknown[] }>('GET', `_apis/permissions/${NAMESPACE}/${bit}`, {
      query,
      signal,
    });
    return value.value?.[0] !== false;
  };
  const missing: string[] = [];
  try {
    const place = `_apis/projects/${encodeURIComponent(project)}`;
    const { value } = await azureDevOps.rest<{ id?: string }>('GET', place, { signal });
    const folder = (definition.path ?? '\\').split('\\').filter(Boolean);
    const token = [value.id ?? project, ...folder, definition.id].join('/');
    if (create && !(await has(RIGHTS.create.bit, token))) missing.push(RIGHTS.create.name);
    for (const { id, name } of deploys)
      if (!(await has(RIGHTS.deploy.bit, `${token}/Environment/${id}`)))
        missing.push(`${RIGHTS.deploy.name} (stage ${name})`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.info(`Whether this identity may do that could not be checked: ${messageOf(error)}`);
    return;
  }
  if (missing.length)
    throw new UserError(
      `dryRun: ${azureDevOps.account.credentialName} lacks the permission ${missing.join(', ')} of the release definition '${definition.name}'. Grant it under ${definition.url} > Security.`,
    );
}

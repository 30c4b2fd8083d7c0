import type { AzureDevOps } from '../azureDevOps';
import type { RunRequest } from './request';

interface References {
  value?: { name?: string }[];
}

/**
 * The request for the tag that the author meant with a bare name: where the repository has no branch of that name, but a tag.
 * Undefined otherwise. Asked only after a refusal, and only where this identity may read the repository; other hosts' repositories
 * cannot be asked. https://learn.microsoft.com/rest/api/azure/devops/git/refs/list
 */
export async function asTag(
  azureDevOps: AzureDevOps,
  request: RunRequest,
  signal?: AbortSignal,
): Promise<RunRequest | undefined> {
  const { pipeline, project, branch, branchMayBeTag } = request;
  if (!branchMayBeTag || !branch || pipeline.repository.type !== 'TfsGit') return undefined;
  const name = branch.replace('refs/heads/', '');
  const exists = async (kind: 'heads' | 'tags') => {
    const path = `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(pipeline.repository.id)}/refs`;
    const { value } = await azureDevOps.rest<References>('GET', path, { query: { filter: `${kind}/${name}` }, signal });
    return (value.value ?? []).some((reference) => reference.name === `refs/${kind}/${name}`);
  };
  try {
    if ((await exists('heads')) || !(await exists('tags'))) return undefined;
    return { ...request, branch: `refs/tags/${name}`, branchMayBeTag: false };
  } catch {
    return undefined;
  }
}

import type { AzureDevOps } from '../azureDevOps';
import type { World } from '../world';
import type { RunRequest } from './request';

interface References {
  value?: { name?: string }[];
}

/**
 * True when the repository has no branch of the requested name but a tag. Asked only after a refusal, and only where this identity
 * may read the repository; other hosts' repositories cannot be asked.
 * https://learn.microsoft.com/rest/api/azure/devops/git/refs/list
 */
export async function isTag(
  azureDevOps: AzureDevOps,
  { pipeline, project, branch }: RunRequest,
  world: World,
): Promise<boolean> {
  if (pipeline.repository.type !== 'TfsGit' || !branch) return false;
  const name = branch.replace('refs/heads/', '');
  const exists = async (kind: 'heads' | 'tags') => {
    const path = `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(pipeline.repository.id)}/refs`;
    const { value } = await azureDevOps.rest<References>('GET', path, {
      query: { filter: `${kind}/${name}` },
      signal: world.signal,
    });
    return (value.value ?? []).some((reference) => reference.name === `refs/${kind}/${name}`);
  };
  try {
    return !(await exists('heads')) && (await exists('tags'));
  } catch (error) {
    world.log.debug(`The references of the repository could not be read: ${String(error)}`);
    return false;
  }
}

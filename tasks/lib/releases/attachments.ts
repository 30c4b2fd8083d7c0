import type { AzureDevOps, Place } from '../azureDevOps';
import type { World } from '../world';
import { readRelease } from './stages';

const ATTACHMENTS: Place = {
  area: 'Release',
  id: 'a4d06688-0dfa-4895-82a5-f43ec9452306',
  name: 'attachments of a release',
};

interface Attachment {
  name?: string;
  _links?: { self?: { href?: string } };
}

/**
 * What the tasks of a release attached of one type, of the newest attempt of each stage. Each phase of a stage is a plan of its own.
 * https://learn.microsoft.com/rest/api/azure/devops/release/attachments
 * @param releases the organization on the host of its releases.
 */
export async function listReleaseAttachments(
  releases: AzureDevOps,
  { project, id }: { project: string; id: number },
  type: string,
  { signal }: World,
): Promise<{ name: string; href: string }[]> {
  const { environments = [] } = await readRelease(releases, { project, id }, { signal });
  const plans = environments.flatMap(({ id: environmentId, deploySteps = [] }) => {
    const newest = deploySteps.at(-1);
    return (newest?.releaseDeployPhases ?? []).flatMap(({ runPlanId }) =>
      runPlanId ? [{ environmentId, attemptId: newest?.attempt ?? 1, planId: runPlanId }] : [],
    );
  });
  const lists = await Promise.all(
    plans.map(async (plan) => {
      const route = { project, releaseId: id, ...plan, type };
      return (await releases.call<{ value?: Attachment[] }>('GET', ATTACHMENTS, { route, signal })).value.value ?? [];
    }),
  );
  return lists
    .flat()
    .flatMap(({ name = '', _links }) => (_links?.self?.href ? [{ name, href: _links.self.href }] : []));
}

import { Misshapen } from '../answerShape';
import type { AzureDevOps, Place } from '../azureDevOps';
import type { World } from '../world';
import { attemptOf } from './releaseEnd';
import { RELEASES, type Release } from './wire';

const ATTACHMENTS: Place = {
  area: 'Release',
  id: 'a4d06688-0dfa-4895-82a5-f43ec9452306',
  name: 'attachments of a release',
};

/** One attempt of one stage of a release. */
export interface StageAttempt {
  project: string;
  releaseId: number;
  environmentId: number;
  attempt: number;
}

interface Attachment {
  name?: string;
  _links?: { self?: { href?: string } };
}

/**
 * What the tasks of a release attached: of the stage that asks in this attempt of it, of every other stage in its newest one. Each phase of a
 * stage runs by a plan of its own.
 * https://learn.microsoft.com/rest/api/azure/devops/release/attachments/get-release-task-attachments
 * @param releases the host that the organization names for its releases.
 */
export async function listReleaseAttachments(
  releases: AzureDevOps,
  { project, releaseId, environmentId: ownId, attempt: ownAttempt }: StageAttempt,
  type: string,
  { signal }: World,
): Promise<{ name: string; href: string }[]> {
  const { value: release } = await releases.call<Release>('GET', RELEASES, { route: { project, releaseId }, signal });
  const phases = (release.environments ?? []).flatMap((stage) => {
    const attemptId = stage.id === ownId ? ownAttempt : attemptOf(stage);
    const step = stage.deploySteps?.find(({ attempt }) => attempt === attemptId);
    // A phase that has not begun has no plan, and nothing is attached to it.
    return (step?.releaseDeployPhases ?? []).flatMap(({ runPlanId: planId }) =>
      planId ? [{ environmentId: stage.id, attemptId, planId }] : [],
    );
  });
  const lists = await Promise.all(
    phases.map(async (phase) => {
      const { value } = await releases.call<{ value?: Attachment[] } | undefined>('GET', ATTACHMENTS, {
        route: { project, releaseId, ...phase, type },
        signal,
      });
      if (value && !value.value) throw new Misshapen('The service lists no attachments of this release; try again.');
      return value?.value ?? [];
    }),
  );
  // One that is passed over would be a child for which nobody waits.
  return lists.flat().map(({ name, _links }) => {
    const href = _links?.self?.href;
    if (typeof name === 'string' && typeof href === 'string') return { name, href };
    throw new Misshapen('The service does not list what is attached to this release as documented; try again.');
  });
}

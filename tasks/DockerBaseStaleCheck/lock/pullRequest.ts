import type { AzureDevOps } from '../../lib/azureDevOps';
import { ApiError, UserError } from '../../lib/errors';

/** As the service tells it. https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests */
interface GitPullRequest {
  pullRequestId: number;
  repository?: { webUrl?: string };
}

export interface PullRequest {
  id: number;
  /** Its page. */
  url: string;
}

/** Where a pull request is, or is to be. */
export interface PullRequestPlace {
  azureDevOps: AzureDevOps;
  project: string;
  /** Id of the repository. */
  repository: string;
  /** In full: `refs/heads/…`. */
  source: string;
  target: string;
}

/** The open pull request from one branch to another, if there is one. */
export async function openPullRequest(place: PullRequestPlace): Promise<PullRequest | undefined> {
  const query = {
    'searchCriteria.sourceRefName': place.source,
    'searchCriteria.targetRefName': place.target,
    'searchCriteria.status': 'active',
    $top: 1,
  };
  const { value } = await place.azureDevOps.rest<{ value?: GitPullRequest[] }>('GET', pathOf(place), { query });
  const [found] = value.value ?? [];
  return found && pullRequestOf(place, found);
}

/** Makes the pull request, or gives the text of today to the one that is open. Throws `UserError` where this identity may not. */
export async function renewPullRequest(
  place: PullRequestPlace,
  text: { title: string; description: string },
): Promise<PullRequest & { isNew: boolean }> {
  try {
    const known = await openPullRequest(place);
    if (known) {
      const call = { body: { description: text.description }, repeatable: true };
      await place.azureDevOps.rest('PATCH', `${pathOf(place)}/${known.id}`, call);
      return { ...known, isNew: false };
    }
    const body = { sourceRefName: place.source, targetRefName: place.target, ...text };
    const { value } = await place.azureDevOps.rest<GitPullRequest>('POST', pathOf(place), { body });
    return { ...pullRequestOf(place, value), isNew: true };
  } catch (error) {
    // The answer was lost, or another run was faster: there is at most one from the same branch.
    const made = error instanceof ApiError ? await openPullRequest(place).catch(() => undefined) : undefined;
    if (made) return { ...made, isNew: false };
    if (!(error instanceof ApiError)) throw error;
    throw new UserError(
      `updateLock: the locks are on the branch ${place.source}, but the pull request could not be made: ${error.message} The build service needs 'Contribute to pull requests' in this repository.`,
      { cause: error },
    );
  }
}

function pathOf({ project, repository }: PullRequestPlace): string {
  return `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(repository)}/pullrequests`;
}

function pullRequestOf(place: PullRequestPlace, { pullRequestId: id, repository }: GitPullRequest): PullRequest {
  const { azureDevOps, project } = place;
  const page =
    repository?.webUrl ?? `${azureDevOps.account.url}${encodeURIComponent(project)}/_git/${place.repository}`;
  return { id, url: `${page}/pullrequest/${id}` };
}

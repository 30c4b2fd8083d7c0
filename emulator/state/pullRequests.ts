import type { Identity } from './identity';
import { Refusal } from './refusal';
import type { Repository } from './repositories';

/** A pull request of a repository; source and target in full (`refs/heads/main`). */
export interface PullRequest {
  id: number;
  repository: Repository;
  source: string;
  target: string;
  title: string;
  description: string;
  status: 'active' | 'abandoned' | 'completed';
  createdBy: Identity;
  createdAt: number;
}

/** Opens a pull request; from one branch to another there is at most one that is active. */
export function openPullRequest(all: PullRequest[], wanted: Omit<PullRequest, 'id' | 'status'>): PullRequest {
  const isSame = (one: PullRequest) =>
    one.status === 'active' &&
    one.repository === wanted.repository &&
    one.source === wanted.source &&
    one.target === wanted.target;
  if (all.some(isSame)) {
    throw new Refusal(
      409,
      'GitPullRequestExistsException',
      'TF401179: An active pull request for the source and target branch already exists.',
    );
  }
  const made: PullRequest = { ...wanted, id: all.length + 1, status: 'active' };
  all.push(made);
  return made;
}

import { commitOf, guidOf } from './ids';
import type { Project } from './projects';
import { Refusal } from './refusal';

export interface Commit {
  id: string;
  comment: string;
  at: number;
  parents: string[];
  /** Path (with a leading slash) → content, whole at every commit. */
  files: Record<string, string>;
}

/** A repository of Azure Repos. Branches and tags lead from short names to commit ids. */
export interface Repository {
  id: string;
  name: string;
  project: Project;
  defaultBranch: string;
  branches: Record<string, string>;
  tags: Record<string, string>;
  /** Other refs with their full names, such as refs/pull/7/merge. */
  otherRefs: Record<string, string>;
  commits: Record<string, Commit>;
}

export function newRepository(project: Project, name: string, at: number): Repository {
  const repository: Repository = {
    id: guidOf(`repository/${project.id}/${name.toLowerCase()}`),
    name,
    project,
    defaultBranch: 'refs/heads/main',
    branches: {},
    tags: {},
    otherRefs: {},
    commits: {},
  };
  commit(repository, { branch: 'main', files: {}, comment: 'Initial commit', at });
  return repository;
}

export interface CommitRequest {
  /** Short name of the branch; made from the default branch's head where there is none. */
  branch: string;
  /** Changed files; an undefined content deletes one. */
  files: Record<string, string | undefined>;
  comment?: string;
  at: number;
}

/** Puts a commit on a branch, and the branch on it. */
export function commit(repository: Repository, request: CommitRequest): Commit {
  const parent = repository.branches[request.branch] ?? repository.branches[shortName(repository.defaultBranch)];
  const files = { ...(parent === undefined ? {} : repository.commits[parent]?.files) };
  for (const [path, content] of Object.entries(request.files)) {
    const rooted = path.startsWith('/') ? path : `/${path}`;
    if (content === undefined) Reflect.deleteProperty(files, rooted);
    else files[rooted] = content;
  }
  const comment = request.comment ?? 'Update';
  const id = commitOf(`${repository.id}/${request.branch}/${Object.keys(repository.commits).length}/${comment}`);
  const made = { id, comment, at: request.at, parents: parent === undefined ? [] : [parent], files };
  repository.commits[id] = made;
  repository.branches[request.branch] = id;
  return made;
}

export function shortName(refName: string): string {
  return refName.replace(/^refs\/(heads|tags)\//, '');
}

/** All refs with full names, sorted by name. */
export function refsOf(repository: Repository): { name: string; commit: string }[] {
  return [
    ...Object.entries(repository.branches).map(([name, id]) => ({ name: `refs/heads/${name}`, commit: id })),
    ...Object.entries(repository.tags).map(([name, id]) => ({ name: `refs/tags/${name}`, commit: id })),
    ...Object.entries(repository.otherRefs).map(([name, id]) => ({ name, commit: id })),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The commit that a full ref name stands for; names are compared as git does, with regard to case. */
export function commitOfRef(repository: Repository, refName: string): string | undefined {
  return refsOf(repository).find((ref) => ref.name === refName)?.commit;
}

export function repositoryNotFound(nameOrId: string): Refusal {
  return new Refusal(
    404,
    'GitRepositoryNotFoundException',
    `TF401019: The Git repository with name or identifier ${nameOrId} does not exist or you do not have permissions for the operation you are attempting.`,
  );
}

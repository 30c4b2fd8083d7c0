import { commitOf } from '../state/ids';
import { may } from '../state/identity';
import { Refusal } from '../state/refusal';
import { commitOfRef, refsOf, repositoryNotFound, type Commit, type Repository } from '../state/repositories';
import { location } from './resources';
import { listReply, page, projectOf, queryFlag, queryNumber, type Reply, type Route, type RouteCall } from './route';
import { identityRef, projectRef, time } from './wire';

const collection = '{project}/_apis/git/repositories';
const one = `${collection}/{repositoryId}`;

export const gitRoutes: Route[] = [
  { method: 'GET', template: collection, resource: location.gitRepositories, handle: listRepositories },
  {
    method: 'GET',
    template: one,
    resource: location.gitRepositories,
    handle: (call) => ({ json: repositoryWire(call, repositoryOf(call)) }),
  },
  { method: 'GET', template: `${one}/refs`, resource: location.gitRefs, handle: listRefs },
  { method: 'GET', template: `${one}/items`, resource: location.gitItems, handle: getItem },
  { method: 'GET', template: `${one}/commits`, resource: location.gitCommits, handle: listCommits },
  { method: 'GET', template: `${one}/commits/{commitId}`, resource: location.gitCommits, handle: getCommit },
];

function readable(call: RouteCall, repository: Repository): boolean {
  return may(call.access, 'readRepository') && (call.access.repositories?.includes(repository.name) ?? true);
}

function listRepositories(call: RouteCall): Reply {
  const project = projectOf(call);
  const own = call.state.repositories.filter(
    (repository) => repository.project === project && readable(call, repository),
  );
  return listReply(own.map((repository) => repositoryWire(call, repository)));
}

/** The repository of the address, as far as this identity may read it. */
export function repositoryOf(call: RouteCall): Repository {
  const nameOrId = call.params.repositoryId ?? '';
  const repository = call.state.findRepository(projectOf(call), nameOrId);
  if (!repository || !readable(call, repository)) throw repositoryNotFound(nameOrId);
  return repository;
}

export function repositoryUrl(call: RouteCall, repository: Repository): string {
  return `${call.base}${repository.project.id}/_apis/git/repositories/${repository.id}`;
}

/** As the service tells it. */
export function repositoryWire(call: RouteCall, repository: Repository): object {
  const web = `${call.base}${encodeURIComponent(repository.project.name)}/_git/${encodeURIComponent(repository.name)}`;
  return {
    id: repository.id,
    name: repository.name,
    url: repositoryUrl(call, repository),
    project: projectRef(call, repository.project),
    defaultBranch: repository.defaultBranch,
    size: 4096,
    remoteUrl: web,
    sshUrl: `git@ssh.example:v3/${repository.project.name}/${repository.name}`,
    webUrl: web,
    isDisabled: false,
    isInMaintenance: false,
  };
}

/** `filter` is the beginning of the name after refs/, `filterContains` any part of it. */
function listRefs(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  const start = `refs/${call.query.get('filter') ?? ''}`;
  const part = call.query.get('filtercontains') ?? '';
  const found = refsOf(repository).filter((ref) => ref.name.startsWith(start) && ref.name.includes(part));
  const { items, headers } = page(call, found, 1000);
  return listReply(
    items.map((ref) => ({
      name: ref.name,
      objectId: ref.commit,
      creator: identityRef(call, call.state.owner),
      url: `${repositoryUrl(call, repository)}/refs?filter=${encodeURIComponent(ref.name.slice('refs/'.length))}`,
    })),
    headers,
  );
}

/** The commit that versionDescriptor names; throws TF401175 where there is none. */
function versionOf(call: RouteCall, repository: Repository): { commit: Commit; shown: string } {
  const type = (call.query.get('versiondescriptor.versiontype') ?? 'branch').toLowerCase();
  const version = call.query.get('versiondescriptor.version') ?? repository.defaultBranch.replace('refs/heads/', '');
  const id =
    type === 'commit' ? version : commitOfRef(repository, `refs/${type === 'tag' ? 'tags' : 'heads'}/${version}`);
  const commit = id === undefined ? undefined : repository.commits[id];
  const shown = `<${type === 'commit' ? 'Commit' : type === 'tag' ? 'Tag' : 'Branch'}: ${version} >`;
  if (commit) return { commit, shown };
  throw new Refusal(
    404,
    'GitUnresolvableToCommitException',
    `TF401175:The version descriptor ${shown} could not be resolved to a version in the repository ${repository.name}`,
  );
}

/** One file: its text, or with `$format=json` or an Accept of JSON its description (with `includeContent` both). */
function getItem(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  const { commit, shown } = versionOf(call, repository);
  const asked = call.query.get('path') ?? call.query.get('scopepath') ?? '/';
  const path = asked.startsWith('/') ? asked : `/${asked}`;
  if (call.query.get('path') === undefined) return listItems(call, repository, commit, path);
  const text = commit.files[path];
  if (text === undefined) {
    throw new Refusal(
      404,
      'GitItemNotFoundException',
      `TF401174: The item '${asked}' could not be found in the repository '${repository.name}' at the version specified by '${shown}' (resolved to commit '${commit.id}')`,
    );
  }
  const format = call.query.get('$format')?.toLowerCase();
  if (format === 'json' || (format === undefined && call.accept.includes('application/json'))) {
    return {
      json: itemWire(call, { repository, commit, path, text: queryFlag(call, 'includeContent') ? text : undefined }),
    };
  }
  return {
    bytes: Buffer.from(text),
    contentType: format === 'text' || call.accept.includes('text/plain') ? 'text/plain' : 'application/octet-stream',
  };
}

function listItems(call: RouteCall, repository: Repository, commit: Commit, under: string): Reply {
  const prefix = under.endsWith('/') ? under : `${under}/`;
  const paths = Object.keys(commit.files).filter((path) => path === under || path.startsWith(prefix));
  return listReply(paths.map((path) => itemWire(call, { repository, commit, path, text: undefined })));
}

interface Item {
  repository: Repository;
  commit: Commit;
  path: string;
  text: string | undefined;
}

function itemWire(call: RouteCall, { repository, commit, path, text }: Item): object {
  return {
    objectId: commitOf(`blob/${commit.files[path] ?? ''}`),
    gitObjectType: 'blob',
    commitId: commit.id,
    path,
    ...(text === undefined ? {} : { content: text }),
    url: `${repositoryUrl(call, repository)}/items${path}?versionType=Commit&version=${commit.id}`,
  };
}

function commitWire(call: RouteCall, repository: Repository, commit: Commit): object {
  const author = { name: call.state.owner.displayName, email: call.state.owner.uniqueName, date: time(commit.at) };
  return {
    commitId: commit.id,
    author,
    committer: author,
    comment: commit.comment,
    url: `${repositoryUrl(call, repository)}/commits/${commit.id}`,
    remoteUrl: `${call.base}${encodeURIComponent(repository.project.name)}/_git/${encodeURIComponent(repository.name)}/commit/${commit.id}`,
  };
}

/** The history of a version by first parents, newest first. */
function listCommits(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  const criteria = [...call.query].filter(([name]) => name.startsWith('searchcriteria.itemversion.'));
  const query = new Map(
    criteria.map(([name, value]) => [name.replace('searchcriteria.itemversion', 'versiondescriptor'), value]),
  );
  let next: Commit | undefined = versionOf({ ...call, query }, repository).commit;
  const history: Commit[] = [];
  while (next) {
    history.push(next);
    next = repository.commits[next.parents[0] ?? ''];
  }
  const skip = queryNumber(call, 'searchCriteria.$skip') ?? 0;
  const top = queryNumber(call, 'searchCriteria.$top') ?? 100;
  return listReply(history.slice(skip, skip + top).map((commit) => commitWire(call, repository, commit)));
}

function getCommit(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  const id = call.params.commitId ?? '';
  const commit = repository.commits[id];
  if (!commit) {
    throw new Refusal(404, 'GitCommitDoesNotExistException', `TF401035: The object '${id}' does not exist.`);
  }
  return { json: { treeId: commitOf(`tree/${id}`), ...commitWire(call, repository, commit), parents: commit.parents } };
}

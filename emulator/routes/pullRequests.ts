import { commitOf } from '../state/ids';
import { may } from '../state/identity';
import { optionalText, textOf } from '../state/json';
import { openPullRequest, type PullRequest } from '../state/pullRequests';
import { Refusal } from '../state/refusal';
import { repositoryOf, repositoryUrl, repositoryWire } from './git';
import { location } from './resources';
import { bodyMap, listReply, page, type Reply, type Route, type RouteCall } from './route';
import { identityRef, time } from './wire';

const collection = '{project}/_apis/git/repositories/{repositoryId}/pullrequests';
const one = `${collection}/{pullRequestId}`;

export const pullRequestRoutes: Route[] = [
  { method: 'GET', template: collection, resource: location.gitPullRequests, handle: listPullRequests },
  { method: 'POST', template: collection, resource: location.gitPullRequests, handle: createPullRequest },
  {
    method: 'GET',
    template: one,
    resource: location.gitPullRequests,
    handle: (call) => ({ json: wire(call, find(call)) }),
  },
  { method: 'PATCH', template: one, resource: location.gitPullRequests, handle: updatePullRequest },
];

function listPullRequests(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  const criterion = (name: string) => call.query.get(`searchcriteria.${name}`);
  const status = criterion('status') ?? 'active';
  const found = call.state.pullRequests.filter(
    (request) =>
      request.repository === repository &&
      (status === 'all' || request.status === status) &&
      request.source === (criterion('sourcerefname') ?? request.source) &&
      request.target === (criterion('targetrefname') ?? request.target),
  );
  const { items, headers } = page(call, found.toReversed(), 101);
  return listReply(
    items.map((request) => wire(call, request)),
    headers,
  );
}

function createPullRequest(call: RouteCall): Reply {
  const repository = repositoryOf(call);
  demandContribute(call);
  const { sourceRefName, targetRefName, title, description } = bodyMap(call);
  const [source, target] = [textOf(sourceRefName), textOf(targetRefName)];
  if (!source.startsWith('refs/heads/') || !target.startsWith('refs/heads/') || !textOf(title)) {
    throw new Refusal(
      400,
      'InvalidArgumentValueException',
      'TF401176: A source branch, a target branch and a title are needed for a pull request.',
    );
  }
  const made = openPullRequest(call.state.pullRequests, {
    ...{ repository, source, target, title: textOf(title), description: textOf(description) },
    ...{ createdBy: call.access.identity, createdAt: call.state.clock.now() },
  });
  return { status: 201, json: wire(call, made) };
}

function updatePullRequest(call: RouteCall): Reply {
  const request = find(call);
  demandContribute(call);
  const { title, description, status } = bodyMap(call);
  request.title = optionalText(title) ?? request.title;
  request.description = optionalText(description) ?? request.description;
  if (status === 'abandoned' || status === 'completed' || status === 'active') request.status = status;
  return { json: wire(call, request) };
}

function find(call: RouteCall): PullRequest {
  const repository = repositoryOf(call);
  const id = Number(call.params.pullRequestId);
  const request = call.state.pullRequests.find((known) => known.repository === repository && known.id === id);
  if (request) return request;
  throw new Refusal(404, 'GitPullRequestNotFoundException', 'TF401180: The requested pull request was not found.');
}

function demandContribute({ access }: RouteCall): void {
  if (may(access, 'contributePullRequests')) return;
  throw new Refusal(
    403,
    'GitNeedsPermissionException',
    `TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: identity '${access.identity.displayName}', scope 'repository'.`,
  );
}

function wire(call: RouteCall, request: PullRequest): object {
  const { id, repository, source, target, title, description, status, createdBy, createdAt } = request;
  return {
    ...{ repository: repositoryWire(call, repository), pullRequestId: id, codeReviewId: id, status },
    ...{ createdBy: identityRef(call, createdBy), creationDate: time(createdAt), title, description },
    ...{ sourceRefName: source, targetRefName: target, mergeStatus: 'succeeded', isDraft: false },
    mergeId: '00000000-0000-0000-0000-000000000000',
    lastMergeSourceCommit: { commitId: commitOf(source) },
    lastMergeTargetCommit: { commitId: commitOf(target) },
    reviewers: [],
    url: `${repositoryUrl(call, repository)}/pullRequests/${id}`,
    supportsIterations: true,
  };
}

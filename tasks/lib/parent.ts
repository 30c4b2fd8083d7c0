import type { Agent } from './agent';

/** The run or release in which the task executes. In a shell there is none. */
export interface Parent {
  kind: 'run' | 'release';
  id: number;
  name: string;
  url: string;
  /** Organization or collection URL with a trailing slash. */
  organization: string;
  project: string;
  projectId: string | undefined;
  /** Put on every child: `cascade-parent-<run id>` or `cascade-parent-release-<id>`. */
  tag: string;
  /** Who the parent runs for. */
  requestedFor: { id: string | undefined; name: string | undefined };
  /** Where in the parent the step stands; the same in every attempt of it. */
  step: { stage: string; job: string; name: string };
  /** How often the job, or the stage of a release, has been tried, from 1. */
  attempt: number;
}

export function readParent(agent: Agent): Parent | undefined {
  const host = agent.variable('System.HostType');
  const collection = agent.variable('System.CollectionUri') ?? agent.variable('System.TeamFoundationCollectionUri');
  const project = agent.variable('System.TeamProject');
  if (!host || !collection || !project) return undefined;
  const release = host !== 'build';
  const id = Number(agent.variable(release ? 'Release.ReleaseId' : 'Build.BuildId'));
  if (!Number.isSafeInteger(id) || id <= 0) return undefined;
  const organization = `${collection.replace(/\/+$/, '')}/`;
  const pages = `${organization}${encodeURIComponent(project)}`;
  const common = { id, organization, project, projectId: agent.variable('System.TeamProjectId') };
  const step = agent.variable('System.TaskInstanceName') ?? agent.variable('Task.DisplayName') ?? 'step';
  if (release) {
    return {
      ...common,
      kind: 'release',
      name: agent.variable('Release.ReleaseName') ?? `Release ${id}`,
      url:
        agent.variable('Release.ReleaseWebUrl') ??
        `${pages}/_releaseProgress?_a=release-pipeline-progress&releaseId=${id}`,
      tag: `cascade-parent-release-${id}`,
      requestedFor: person(agent, 'Release.Deployment.RequestedFor') ?? { id: undefined, name: undefined },
      step: {
        stage: agent.variable('Release.EnvironmentName') ?? 'stage',
        job: agent.variable('System.PhaseName') ?? agent.variable('Agent.JobName') ?? 'job',
        name: step,
      },
      attempt: positive(agent.variable('Release.AttemptNumber')),
    };
  }
  return {
    ...common,
    kind: 'run',
    name: agent.variable('Build.BuildNumber') ?? String(id),
    url: `${pages}/_build/results?buildId=${id}`,
    tag: `cascade-parent-${id}`,
    requestedFor: person(agent, 'Build.RequestedFor') ?? { id: undefined, name: undefined },
    step: {
      stage: agent.variable('System.StageName') ?? '__default',
      // A matrix makes several jobs of one phase; System.JobName then names the leg.
      job: [agent.variable('System.PhaseName'), agent.variable('System.JobName')].filter(Boolean).join('.') || 'job',
      name: step,
    },
    attempt: Math.max(positive(agent.variable('System.JobAttempt')), positive(agent.variable('System.StageAttempt'))),
  };
}

function person(agent: Agent, variable: string): Parent['requestedFor'] | undefined {
  const name = agent.variable(variable);
  return name ? { id: agent.variable(`${variable}Id`), name } : undefined;
}

function positive(text: string | undefined): number {
  const number = Number(text ?? '1');
  return Number.isSafeInteger(number) && number > 0 ? number : 1;
}

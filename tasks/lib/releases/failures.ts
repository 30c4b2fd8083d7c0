import { shorten } from '../log';
import type { DeployTask, Environment, Issue } from './wire';

const LONGEST_LINE = 500;
const MOST_ERRORS = 5;

/** Jobs and tasks of the newest attempt of a stage. */
export function tasksOf({ deploySteps = [] }: Environment): { job: string; task: DeployTask }[] {
  const phases = deploySteps.at(-1)?.releaseDeployPhases ?? [];
  return phases.flatMap(({ deploymentJobs }) =>
    (deploymentJobs ?? []).flatMap(({ job, tasks }) =>
      (tasks ?? []).map((task) => ({ job: job?.name ?? 'job', task })),
    ),
  );
}

/** What failed of a release: stages, jobs, tasks, each with its first error lines. */
export function failureLines(environments: Environment[]): string[] {
  return environments
    .filter(({ status }) => status?.toLowerCase() === 'rejected')
    .flatMap((environment) => {
      const step = environment.deploySteps?.at(-1);
      const failed = tasksOf(environment).filter(({ task }) => task.status?.toLowerCase() === 'failed');
      const own = errors(step?.issues).map((text) => `  ${text}`);
      return [
        `${environment.name}: ${reasonOf(step?.operationStatus)}`,
        ...own,
        ...failed.flatMap(({ job, task }) => [
          `${environment.name} > ${job} > ${task.name ?? 'task'}: failed${task.logUrl ? `  ${task.logUrl}` : ''}`,
          ...errors(task.issues).map((text) => `  ${text}`),
        ]),
      ];
    });
}

function reasonOf(operation = ''): string {
  switch (operation.toLowerCase()) {
    case 'rejected':
      return 'an approval was rejected';
    case 'gatefailed':
      return 'its gates failed';
    default:
      return 'rejected';
  }
}

function errors(issues: Issue[] | null | undefined): string[] {
  return (issues ?? [])
    .filter(({ issueType, message }) => issueType?.toLowerCase() === 'error' && message)
    .slice(0, MOST_ERRORS)
    .map(({ message }) => shorten((message ?? '').replace(/\s+/g, ' ').trim(), LONGEST_LINE));
}

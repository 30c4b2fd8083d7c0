import { checkSummary } from '../../tasks/DockerBaseStaleCheck/summary';
import type { CheckedDockerfile } from '../../tasks/DockerBaseStaleCheck/checked';
import type { StaleVerdict } from '../../tasks/DockerBaseStaleCheck/verdicts';
import { summaryMarkdown as releaseSummary } from '../../tasks/TriggerRelease/report';
import type { ReleaseChild } from '../../tasks/lib/releases/child';
import type { Child } from '../../tasks/lib/runs/child';
import { summaryMarkdown } from '../../tasks/lib/runs/summary';

const organization = 'https://dev.azure.com/contoso/';

/** A started run; its stages as `name result`. */
export function child(name: string, more: Partial<Child>, stages: string[] = []): Child {
  const id = 1000 + name.length;
  return {
    organization,
    project: 'Fabrikam',
    id,
    name,
    number: '20261121.4',
    url: `${organization}Fabrikam/_build/results?buildId=${id}`,
    item: '',
    attempt: 1,
    branch: 'refs/heads/main',
    commit: '',
    stages: [],
    given: [],
    ...more,
    progress: {
      status: 'completed',
      startTime: '2026-11-21T04:00:00Z',
      finishTime: '2026-11-21T04:12:30Z',
      stages: stages.map((text) => {
        const [stage = '', result = ''] = text.split(' ');
        return { name: stage, displayName: stage, state: 'completed', result, attempt: 1 };
      }),
      ...more.progress,
    } as Child['progress'],
  };
}

export function dockerfile(path: string, verdict: StaleVerdict, reason: string, base: string): CheckedDockerfile {
  return { path, verdict, reason, values: { base } } as unknown as CheckedDockerfile;
}

function release(definition: string, result: ReleaseChild['result'], stages: [string, string][]): ReleaseChild {
  const environments = stages.map(([name, status], index) => ({ id: index + 1, name, status }));
  const url = `${organization}Fabrikam/_releaseProgress?releaseId=7`;
  return { definition, name: 'Release-7', url, given: ['ring'], environments, result } as unknown as ReleaseChild;
}

/** What each task adds to a run, as it is written by the tasks. */
export function summaries(): { title: string; markdown: string }[] {
  const runs = [
    child('r-image', { result: 'failed', given: ['image', 'version'], item: 'r-base' }, [
      'Build succeeded',
      'Test failed',
    ]),
    child('python-image', { result: 'succeeded', given: ['image'] }, ['Build succeeded', 'Test succeeded']),
    child('docs', { result: 'partiallySucceeded' }),
    child('nightly-scan', { result: 'timedOut', reason: 'did not end within 90 minutes' }, ['Scan started']),
  ];
  const checked = [
    dockerfile(
      'images/r/Dockerfile',
      'stale',
      'the base image was updated on 2026-11-19',
      'docker.io/library/r-base:4.4',
    ),
    dockerfile(
      'images/python/Dockerfile',
      'fresh',
      'built since the base image was updated',
      'docker.io/library/python:3.13',
    ),
    dockerfile('images/tools/Dockerfile', 'unknown', 'registry.example did not answer', 'registry.example/tools:1'),
  ];
  const releases = [
    release('Deploy api', 'failed', [
      ['Dev', 'succeeded'],
      ['Live', 'rejected'],
    ]),
  ];
  return [
    { title: 'Pipeline Cascade rebuild', markdown: summaryMarkdown(runs) },
    { title: 'Pipeline Cascade deploy', markdown: releaseSummary(releases) },
    { title: 'Base images check', markdown: checkSummary(checked) },
  ];
}

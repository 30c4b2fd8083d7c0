import type { ContainerState, ContainerStatus, Job, Pod } from './objects';
import type { Problem, Workload } from '../plan/workload';
import { marks, purposeOfLabels } from './marks';

/** What these reasons of a waiting container say in the end: that nothing will come of it without a person. */
const imageReasons = ['ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'];
const refusals = ['CreateContainerError', 'RunContainerError', 'CreateContainerConfigError'];

/** Times come as text from a watch and as a Date from a list. */
export function timeOf(time: Date | string | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime();
}

/** A Job and its pods as the plan sees them; undefined when its labels do not say what it was made for. */
export function workloadOf(job: Job, pods: readonly Pod[], host: string): Workload | undefined {
  const { name, labels, annotations, creationTimestamp, deletionTimestamp } = job.metadata ?? {};
  const purpose = purposeOfLabels(labels);
  const createdAt = timeOf(creationTimestamp);
  if (name === undefined || purpose === undefined || createdAt === undefined) return undefined;
  const pod = [...pods].sort(
    (a, b) => (timeOf(b.metadata?.creationTimestamp) ?? 0) - (timeOf(a.metadata?.creationTimestamp) ?? 0),
  )[0];
  const agent = pod && agentStatus(pod, job);
  const handed = annotations?.[marks.handed] !== undefined;
  const startedAt = timeOf(agent?.state?.running?.startedAt ?? agent?.state?.terminated?.startedAt);
  const finishedAt = finishTime(job, agent?.state);
  const problem = problemOf(job, pod, agent?.state, handed);
  const state = deletionTimestamp === undefined ? stateOf(job, pod, agent?.state) : 'ending';
  return {
    name,
    host,
    poolId: Number(labels?.[marks.pool]),
    profile: labels?.[marks.profile] ?? '',
    purpose,
    state,
    createdAt,
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    handed,
    ...((state === 'succeeded' || state === 'failed') && pod?.status?.phase === 'Running' && { sideCarsRun: true }),
    ...(problem && { problem }),
  };
}

function agentStatus(pod: Pod, job: Job): ContainerStatus | undefined {
  const containers = job.spec?.template.spec?.containers;
  const name = (containers?.find((container) => container.name === 'agent') ?? containers?.[0])?.name;
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}

/** The agent's container tells before its Job does, and where side-cars run on, the Job never would. */
function stateOf(job: Job, pod: Pod | undefined, agent: ContainerState | undefined): Workload['state'] {
  if (hasCondition(job, 'Complete')) return 'succeeded';
  if (hasCondition(job, 'Failed')) return 'failed';
  if (agent?.terminated) return agent.terminated.exitCode === 0 ? 'succeeded' : 'failed';
  if (pod?.status?.phase === 'Succeeded') return 'succeeded';
  if (pod?.status?.phase === 'Failed') return 'failed';
  return agent?.running ? 'running' : 'pending';
}

function hasCondition(job: Job, type: string): boolean {
  return job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

function finishTime(job: Job, agent: ContainerState | undefined): number | undefined {
  const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return timeOf(agent?.terminated?.finishedAt ?? job.status?.completionTime ?? failed?.lastTransitionTime);
}

function problemOf(
  job: Job,
  pod: Pod | undefined,
  agent: ContainerState | undefined,
  handed: boolean,
): Problem | undefined {
  const ended = agent?.terminated;
  if (job.status?.conditions?.some(({ type, reason }) => type === 'Failed' && reason === 'DeadlineExceeded')) {
    return { reason: 'deadline', text: 'the Job reached its activeDeadlineSeconds' };
  }
  if (pod?.status?.reason === 'Evicted')
    return { reason: 'evicted', text: sentence('the pod was evicted', pod.status.message) };
  if (ended && ended.exitCode !== 0) {
    return { reason: 'exit', text: sentence(`the agent ended with exit code ${ended.exitCode}`, ended.reason) };
  }
  return waitingProblem(pod, agent, handed);
}

function waitingProblem(pod: Pod | undefined, agent: ContainerState | undefined, handed: boolean): Problem | undefined {
  const unscheduled = pod?.status?.conditions?.find(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable',
  );
  if (unscheduled) return { reason: 'noRoom', text: sentence('no node takes the pod', unscheduled.message) };
  // Any container of the pod can hold it up, an init container or a side-car too.
  const states = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
  for (const { name, image, state } of [...states, { name: 'agent', image: '', state: agent }]) {
    const { reason = '', message } = state?.waiting ?? {};
    if (imageReasons.includes(reason)) {
      return {
        reason: 'image',
        text: sentence(`the image ${image} of the container '${name}' cannot be pulled`, message ?? reason),
      };
    }
    // Until the registration is there the container waits for the Secret, which is as it should be.
    if (refusals.includes(reason) && (handed || reason !== 'CreateContainerConfigError')) {
      return { reason: 'refused', text: sentence(`the container '${name}' cannot be made`, message ?? reason) };
    }
  }
  return undefined;
}

function sentence(text: string, detail: string | undefined): string {
  return detail ? `${text}: ${detail}` : text;
}

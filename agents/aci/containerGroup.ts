import type { ContainerGroup, EnvironmentVariable } from '@azure/arm-containerinstance';
import type { AgentSpec, Registration, RegistrationWay } from '../agentHost';
import type { AciConfig } from '../config';
import type { Purpose } from '../plan/names';
import type { Problem, Workload } from '../plan/workload';

const registrationPath = '/run/agent-registration';
const registrationVolume = 'agent-registration';
const area = 'pipeline-cascade';

/** Tags that carry the orchestrator's state. A tag's name may not hold a `/`. */
const tags = {
  instance: area,
  pool: `${area}-pool-id`,
  profile: `${area}-profile`,
  request: `${area}-request-id`,
  attempt: `${area}-attempt`,
  idle: `${area}-idle`,
  created: `${area}-created`,
  run: `${area}-run-url`,
} as const;

export interface GroupSettings {
  instance: string;
  way: RegistrationWay;
  aci: AciConfig;
  now: number;
}

/** The container group of one agent. Its registration is a secret volume or a secure value, neither of which can be read back. */
export function agentGroup(spec: AgentSpec, registration: Registration, settings: GroupSettings): ContainerGroup {
  const { aci, way } = settings;
  const { registry, subnetId } = aci;
  const byKey = way === 'key';
  return {
    location: aci.region,
    tags: tagsOf(spec, settings),
    osType: 'Linux',
    // An agent runs one job. A container that fails may be restarted in spite of this, so its entry point ends with 0 always.
    restartPolicy: 'Never',
    ...(subnetId && { subnetIds: [{ id: subnetId }] }),
    ...(registry && { imageRegistryCredentials: [{ ...registry }] }),
    ...(registry?.identity && {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [registry.identity]: {} } },
    }),
    ...(byKey && { volumes: [{ name: registrationVolume, secret: encoded(registration) }] }),
    containers: [
      {
        name: 'agent',
        image: spec.profile.image ?? '',
        resources: {
          requests: { cpu: spec.profile.cpu ?? aci.cpu, memoryInGB: spec.profile.memoryGb ?? aci.memoryGb },
        },
        environmentVariables: variables(spec, registration, way),
        ...(byKey && { volumeMounts: [{ name: registrationVolume, mountPath: registrationPath, readOnly: true }] }),
      },
    ],
  };
}

function encoded(registration: Registration): Record<string, string> {
  const entries = Object.entries(registration);
  return Object.fromEntries(entries.map(([name, content]) => [name, Buffer.from(content).toString('base64')]));
}

function variables(
  { name, orgUrl, pool, profile }: AgentSpec,
  registration: Registration,
  way: RegistrationWay,
): EnvironmentVariable[] {
  const capabilities = Object.entries(profile.capabilities).map(([key, value]) => ({ name: key, value }));
  if (way === 'key') return capabilities;
  return [
    { name: 'AZP_URL', value: orgUrl },
    { name: 'AZP_POOL', value: pool.name },
    { name: 'AZP_AGENT_NAME', value: name },
    ...Object.entries(registration).map(([key, secureValue]) => ({ name: key, secureValue })),
    { name: 'VSO_AGENT_IGNORE', value: 'AZP_TOKEN,VSO_AGENT_IGNORE' },
    ...capabilities,
  ];
}

function tagsOf(
  { purpose, pool, profile, request }: AgentSpec,
  { instance, now }: GroupSettings,
): Record<string, string> {
  return {
    [tags.instance]: instance,
    [tags.pool]: String(pool.id),
    [tags.profile]: profile.name,
    ...('idle' in purpose
      ? { [tags.idle]: String(purpose.idle) }
      : { [tags.request]: String(purpose.requestId), [tags.attempt]: String(purpose.attempt) }),
    [tags.created]: new Date(now).toISOString(),
    ...(request?.runUrl && { [tags.run]: request.runUrl.slice(0, 256) }),
  };
}

/** True for a group that this orchestrator made. */
export function isMadeGroup(group: ContainerGroup, instance: string): boolean {
  return group.tags?.[tags.instance] === instance;
}

/** A group as the plan sees it; undefined when its tags do not say what it was made for. */
export function workloadOfGroup(group: ContainerGroup, host: string): Workload | undefined {
  const purpose = purposeOfTags(group.tags ?? {});
  const createdAt = Date.parse(group.tags?.[tags.created] ?? '');
  if (group.name === undefined || purpose === undefined || Number.isNaN(createdAt)) return undefined;
  const current = group.containers[0]?.instanceView?.currentState;
  const state = stateOf(group);
  const problem = problemOf(group, state);
  return {
    name: group.name,
    host,
    poolId: Number(group.tags?.[tags.pool]),
    profile: group.tags?.[tags.profile] ?? '',
    purpose,
    state,
    createdAt,
    ...(current?.startTime && state !== 'pending' && { startedAt: current.startTime.getTime() }),
    ...(current?.finishTime && { finishedAt: current.finishTime.getTime() }),
    handed: true,
    ...(problem && { problem }),
  };
}

function purposeOfTags(values: Record<string, string>): Purpose | undefined {
  if (values[tags.idle] !== undefined) return { idle: Number(values[tags.idle]) };
  if (values[tags.request] === undefined) return undefined;
  return { requestId: Number(values[tags.request]), attempt: Number(values[tags.attempt] ?? 1) };
}

function stateOf({ provisioningState, instanceView, containers }: ContainerGroup): Workload['state'] {
  const current = containers[0]?.instanceView?.currentState;
  if (provisioningState === 'Deleting') return 'ending';
  if (current?.state === 'Terminated') return current.exitCode === 0 ? 'succeeded' : 'failed';
  if (provisioningState === 'Failed' || instanceView?.state === 'Failed' || instanceView?.state === 'Stopped')
    return 'failed';
  return current?.state === 'Running' ? 'running' : 'pending';
}

function problemOf({ instanceView, containers }: ContainerGroup, state: Workload['state']): Problem | undefined {
  const view = containers[0]?.instanceView;
  const current = view?.currentState;
  if (state === 'running' || state === 'succeeded' || state === 'ending') return undefined;
  if (state === 'failed' && current?.exitCode !== undefined) {
    const detail = current.detailStatus ? `: ${current.detailStatus}` : '';
    return { reason: 'exit', text: `the agent ended with exit code ${current.exitCode}${detail}` };
  }
  const warning = [...(view?.events ?? []), ...(instanceView?.events ?? [])].findLast(({ type }) => type === 'Warning');
  if (warning === undefined) return state === 'failed' ? { reason: 'other', text: 'the group failed' } : undefined;
  const text = warning.message ?? warning.name ?? '';
  return { reason: /pull|image/i.test(`${warning.name ?? ''} ${text}`) ? 'image' : 'other', text };
}

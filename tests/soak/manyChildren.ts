import type { Emulator } from '../../emulator/server';
import type { Entra } from '../../emulator/entra/server';
import type { JobOptions } from '../agent/agent';
import { CONNECTION, federate, jobVariables, OTHER_PROJECT, PROJECT, workloadIdentity } from '../signin/scene';
import { taskFolder } from '../tasks/taskFolder';

const YAML = `
parameters: [{ name: image, type: string, default: none }]
stages: [{ stage: Build, jobs: [{ job: build, steps: [{ script: docker build . }] }] }]
`;

/** The organization of the job, the one in which its children run, and the login by which the job gets in there. */
export interface Servers {
  own: Emulator;
  other: Emulator;
  entra: Entra;
}

export interface Load {
  children: number;
  /** How long each of them runs, in milliseconds. */
  durationMs: number;
  inputs?: Record<string, string>;
}

/**
 * A step that starts so many runs in another organization and waits for them, signed in by workload identity: the service connection holds no
 * secret, each token is asked for with an assertion of the own organization.
 */
export async function stepOfMany(servers: Servers, { children, durationMs, inputs }: Load): Promise<JobOptions> {
  const { own, other } = servers;
  if (!own.state.findProject(PROJECT)) own.state.addProject(PROJECT);
  other.state.addProject(OTHER_PROJECT);
  const { id } = other.state.addPipeline({ name: 'rebuild', yaml: YAML, script: { durationMs } });
  federate(servers, own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' }));
  const items = Array.from({ length: children }, (_, at) => `- { name: i${at}, parameters: { image: i${at} } }`);
  return {
    taskFolder: await taskFolder('TriggerPipeline'),
    inputs: {
      azureDevOpsServiceConnection: CONNECTION,
      project: OTHER_PROJECT,
      pipeline: String(id),
      runs: items.join('\n'),
      ...inputs,
    },
    stepName: 'rebuild',
    variables: jobVariables(own),
    systemConnection: { url: own.url, token: own.token },
    endpoints: [workloadIdentity(servers)],
  };
}

/** What a request is there for. */
export type Purpose = 'plan' | 'start' | 'look' | 'timeline' | 'token' | 'other';

/** @param route as the emulator calls it; `login` at Microsoft Entra ID. */
export function purposeOf({ method, route, path }: { method: string; route: string; path: string }): Purpose {
  if (route === 'login' || route.endsWith('oidctoken')) return 'token';
  if (method === 'POST') return 'start';
  if (path.includes('buildIds=')) return 'look';
  if (route.toLowerCase().includes('timeline')) return 'timeline';
  return method === 'OPTIONS' || path.includes('definitions') ? 'plan' : 'other';
}

import type { BatchV1Api, CoreV1Api, V1Job, V1Namespace, V1Secret } from '@kubernetes/client-node';
import { UserError } from '../../tasks/lib/errors';
import type { AgentSpec } from '../agentHost';
import { agentJob, registrationSecret, type JobSettings } from './agentJob';
import { messageOf, statusOf } from './apiError';
import type { JobTemplate } from './jobTemplate';
import { toClient } from './objects';

const bindRole =
  'bind the Role of agents/deploy/kubernetes/role.yaml to its ServiceAccount there, or correct JOB_NAMESPACE';

/** The sentence for a namespace where something that the orchestrator needs is refused. */
export function mayNotWork(namespace: string, error: unknown): UserError {
  return new UserError(
    `JOB_NAMESPACE is '${namespace}', where the orchestrator may not work (${messageOf(error)}): ${bindRole}.`,
    { cause: error },
  );
}

/**
 * Has the server try, without making anything, one agent of every profile: that shows a namespace that is not there, a right that is
 * missing and a template that the cluster does not take. Throws `UserError` with one line for each.
 */
export async function tryAgents(
  { batch, core }: { batch: BatchV1Api; core: CoreV1Api },
  settings: JobSettings & { templates: ReadonlyMap<string, JobTemplate> },
): Promise<void> {
  const { namespace, templates } = settings;
  const problems: string[] = [];
  for (const [profile, template] of templates) {
    const job = agentJob(trial(profile), template, settings);
    try {
      await batch.createNamespacedJob({ namespace, body: toClient<V1Job>(job), dryRun: 'All' });
    } catch (error) {
      const problem = problemOf(error, { namespace, profile });
      if (problem) problems.push(problem);
    }
  }
  if (problems.length > 0) throw new UserError([...new Set(problems)].join('\n'));
  const owner = { metadata: { name: trial('').name, namespace, uid: 'none' } };
  try {
    const body = toClient<V1Secret>(registrationSecret(owner, {}));
    await core.createNamespacedSecret({ namespace, body, dryRun: 'All' });
  } catch (error) {
    const problem = problemOf(error, { namespace, profile: '' });
    if (problem) throw new UserError(problem, { cause: error });
  }
}

/** Makes the namespace if it is missing. Throws `UserError` without the cluster rights for it. */
export async function ensureNamespace(core: CoreV1Api, name: string): Promise<void> {
  try {
    await core.readNamespace({ name }).catch(async (error: unknown) => {
      if (statusOf(error) !== 404) throw error;
      await core.createNamespace({ body: toClient<V1Namespace>({ metadata: { name } }) });
    });
  } catch (error) {
    // Another instance was quicker.
    if (statusOf(error) === 409) return;
    if (statusOf(error) !== 403) throw error;
    throw new UserError(
      `INITIALIZE_NAMESPACE is 1, but the orchestrator may not look for or make the namespace '${name}' (${messageOf(error)}): make it yourself and set INITIALIZE_NAMESPACE to 0, or grant get and create of namespaces by a ClusterRole.`,
      { cause: error },
    );
  }
}

function trial(profile: string): AgentSpec {
  return {
    name: 'agent-orchestrator-trial',
    purpose: { idle: 0 },
    pool: { id: 0, name: 'trial' },
    orgUrl: 'https://dev.azure.com/trial',
    profile: { name: profile, capabilities: {}, namesAgents: true },
  };
}

/** Undefined for what passes by itself, such as a quota that is used up just now; throws what is no answer to the trial. */
function problemOf(error: unknown, { namespace, profile }: { namespace: string; profile: string }): string | undefined {
  const text = messageOf(error);
  switch (statusOf(error)) {
    case 403:
      return text.includes('exceeded quota') ? undefined : mayNotWork(namespace, error).message;
    case 404:
      return `JOB_NAMESPACE is '${namespace}', which is not there: make it, set INITIALIZE_NAMESPACE to 1, or correct JOB_NAMESPACE.`;
    case 400:
    case 422:
      // An admission webhook that cannot be tried refuses every trial, and nothing else.
      return text.includes('dry run')
        ? undefined
        : `The cluster does not take the agents of profile '${profile}' (${text}): correct their JOB_DEFINITION_FILE.`;
    case 409:
      return undefined;
    default:
      throw error;
  }
}

import type { Container, Job, JobSpec, PodSpec } from './objects';
import { parseDocument } from 'yaml';
import { claimsIn, claimsOf, exclusiveClaims } from './exclusiveClaims';
import type { RegistrationWay } from '../agentHost';

/** Where the container finds its registration, and what the volumes of ours are called. */
export const registrationPath = '/run/agent-registration';
export const registrationVolume = 'agent-registration';
export const socketVolume = 'docker-socket';

/** A Job to make agents from, and which of its containers is the agent. */
export interface JobTemplate {
  job: Job;
  agentContainer: string;
  /** False where the template gives its agents a name of its own. */
  namesAgents: boolean;
}

export interface TemplateRules {
  /** How the file is called in messages. */
  path: string;
  namespace: string;
  way: RegistrationWay;
  dockerSocketPath?: string;
}

/** The Job of a profile that names an image and nothing else. */
export function plainTemplate(image: string): JobTemplate {
  const spec: PodSpec = { containers: [{ name: 'agent', image }] };
  return { job: { spec: { template: { spec } } }, agentContainer: 'agent', namesAgents: true };
}

/**
 * Reads a full Job in YAML. What the orchestrator has to set itself may not be set there: each clash is one sentence that says what to
 * change. With `token` registration the template's own `AZP_*` win, which is a warning.
 */
export function readJobTemplate(
  content: string,
  rules: TemplateRules,
): { template?: JobTemplate; problems: string[]; warnings: string[] } {
  const document = parseDocument(content);
  const [error] = document.errors;
  if (error) return fail(`${rules.path} is not YAML: ${error.message.split('\n')[0] ?? ''}.`);
  const job = document.toJS() as Job | null;
  if (job?.kind !== 'Job' || job.apiVersion !== 'batch/v1') {
    return fail(`${rules.path} is no Job: it needs 'apiVersion: batch/v1' and 'kind: Job'.`);
  }
  const pod = job.spec?.template.spec;
  const agent = pod?.containers.find(({ name }) => name === 'agent') ?? pod?.containers[0];
  if (!job.spec || !pod || !agent) return fail(`${rules.path} has no container under spec.template.spec.containers.`);
  const says = (text: string): string => `${rules.path} ${text}`;
  const { problems, warnings } = checkVariables(agent, rules);
  return {
    template: {
      job,
      agentContainer: agent.name,
      namesAgents: !agent.env?.some(({ name }) => name === 'AZP_AGENT_NAME'),
    },
    problems: [...checkJob(job, job.spec, rules), ...checkPod(pod, agent, rules), ...problems].map(says),
    warnings: warnings.map(says),
  };
}

function fail(problem: string): { problems: string[]; warnings: string[] } {
  return { problems: [problem], warnings: [] };
}

function checkJob(job: Job, spec: JobSpec, { namespace }: TemplateRules): string[] {
  const { metadata } = job;
  const claims = claimsOf(job);
  const mounted = claimsIn(job);
  return [
    metadata?.namespace !== undefined &&
      metadata.namespace !== namespace &&
      `is for the namespace '${metadata.namespace}', agents run in '${namespace}': remove metadata.namespace or set JOB_NAMESPACE.`,
    (spec.backoffLimit ?? 0) !== 0 &&
      `sets backoffLimit to ${spec.backoffLimit ?? ''}: remove it; a pod that is repeated would be a second agent of one name.`,
    ((spec.completions ?? 1) !== 1 || (spec.parallelism ?? 1) !== 1) &&
      'runs several pods (completions, parallelism): remove both; there is one agent a job.',
    spec.selector !== undefined && 'sets a selector: remove it; Kubernetes makes one for each Job.',
    claims.length > 0 &&
      mounted.filter((claim) => claims.includes(claim)).length !== 1 &&
      `names the claims ${claims.join(', ')} under ${exclusiveClaims}: give the pod one volume with one of them.`,
  ].filter((problem) => problem !== false);
}

function checkPod(pod: PodSpec, agent: Container, { dockerSocketPath }: TemplateRules): string[] {
  const volumes = [registrationVolume, ...(dockerSocketPath ? [socketVolume] : [])];
  const paths = [registrationPath, ...(dockerSocketPath ? [dockerSocketPath] : [])];
  return [
    (pod.restartPolicy ?? 'Never') !== 'Never' &&
      `sets restartPolicy to ${pod.restartPolicy ?? ''}: remove it; an agent runs one job and is gone.`,
    agent.image === undefined && `gives the container '${agent.name}' no image: set it there.`,
    ...(pod.volumes ?? [])
      .filter(({ name }) => volumes.includes(name))
      .map(({ name }) => `has a volume '${name}', which the orchestrator adds itself: rename it.`),
    ...(agent.volumeMounts ?? [])
      .filter(({ mountPath }) => paths.includes(mountPath.replace(/\/+$/, '')))
      .map(({ mountPath }) =>
        mountPath.startsWith(registrationPath)
          ? `mounts something at ${mountPath}, where the registration goes: mount it elsewhere.`
          : `mounts something at ${mountPath}, and so does JOB_DOCKER_SOCKET_PATH: remove one of the two.`,
      ),
  ].filter((problem) => problem !== false);
}

function checkVariables(agent: Container, { way }: TemplateRules): { problems: string[]; warnings: string[] } {
  const own = (agent.env ?? []).map(({ name }) => name).filter((name) => name.startsWith('AZP_'));
  if (way === 'token') {
    return { problems: [], warnings: own.map((name) => `sets ${name} itself, which wins over the orchestrator's.`) };
  }
  const clashing = own.filter((name) => ['AZP_TOKEN', 'AZP_TOKEN_FILE', 'AZP_AGENT_NAME'].includes(name));
  return {
    problems: clashing.map(
      (name) => `sets ${name}, but the agent is registered by key: remove it, or set REGISTRATION to token.`,
    ),
    warnings: [],
  };
}

import type { Container, EnvVar, Job, PodSpec, Secret } from './objects';
import type { AgentSpec, Registration, RegistrationWay } from '../agentHost';
import type { JobTemplate } from './jobTemplate';
import { registrationPath, registrationVolume, socketVolume } from './jobTemplate';
import { annotationsOf, labelsOf } from './marks';

/** Finished Jobs stay so long to be looked at. */
const keepFinishedSeconds = 600;
/** A net under everything else, longer than any job: a deadline would end a busy agent too. */
const longestLifeSeconds = 7 * 24 * 3600;
/** A node that is emptied lets a running job finish so long. */
const graceSeconds = 3600;

export interface JobSettings {
  namespace: string;
  instance: string;
  way: RegistrationWay;
  dockerSocketPath?: string;
}

/** The Job of one agent: the template with what makes it this agent's. The Secret of its name is made after it, for the Job owns it. */
export function agentJob(spec: AgentSpec, template: JobTemplate, settings: JobSettings): Job {
  const labels = labelsOf(spec, settings.instance);
  const { job } = template;
  const pod = job.spec?.template;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: spec.name,
      namespace: settings.namespace,
      labels: { ...job.metadata?.labels, ...labels },
      annotations: { ...job.metadata?.annotations, ...annotationsOf(spec) },
    },
    spec: {
      ttlSecondsAfterFinished: keepFinishedSeconds,
      activeDeadlineSeconds: longestLifeSeconds,
      ...job.spec,
      backoffLimit: 0,
      template: {
        metadata: {
          labels: { ...pod?.metadata?.labels, ...labels },
          annotations: {
            // A job in a pod that is moved is lost.
            'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
            'karpenter.sh/do-not-disrupt': 'true',
            ...pod?.metadata?.annotations,
          },
        },
        spec: agentPod(spec, template, settings),
      },
    },
  };
}

function agentPod(spec: AgentSpec, { job, agentContainer }: JobTemplate, settings: JobSettings): PodSpec {
  const pod = job.spec?.template.spec;
  const { way, dockerSocketPath } = settings;
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: graceSeconds,
    ...pod,
    restartPolicy: 'Never',
    volumes: [
      ...(pod?.volumes ?? []),
      // Readable by the agent's user whoever that is; the entry point copies it to where only that user reads.
      ...(way === 'key' ? [{ name: registrationVolume, secret: { secretName: spec.name, defaultMode: 0o444 } }] : []),
      ...(dockerSocketPath ? [{ name: socketVolume, hostPath: { path: dockerSocketPath, type: 'Socket' } }] : []),
    ],
    containers: (pod?.containers ?? []).map((container) =>
      container.name === agentContainer ? agentContainerOf(container, spec, settings) : container,
    ),
  };
}

function agentContainerOf(container: Container, spec: AgentSpec, { way, dockerSocketPath }: JobSettings): Container {
  const own = new Set(container.env?.map(({ name }) => name));
  return {
    ...container,
    env: [...(container.env ?? []), ...variables(spec, way).filter(({ name }) => !own.has(name))],
    volumeMounts: [
      ...(container.volumeMounts ?? []),
      ...(way === 'key' ? [{ name: registrationVolume, mountPath: registrationPath, readOnly: true }] : []),
      ...(dockerSocketPath ? [{ name: socketVolume, mountPath: dockerSocketPath }] : []),
    ],
  };
}

/** A profile's capabilities as the agent finds them: it makes a capability of every variable. */
function variables({ name, orgUrl, pool, profile }: AgentSpec, way: RegistrationWay): EnvVar[] {
  const capabilities = Object.entries(profile.capabilities).map(([key, value]) => ({
    name: key,
    value: asItIs(value),
  }));
  if (way === 'key') return capabilities;
  return [
    { name: 'AZP_URL', value: asItIs(orgUrl) },
    { name: 'AZP_POOL', value: asItIs(pool.name) },
    { name: 'AZP_AGENT_NAME', value: name },
    { name: 'AZP_TOKEN', valueFrom: { secretKeyRef: { name, key: 'AZP_TOKEN' } } },
    { name: 'VSO_AGENT_IGNORE', value: 'AZP_TOKEN,VSO_AGENT_IGNORE' },
    ...capabilities,
  ];
}

/** Kubernetes would put other variables, the token too, in the place of `$(NAME)`; it reads `$$` as `$`. */
function asItIs(value: string): string {
  return value.replaceAll('$', () => '$$');
}

/** The Secret beside a Job, deleted with it. The container waits until it is there. */
export function registrationSecret(job: Job, registration: Registration): Secret {
  const { name = '', namespace = '', uid = '', labels = {} } = job.metadata ?? {};
  return {
    metadata: {
      name,
      namespace,
      labels,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    type: 'Opaque',
    stringData: { ...registration },
  };
}

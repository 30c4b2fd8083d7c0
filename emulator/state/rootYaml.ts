import { parseDocument } from 'yaml';
import { expand } from './expansion';
import { guidOf } from './ids';
import { asList, isMap, optionalText, textOf, type Json } from './json';

/** A template parameter as the root YAML declares it. */
export interface DeclaredParameter {
  name: string;
  type: string;
  default?: unknown;
  values?: unknown[];
}

export interface StepPlan {
  refName: string;
  displayName: string;
  task: { id: string; name: string; version: string };
  condition?: string;
  continueOnError: boolean;
}

export interface JobPlan {
  name: string;
  displayName: string;
  dependsOn: string[];
  condition?: string;
  continueOnError: boolean;
  pool?: string;
  demands: string[];
  /** Where it runs, once the run is queued, and whether any agent there meets its demands. */
  queueId?: number;
  servable?: boolean;
  environment?: string;
  steps: StepPlan[];
}

export interface StagePlan {
  name: string;
  displayName: string;
  dependsOn: string[];
  condition?: string;
  isSkippable: boolean;
  /** Starts only when a person (or PATCH stages with `run`) asks for it. */
  manual: boolean;
  jobs: JobPlan[];
}

export interface DeclaredVariable {
  value: string;
  isSecret: boolean;
  allowOverride: boolean;
}

/** A variable as it may be given: its value, or what it is. */
export type VariableGiven = string | Partial<DeclaredVariable>;

export function declaredVariables(given: Record<string, VariableGiven>): Record<string, DeclaredVariable> {
  return Object.fromEntries(
    Object.entries(given).map(([name, variable]): [string, DeclaredVariable] => {
      const {
        value = '',
        isSecret = false,
        allowOverride = false,
      } = typeof variable === 'string' ? { value: variable } : variable;
      return [name, { value, isSecret, allowOverride }];
    }),
  );
}

export type ResourceKind = 'pipelines' | 'repositories' | 'containers' | 'builds' | 'packages';

export interface RootYaml {
  parameters: DeclaredParameter[];
  resources: Record<ResourceKind, Record<string, Json>>;
  document: Json;
}

/** Parses root YAML text; throws an Error in the words of the service (`/file (Line: 3, Col: 5): …`). */
export function parseRootYaml(text: string, fileName: string): RootYaml {
  const parsed = parseDocument(text, { prettyErrors: true });
  const fault = parsed.errors[0];
  if (fault) {
    const at = fault.linePos?.[0];
    throw new Error(
      `${fileName}${at ? ` (Line: ${at.line}, Col: ${at.col})` : ''}: ${fault.message.split('\n')[0] ?? ''}`,
    );
  }
  const document: unknown = parsed.toJS();
  if (!isMap(document)) throw new Error(`${fileName}: A mapping was expected`);
  return { parameters: declaredParameters(document), resources: declaredResources(document), document };
}

function declaredParameters(document: Json): DeclaredParameter[] {
  if (isMap(document.parameters)) {
    return Object.entries(document.parameters).map(([name, value]) => ({ name, type: 'string', default: value }));
  }
  return asList(document.parameters)
    .filter(isMap)
    .map((entry) => ({
      name: textOf(entry.name),
      type: optionalText(entry.type) ?? 'string',
      ...('default' in entry ? { default: entry.default } : {}),
      ...('values' in entry ? { values: asList(entry.values) } : {}),
    }));
}

const aliasKey: Record<ResourceKind, string> = {
  pipelines: 'pipeline',
  repositories: 'repository',
  containers: 'container',
  builds: 'build',
  packages: 'package',
};

function declaredResources(document: Json): RootYaml['resources'] {
  const resources = isMap(document.resources) ? document.resources : {};
  const byAlias = (kind: ResourceKind): Record<string, Json> =>
    Object.fromEntries(
      asList(resources[kind])
        .filter(isMap)
        .map((entry) => [textOf(entry[aliasKey[kind]]), entry]),
    );
  return {
    pipelines: byAlias('pipelines'),
    repositories: byAlias('repositories'),
    containers: byAlias('containers'),
    builds: byAlias('builds'),
    packages: byAlias('packages'),
  };
}

/**
 * The YAML with all `${{ }}` carried out and without its parameters, always with stages: what lacks them gets the stage
 * `__default` and the job `Job`, as the service's preview shows it. Throws an Error where an expression cannot be read.
 */
export function expandRootYaml(root: RootYaml, scope: { parameters: Json; variables: Json }): Json {
  const rest = Object.entries(root.document).filter(([key]) => key !== 'parameters');
  const expanded = expand(Object.fromEntries(rest), scope);
  const document = isMap(expanded) ? expanded : {};
  if (document.stages !== undefined) return document;
  const { jobs, steps, pool, ...others } = document;
  const own = jobs ?? [{ job: 'Job', ...(pool === undefined ? {} : { pool }), steps: steps ?? [] }];
  return { ...others, stages: [{ stage: '__default', ...(pool !== undefined && jobs ? { pool } : {}), jobs: own }] };
}

/** The stages of an expanded document in their order; a stage without `dependsOn` follows the one before it. */
export function stagesOf(document: Json): StagePlan[] {
  const stages = asList(document.stages).filter(isMap);
  return stages.map((stage, index) => {
    const name = textOf(stage.stage) || `Stage${index + 1}`;
    const before = index === 0 ? [] : [textOf(stages[index - 1]?.stage) || `Stage${index}`];
    const pool = stage.pool ?? document.pool;
    const jobs = asList(stage.jobs).filter(isMap);
    return {
      name,
      displayName: optionalText(stage.displayName) ?? name,
      dependsOn: stage.dependsOn === undefined ? before : asList(stage.dependsOn).map(textOf).filter(Boolean),
      ...(stage.condition === undefined ? {} : { condition: textOf(stage.condition) }),
      isSkippable: stage.isSkippable !== false,
      manual: stage.trigger === 'manual',
      jobs: jobs.length > 0 ? jobs.map((job, at) => jobOf(job, at, pool)) : [emptyJob()],
    };
  });
}

function emptyJob(): JobPlan {
  return { name: 'Job', displayName: 'Job', dependsOn: [], continueOnError: false, demands: [], steps: [] };
}

function jobOf(job: Json, index: number, inheritedPool: unknown): JobPlan {
  const name = textOf(job.job) || textOf(job.deployment) || `Job${index + 1}`;
  const pool = job.pool ?? inheritedPool;
  const poolName = isMap(pool) ? optionalText(pool.name) : optionalText(pool);
  const environment = isMap(job.environment) ? textOf(job.environment.name) : optionalText(job.environment);
  return {
    name,
    displayName: optionalText(job.displayName) ?? name,
    dependsOn: asList(job.dependsOn).map(textOf).filter(Boolean),
    ...(job.condition === undefined ? {} : { condition: textOf(job.condition) }),
    continueOnError: job.continueOnError === true,
    ...(poolName === undefined ? {} : { pool: poolName }),
    demands: isMap(pool) ? asList(pool.demands).map(textOf) : [],
    ...(environment === undefined ? {} : { environment }),
    steps: stepsOf(job).map(stepOf),
  };
}

/** The steps of a job, or those of all the lifecycle hooks of a deployment job. */
function stepsOf(job: Json): Json[] {
  if (job.steps !== undefined) return asList(job.steps).filter(isMap);
  const strategy = isMap(job.strategy) ? Object.values(job.strategy).find(isMap) : undefined;
  return Object.values(strategy ?? {})
    .filter(isMap)
    .flatMap((hook) => asList(hook.steps).filter(isMap));
}

const shortcuts: Record<string, { name: string; version: string }> = {
  script: { name: 'CmdLine', version: '2.250.1' },
  bash: { name: 'Bash', version: '3.250.1' },
  pwsh: { name: 'PowerShell', version: '2.250.1' },
  powershell: { name: 'PowerShell', version: '2.250.1' },
  checkout: { name: 'Checkout', version: '1.0.0' },
  download: { name: 'DownloadPipelineArtifact', version: '2.250.1' },
  publish: { name: 'PublishPipelineArtifact', version: '1.250.1' },
};

function stepOf(step: Json, index: number): StepPlan {
  const shortcut = Object.keys(shortcuts).find((key) => key in step);
  const [taskName = 'CmdLine', major = '2'] = (optionalText(step.task) ?? '').split('@');
  const known = shortcut === undefined ? { name: taskName, version: `${major}.0.0` } : shortcuts[shortcut];
  const task = known ?? { name: taskName, version: `${major}.0.0` };
  const fallback = shortcut === 'checkout' ? `Checkout ${textOf(step.checkout)}` : task.name;
  return {
    refName: optionalText(step.name) ?? `${task.name}${index + 1}`,
    displayName: optionalText(step.displayName) ?? fallback,
    task: { id: guidOf(`task/${task.name}`), ...task },
    ...(step.condition === undefined ? {} : { condition: textOf(step.condition) }),
    continueOnError: step.continueOnError === true,
  };
}

import { finalYamlOf } from './finalYaml';
import { guidOf } from './ids';
import { isMap, textOf, type Json } from './json';
import type { Pipeline } from './pipelines';
import { pipelineInvalid, validationFailure, type Refusal } from './refusal';
import { commitOfRef } from './repositories';
import {
  expandRootYaml,
  parseRootYaml,
  stagesOf,
  type DeclaredParameter,
  type RootYaml,
  type StagePlan,
} from './rootYaml';
import type { ChosenResources } from './runs';

/** What a client asks for when it queues, whichever of the two APIs it uses. */
export interface QueueRequest {
  branch?: string;
  commit?: string;
  variables?: Record<string, { value: string; isSecret: boolean }>;
  templateParameters?: Json;
  stagesToSkip?: string[];
  resources?: Partial<ChosenResources>;
  yamlOverride?: string;
  demands?: string[];
}

export interface PreparedRun {
  branch: string;
  commit: string;
  templateParameters: Json;
  stages: StagePlan[];
  stagesToSkip: string[];
  finalYaml: string;
  resources: ChosenResources;
  /** Name of the source pipeline of each pipeline resource. */
  sources: Record<string, string>;
}

/**
 * Checks a request as the service does before it queues anything, and gives what the run will consist of.
 * Throws a Refusal whose `ValidationResults` hold the reasons.
 */
export function prepare(pipeline: Pipeline, request: QueueRequest): PreparedRun {
  const problems = [...unsettable(pipeline, request.variables ?? {})];
  const branch = request.branch || pipeline.defaultBranch;
  const commit = commitFor(pipeline, branch, request.commit);
  if (pipeline.kind === 'classic') {
    if (Object.keys(request.templateParameters ?? {}).length > 0)
      problems.push('Pipeline parameters are not supported by designer pipelines.');
    if (problems.length > 0) throw validationFailure(problems);
    return { ...plain(branch, commit), stages: pipeline.stages, stagesToSkip: [], finalYaml: '' };
  }
  const root = rootYamlAt(pipeline, branch, commit, request.yamlOverride);
  const checked = checkParameters(root.parameters, request.templateParameters ?? {}, pipeline.yamlFile);
  problems.push(...checked.problems);
  if (problems.length > 0) throw validationFailure(problems);
  const resources = chosenResources(root, request, { refName: branch, version: commit });
  const document = expanded(root, pipeline, checked.values, branch);
  const stages = stagesOf(document);
  const stagesToSkip = request.stagesToSkip ?? [];
  for (const name of stagesToSkip) if (!stages.some((stage) => isSkippable(stage, name))) throw notSkippable(name);
  return {
    branch,
    commit,
    templateParameters: checked.given,
    stages,
    stagesToSkip,
    finalYaml: finalYamlOf(document),
    resources,
    sources: Object.fromEntries(
      Object.entries(root.resources.pipelines).map(([alias, entry]) => [alias, textOf(entry.source)]),
    ),
  };
}

function plain(branch: string, commit: string): Omit<PreparedRun, 'stages' | 'stagesToSkip' | 'finalYaml'> {
  const resources = {
    repositories: { self: { refName: branch, version: commit } },
    pipelines: {},
    containers: {},
    builds: {},
    packages: {},
  };
  return { branch, commit, templateParameters: {}, resources, sources: {} };
}

function isSkippable(stage: StagePlan, name: string): boolean {
  return stage.name === name && stage.name !== '__default' && stage.isSkippable;
}

/** The refusal as third parties report it; its status and exception are not published. */
function notSkippable(name: string): Refusal {
  return pipelineInvalid(`'${name}' is not a valid stage to skip.`);
}

function unsettable(pipeline: Pipeline, variables: Record<string, unknown>): string[] {
  if (!pipeline.project.limitsSettableVariables) return [];
  const names = Object.keys(variables).filter((name) => {
    if (/^system\.debug$/i.test(name)) return false;
    const declared = Object.entries(pipeline.variables).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    return declared?.allowOverride !== true;
  });
  if (names.length === 0) return [];
  return [
    `You can't set the following variables (${names.join(', ')}). If you want to be able to set these variables, then edit the ` +
      'pipeline and select Settable at queue time on the variables tab of the pipeline editor.',
  ];
}

function commitFor(pipeline: Pipeline, branch: string, wanted: string | undefined): string {
  const { repository } = pipeline;
  const head = commitOfRef(repository, branch) ?? commitOfRef(repository, `refs/heads/${branch}`);
  if (head === undefined) {
    throw validationFailure([
      `Could not get the latest source version for repository ${repository.name} hosted on Azure Repos using ref ${branch}. ` +
        'Verify that the branch, tag or ref exists.',
    ]);
  }
  if (wanted === undefined || wanted === '') return head;
  if (repository.commits[wanted]) return wanted;
  throw validationFailure([`The source version ${wanted} could not be found in repository ${repository.name}.`]);
}

function rootYamlAt(pipeline: Pipeline, branch: string, commit: string, override: string | undefined): RootYaml {
  const path = pipeline.yamlFile;
  const text = override ?? pipeline.repository.commits[commit]?.files[path];
  if (text === undefined) {
    const where = `repository ${pipeline.repository.name} branch ${branch} version ${commit}`;
    throw pipelineInvalid(`${path}: File ${path} not found in ${where}.`);
  }
  try {
    return parseRootYaml(text, path);
  } catch (error) {
    throw pipelineInvalid(error instanceof Error ? error.message : String(error));
  }
}

function expanded(root: RootYaml, pipeline: Pipeline, parameters: Json, branch: string): Json {
  const variables: Json = { 'Build.SourceBranch': branch };
  for (const [name, variable] of Object.entries(pipeline.variables))
    if (!variable.isSecret) variables[name] = variable.value;
  try {
    return expandRootYaml(root, { parameters, variables });
  } catch (error) {
    throw pipelineInvalid(`${pipeline.yamlFile}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface CheckedParameters {
  values: Json;
  given: Json;
  problems: string[];
}

/** Parameters against their declarations: unexpected names, missing and wrong values, `values:`. Names ignore case. */
function checkParameters(declared: DeclaredParameter[], asked: Json, file: string): CheckedParameters {
  const problems: string[] = [];
  const given: Json = {};
  for (const [name, value] of Object.entries(asked)) {
    const match = declared.find((parameter) => parameter.name.toLowerCase() === name.toLowerCase());
    if (match) given[match.name] = value;
    else problems.push(`Unexpected parameter '${name}'`);
  }
  const values: Json = {};
  for (const parameter of declared) {
    const raw = given[parameter.name] ?? parameter.default;
    if (raw === undefined) {
      if (parameter.name in given || !('default' in parameter))
        problems.push(`${file}: A value for the '${parameter.name}' parameter must be provided.`);
      continue;
    }
    const read = readParameter(parameter, raw);
    if (read.problem !== undefined) problems.push(`${file}: ${read.problem}`);
    else values[parameter.name] = read.value;
  }
  return { values, given, problems };
}

function readParameter(parameter: DeclaredParameter, raw: unknown): { value?: unknown; problem?: string } {
  const { name, type, values } = parameter;
  if (values && !values.some((allowed) => textOf(allowed) === textOf(raw))) {
    return {
      problem: `The '${name}' parameter value '${textOf(raw)}' is not a valid value. Allowed values: ${values.map(textOf).join(', ')}.`,
    };
  }
  switch (type) {
    case 'boolean':
      if (/^(true|false)$/i.test(textOf(raw))) return { value: textOf(raw).toLowerCase() === 'true' };
      return { problem: `The '${name}' parameter value '${textOf(raw)}' is not a valid Boolean.` };
    case 'number':
      if (/^-?\d+(\.\d+)?$/.test(textOf(raw))) return { value: Number(textOf(raw)) };
      return { problem: `The '${name}' parameter value '${textOf(raw)}' is not a valid Number.` };
    case 'string':
      if (typeof raw !== 'object') return { value: textOf(raw) };
      return { problem: `The '${name}' parameter is not a valid String.` };
    default:
      return readStructure(name, type, raw);
  }
}

/** Objects and lists come as JSON text; that the service reads it is known by report only. */
function readStructure(name: string, type: string, raw: unknown): { value?: unknown; problem?: string } {
  if (typeof raw !== 'string') return { value: raw };
  try {
    return { value: JSON.parse(raw) as unknown };
  } catch {
    return { problem: `The '${name}' parameter is not a valid ${type === 'object' ? 'Object' : type}.` };
  }
}

function chosenResources(
  root: RootYaml,
  request: QueueRequest,
  self: { refName: string; version: string },
): ChosenResources {
  const asked = request.resources ?? {};
  for (const kind of ['pipelines', 'containers', 'builds', 'packages', 'repositories'] as const) {
    for (const alias of Object.keys(asked[kind] ?? {})) {
      if (kind === 'repositories' && alias === 'self') continue;
      if (!root.resources[kind][alias])
        throw validationFailure([
          `Unexpected resource '${alias}': the pipeline declares no such ${kind.slice(0, -1)} resource.`,
        ]);
    }
  }
  const declared = Object.entries(root.resources.repositories).map(
    ([alias, entry]): [string, { refName: string; version: string }] => {
      const refName = textOf(entry.ref) || 'refs/heads/main';
      return [alias, { refName, version: guidOf(`${alias}/${refName}`).replaceAll('-', '').padEnd(40, '0') }];
    },
  );
  const others = Object.entries(asked.repositories ?? {}).filter(([alias]) => alias !== 'self');
  return {
    repositories: { ...Object.fromEntries(declared), ...Object.fromEntries(others), self },
    pipelines: { ...declaredPipelines(root), ...asked.pipelines },
    containers: asked.containers ?? {},
    builds: asked.builds ?? {},
    packages: asked.packages ?? {},
  };
}

/** Every pipeline resource of the YAML, by its source until the run of it is chosen. */
function declaredPipelines(root: RootYaml): ChosenResources['pipelines'] {
  return Object.fromEntries(Object.keys(root.resources.pipelines).map((alias) => [alias, { version: '' }]));
}

/** Text values of a map of unknown content, as `parameters` of a build come. */
export function textMap(value: unknown): Record<string, string> {
  if (!isMap(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, textOf(entry)]));
}

import { UserError } from '../lib/errors';
import type { Resources } from '../lib/runs/request';
import { readVariables, type Variable } from '../lib/variables';
import { readYaml, textOfValue, textsOf, type YamlMap, type YamlValue } from '../lib/yamlInput';

/** What one run can be given, by the inputs or by an item of `runs`. */
export interface RunInputs {
  project: string;
  pipeline: string | undefined;
  branch: string | undefined;
  commit: string | undefined;
  parameters: Record<string, string>;
  variables: Record<string, Variable>;
  stages: string[];
  stagesToSkip: string[];
  resources: Resources;
}

const KEYS = [
  'name',
  'pipeline',
  'project',
  'branch',
  'commit',
  'parameters',
  'variables',
  'stages',
  'stagesToSkip',
  'resources',
];
const MOST_RUNS = 1000;

/**
 * The items of `runs`: a list, or a matrix, laid over the inputs. Throws `UserError` that names the item's number and the key.
 * @param text YAML or JSON; a file named by `@path` was read by then.
 */
export async function readRuns(text: string, base: RunInputs): Promise<{ item: string; run: RunInputs }[]> {
  const yaml = await readYaml(text, 'runs');
  const items = yaml.kind === 'map' && yaml.entries.has('matrix') ? matrixItems(yaml.entries) : listItems(yaml);
  if (items.length > MOST_RUNS)
    throw new UserError(`runs: ${items.length} runs are more than the ${MOST_RUNS} that one step starts.`);
  const runs = items.map((entries, index) => {
    const place = `runs: item ${index + 1}`;
    const name = scalar(entries.get('name'), `${place}: name`) ?? String(index + 1);
    return { item: name, run: layOver(base, entries, `${place} ('${name}')`) };
  });
  const seen = new Map<string, number>();
  for (const [index, { item }] of runs.entries()) {
    const before = seen.get(item.toLowerCase());
    if (before !== undefined)
      throw new UserError(`runs: item ${index + 1} has the name '${item}' of item ${before + 1}; names must differ.`);
    seen.set(item.toLowerCase(), index);
  }
  return runs;
}

/** `pipelines: { alias: run number or id }`, `repositories: { alias: { ref, commit } }`, `containers: { alias: tag }` and so on. */
export function readResources(map: YamlMap, place: string): Resources {
  const resources: Resources = {};
  for (const [kind, value] of map) {
    const entries = value.kind === 'map' ? [...value.entries] : undefined;
    if (!entries) throw new UserError(`${place}: '${kind}' wants a map of aliases.`);
    switch (kind) {
      case 'pipelines':
        resources.pipelines = Object.fromEntries(
          entries.map(([alias, one]) => [alias, pipelineVersion(needed(one, `${place}: ${kind}: ${alias}`))]),
        );
        break;
      case 'repositories':
        resources.repositories = Object.fromEntries(
          entries.map(([alias, one]) => [alias, repositoryVersion(one, `${place}: ${kind}: ${alias}`)]),
        );
        break;
      case 'containers':
      case 'packages':
      case 'builds':
        resources[kind] = Object.fromEntries(
          entries.map(([alias, one]) => [alias, { version: needed(one, `${place}: ${kind}: ${alias}`) }]),
        );
        break;
      default:
        throw new UserError(
          `${place}: '${kind}' is no kind of resource; known are pipelines, repositories, containers, packages and builds.`,
        );
    }
  }
  return resources;
}

/** An id or a number: a number of digits only is an id first. */
function pipelineVersion(text: string): { version?: string; runId?: number } {
  return /^\d{1,9}$/.test(text) ? { runId: Number(text) } : { version: text };
}

function repositoryVersion(value: YamlValue, place: string): { refName?: string; version?: string } {
  if (value.kind !== 'map') throw new UserError(`${place}: a map with ref and commit is wanted.`);
  const unknown = [...value.entries.keys()].find((key) => key !== 'ref' && key !== 'commit');
  if (unknown !== undefined) throw new UserError(`${place}: unknown key '${unknown}'; known are ref and commit.`);
  const ref = scalar(value.entries.get('ref'), `${place}: ref`);
  const commit = scalar(value.entries.get('commit'), `${place}: commit`);
  return {
    ...(ref !== undefined && { refName: ref.startsWith('refs/') ? ref : `refs/heads/${ref}` }),
    ...(commit !== undefined && { version: commit }),
  };
}

function listItems(yaml: YamlValue): YamlMap[] {
  if (yaml.kind !== 'list')
    throw new UserError("runs: a YAML list of runs is wanted, or a map with 'matrix', or @path of a file.");
  return yaml.items.map((item, index) => {
    if (item.kind === 'map') return item.entries;
    throw new UserError(
      `runs: item ${index + 1} is a ${item.kind}; a map such as { name: x, parameters: { image: y } } is wanted.`,
    );
  });
}

/** Every combination of the matrix' values as parameters, but those that are excluded. */
function matrixItems(map: YamlMap): YamlMap[] {
  const unknown = [...map.keys()].find((key) => key !== 'matrix' && key !== 'exclude');
  if (unknown !== undefined) throw new UserError(`runs: unknown key '${unknown}' beside matrix; known is exclude.`);
  const matrix = map.get('matrix');
  if (matrix?.kind !== 'map') throw new UserError('runs: matrix wants a map { key: [values] }.');
  const excluded = exclusions(map.get('exclude'), matrix.entries);
  let combinations: YamlMap[] = [new Map<string, YamlValue>()];
  for (const [key, values] of matrix.entries) {
    if (values.kind !== 'list' || !values.items.length)
      throw new UserError(`runs: matrix: '${key}' wants a list of values.`);
    combinations = combinations.flatMap((one) =>
      values.items.map((value): YamlMap => new Map<string, YamlValue>([...one, [key, value]])),
    );
    if (combinations.length > MOST_RUNS)
      throw new UserError(`runs: the matrix has more than ${MOST_RUNS} combinations.`);
  }
  const kept = combinations.filter(
    (one) => !excluded.some((rule) => [...rule].every(([key, value]) => same(one.get(key), value))),
  );
  return kept.map((parameters) => {
    const name = [...parameters.values()].map((value) => textOfValue(value) ?? '').join(' ');
    return new Map<string, YamlValue>([
      ['name', { kind: 'scalar', text: name, plain: false }],
      ['parameters', { kind: 'map', entries: parameters }],
    ]);
  });
}

function exclusions(value: YamlValue | undefined, matrix: YamlMap): YamlMap[] {
  if (!value) return [];
  if (value.kind !== 'list') throw new UserError('runs: exclude wants a list of maps.');
  return value.items.map((item, index) => {
    if (item.kind !== 'map') throw new UserError(`runs: exclude: item ${index + 1} is no map.`);
    const unknown = [...item.entries.keys()].find((key) => !matrix.has(key));
    if (unknown !== undefined)
      throw new UserError(`runs: exclude: item ${index + 1}: '${unknown}' is no key of the matrix.`);
    return item.entries;
  });
}

function same(one: YamlValue | undefined, other: YamlValue): boolean {
  return one !== undefined && textOfValue(one) === textOfValue(other);
}

/** What an item says wins over the inputs; maps are merged. */
function layOver(base: RunInputs, entries: YamlMap, place: string): RunInputs {
  const unknown = [...entries.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new UserError(`${place}: unknown key '${unknown}'; known are ${KEYS.join(', ')}.`);
  const text = (key: string) => scalar(entries.get(key), `${place}: ${key}`);
  const map = (key: string) => mapOf(entries.get(key), `${place}: ${key}`);
  const stages = names(entries.get('stages'), `${place}: stages`);
  const stagesToSkip = names(entries.get('stagesToSkip'), `${place}: stagesToSkip`);
  if (stages && stagesToSkip) throw new UserError(`${place}: stages and stagesToSkip are given at once.`);
  const resources = readResources(map('resources'), `${place}: resources`);
  return {
    project: text('project') ?? base.project,
    pipeline: text('pipeline') ?? base.pipeline,
    branch: text('branch') ?? base.branch,
    commit: checkedCommit(text('commit') ?? base.commit, `${place}: commit`),
    parameters: { ...base.parameters, ...textsOf(map('parameters')) },
    variables: { ...base.variables, ...readVariables(map('variables'), `${place}: variables`) },
    // Either of the two replaces both of the inputs: they exclude each other.
    stages: stages ?? (stagesToSkip ? [] : base.stages),
    stagesToSkip: stagesToSkip ?? (stages ? [] : base.stagesToSkip),
    resources: mergeResources(base.resources, resources),
  };
}

function mergeResources(base: Resources, over: Resources): Resources {
  const merged: Record<string, unknown> = {};
  for (const kind of ['pipelines', 'repositories', 'containers', 'packages', 'builds'] as const) {
    if (base[kind] ?? over[kind]) merged[kind] = { ...base[kind], ...over[kind] };
  }
  return merged;
}

/** A full commit id. */
export function checkedCommit(commit: string | undefined, place: string): string | undefined {
  if (commit === undefined || /^[0-9a-f]{40}$/i.test(commit)) return commit;
  throw new UserError(`${place}: '${commit}' is no full commit id (40 hexadecimal digits).`);
}

function scalar(value: YamlValue | undefined, place: string): string | undefined {
  if (!value) return undefined;
  if (value.kind !== 'scalar') throw new UserError(`${place}: a text is wanted, this is a ${value.kind}.`);
  return textOfValue(value) || undefined;
}

function needed(value: YamlValue, place: string): string {
  const text = scalar(value, place);
  if (text === undefined) throw new UserError(`${place}: a version is wanted.`);
  return text;
}

function mapOf(value: YamlValue | undefined, place: string): YamlMap {
  if (!value || (value.kind === 'scalar' && textOfValue(value) === undefined)) return new Map();
  if (value.kind !== 'map') throw new UserError(`${place}: a map is wanted, this is a ${value.kind}.`);
  return value.entries;
}

function names(value: YamlValue | undefined, place: string): string[] | undefined {
  if (!value) return undefined;
  if (value.kind === 'scalar') {
    return value.text
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
  }
  if (value.kind === 'map') throw new UserError(`${place}: a list of names is wanted, this is a map.`);
  return value.items.flatMap((item) => scalar(item, place) ?? []);
}

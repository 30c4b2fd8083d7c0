import type { AzureDevOps } from '../azureDevOps';
import { readYaml, textOfValue, type YamlMap, type YamlValue } from '../yamlInput';
import type { Resources, RunRequest } from './request';
import { NO_STAGES } from './timeline';

/** A template parameter as the root YAML of a pipeline declares it. */
export interface DeclaredParameter {
  name: string;
  type: string;
  /** As it is written in the YAML; undefined when a value has to be given. */
  default: string | undefined;
  /** The allowed values; empty when any is allowed. */
  values: string[];
}

/**
 * The parameters that a pipeline declares, or undefined where its root YAML cannot be read: no right, another host, a branch that
 * does not exist. https://learn.microsoft.com/rest/api/azure/devops/git/items/get
 */
export async function readDeclaredParameters(
  azureDevOps: AzureDevOps,
  request: RunRequest,
): Promise<DeclaredParameter[] | undefined> {
  const { pipeline, project } = request;
  if (pipeline.repository.type !== 'TfsGit' || !pipeline.yamlFile) return undefined;
  const branch = request.branch ?? pipeline.defaultBranch;
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/.exec(branch ?? '') ?? [];
  const version = request.commit ?? name;
  const path = `${encodeURIComponent(project)}/_apis/git/repositories/${encodeURIComponent(pipeline.repository.id)}/items`;
  try {
    const { value } = await azureDevOps.rest<{ content?: string } | undefined>('GET', path, {
      query: {
        path: pipeline.yamlFile.startsWith('/') ? pipeline.yamlFile : `/${pipeline.yamlFile}`,
        includeContent: true,
        $format: 'json',
        'versionDescriptor.version': version,
        'versionDescriptor.versionType': version && (request.commit ? 'commit' : kind === 'tags' ? 'tag' : 'branch'),
      },
      attempts: 2,
    });
    return declaredParameters(await readYaml(value?.content ?? '', pipeline.yamlFile));
  } catch {
    return undefined;
  }
}

/** `parameters:` of a root YAML: a list of `{ name, type, default, values }`, or the older map of name to default. */
export function declaredParameters(yaml: YamlValue): DeclaredParameter[] {
  const parameters = yaml.kind === 'map' ? yaml.entries.get('parameters') : undefined;
  if (parameters?.kind === 'map') {
    return [...parameters.entries.keys()].map((name) => ({ name, type: 'string', default: '', values: [] }));
  }
  if (parameters?.kind !== 'list') return [];
  return parameters.items.flatMap((item) => {
    if (item.kind !== 'map') return [];
    const values = item.entries.get('values');
    const standard = item.entries.get('default');
    return [
      {
        name: scalar(item.entries.get('name')),
        type: scalar(item.entries.get('type')) || 'string',
        default: standard && textOfValue(standard),
        values: values?.kind === 'list' ? values.items.map(scalar) : [],
      },
    ];
  });
}

export interface DeclaredStage {
  /** Reference name, in the YAML's own case. */
  name: string;
  displayName: string;
  skippable: boolean;
  /** It has a condition of its own, so the service may skip it by itself. */
  conditional: boolean;
}

/** What the service made of a root YAML and its templates, as far as it is needed before a start. */
export interface ExpandedYaml {
  /** Empty for a pipeline without stages. */
  stages: DeclaredStage[];
  /** Aliases of the declared resources. */
  aliases: Record<keyof Resources, string[]>;
}

/** Reads the `finalYaml` of a preview. */
export async function readExpandedYaml(finalYaml: string): Promise<ExpandedYaml> {
  const yaml = await readYaml(finalYaml, 'the expanded YAML');
  const root = yaml.kind === 'map' ? yaml.entries : new Map<string, YamlValue>();
  const resources = root.get('resources');
  const kinds = resources?.kind === 'map' ? resources.entries : new Map<string, YamlValue>();
  return {
    stages: stagesOf(root.get('stages')),
    aliases: {
      pipelines: names(kinds.get('pipelines'), 'pipeline'),
      repositories: ['self', ...names(kinds.get('repositories'), 'repository')],
      containers: names(kinds.get('containers'), 'container'),
      packages: names(kinds.get('packages'), 'package'),
      builds: names(kinds.get('builds'), 'build'),
    },
  };
}

function stagesOf(stages: YamlValue | undefined): DeclaredStage[] {
  return maps(stages)
    .map((stage) => {
      const name = scalar(stage.get('stage'));
      const displayName = scalar(stage.get('displayName')) || name;
      return {
        name,
        displayName,
        skippable: scalar(stage.get('isSkippable')).toLowerCase() !== 'false',
        conditional: scalar(stage.get('condition')) !== '',
      };
    })
    .filter(({ name }) => name !== NO_STAGES);
}

function names(list: YamlValue | undefined, key: string): string[] {
  return maps(list).map((item) => scalar(item.get(key)));
}

function maps(list: YamlValue | undefined): YamlMap[] {
  return list?.kind === 'list' ? list.items.flatMap((item) => (item.kind === 'map' ? [item.entries] : [])) : [];
}

function scalar(value: YamlValue | undefined): string {
  return value?.kind === 'scalar' ? value.text : '';
}

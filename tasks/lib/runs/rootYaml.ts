import type { AzureDevOps } from '../azureDevOps';
import { readYaml, type YamlValue } from '../yamlInput';
import type { RunRequest } from './request';

/** A template parameter as the root YAML of a pipeline declares it. */
export interface DeclaredParameter {
  name: string;
  type: string;
  hasDefault: boolean;
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
    return [...parameters.entries.keys()].map((name) => ({ name, type: 'string', hasDefault: true, values: [] }));
  }
  if (parameters?.kind !== 'list') return [];
  return parameters.items.flatMap((item) => {
    if (item.kind !== 'map') return [];
    const values = item.entries.get('values');
    return [
      {
        name: scalar(item.entries.get('name')),
        type: scalar(item.entries.get('type')) || 'string',
        hasDefault: item.entries.has('default'),
        values: values?.kind === 'list' ? values.items.map(scalar) : [],
      },
    ];
  });
}

function scalar(value: YamlValue | undefined): string {
  return value?.kind === 'scalar' ? value.text : '';
}

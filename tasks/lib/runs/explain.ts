import type { AzureDevOps } from '../azureDevOps';
import type { ApiError } from '../errors';
import { readDeclaredParameters, type DeclaredParameter } from './rootYaml';
import type { RunRequest } from './request';

/**
 * The service's own reasons, and beside them what the pipeline declares, where this identity may read its root YAML.
 * One text, ready for a person.
 */
export async function explainRefusal(azureDevOps: AzureDevOps, request: RunRequest, error: ApiError): Promise<string> {
  const { pipeline } = request;
  const reasons = error.refusal.reasons.join(' ') || `status ${error.status}`;
  const cure = error.refusal.cure ? ` ${error.refusal.cure}` : '';
  const declared = aboutParameters(reasons, request) ? await readDeclaredParameters(azureDevOps, request) : undefined;
  const hint = declared ? ` ${describe(declared)}` : '';
  const settable = /variable/i.test(reasons) && Object.keys(request.variables).length ? settableHint(request) : '';
  return `The pipeline '${pipeline.name}' was not started: ${reasons}${cure}${hint}${settable} ${pipeline.url}`;
}

function aboutParameters(reasons: string, { parameters, pipeline }: RunRequest): boolean {
  return pipeline.yaml && (Object.keys(parameters).length > 0 || /parameter/i.test(reasons));
}

function describe(declared: DeclaredParameter[]): string {
  if (!declared.length) return 'The pipeline declares no parameters.';
  const list = declared.map(({ name, type, values, default: standard }) => {
    const kind = values.length ? values.join(' | ') : type;
    return `${name} (${kind}${standard !== undefined ? '' : ', required'})`;
  });
  return `The pipeline declares these parameters: ${list.join(', ')}.`;
}

function settableHint({ pipeline }: RunRequest): string {
  return pipeline.yaml
    ? " A variable can be given when it is declared in the pipeline's editor (Variables) with 'Let users override this value when running this pipeline'."
    : " A variable can be given when it is 'Settable at queue time' in the pipeline's Variables.";
}

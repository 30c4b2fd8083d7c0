import type { AzureDevOps } from '../azureDevOps';
import { readDeclaredParameters } from './rootYaml';
import type { RunRequest } from './request';
import { isSameValue } from './sameValue';
import type { Build } from './wire';

/**
 * True when a run was started with the same branch, commit, parameters and variables as this request. Parameters that only one side
 * names are the same when they have the declared default; where that cannot be read they are not, because to take a run for another
 * one would call something a success that never happened.
 */
export async function isSameRequest(azureDevOps: AzureDevOps, build: Build, request: RunRequest): Promise<boolean> {
  const branch = request.branch ?? request.pipeline.defaultBranch;
  if (branch && build.sourceBranch && build.sourceBranch !== branch) return false;
  if (request.commit && build.sourceVersion?.toLowerCase() !== request.commit.toLowerCase()) return false;
  // A secret's value is not told, so a run that was given one counts by all else.
  const isPublic = (name: string) => !request.variables[name]?.isSecret;
  if (differences(variablesOf(build), valuesOf(request)).some(isPublic)) return false;
  const given = textsOf(build.templateParameters ?? {});
  const differing = differences(given, request.parameters);
  if (!differing.length) return true;
  const declared = await readDeclaredParameters(azureDevOps, request);
  if (!declared) return false;
  return differing.every((name) => {
    const standard = declared.find((parameter) => parameter.name === name)?.default;
    return isSame(given[name] ?? standard, request.parameters[name] ?? standard);
  });
}

function isSame(told: string | undefined, sent: string | undefined): boolean {
  return told === undefined || sent === undefined ? told === sent : isSameValue(told, sent);
}

/** The variables that a run was queued with. */
export function variablesOf({ parameters }: Build): Record<string, string> {
  try {
    return textsOf(JSON.parse(parameters || '{}') as Record<string, unknown>);
  } catch {
    return {};
  }
}

function valuesOf({ variables }: RunRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value]));
}

function textsOf(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function differences(one: Record<string, string>, other: Record<string, string>): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => !isSame(one[name], other[name]));
}

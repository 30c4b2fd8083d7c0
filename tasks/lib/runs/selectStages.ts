import type { AzureDevOps } from '../azureDevOps';
import { ApiError, UserError } from '../errors';
import { explainRefusal } from './explain';
import { asTag } from './references';
import { runBody, type RunRequest } from './request';
import type { DeclaredStage } from './rootYaml';

export interface Selection {
  /** What the author wants: only these, or all but these. At most one of the two holds anything. */
  stages: string[];
  stagesToSkip: string[];
}

/**
 * The YAML as the service expands it for these parameters and this branch, without running anything. The service checks parameters
 * and the right to queue here as it does at a start; its refusal becomes a `UserError`.
 * https://learn.microsoft.com/rest/api/azure/devops/pipelines/preview/preview
 */
export async function previewRun(azureDevOps: AzureDevOps, request: RunRequest, signal?: AbortSignal): Promise<string> {
  const path = `${encodeURIComponent(request.project)}/_apis/pipelines/${request.pipeline.id}/preview`;
  try {
    const { value } = await azureDevOps.rest<{ finalYaml?: string }>('POST', path, {
      body: { ...runBody(request), previewRun: true },
      repeatable: true,
      signal,
    });
    return value.finalYaml ?? '';
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
      const tag = await asTag(azureDevOps, request, signal);
      if (tag) return previewRun(azureDevOps, tag, signal);
      throw new UserError(await explainRefusal(azureDevOps, request, error), { cause: error });
    }
    throw error;
  }
}

/**
 * Which stages run and which are left out, by reference name. Reference names win over display names.
 * Throws `UserError` that lists the stages for one that does not exist, may not be skipped, or where there are none at all.
 */
export function selectStages(
  declared: DeclaredStage[],
  wanted: Selection,
  pipeline: string,
): { run: string[]; skip: string[] } {
  if (!declared.length)
    throw new UserError(`The pipeline '${pipeline}' has no stages: leave 'stages' and 'stagesToSkip' empty.`);
  const input = wanted.stages.length ? 'stages' : 'stagesToSkip';
  const named = new Set(
    (wanted.stages.length ? wanted.stages : wanted.stagesToSkip).map((name) => byName(declared, name, input, pipeline)),
  );
  const run = declared.filter(({ name }) => named.has(name) === wanted.stages.length > 0);
  const skip = declared.filter((stage) => !run.includes(stage));
  const fixed = skip.filter(({ skippable }) => !skippable);
  if (fixed.length) {
    throw new UserError(
      `${input}: the stage ${fixed.map(({ name }) => name).join(', ')} of '${pipeline}' may not be skipped (isSkippable: false). ${list(declared)}`,
    );
  }
  if (!run.length) throw new UserError(`${input}: no stage of '${pipeline}' would be left to run. ${list(declared)}`);
  return { run: run.map(({ name }) => name), skip: skip.map(({ name }) => name) };
}

/** Throws `UserError` for a stage that is waited for and does not exist or is left out: its end would never come. */
export function checkAwaited(
  awaited: string[],
  { declared, skip }: { declared: DeclaredStage[]; skip: string[] },
  pipeline: string,
): void {
  if (awaited.length && !declared.length)
    throw new UserError(`waitFor: the pipeline '${pipeline}' has no stages: wait for 'completion' or 'start'.`);
  for (const wanted of awaited) {
    const name = byName(declared, wanted, 'waitFor', pipeline);
    if (skip.includes(name))
      throw new UserError(`waitFor: the stage '${name}' of '${pipeline}' is not among those that are to run.`);
  }
}

function byName(declared: DeclaredStage[], wanted: string, input: string, pipeline: string): string {
  const same = (text: string) => text.toLowerCase() === wanted.toLowerCase();
  const byReference = declared.find(({ name }) => same(name));
  if (byReference) return byReference.name;
  const byDisplayName = declared.filter(({ displayName }) => same(displayName));
  const [only] = byDisplayName;
  if (only && byDisplayName.length === 1) return only.name;
  const why = only ? `is the display name of ${byDisplayName.length} stages of` : 'is no stage of';
  throw new UserError(`${input}: '${wanted}' ${why} '${pipeline}'. ${list(declared)}`);
}

function list(declared: DeclaredStage[]): string {
  const names = declared.map(({ name, displayName }) => (displayName === name ? name : `${name} ('${displayName}')`));
  return `Its stages: ${names.join(', ')}.`;
}

import type { AzureDevOps } from '../azureDevOps';
import { ApiError } from '../errors';
import type { RegisteredChild } from '../register';
import type { World } from '../world';
import type { Child } from './child';
import { judgeRun } from './judge';
import type { RunRequest } from './request';
import { readTimeline, stagesOf } from './timeline';
import { BUILDS, type Build } from './wire';

/**
 * The child that an earlier attempt of this step started: one that runs is waited for, one that succeeded is kept. Undefined for one
 * that failed, was canceled or is gone: a new one is due.
 */
export async function takeUp(
  azureDevOps: AzureDevOps,
  earlier: RegisteredChild,
  { request, asked }: { request: RunRequest; asked: string[] },
  { log, signal }: World,
): Promise<Child | undefined> {
  const build = await readBuild(azureDevOps, earlier, signal);
  if (build?.definition?.id !== request.pipeline.id) return undefined;
  const ended = build.status === 'completed';
  const stages = ended ? stagesOf(await readTimeline(azureDevOps, earlier, signal)) : [];
  const judgement = judgeRun(build, stages, asked);
  if (judgement.ended && judgement.result !== 'succeeded' && judgement.result !== 'partiallySucceeded')
    return undefined;
  const what = judgement.ended ? `it ${judgement.result}` : 'it is waited for';
  log.info(`${earlier.name} ${earlier.number} was started by an earlier attempt of this step: ${what}. ${earlier.url}`);
  const { result, ...known } = earlier;
  return {
    ...known,
    pipelineId: request.pipeline.id,
    branch: build.sourceBranch ?? '',
    commit: build.sourceVersion ?? '',
    stages: asked,
    given: [...Object.keys(request.parameters), ...Object.keys(request.variables)],
    progress: {
      status: build.status ?? '',
      queueTime: build.queueTime,
      startTime: build.startTime,
      finishTime: build.finishTime,
      stages,
    },
    ...(judgement.ended && { result: judgement.result }),
  };
}

async function readBuild(
  azureDevOps: AzureDevOps,
  { project, id }: RegisteredChild,
  signal: AbortSignal,
): Promise<Build | undefined> {
  try {
    const { value } = await azureDevOps.call<Build>('GET', BUILDS, { route: { project, buildId: id }, signal });
    return value;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

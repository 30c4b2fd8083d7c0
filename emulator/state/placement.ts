import type { Pipeline } from './pipelines';
import { meets, type Pool, type Queue } from './pools';
import { validationFailure } from './refusal';
import type { JobPlan, StagePlan } from './rootYaml';

/** The stages with the queue of each job; a pool that the project does not have is refused as the service does. */
export function placed(stages: StagePlan[], pipeline: Pipeline, queues: Queue[], demands: string[]): StagePlan[] {
  const own = queues.filter((queue) => queue.projectId === pipeline.project.id);
  return stages.map((stage) => ({ ...stage, jobs: stage.jobs.map((job) => placedJob(job, pipeline, own, demands)) }));
}

function placedJob(job: JobPlan, pipeline: Pipeline, queues: Queue[], demands: string[]): JobPlan {
  const name = job.pool?.toLowerCase();
  const queue = queues.find((candidate) =>
    name === undefined ? candidate.id === pipeline.queueId : candidate.name.toLowerCase() === name,
  );
  if (!queue) {
    throw validationFailure([
      `Could not find a pool with name ${job.pool ?? ''}. The pool does not exist or has not been authorized for use. ` +
        'For authorization details, refer to https://aka.ms/yamlauthz.',
    ]);
  }
  const all = [...job.demands, ...demands];
  return { ...job, demands: all, pool: queue.name, queueId: queue.id, servable: canServe(queue.pool, all) };
}

/** Whether any agent of the pool could take a job: agents of Microsoft's own pools always can. */
function canServe(pool: Pool, demands: string[]): boolean {
  return (
    pool.isHosted ||
    pool.agents.some(
      (agent) => agent.enabled && agent.status === 'online' && demands.every((demand) => meets(agent, demand)),
    )
  );
}

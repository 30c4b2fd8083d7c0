import { guidOf } from './ids';
import { progressOf, scriptOf, type Run } from './runs';
import type { ArtifactScript, AttachmentScript } from './script';

export interface Artifact extends ArtifactScript {
  id: number;
  type: NonNullable<ArtifactScript['type']>;
  /** Record of the job that published it. */
  source: string;
}

export interface Attachment extends AttachmentScript {
  timelineId: string;
  recordId: string;
}

/** The artifacts that are there at a moment: those put in by hand, those of the jobs that have ended, the rest at the end. */
export function artifactsOf(run: Run, now: number): Artifact[] {
  const progress = progressOf(run);
  const jobs = progress.stages.flatMap((attempts) => attempts.slice(-1)).flatMap((span) => span.jobs);
  const scripted = (scriptOf(run, undefined, 1).artifacts ?? []).filter(
    (artifact) => (jobs.find((job) => job.plan.name === artifact.job)?.finishAt ?? progress.finishAt) <= now,
  );
  return [...run.artifacts, ...scripted].map((artifact, index) => ({
    ...artifact,
    id: run.id * 100 + index + 1,
    type: artifact.type ?? 'PipelineArtifact',
    source: guidOf(`${run.planId}/artifact/${artifact.job ?? ''}`),
  }));
}

/** Attachments of a run at a moment: those put in by hand at once, those of the script when the run has ended. */
export function attachmentsOf(run: Run, now: number): Attachment[] {
  const scripted = progressOf(run).finishAt <= now ? (scriptOf(run, undefined, 1).attachments ?? []) : [];
  return [...run.attachments, ...scripted].map((attachment) => ({
    ...attachment,
    timelineId: run.timelineId,
    recordId: attachment.recordId ?? guidOf(`${run.planId}/attachment/${attachment.type}/${attachment.name}`),
  }));
}

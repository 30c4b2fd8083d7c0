import { progressOf, type Run } from '../../emulator/state/runs';
import { environmentView, type Release } from '../../emulator/state/releases';
import type { Emulator } from '../../emulator/server';

/** A child as the service knows it. */
export interface TruthChild {
  /** Two children with the same intent are one too many, unless the first one ended badly. */
  intent: string;
  name: string;
  startedAt: number;
  /** Undefined while it goes on. */
  ended: { at: number; result: string } | undefined;
  /** Its cancellation was asked for, or nothing of it moves any more. */
  cancelAsked: boolean;
}

/** What there was before the step. */
export interface Before {
  runs: number;
  releases: number;
}

export function beforeStep({ state }: Emulator): Before {
  return { runs: state.runs.length, releases: state.releaseArea.releases.length };
}

/** Every child that was started since then. */
export function childrenSince({ state }: Emulator, before: Before): TruthChild[] {
  return [
    ...state.runs.slice(before.runs).map((run) => ofRun(run, state.now)),
    ...state.releaseArea.releases.slice(before.releases).map((release) => ofRelease(release, state.now)),
  ];
}

function ofRun(run: Run, now: number): TruthChild {
  const { finishAt, result } = progressOf(run);
  return {
    intent: JSON.stringify([run.pipeline.name, run.branch, run.templateParameters, run.variables, run.stagesToSkip]),
    name: `${run.pipeline.name} ${run.id}`,
    startedAt: run.queueTime,
    ended: finishAt <= now ? { at: finishAt, result } : undefined,
    cancelAsked: run.events.some(({ kind }) => kind === 'cancel'),
  };
}

function ofRelease(release: Release, now: number): TruthChild {
  const views = release.environments.map((environment) => environmentView(release, environment, now));
  const moving = views.some(({ status }) => ['inProgress', 'queued', 'scheduled'].includes(status));
  const deployed = views.flatMap(({ attempts }) => attempts.slice(-1));
  const at = Math.max(release.createdAt, ...deployed.map(({ finishAt }) => finishAt).filter((time) => time <= now));
  const bad = views.find(({ status }) => ['rejected', 'canceled'].includes(status));
  return {
    intent: JSON.stringify([release.definition.name, release.variables]),
    name: `${release.definition.name} ${release.name}`,
    startedAt: release.createdAt,
    ended: moving || !deployed.length ? undefined : { at, result: bad ? bad.status : 'succeeded' },
    cancelAsked: !moving || release.events.some(({ kind }) => kind === 'cancel'),
  };
}

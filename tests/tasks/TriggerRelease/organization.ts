import type { Call } from '../../../emulator/calls';
import type { Emulator, EmulatorOptions } from '../../../emulator/server';
import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import { environmentView, type Release } from '../../../emulator/state/releases';
import type { Run } from '../../../emulator/state/runs';
import { startTaskOrganization, type TaskOrganization } from '../organization';

export { closeOrganizations, fastTime, issuesOf, logOf, PROJECT, proper, sleep, until } from '../organization';
export type { StepInputs, StepOptions } from '../organization';

/** Steps are given the definition 'Deploy' unless their inputs name another. */
export interface Organization extends TaskOrganization {
  /** Adds a release definition whose tasks take no time; 'Deploy' with Dev and Test unless named. */
  define(definition?: Partial<NewDefinition>): ReturnType<Emulator['state']['releaseArea']['addDefinition']>;
  /** Adds the pipeline 'api' with so many successful runs. */
  build(runs?: number): Run[];
  releases: Release[];
  creations(): Call[];
  /** `Dev succeeded` and so on of a release. */
  statuses(release?: Release): string[];
}

export const STEP = 'deploy';

export async function startOrganization(options: EmulatorOptions = {}): Promise<Organization> {
  const task = { name: 'TriggerRelease', stepName: STEP, inputs: { definition: 'Deploy' } };
  const organization = await startTaskOrganization(task, options);
  const { state } = organization.emulator;
  const area = state.releaseArea;
  return {
    ...organization,
    define: (definition = {}) =>
      area.addDefinition({
        name: 'Deploy',
        stages: [{ name: 'Dev' }, { name: 'Test' }],
        script: { durationMs: 0 },
        ...definition,
      }),
    build: (runs = 1) => {
      const pipeline = state.addPipeline({ name: 'api', script: { durationMs: 0 } });
      return Array.from({ length: runs }, () => state.queue(pipeline));
    },
    releases: area.releases,
    creations: () => organization.calls('POST', 'release/releases').filter(({ path }) => /\/releases(\?|$)/.test(path)),
    statuses: (release = area.releases[0]!) =>
      release.environments.map(
        (environment) => `${environment.plan.name} ${environmentView(release, environment, state.now).status}`,
      ),
  };
}

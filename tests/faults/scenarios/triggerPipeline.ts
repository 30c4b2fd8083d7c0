import type { Scenario } from '../scenario';
import { PROJECT } from '../world';

const STAGES = [{ name: 'Build' }, { name: 'Scan', dependsOn: ['Build'] }];

export const triggerPipeline: Scenario[] = [
  {
    name: 'start a run and wait',
    task: 'TriggerPipeline',
    prepare({ emulator }) {
      emulator.state.addPipeline({ name: 'rebuild', stages: STAGES, script: { durationMs: 10_000 } });
      return { step: { inputs: { project: PROJECT, pipeline: 'rebuild' } }, starts: 1 };
    },
  },
];

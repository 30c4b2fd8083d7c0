import { startInProcess } from '../tests/tasks/TriggerPipeline/inProcess';
import type { Figure } from './figure';

/** The pace at which known tasks and scripts ask. */
const FIXED_S = 5;

/** A child of an hour with two stages, on a clock that jumps: every request of the step. */
export async function longChild(): Promise<Figure[]> {
  const fabrikam = await startInProcess();
  fabrikam.emulator.state.addPipeline({
    name: 'rebuild',
    stages: [{ name: 'Build' }, { name: 'Scan', dependsOn: ['Build'] }],
    script: { durationMs: 1_800_000 },
  });
  await fabrikam.run({ pipeline: 'rebuild', progress: 'stages' });
  const { length } = fabrikam.emulator.calls;
  await fabrikam.close();
  return [
    {
      name: 'one-hour child: requests',
      value: String(length),
      baseline: `${Math.ceil(3600 / FIXED_S)} looks every ${FIXED_S} s`,
      limit: '310',
      note: 'progress: stages',
    },
  ];
}

import { closeOrganizations, startOrganization } from '../tests/tasks/TriggerPipeline/organization';
import { inMs, type Figure } from './figure';

const LASTS_MS = 20_000;

/** A child of 20 seconds, in real time: how often it is looked at, and how late its end is noticed. */
export async function shortChild(): Promise<Figure[]> {
  const fabrikam = await startOrganization();
  fabrikam.add({ script: { durationMs: LASTS_MS } });
  await fabrikam.run();
  const looks = fabrikam.emulator.calls.filter(({ path }) => path.includes('buildIds='));
  const late = (looks.at(-1)?.at ?? NaN) - ((fabrikam.runs[0]?.queueTime ?? NaN) + LASTS_MS);
  await closeOrganizations();
  return [
    { name: '20-second child: looks', value: String(looks.length), baseline: 'at most 8' },
    { name: '20-second child: noticed after', value: inMs(late), baseline: 'at most 5000 ms' },
  ];
}

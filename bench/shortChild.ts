import { once } from 'node:events';
import { closeOrganizations, startOrganization, until } from '../tests/tasks/TriggerPipeline/organization';
import { pollBarely } from './bareScript';
import { inMs, type Figure } from './figure';

const LASTS_MS = 20_000;
/** The pace at which known tasks and scripts ask. */
const FIXED_MS = 5000;

/** A child of 20 seconds, in real time: how often it is looked at, and how late its end is noticed; beside a poller at a fixed pace. */
export async function shortChild(): Promise<Figure[]> {
  const fabrikam = await startOrganization();
  fabrikam.add({ script: { durationMs: LASTS_MS } });
  const running = await fabrikam.start();
  await until(() => fabrikam.runs.length > 0);
  const run = fabrikam.runs[0];
  if (!run) throw new Error('No run was started.');
  const poller = pollBarely(fabrikam.emulator, { id: run.id, pauseMs: FIXED_MS });
  await Promise.all([running.finished, once(poller, 'close')]);
  const endsAt = run.queueTime + LASTS_MS;
  const looks = (text: string) => fabrikam.emulator.calls.filter(({ path }) => path.includes(text)).map(({ at }) => at);
  const [own, bare] = [looks('buildIds='), looks(`builds/${run.id}?`)];
  await closeOrganizations();
  return [
    {
      name: '20-second child: looks',
      value: String(own.length),
      baseline: `${bare.length} every ${FIXED_MS / 1000} s`,
      limit: '8',
    },
    {
      name: '20-second child: noticed after',
      value: inMs((own.at(-1) ?? NaN) - endsAt),
      baseline: `${inMs((bare.at(-1) ?? NaN) - endsAt)} every ${FIXED_MS / 1000} s`,
      limit: '5000 ms',
    },
  ];
}

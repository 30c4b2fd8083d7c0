import { once } from 'node:events';
import { closeOrganizations, startOrganization, until } from '../tests/tasks/TriggerPipeline/organization';
import { cancelBarely } from './bareScript';
import { inMs, median, type Figure } from './figure';

const TIMES = 5;

/** From SIGINT to the request that cancels the child, beside a script that does only that. */
export async function cancel(): Promise<Figure[]> {
  const own: number[] = [];
  const bare: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 600_000 } });
    const running = await fabrikam.start();
    await until(() => fabrikam.calls('GET', 'build/builds').length > 0);
    let canceledAt = Date.now();
    await running.cancel();
    own.push((fabrikam.calls('PATCH')[0]?.at ?? NaN) - canceledAt);
    const { length: before } = fabrikam.emulator.calls;
    const script = cancelBarely(fabrikam.emulator, fabrikam.runs[0]?.id ?? 0);
    await until(() => fabrikam.emulator.calls.length > before);
    canceledAt = Date.now();
    script.kill('SIGINT');
    await once(script, 'close');
    bare.push((fabrikam.calls('PATCH').at(-1)?.at ?? NaN) - canceledAt);
    await closeOrganizations();
  }
  return [
    {
      name: 'SIGINT to cancel request',
      value: inMs(median(own)),
      baseline: `${inMs(median(bare))} bare node script`,
      limit: '1000 ms',
      note: `median of ${TIMES}`,
    },
  ];
}

import { closeOrganizations, startOrganization, until } from '../tests/tasks/TriggerPipeline/organization';
import { inMs, median, type Figure } from './figure';

const TIMES = 5;

/** From SIGINT to the request that cancels the child. */
export async function cancel(): Promise<Figure[]> {
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const fabrikam = await startOrganization();
    fabrikam.add({ script: { durationMs: 600_000 } });
    const running = await fabrikam.start();
    await until(() => fabrikam.calls('GET', 'build/builds').length > 0);
    const canceledAt = Date.now();
    await running.cancel();
    times.push((fabrikam.calls('PATCH')[0]?.at ?? NaN) - canceledAt);
    await closeOrganizations();
  }
  return [
    {
      name: 'SIGINT to cancel request',
      value: inMs(median(times)),
      baseline: 'at most 1000 ms',
      note: `median of ${TIMES}`,
    },
  ];
}

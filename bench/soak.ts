import { planned } from '../tests/soak/planned';
import { HOUR_MS, soak } from '../tests/soak/soak';
import type { Figure } from './figure';

const CHILDREN = 500;
const HOURS = 48;
const PACE_S = 60;
/** By then each timeline was read several times. */
const EARLY_HOUR = 4;
const SHOWN_HOURS = [1, 4, 12, 24, 36, 47];

/** 48 hours of virtual time with 500 children and tokens of an hour; throws where a request is not as planned. */
export async function soakFor48Hours(): Promise<Figure[]> {
  const load = { children: CHILDREN, durationMs: HOURS * HOUR_MS, inputs: { pollingInterval: String(PACE_S) } };
  const { result, message, hours, requests, refused, signIns } = await soak(load);
  if (result !== 'Succeeded') throw new Error(`The wait ended ${result}: ${message}`);
  const plan = planned(load);
  if (JSON.stringify(requests) !== JSON.stringify(plan))
    throw new Error(`Requests ${JSON.stringify(requests)} instead of ${JSON.stringify(plan)}.`);
  const heapMb = (hour: number) => ((hours[hour - 1]?.heapUsed ?? NaN) / 1e6).toFixed(1);
  const sum = Object.values(requests).reduce((all, count) => all + count, 0);
  const what = `${HOURS} simulated hours of ${CHILDREN} children`;
  return [
    {
      name: `${what}: requests`,
      value: String(sum),
      baseline: `${(CHILDREN * HOURS * 3600) / PACE_S} of ${CHILDREN} scripts that ask every ${PACE_S} s`,
      limit: `${Object.values(plan).reduce((all, count) => all + count, 0)}, as planned`,
      note: Object.entries(requests)
        .flatMap(([purpose, count]) => (count ? `${purpose} ${count}` : []))
        .join(', '),
    },
    {
      name: `${what}: memory held after hours ${SHOWN_HOURS.join(', ')}`,
      value: `${SHOWN_HOURS.map(heapMb).join(', ')} MB`,
      baseline: `${heapMb(EARLY_HOUR)} MB after hour ${EARLY_HOUR}, when each child was read`,
      note: 'heap of the step with the servers that it asks, all garbage collected',
    },
    {
      name: `${what}: sign-ins with tokens of an hour`,
      value: `${signIns}, ${refused} tokens refused`,
      baseline: `${HOURS} tokens used to their last second`,
      note: 'workload identity; each is renewed 5 minutes before its end',
    },
  ];
}

import v8 from 'node:v8';
import vm from 'node:vm';
import { startStep } from '../agent/agent';
import { startBundle } from '../faults/bundleProcess';
import { startWorld } from '../faults/world';
import { purposeOf, stepOfMany, type Load, type Purpose } from './manyChildren';

export const HOUR_MS = 3_600_000;
/** How long a token of Microsoft Entra ID lives. */
export const TOKEN_LIVES_MS = HOUR_MS;
/** In real time; what takes longer hangs. */
const LONGEST_MS = 20 * 60_000;

/** What an hour of the wait cost. */
export interface SoakHour {
  hour: number;
  /** Bytes that are held at its end, of this whole process: the step, the servers, the agent. */
  heapUsed: number;
  requests: number;
}

export interface Soaked {
  result: string;
  message: string;
  hours: SoakHour[];
  requests: Record<Purpose, number>;
  /** Answers that refused a token. */
  refused: number;
  signIns: number;
  succeeded: number;
  logLines: number;
}

/**
 * The shipped bundle waits for many children for hours, in virtual time over real sockets, signed in by workload identity with tokens of an hour.
 * Counts each request, and by the hour what memory is held when all garbage is collected.
 */
export async function soak(load: Load): Promise<Soaked> {
  const world = await startWorld();
  try {
    const { time, emulator: own } = world;
    const other = await world.organization({ organization: 'northwind' });
    const entra = await world.login({ organizations: [other], tokenLifetimeMs: TOKEN_LIVES_MS });
    const requests: Soaked['requests'] = { plan: 0, start: 0, look: 0, timeline: 0, token: 0, other: 0 };
    let inHour = 0;
    world.onArrival = (call) => {
      requests[purposeOf(call)]++;
      inHour++;
      return undefined;
    };
    const hours: SoakHour[] = [];
    let refused = 0;
    const endHour = () => {
      refused += [...own.calls, ...other.calls].filter(({ status }) => status === 401 || status === 203).length;
      // What the servers remember of their calls is not the task's.
      for (const { calls } of [own, other, entra]) calls.length = 0;
      hours.push({ hour: hours.length + 1, heapUsed: heapInUse(), requests: inHour });
      inHour = 0;
      time.setTimeout(endHour, HOUR_MS);
    };
    time.setTimeout(endHour, HOUR_MS);
    const running = await startStep({
      ...(await stepOfMany({ own, other, entra }, load)),
      startProcess: (start) => startBundle(start, time),
    });
    const ended = await time.runUntil(running.finished, LONGEST_MS);
    if (!ended) throw new Error('The step has not ended.');
    const { result, message = '', log } = ended.value;
    const succeeded = other.state.runs.filter((run) => other.state.look(run).result === 'succeeded').length;
    return {
      ...{ result, message, hours, requests, refused, succeeded },
      ...{ signIns: entra.issued.length, logLines: log.length },
    };
  } finally {
    await world.close();
  }
}

/** Bytes that are really held: what is garbage is collected first. */
function heapInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

import { UserError } from '../../tasks/lib/errors';

/** No text may keep the code busy for longer. */
const LONGEST_MS = 1000;

/** What a reading gives, or undefined where it refuses with one of our own errors. Throws for any other error, and for one that takes too long. */
export async function bounded<T>(
  read: () => T | Promise<T>,
  isOurs: (error: unknown) => boolean = isUserError,
): Promise<T | undefined> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const given = await outcome(read, isOurs);
  // Time of this process, not of the clock: others may have the machine.
  const { user, system } = process.cpuUsage(cpu);
  const spentMs = Math.min(performance.now() - begin, (user + system) / 1000);
  if (spentMs > LONGEST_MS) throw new Error(`It took ${Math.round(spentMs)} ms.`);
  return given;
}

async function outcome<T>(read: () => T | Promise<T>, isOurs: (error: unknown) => boolean): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isOurs(error)) throw error;
    return undefined;
  }
}

function isUserError(error: unknown): boolean {
  if (!(error instanceof UserError)) return false;
  if (!error.message || /undefined|\[object|NaN/.test(error.message.replace(/'[^']*'/gs, '')))
    throw new Error(`It says '${error.message}'.`);
  return true;
}

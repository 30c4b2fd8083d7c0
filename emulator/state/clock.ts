/** Where the time comes from, in milliseconds since 1970: the machine's in the demo, one that jumps in a test. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

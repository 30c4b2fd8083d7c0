/**
 * Loaded into a task's process before its bundle (NODE_OPTIONS=--import): time runs CASCADE_TEST_SPEED times as fast, so that a test
 * sees an hour's waiting of the unchanged bundle in seconds.
 */
const speed = Number(process.env.CASCADE_TEST_SPEED ?? '1');
const realNow = Date.now;
const realTimeout = globalThis.setTimeout;
const begin = realNow();

globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length === 0 ? [FastDate.now()] : given));
  }
  static now() {
    return Math.round(begin + (realNow() - begin) * speed);
  }
};
const FastDate = globalThis.Date;
globalThis.setTimeout = (action, ms, ...given) => realTimeout(action, (ms ?? 0) / speed, ...given);

/**
 * Loaded into a task's process before its bundle (NODE_OPTIONS=--import): time runs CASCADE_TEST_SPEED times as fast, so that a test
 * sees an hour's waiting of the unchanged bundle in seconds.
 */
const speed = Number(process.env.CASCADE_TEST_SPEED ?? '1');
const realNow = Date.now;
const realTimeout = globalThis.setTimeout;
const begin = realNow();
const LEAST_MS_FOR_ANSWER = 5000;

globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length === 0 ? [FastDate.now()] : given));
  }
  static now() {
    return Math.round(begin + (realNow() - begin) * speed);
  }
};
const FastDate = globalThis.Date;
globalThis.setTimeout = (action, ms, ...given) =>
  realTimeout(action, Math.max((ms ?? 0) / speed, boundsRequest() ? LEAST_MS_FOR_ANSWER : 0), ...given);

/** The answers come in real time, and a busy machine needs more than the few milliseconds that are left of a request's 30 s. */
function boundsRequest() {
  return /\bat deadline\b/.test(new Error().stack ?? '');
}

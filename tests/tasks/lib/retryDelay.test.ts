import assert from 'node:assert/strict';
import { mayHaveHappened, retryAfterMs, retryDelay, type Failure } from '../../../tasks/lib/retryDelay';

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];
const CHANGING = ['POST', 'PATCH'];
const status = (code: number, retryAfter?: number): Failure => ({
  kind: 'status',
  status: code,
  retryAfterMs: retryAfter,
});

/** Whether a failed attempt is repeated: where the method changes nothing, and where it does; and whether it may have taken effect. */
const FAILURES: [failure: Failure, safe: boolean, changing: boolean, happened: boolean][] = [
  [{ kind: 'unreached', code: 'ECONNREFUSED' }, true, true, false],
  [{ kind: 'lost', code: 'ECONNRESET' }, true, false, true],
  [status(429), true, true, false],
  [status(408), true, false, true],
  [status(500), true, false, true],
  [status(502), true, false, true],
  [status(503), true, false, true],
  [status(504), true, false, true],
  [status(501), false, false, true],
  [status(400), false, false, false],
  [status(401), false, false, false],
  [status(403), false, false, false],
  [status(404), false, false, false],
  [status(409), false, false, false],
  [status(203), false, false, false],
];

describe('The pause before the next attempt', () => {
  for (const [failure, safe, changing, happened] of FAILURES) {
    const name = failure.kind === 'status' ? String(failure.status) : failure.kind;
    it(`after ${name}: ${safe ? 'there is one' : 'none'} for reading, ${changing ? 'one' : 'none'} for changing`, () => {
      for (const method of SAFE) assert.equal(retryDelay(method, failure, 1) !== undefined, safe, method);
      for (const method of CHANGING) assert.equal(retryDelay(method, failure, 1) !== undefined, changing, method);
      assert.equal(mayHaveHappened(failure), happened);
    });
  }

  it('doubles up to fifteen seconds, and ends with the attempts', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempt) => retryDelay('GET', status(503), attempt, 9));
    assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, undefined]);
  });

  it('is what the server asks for', () => {
    assert.equal(retryDelay('GET', status(503, 42_000), 1), 42_000);
    assert.equal(retryDelay('POST', status(429, 0), 1), 0);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T08:00:00Z');
  const rows: [header: string | undefined, ms: number | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['7', 7000],
    [' 1.5 ', 1500],
    ['Sat, 21 Nov 2026 08:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 07:00:00 GMT', 0],
    ['soon', undefined],
  ];
  for (const [header, ms] of rows) {
    it(`'${header ?? 'missing'}' is ${ms ?? 'nothing'}`, () => assert.equal(retryAfterMs(header, now), ms));
  }
});
